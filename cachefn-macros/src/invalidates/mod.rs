//! `#[invalidates]`: from tokens to tokens, in the steps of [`pipeline`](crate::pipeline).
//!
//! ```text
//! async fn update_user(user: &User, db: &Db) -> Result<(), DbError> {
//!     let __cachefn_plan = plan(|| { named(invalidate_get_user(user.id)); … });
//!     writing(__cachefn_plan, <how it ends>, async move { <return-type edge> { the body } }).await
//! }
//! ```
//!
//! What is struck is named by the companions, so an unknown function or a wrong argument is the compiler's own error
//! at the user's own token. It is named before the body, which may move the arguments.

mod opaque;
mod read;

use proc_macro2::{Group, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::ext::IdentExt;
use syn::{ExprPath, LitStr};

use self::read::{Arguments, Target};
use crate::diagnostics::Faults;
use crate::hidden::hidden;
use crate::item::Function;
use crate::paths::CratePath;
use crate::used::{Used, places};
use crate::validate::{Template, Within, levels, opaque, refusal, unknown, writer};
use crate::{expand, item, site};

/// The whole expansion. Without `enabled` everything is judged the same, and the function comes out as it went in.
pub(crate) fn invalidates(args: TokenStream, item: &TokenStream, enabled: bool) -> TokenStream {
    let function = match refusal("invalidates", item::read(item.clone())) {
        Ok(function) => function,
        Err(faults) => return quote!(#faults #item),
    };
    let mut faults = Faults::default();
    writer(&function, &mut faults);
    let read = read::read(args);
    let krate = krate(&read, &mut faults);
    let private = krate.private();
    let strikes: Vec<_> =
        read.targets.into_iter().map(|target| strike(target, &function, &private, &mut faults)).collect();
    read.mistakes.into_iter().for_each(|mistake| faults.push(mistake));
    if strikes.is_empty() && faults.is_empty() {
        let message = "`#[invalidates]` names nothing; write `#[invalidates(get_user(id))]`";
        faults.push(syn::Error::new(Span::call_site(), message));
    }
    if !enabled || !faults.is_empty() {
        return quote!(#faults #item);
    }
    let writing = match &function.returned {
        Some(ty) if !opaque(ty).is_empty() => opaque::writing(&function, ty, &private),
        _ => writing(&function, &private),
    };
    let statements = quote! {
        let __cachefn_plan = #private::plan(|| { #(#strikes)* });
        #writing.await
    };
    expand::with_block(&function, &statements)
}

/// The writer as a future.
fn writing(function: &Function, private: &TokenStream) -> TokenStream {
    let returned = expand::returned(function);
    let end = expand::stored(&returned, false, private, &quote!(cachefn_end));
    let body = expand::body(function, &returned);
    quote!(#private::writing(__cachefn_plan, { use #private::returned::*; #end }, #body))
}

fn krate(read: &Arguments, faults: &mut Faults) -> CratePath {
    let Some(literal) = &read.krate else { return CratePath::found() };
    literal.parse_with(syn::Path::parse_mod_style).map_or_else(
        |_| {
            faults.at(literal, "this is no path to a crate; write `crate = \"path::to::cachefn\"`");
            CratePath::found()
        },
        |path| CratePath::written(&path),
    )
}

/// The statement that names one target.
fn strike(target: Target, function: &Function, private: &TokenStream, faults: &mut Faults) -> TokenStream {
    if let Target::Call(_, arguments) | Target::TagOf(arguments) | Target::NamespaceOf(arguments) = &target {
        in_reach(arguments, function, faults);
    }
    match target {
        Target::Call(path, arguments) => {
            let companion = companion("invalidate", path);
            quote!(#private::named(#companion #arguments);)
        }
        Target::All(path) => {
            let companion = companion("invalidate_all", path);
            quote!(#private::named(#companion());)
        }
        Target::Tag(literal) => {
            let text = text(&literal, Within::Tag, function, private, faults);
            quote!(#private::tag(#text);)
        }
        Target::Namespace(literal) => {
            let text = text(&literal, Within::Namespace, function, private, faults);
            quote!(#private::namespace(#text);)
        }
        Target::TagOf(tag) => given("tag_of", &tag, private),
        Target::NamespaceOf(namespace) => given("namespace_of", &namespace, private),
    }
}

/// Refuses names that `#[async_trait]` has taken away; the compiler would show what it has put in their place.
fn in_reach(arguments: &Group, function: &Function, faults: &mut Faults) {
    let names: Vec<_> = hidden(function).into_iter().map(|hidden| hidden.name).collect();
    for (name, place) in places(arguments.stream(), &names) {
        faults.at(place, unknown(&name, "", function));
    }
}

/// The user's path, to the companion of what it names.
fn companion(verb: &str, mut path: ExprPath) -> TokenStream {
    if let Some(last) = path.path.segments.last_mut() {
        last.ident = format_ident!("{verb}_{}", last.ident.unraw(), span = last.ident.span());
    }
    path.to_token_stream()
}

fn text(
    literal: &LitStr,
    within: Within,
    function: &Function,
    private: &TokenStream,
    faults: &mut Faults,
) -> TokenStream {
    if literal.value().is_empty() {
        let what = if within == Within::Tag { "tag" } else { "namespace" };
        faults.at(literal, format!("the {what} is empty; name it"));
    }
    if within == Within::Namespace {
        levels(literal, faults);
    }
    let pieces = Template { literal, function, within }.resolve(&mut Used::new(), faults);
    site::text(&pieces, private)
}

/// Text that the program has at hand.
fn given(by: &str, arguments: &Group, private: &TokenStream) -> TokenStream {
    let by = format_ident!("{by}");
    quote!(#private::#by #arguments;)
}
