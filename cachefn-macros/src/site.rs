//! The code that a function and its companions share: the site and the key.
//!
//! Both are written from one place, so that a companion cannot compute another key than the call.

use proc_macro2::{Delimiter, Group, Ident, Literal, Span, TokenStream};
use quote::{quote, quote_spanned};

use crate::model::{Key, Namespace, Part, Piece, Plan, Response, Settings};

/// The byte behind a value where no text of a template follows.
const SEPARATOR: u8 = b':';

/// What a key is written for.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Purpose {
    /// The call itself. It asks its arguments whether the cache is to be read, and says what cannot be in a key.
    Call,
    /// A companion, where the same fault is not said again.
    Invalidation,
}

/// `static __CACHEFN_SITE`, for an inner block: items are not hygienic.
pub(crate) fn site(plan: &Plan, purpose: Purpose) -> TokenStream {
    let private = plan.krate.private();
    let name = &plan.name;
    let namespace = match &plan.namespace {
        Namespace::Module => TokenStream::new(),
        Namespace::Literal(namespace) => quote!(.namespace(#namespace)),
        Namespace::Template { written, .. } => quote!(.namespace_template(#written)),
    };
    let template = matches!(plan.key, Key::Template(_)).then(|| quote!(.template()));
    let Settings { expire, none, jitter, lease, version, sensitive, generic, written, .. } = &plan.site;
    let fresh = fresh(&plan.site);
    let expire = expire.map(|millis| quote!(.expire(#millis)));
    let none = none.map(|millis| quote!(.none(#millis)));
    let jitter = jitter.map(|part| quote!(.jitter(#part)));
    let version = version.map(|version| quote!(.version(#version)));
    let lease = lease.then(|| quote!(.lease()));
    let sensitive = sensitive.then(|| quote!(.sensitive()));
    let generic = generic.then(|| quote!(.generic()));
    let written = (purpose == Purpose::Call).then(|| {
        let (signature, whole) = written;
        quote!(.written(#signature, #whole))
    });
    let private_response =
        (plan.returned.response == Some(Response::Ones)).then(|| quote!(.private_response()));
    let exposed = plan.exposed.as_ref().filter(|_| purpose == Purpose::Call);
    let exposed = exposed.map(|name| quote!(.exposes(#name)));
    let client = plan.returned.client.as_ref().map(|client| quote!(.client(#client)));
    let open = plan.value.tags_with.is_some().then(|| quote!(.tagged_by_value()));
    quote! {
        static __CACHEFN_SITE: #private::Site = #private::Site::new(::core::module_path!(), #name)
            #namespace #template #expire #none #jitter #fresh #lease #version #sensitive #exposed #private_response #client #open #generic #written;
    }
}

/// How old a value may be when it is served.
fn fresh(settings: &Settings) -> TokenStream {
    let Settings { stale, refresh_ahead, stale_if_error, timeout, .. } = settings;
    let stale = stale.map(|millis| quote!(.stale(#millis)));
    let refresh_ahead = refresh_ahead.map(|part| quote!(.refresh_ahead(#part)));
    let stale_if_error = stale_if_error.map(|millis| quote!(.stale_if_error(#millis)));
    let timeout = timeout.map(|millis| quote!(.timeout(#millis)));
    quote!(#stale #refresh_ahead #stale_if_error #timeout)
}

/// The closure that writes the key, from references.
pub(crate) fn key(plan: &Plan, purpose: Purpose) -> TokenStream {
    let private = plan.krate.private();
    let bypass = plan.call.bypass.as_ref().filter(|_| purpose == Purpose::Call);
    let bypass = bypass.map(|bypass| quote!(if __cachefn_key.asks() { __cachefn_key.bypass(#bypass); }));
    let mut writes = Vec::new();
    if let Namespace::Template { pieces: template, .. } = &plan.namespace {
        writes.extend(pieces(template, "cachefn_named", &private));
        writes.push(quote!(__cachefn_key.namespace_end();));
    }
    match &plan.key {
        Key::Template(template) => writes.extend(pieces(template, "cachefn_write", &private)),
        Key::Parts(parts) => writes.extend(parts.iter().map(|Part { value: part, cfgs }| {
            let part = value(part, "cachefn_argument", None, &private);
            if cfgs.is_empty() { part } else { quote!(#(#cfgs)* { #part }) }
        })),
    }
    let parts = parts(&plan.values(), purpose, &private);
    quote!(|__cachefn_key: &mut #private::KeyWriter| { #parts #bypass #(#writes)* })
}

/// The traits by which `values` are written, if there are any.
fn parts(values: &TokenStream, purpose: Purpose, private: &TokenStream) -> Option<TokenStream> {
    let traits = match purpose {
        Purpose::Call => quote!(parts),
        Purpose::Invalidation => quote!(any_parts),
    };
    (!values.is_empty()).then(|| quote!(use #private::#traits::*;))
}

/// The closure that writes the name of a group, from references.
pub(crate) fn text(template: &[Piece], private: &TokenStream) -> TokenStream {
    let writes = pieces(template, "cachefn_named", private);
    let values: TokenStream = template.iter().filter_map(Piece::value).cloned().collect();
    let parts = parts(&values, Purpose::Call, private);
    quote!(|__cachefn_key: &mut #private::KeyWriter| { #parts #(#writes)* })
}

fn pieces(template: &[Piece], write: &str, private: &TokenStream) -> Vec<TokenStream> {
    let mut writes = Vec::new();
    for (at, piece) in template.iter().enumerate() {
        writes.push(match piece {
            Piece::Text(text) => quote!(__cachefn_key.text(#text);),
            Piece::Namespace => quote!(__cachefn_key.namespace();),
            Piece::Value(part) => {
                let escape = Literal::byte_character(behind(&template[at + 1..]));
                value(part, write, Some(escape), private)
            }
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
fn value(part: &TokenStream, write: &str, escape: Option<Literal>, private: &TokenStream) -> TokenStream {
    let (first, last) = ends(part);
    let mut receiver = Group::new(Delimiter::Parenthesis, quote!(&&&#private::Part(&(#part))));
    receiver.set_span(first);
    let (write, escape) = (Ident::new(write, last), escape.into_iter());
    quote_spanned!(last=> #receiver.#write(__cachefn_key #(, #escape)*);)
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
