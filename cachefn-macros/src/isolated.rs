//! `#[cachefn::test]`: a test with a cache of its own.
//!
//! ```text
//! async fn it_works() -> R { body }
//!
//! #[test] fn it_works() -> R { run(|| config, async move { body }) }               alone
//! #[tokio::test] async fn it_works() -> R { isolated(config, async move { body }).await }     above another `test`
//! ```

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, Ident, Token};

use crate::diagnostics::Faults;
use crate::item::Function;
use crate::paths::CratePath;
use crate::validate::refusal;
use crate::{expand, item};

/// `name = value`
struct Argument {
    name: Ident,
    value: Expr,
}

impl Parse for Argument {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = input.call(Ident::parse_any)?;
        input.parse::<Token![=]>()?;
        Ok(Self { name, value: input.parse()? })
    }
}

/// The whole expansion.
pub(crate) fn test(args: TokenStream, item: &TokenStream) -> TokenStream {
    let function = match refusal("cachefn::test", item::read(item.clone())) {
        Ok(function) => function,
        Err(faults) => return quote!(#faults #item),
    };
    let mut faults = Faults::default();
    if function.sig.asyncness.is_none() {
        let message =
            "a test with a cache of its own is an `async fn`; above `#[tokio::test]` it still is one";
        faults.at(function.sig.fn_token, message);
    }
    let (config, krate) = read(args, &mut faults);
    if !faults.is_empty() {
        return quote!(#faults #item);
    }
    let testing = krate.testing();
    let config = config.map_or_else(|| quote!(#testing::memory()), |config| config.to_token_stream());
    let body = expand::body(&function, &expand::returned(&function));
    if function.attrs.iter().any(is_test) {
        return expand::with_block(&function, &quote!(#testing::isolated(#config, #body).await));
    }
    let alone = Function { sig: syn::Signature { asyncness: None, ..function.sig.clone() }, ..*function };
    let test = expand::with_block(&alone, &quote!(#testing::run(|| #config, #body)));
    quote!(#[::core::prelude::v1::test] #test)
}

fn read(args: TokenStream, faults: &mut Faults) -> (Option<Expr>, CratePath) {
    let (mut config, mut krate) = (None, None);
    let arguments = match Punctuated::<Argument, Token![,]>::parse_terminated.parse2(args) {
        Ok(arguments) => arguments,
        Err(error) => {
            faults.push(error);
            return (None, CratePath::found());
        }
    };
    for Argument { name, value } in arguments {
        let known = match name.to_string().as_str() {
            "config" => &mut config,
            "crate" => &mut krate,
            _ => {
                faults.at(&name, format!("there is no argument `{name}`; write `config = …`"));
                continue;
            }
        };
        if known.replace(value).is_some() {
            faults.at(&name, format!("`{name}` is there twice; remove one"));
        }
    }
    (config, krate.map_or_else(CratePath::found, |path| written(&path, faults)))
}

fn written(path: &Expr, faults: &mut Faults) -> CratePath {
    if let Expr::Lit(literal) = path
        && let syn::Lit::Str(literal) = &literal.lit
        && let Ok(path) = literal.parse_with(syn::Path::parse_mod_style)
    {
        return CratePath::written(&path);
    }
    faults.at(path, "this is no path to a crate; write `crate = \"path::to::cachefn\"`");
    CratePath::found()
}

/// Whether another attribute makes a test of it: `#[tokio::test]`.
fn is_test(attribute: &Attribute) -> bool {
    let last = attribute.path().segments.last();
    last.is_some_and(|last| last.ident == "test" || last.ident == "rstest")
}
