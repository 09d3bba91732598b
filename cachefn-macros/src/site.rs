//! The code that a function and its companions share: the site and the key.
//!
//! Both are written from one place, so that a companion cannot compute another key than the call.

use proc_macro2::{Delimiter, Group, Literal, Span, TokenStream};
use quote::{quote, quote_spanned};

use crate::model::{Key, Namespace, Piece, Plan};

/// The byte behind a value where no text of a template follows.
const SEPARATOR: u8 = b':';

/// `static __CACHEFN_SITE`, for an inner block: items are not hygienic.
pub(crate) fn site(plan: &Plan) -> TokenStream {
    let private = plan.krate.private();
    let name = &plan.name;
    let namespace = match &plan.namespace {
        Namespace::Module => TokenStream::new(),
        Namespace::Literal(namespace) => quote!(.namespace(#namespace)),
        Namespace::Template(_) => quote!(.dynamic_namespace()),
    };
    let template = matches!(plan.key, Key::Template(_)).then(|| quote!(.template()));
    let expire = plan.expire.map(|expire| quote!(.expire(#expire)));
    quote! {
        static __CACHEFN_SITE: #private::Site =
            #private::Site::new(::core::module_path!(), #name) #namespace #template #expire;
    }
}

/// The closure that writes the key, from references.
pub(crate) fn key(plan: &Plan) -> TokenStream {
    let private = plan.krate.private();
    let mut writes = Vec::new();
    if let Namespace::Template(template) = &plan.namespace {
        writes.extend(pieces(template, &private));
        writes.push(quote!(__cachefn_key.namespace_end();));
    }
    match &plan.key {
        Key::Template(template) => writes.extend(pieces(template, &private)),
        Key::Parts(parts) => {
            for part in parts {
                writes.push(quote!(__cachefn_key.text(":");));
                writes.push(value(part, SEPARATOR, &private));
            }
        }
    }
    quote! {
        |__cachefn_key: &mut #private::KeyWriter| {
            #[allow(unused_imports)]
            use #private::{BarePart as _, TextPart as _, NotAPart as _};
            #(#writes)*
        }
    }
}

fn pieces(template: &[Piece], private: &TokenStream) -> Vec<TokenStream> {
    let mut writes = Vec::new();
    for (at, piece) in template.iter().enumerate() {
        writes.push(match piece {
            Piece::Text(text) => quote!(__cachefn_key.text(#text);),
            Piece::Namespace => quote!(__cachefn_key.namespace();),
            Piece::Value(part) => value(part, behind(&template[at + 1..]), private),
        });
    }
    writes
}

/// The byte that a value must escape so as not to run into the text behind it. Text that starts with a letter
/// stands at the end alone, where its length tells it from the value.
fn behind(rest: &[Piece]) -> u8 {
    match rest.first() {
        Some(Piece::Text(text)) => text.bytes().next().filter(u8::is_ascii_punctuation).unwrap_or(SEPARATOR),
        _ => SEPARATOR,
    }
}

/// Which of the writer's traits applies is left to method lookup; an error shows at the value itself.
fn value(part: &TokenStream, escape: u8, private: &TokenStream) -> TokenStream {
    let (first, last) = ends(part);
    let escape = Literal::byte_character(escape);
    let mut receiver = Group::new(Delimiter::Parenthesis, quote!(&&&#private::Part(&(#part))));
    receiver.set_span(first);
    quote_spanned!(last=> #receiver.write(__cachefn_key, #escape);)
}

/// The places of the first and the last token, for generated code.
///
/// Stable compilers cannot join two spans; code whose first and last tokens carry these is shown at all of
/// `tokens`.
pub(crate) fn ends(tokens: &TokenStream) -> (Span, Span) {
    let mut spans = tokens.clone().into_iter().map(|token| token.span());
    let first = spans.next().unwrap_or_else(Span::call_site);
    let last = spans.last().unwrap_or(first);
    (Span::call_site().located_at(first), Span::call_site().located_at(last))
}
