//! The return type of a function whose response is stored: what hides behind `impl IntoResponse` becomes a `Response`.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{ReturnType, Type};

use crate::item::Function;
use crate::paths::CratePath;
use crate::validate::{hidden_response, response_bound};

/// What was written in the place of the type that shows now.
pub(crate) struct Hidden {
    /// The type of the body.
    pub(crate) body: TokenStream,
    /// `IntoResponse`, as it was written.
    bound: Option<TokenStream>,
    /// Where it is said that a body returns no response.
    pub(crate) place: TokenStream,
}

impl Hidden {
    /// A use of the trait: where nothing else names it, its import would be said to be unused.
    pub(crate) fn named(&self) -> Option<TokenStream> {
        let bound = self.bound.as_ref()?;
        Some(quote!(fn __cachefn_hidden(_: impl #bound) {}))
    }
}

/// Input: `-> Result<impl IntoResponse, E>`. Output: `-> Result<Response, E>`, and `Result<_, E>`, the type of the body.
pub(crate) fn show(function: &mut Function, krate: &CratePath) -> Hidden {
    let private = krate.private();
    let Some(ty) = function.returned.take() else {
        return Hidden { body: TokenStream::new(), bound: None, place: TokenStream::new() };
    };
    let bound = hidden_response(&ty).and_then(response_bound).map(ToTokens::to_token_stream);
    let Some(hidden) = hidden_response(&ty).map(ToTokens::to_token_stream) else {
        let body = ty.to_token_stream();
        function.returned = Some(ty);
        return Hidden { place: body.clone(), body, bound };
    };
    let whole = ty.to_token_stream();
    let shown = Type::Verbatim(replaced(&whole, &hidden, &quote!(#private::Response)));
    if let ReturnType::Type(_, output) = &mut function.sig.output {
        **output = shown.clone();
    }
    function.returned = Some(shown);
    Hidden { body: replaced(&whole, &hidden, &quote!(_)), bound, place: hidden }
}

/// `tokens` with something else in the place of a part, where it stands first.
fn replaced(tokens: &TokenStream, part: &TokenStream, by: &TokenStream) -> TokenStream {
    let (tokens, sought): (Vec<_>, Vec<_>) = (tokens.clone().into_iter().collect(), strings(part));
    let at = (0..tokens.len()).find(|at| {
        tokens.len() - at >= sought.len()
            && tokens[*at..].iter().zip(&sought).all(|(one, other)| one.to_string() == *other)
    });
    let Some(at) = at else { return descended(tokens, part, by) };
    let place = tokens[at].span();
    let by = by.clone().into_iter().map(|mut token| {
        token.set_span(token.span().located_at(place));
        token
    });
    tokens[..at].iter().cloned().chain(by).chain(tokens[at + sought.len()..].iter().cloned()).collect()
}

/// The same inside of the groups that macros and parentheses make.
fn descended(tokens: Vec<TokenTree>, part: &TokenStream, by: &TokenStream) -> TokenStream {
    let inside = tokens.into_iter().map(|token| match token {
        TokenTree::Group(group) => {
            let mut made = proc_macro2::Group::new(group.delimiter(), replaced(&group.stream(), part, by));
            made.set_span(group.span());
            made.into()
        }
        other => other,
    });
    inside.collect()
}

fn strings(tokens: &TokenStream) -> Vec<String> {
    tokens.clone().into_iter().map(|token| token.to_string()).collect()
}
