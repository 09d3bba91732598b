//! Reads what an attribute stands on.
//!
//! Attributes, visibility and signature are parsed; the body stays one raw token group, so that a body
//! which is being typed still expands and keeps its completions and its errors.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::visit::{self, Visit};
use syn::{Attribute, FnArg, Ident, Pat, PatIdent, Receiver, Signature, Token, Type, Visibility};

/// What stands under the attribute.
pub(crate) enum Item {
    Function(Box<Function>),
    /// A function without a body: `async fn get(&self) -> User;` in a trait.
    Declaration(Ident),
    /// Something else, known by the token that begins it.
    Other(TokenTree),
    /// A signature that cannot be read.
    Unreadable(syn::Error),
}

pub(crate) struct Function {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    pub(crate) receiver: Option<Receiver>,
    pub(crate) parameters: Vec<Parameter>,
    /// `#![…]` at the start of the body, which a block inside the body may not carry.
    pub(crate) inner_attrs: TokenStream,
    pub(crate) body: Group,
}

/// One argument of the function, other than `self`.
pub(crate) struct Parameter {
    pub(crate) pat: Pat,
    pub(crate) ty: Type,
    /// The names that the pattern binds, in order.
    pub(crate) bindings: Vec<Ident>,
}

impl Function {
    /// The name as keys and companions carry it: without `r#`.
    pub(crate) fn name(&self) -> Ident {
        self.sig.ident.unraw()
    }

    /// The bindings of all arguments, in order.
    pub(crate) fn bindings(&self) -> impl Iterator<Item = &Ident> {
        self.parameters.iter().flat_map(|parameter| &parameter.bindings)
    }

    /// The names an attribute may mention: `self` first, then all bindings, without `r#`.
    pub(crate) fn names(&self) -> Vec<String> {
        let receiver = self.receiver.iter().map(|_| "self".to_owned());
        receiver.chain(self.parameters.iter().flat_map(Parameter::names)).collect()
    }
}

impl Parameter {
    /// The names it binds, without `r#`.
    pub(crate) fn names(&self) -> impl Iterator<Item = String> {
        self.bindings.iter().map(|binding| binding.unraw().to_string())
    }
}

/// Reads any item; what cannot be used is said in the answer, not judged.
pub(crate) fn read(tokens: TokenStream) -> Item {
    item.parse2(tokens).unwrap_or_else(Item::Unreadable)
}

fn item(input: ParseStream<'_>) -> syn::Result<Item> {
    let attrs = input.call(Attribute::parse_outer)?;
    let vis: Visibility = input.parse()?;
    if !leads_to_fn(input) {
        let first = input.parse()?;
        input.parse::<TokenStream>()?;
        return Ok(Item::Other(first));
    }
    let sig: Signature = input.parse()?;
    if input.parse::<Option<Token![;]>>()?.is_some() {
        return Ok(Item::Declaration(sig.ident));
    }
    let (inner_attrs, body) = split_inner_attrs(braces(input)?);
    let (receiver, parameters) = inputs(&sig);
    Ok(Item::Function(Box::new(Function { attrs, vis, sig, receiver, parameters, inner_attrs, body })))
}

/// Whether only qualifiers stand before the next `fn`.
fn leads_to_fn(input: ParseStream<'_>) -> bool {
    let ahead = input.fork();
    while ahead.peek(Token![const])
        || ahead.peek(Token![async])
        || ahead.peek(Token![unsafe])
        || ahead.peek(Token![extern])
        || ahead.peek(syn::LitStr)
    {
        if ahead.parse::<TokenTree>().is_err() {
            return false;
        }
    }
    ahead.peek(Token![fn])
}

/// The next braces, also where a `macro_rules!` fragment wraps them in an invisible group.
fn braces(input: ParseStream<'_>) -> syn::Result<Group> {
    let mut token: TokenTree = input.parse()?;
    loop {
        match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => return Ok(group),
            TokenTree::Group(group) if group.delimiter() == Delimiter::None => {
                let Some(inner) = group.stream().into_iter().next() else {
                    return Err(syn::Error::new(group.span(), "expected the function's body"));
                };
                token = inner;
            }
            other => return Err(syn::Error::new(other.span(), "expected the function's body")),
        }
    }
}

fn split_inner_attrs(body: Group) -> (TokenStream, Group) {
    let mut rest = body.stream().into_iter();
    let mut attrs = TokenStream::new();
    let is_punct = |token: &TokenTree, c| matches!(token, TokenTree::Punct(p) if p.as_char() == c);
    let mut ahead = rest.clone();
    while let (Some(hash), Some(bang), Some(TokenTree::Group(list))) =
        (ahead.next(), ahead.next(), ahead.next())
        && is_punct(&hash, '#')
        && is_punct(&bang, '!')
    {
        attrs.extend([hash, bang, list.into()]);
        rest = ahead.clone();
    }
    if attrs.is_empty() {
        return (attrs, body);
    }
    let mut without = Group::new(Delimiter::Brace, rest.collect());
    without.set_span(body.span());
    (attrs, without)
}

fn inputs(sig: &Signature) -> (Option<Receiver>, Vec<Parameter>) {
    let parameters = sig.inputs.iter().filter_map(|input| match input {
        FnArg::Receiver(_) => None,
        FnArg::Typed(typed) => Some(Parameter {
            pat: (*typed.pat).clone(),
            ty: (*typed.ty).clone(),
            bindings: bindings(&typed.pat),
        }),
    });
    (sig.receiver().cloned(), parameters.collect())
}

fn bindings(pat: &Pat) -> Vec<Ident> {
    struct Bindings(Vec<Ident>);

    impl<'ast> Visit<'ast> for Bindings {
        fn visit_pat_ident(&mut self, pat: &'ast PatIdent) {
            // The branches of an or-pattern bind the same names.
            if !self.0.contains(&pat.ident) {
                self.0.push(pat.ident.clone());
            }
            visit::visit_pat_ident(self, pat);
        }
    }

    let mut found = Bindings(Vec::new());
    found.visit_pat(pat);
    found.0
}
