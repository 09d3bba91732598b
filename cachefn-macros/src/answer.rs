//! The return type of a function whose response is stored: `impl IntoResponse`, `Html<String>` and tuples become a
//! `Response`, which is what a hit returns.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{ReturnType, Type};

use crate::item::Function;
use crate::paths::CratePath;
use crate::validate::{finished, hidden_response, response_bound};

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
/// The body of `-> Html<String>` keeps its type.
pub(crate) fn show(function: &mut Function, krate: &CratePath) -> Hidden {
    let private = krate.private();
    let Some(ty) = function.returned.take() else {
        return Hidden { body: TokenStream::new(), bound: None, place: TokenStream::new() };
    };
    let hidden = hidden_response(&ty);
    let bound = hidden.and_then(response_bound).map(ToTokens::to_token_stream);
    let whole = ty.to_token_stream();
    // What `#[async_trait]` has rewritten returns what the trait says.
    let finished = || finished(&ty).filter(|_| function.frame.is_none()).map(ToTokens::to_token_stream);
    let Some(part) = hidden.map(ToTokens::to_token_stream).or_else(finished) else {
        function.returned = Some(ty);
        return Hidden { place: whole.clone(), body: whole, bound };
    };
    let body = if hidden.is_some() { replaced(&whole, &part, &quote!(_)) } else { whole.clone() };
    let shown = Type::Verbatim(replaced(&whole, &part, &quote!(#private::Response)));
    if let ReturnType::Type(_, output) = &mut function.sig.output {
        **output = shown.clone();
    }
    function.returned = Some(shown);
    Hidden { body, bound, place: part }
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
