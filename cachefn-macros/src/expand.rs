//! Writes the annotated function. Nothing can fail here.
//!
//! ```text
//! async fn get_user(id: u64, db: &Db) -> Result<User, DbError> {
//!     let __cachefn_kind = <what the return type stores>;
//!     let (__cachefn_call, id) = {
//!         static __CACHEFN_SITE: Site = …;
//!         let id = id;
//!         match begin(&__CACHEFN_SITE, &__cachefn_kind, |key| …) {
//!             Ok(found) => return found,
//!             Err(call) => (call, id),
//!         }
//!     };
//!     run(__cachefn_call, __cachefn_kind, async move {
//!         <return-type edge>
//!         { the body }
//!     })
//!     .await
//! }
//! ```
//!
//! - What is found is returned before there is a future of the body.
//! - The key borrows arguments that stand in the inner block: what was borrowed would keep its place in the outer
//!   future for as long as the body runs, beside the place in the body's own.
//! - The key is made before the body's future exists, from references: the body may move its arguments. What else
//!   the arguments decide (`.with(|terms| …)`) is asked once memory has no entry.
//! - What the value decides is a closure beside the body, called with what is about to be stored.
//! - Items stand in inner blocks that the body is not in: a `static` or `use` beside the body would capture
//!   the user's own names.
//! - The body's future goes to `run` by value and unpolled; nothing here boxes it or asks it to be `Send`. Where the body
//!   may outlive its call it is `run_background`, which asks that and `'static` of the body and of what asks the value.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Pat, Type};

use crate::answer::Hidden;
use crate::item::Function;
use crate::model::{Judgement, Piece, Plan, Returned, Spelling, Terms};
use crate::site::{Purpose, ends, key, site, text};
use crate::used::used;

