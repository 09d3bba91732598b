//! Writes the annotated function. Nothing can fail here.
//!
//! ```text
//! async fn get_user(id: u64, db: &Db) -> Result<User, DbError> {
//!     let __cachefn_call = { static __CACHEFN_SITE: Site = …; begin(&__CACHEFN_SITE, |key| …) };
//!     run(__cachefn_call, <what the return type stores>, async move {
//!         <return-type edge>
//!         { the body }
//!     })
//!     .await
//! }
//! ```
//!
//! - The key is made before the body's future exists, from references: the body may move its arguments.
//! - Items stand in inner blocks that the body is not in: a `static` or `use` beside the body would capture
//!   the user's own names.
//! - The body's future goes to `run` by value and unpolled; nothing here boxes it or asks it to be `Send`.

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::ReturnType;

use crate::item::Function;
use crate::model::Plan;
use crate::site::{ends, key, site};

/// The function with caching in it.
pub(crate) fn function(plan: &Plan, function: &Function) -> TokenStream {
    let Function { attrs, vis, sig, inner_attrs, body, .. } = function;
    let private = plan.krate.private();
    let (site, key) = (site(plan), key(plan));
    let returned = match &sig.output {
        ReturnType::Type(_, ty) => ty.to_token_stream(),
        ReturnType::Default => quote!(()),
    };
    let probe = probe(&returned, &private);
    let edge = edge(&returned);
    let body = quiet_braces(body);
    let mut block = Group::new(
        Delimiter::Brace,
        quote! {
            #inner_attrs
            let __cachefn_call = {
                #site
                #private::begin(&__CACHEFN_SITE, #key)
            };
            #private::run(__cachefn_call, #probe, async move { #edge #body }).await
        },
    );
    block.set_span(Span::call_site().located_at(body.span()));
    quote!(#(#attrs)* #vis #sig #block)
}

/// The body; where it may be one expression, its braces are marked as generated, for as the last expression of a
/// block they are superfluous, and `unused_braces` would say so to the user.
fn quiet_braces(body: &Group) -> Group {
    let mut quiet = body.clone();
    let is_semicolon = |token| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ';');
    if !body.stream().into_iter().any(is_semicolon) {
        quiet.set_span(Span::call_site().located_at(body.span()));
    }
    quiet
}

/// Never taken. Without it the block's type comes from the body's first `return`, and coercions that the
/// signature asks for (`return Err(Box::new(e))` into `Box<dyn Error>`) are lost.
fn edge(returned: &TokenStream) -> TokenStream {
    quote! {
        if let ::core::option::Option::Some(__cachefn_return) = ::core::option::Option::None::<#returned> {
            return __cachefn_return;
        }
    }
}

/// What of the return type is stored, found by method lookup on the type and not by its spelling; a type that
/// cannot be stored is one error, shown at the return type.
fn probe(returned: &TokenStream, private: &TokenStream) -> TokenStream {
    let (first, last) = ends(returned);
    let shape = quote_spanned!(last=> (&&&&#private::Shape::<#returned>::NEW).shape());
    let mut verdict = Group::new(Delimiter::Parenthesis, quote!(&&#private::Verdict(#shape)));
    verdict.set_span(first);
    let verdict = quote_spanned!(last=> #verdict.verdict());
    quote! {
        {
            #[allow(unused_imports)]
            use #private::{
                ShapeResultOption as _, ShapeResult as _, ShapeOption as _, ShapePlain as _,
                VerdictYes as _, VerdictNo as _,
            };
            #private::check(#verdict)
        }
    }
}