/// The function with caching in it.
///
/// Of a response `hidden` is what was written in the place of its type.
pub(crate) fn function(plan: &Plan, function: &Function, hidden: Option<&Hidden>) -> TokenStream {
    let private = plan.krate.private();
    let site = site(plan, Purpose::Call);
    let (key, terms) = (key(plan, Purpose::Call), terms(&plan.call, &private));
    let returned = returned(function);
    let probe = probe(&returned, &plan.returned, &private);
    let (begin, storing, body) = match hidden {
        None => (quote!(begin), None, body(function, &returned)),
        Some(hidden) => {
            let body = shown_over(&hidden.place, body(function, &hidden.body));
            let named = hidden.named();
            let storing = quote! {
                let __cachefn_storing = { #named __cachefn_call.storing(&__cachefn_kind) };
            };
            let (_, last) = ends(&hidden.place);
            let body = quote_spanned!(last=> #private::respond(__cachefn_storing, #body));
            let body = shown_over(&hidden.place, body);
            (quote!(begin_response), Some(storing), body)
        }
    };
    let run = run(plan, body, &private);
    let lent = lent(plan, function);
    let unused = (!lent.is_empty()).then(|| quote!(#[allow(unused_variables)]));
    let statements = quote! {
        let __cachefn_kind = #probe;
        #unused
        let (__cachefn_call, #(#lent,)*) = {
            #site
            #(let #lent = #lent;)*
            match #private::#begin(&__CACHEFN_SITE, &__cachefn_kind, #key) {
                ::core::result::Result::Ok(__cachefn_found) => return __cachefn_found,
                ::core::result::Result::Err(__cachefn_call) => (__cachefn_call #terms, #(#lent,)*),
            }
        };
        #storing
        #run.await
    };
    with_block(function, &statements)
}

/// The arguments that the key borrows and that own what they are: moved into the inner block and back.
fn lent<'a>(plan: &Plan, function: &'a Function) -> Vec<&'a Ident> {
    let Terms { bypass, expire, tags, .. } = &plan.call;
    let tags = tags.iter().flatten().filter_map(Piece::value);
    let values = plan.values();
    let borrowed = [Some(&values), bypass.as_ref(), expire.as_ref()].into_iter().flatten().chain(tags);
    let used = used(borrowed.cloned().collect(), &function.names());
    let lent = function
        .parameters
        .iter()
        .filter(|parameter| parameter.cfgs.is_empty() && parameter.names().any(|name| used.contains(&name)));
    lent.filter_map(|parameter| match (&parameter.pat, &parameter.ty) {
        (_, Type::Reference(_)) => None,
        // What is `mut` for the body's sake would be said to be so for nothing.
        (Pat::Ident(pat), _) if pat.subpat.is_none() && pat.by_ref.is_none() && pat.mutability.is_none() => {
            Some(&pat.ident)
        }
        _ => None,
    })
    .collect()
}

/// The type that the body's block has.
pub(crate) fn returned(function: &Function) -> TokenStream {
    function.returned.as_ref().map_or_else(|| quote!(()), ToTokens::to_token_stream)
}

/// The body as a future.
pub(crate) fn body(function: &Function, returned: &TokenStream) -> TokenStream {
    let (edge, body) = (edge(returned), quiet_braces(&function.body));
    quote!(async move { #edge #body })
}

/// The function with other statements in the place of its body.
pub(crate) fn with_block(function: &Function, statements: &TokenStream) -> TokenStream {
    let Function { attrs, vis, sig, inner_attrs, body, frame, .. } = function;
    let mut block = Group::new(Delimiter::Brace, quote!(#inner_attrs #statements));
    block.set_span(Span::call_site().located_at(body.span()));
    let block = frame.as_ref().map_or(block.clone(), |frame| frame.around(block));
    quote!(#(#attrs)* #vis #sig #block)
}

/// What the arguments decide beside the key.
fn terms(terms: &Terms, private: &TokenStream) -> Option<TokenStream> {
    if terms.settled() {
        return None;
    }
    let expire = terms.expire.as_ref().map(|expire| {
        let method = if terms.expire_by_name { quote!(expire_by) } else { quote!(expire) };
        quote!(__cachefn_terms.#method(#expire);)
    });
    let tags = terms.tags.iter().map(|tag| text(tag, private));
    Some(quote! {
        .with(|__cachefn_terms: &mut #private::Terms| { #expire #(__cachefn_terms.tag(#tags);)* })
    })
}

/// Runs the call with its body. Where that may outlive the call, what it lacks for that shows at the argument of the
/// attribute that asks for it.
fn run(plan: &Plan, body: TokenStream, private: &TokenStream) -> TokenStream {
    let judge = judge(plan, private);
    let Some(argument) = &plan.background else {
        let run = if judge.is_some() { quote!(run_judged) } else { quote!(run) };
        return quote!(#private::#run(__cachefn_call, __cachefn_kind, #judge #body));
    };
    let run = if judge.is_some() { quote!(run_judged_background) } else { quote!(run_background) };
    let body = shown_at(argument, body);
    shown_at(argument, quote!(#private::#run(__cachefn_call, __cachefn_kind, #judge #body)))
}

/// Code with the place of an argument's name; what is inside of its groups keeps its own.
fn shown_at(argument: &Ident, tokens: TokenStream) -> TokenStream {
    let tokens = tokens.into_iter().map(|mut token| {
        token.set_span(token.span().located_at(argument.span()));
        token
    });
    tokens.collect()
}

/// Code with the place of other tokens; what is inside of its groups keeps its own.
fn shown_over(place: &TokenStream, tokens: TokenStream) -> TokenStream {
    let (first, last) = ends(place);
    let tokens = tokens.into_iter().enumerate().map(|(at, mut token)| {
        token.set_span(if at == 0 { first } else { last });
        token
    });
    tokens.collect()
}

/// What the value decides. An error in one of the closures shows at the closure.
fn judge(plan: &Plan, private: &TokenStream) -> Option<TokenStream> {
    if plan.value.is_empty() {
        return None;
    }
    let Judgement { when, expire_with, tags_with } = &plan.value;
    let owning = plan.background.as_ref().map(|_| quote!(move));
    let ask = |name: &str, closure: &Option<TokenStream>| {
        let closure = closure.as_ref()?;
        let (first, last) = ends(closure);
        let name = Ident::new(name, first);
        Some(quote_spanned!(last=> __cachefn_terms.#name(__cachefn_value, #closure);))
    };
    let (when, expire, tags) =
        (ask("when", when), ask("expire_with", expire_with), ask("tags_with", tags_with));
    Some(quote!(#owning |__cachefn_value, __cachefn_terms: &mut #private::Terms| { #when #expire #tags },))
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
fn probe(returned: &TokenStream, how: &Returned, private: &TokenStream) -> TokenStream {
    let mut checked = if how.response.is_some() {
        let checked = response(returned, private);
        quote!(#private::check_response(#checked))
    } else {
        let checked = stored(returned, how.plain, private, &quote!(cachefn_verdict));
        let (_, last) = ends(returned);
        let checked = quote_spanned!(last=> #checked.0);
        let check = match how.spelling {
            Spelling::Name => quote!(check),
            Spelling::Composite => quote!(check_within),
            Spelling::WithoutAxum => quote!(check_without_axum),
        };
        quote!(#private::#check(#checked))
    };
    if let Some(codec) = &how.codec {
        let (first, last) = ends(codec);
        let mut found = Group::new(Delimiter::Parenthesis, quote!(&&#private::CodecOf::<#codec>::NEW));
        found.set_span(first);
        let found = quote_spanned!(last=> #found.cachefn_codec());
        checked = quote!(#private::coded(#checked, #found));
    }
    if let Some(none) = &how.optional {
        let (_, last) = ends(none);
        checked = quote_spanned!(last=> #checked.cachefn_optional());
    }
    if let Some(stale_if_error) = &how.fallible {
        let (_, last) = ends(stale_if_error);
        checked = quote_spanned!(last=> #checked.cachefn_fallible());
    }
    quote!({ use #private::returned::*; #checked })
}

/// Asks the type whether it is a response.
fn response(returned: &TokenStream, private: &TokenStream) -> TokenStream {
    let (first, last) = ends(returned);
    let mut asked = Group::new(Delimiter::Parenthesis, quote!(&&&#private::Returns::<#returned>::NEW));
    asked.set_span(first);
    let kind = quote_spanned!(last=> #asked.cachefn_response());
    let mut judged = Group::new(Delimiter::Parenthesis, quote!(&&&&&&&#private::Verdict(#kind)));
    judged.set_span(first);
    quote_spanned!(last=> #judged.cachefn_verdict().0)
}

/// Asks the type; `verdict` is the last of the questions.
pub(crate) fn stored(
    returned: &TokenStream,
    plain: bool,
    private: &TokenStream,
    verdict: &TokenStream,
) -> TokenStream {
    let (first, last) = ends(returned);
    let grouped = |content: TokenStream| {
        let mut group = Group::new(Delimiter::Parenthesis, content);
        group.set_span(first);
        group
    };
    let shape = if plain {
        quote_spanned!(last=> #private::Shape::<#returned>::NEW.whole())
    } else {
        quote_spanned!(last=> (&&&&#private::Shape::<#returned>::NEW).cachefn_shape())
    };
    let leaf = grouped(quote!(&&&&#private::Leafed(#shape)));
    let leaf = quote_spanned!(last=> #leaf.cachefn_leaf());
    let judged = grouped(quote!(&&&&&&&#private::Verdict(#leaf)));
    quote_spanned!(last=> #judged.#verdict())
}
