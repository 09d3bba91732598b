//! Reads what an attribute stands on.
//!
//! Attributes, visibility and signature are parsed; the body stays one raw token group, so that a body
//! which is being typed still expands and keeps its completions and its errors.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::visit::{self, Visit};
use syn::{
    AssocType, Attribute, FnArg, Ident, Lifetime, Pat, PatIdent, Receiver, ReturnType, Signature, Token,
    Type, Visibility,
};

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
    /// What its callers get when they await it.
    pub(crate) returned: Option<Type>,
    /// `#![…]` at the start of the body, which a block inside the body may not carry.
    pub(crate) inner_attrs: TokenStream,
    pub(crate) body: Group,
    /// What stands around the body where `#[async_trait]` has rewritten the function.
    pub(crate) frame: Option<Frame>,
}

/// `{ Box::pin(async move { the body }) }`
pub(crate) struct Frame {
    block: Group,
    /// `Box::pin`
    constructor: TokenStream,
    parentheses: Group,
    /// `async move`
    keywords: TokenStream,
}

/// One argument of the function, other than `self`.
pub(crate) struct Parameter {
    /// Its `#[cfg]`s.
    pub(crate) cfgs: Vec<Attribute>,
    pub(crate) pat: Pat,
    pub(crate) ty: Type,
    /// The names that the pattern binds, in order.
    pub(crate) bindings: Vec<Ident>,
}

impl Frame {
    /// Input: the function's block and what the function returns. The async block inside is the body.
    fn split(block: &Group, output: &Type) -> Option<(Self, Type, Group)> {
        let returned = boxed_by_async_trait(output)?;
        let mut constructor: Vec<_> = block.stream().into_iter().collect();
        let Some(TokenTree::Group(parentheses)) = constructor.pop() else { return None };
        let mut keywords: Vec<_> = parentheses.stream().into_iter().collect();
        let Some(TokenTree::Group(body)) = keywords.pop() else { return None };
        let (constructor, keywords) = (constructor.into_iter().collect(), keywords.into_iter().collect());
        Some((Self { block: block.clone(), constructor, parentheses, keywords }, returned, body))
    }

    /// The function's block with another async block.
    pub(crate) fn around(&self, body: Group) -> Group {
        let Self { block, constructor, parentheses, keywords } = self;
        let body = TokenTree::Group(body);
        let inside = like(parentheses, keywords.clone().into_iter().chain([body]).collect());
        like(block, constructor.clone().into_iter().chain([TokenTree::Group(inside)]).collect())
    }
}

/// A group with other content.
fn like(group: &Group, content: TokenStream) -> Group {
    let mut made = Group::new(group.delimiter(), content);
    made.set_span(group.span());
    made
}

/// The `R` of `Pin<Box<dyn Future<Output = R> + 'async_trait>>`.
fn boxed_by_async_trait(output: &Type) -> Option<Type> {
    #[derive(Default)]
    struct Found {
        output: Option<Type>,
        marked: bool,
    }

    impl<'ast> Visit<'ast> for Found {
        fn visit_assoc_type(&mut self, assoc: &'ast AssocType) {
            // What is inside of it is the user's.
            if assoc.ident == "Output" && self.output.is_none() {
                self.output = Some(assoc.ty.clone());
            }
        }

        fn visit_lifetime(&mut self, lifetime: &'ast Lifetime) {
            self.marked |= lifetime.ident == "async_trait";
        }
    }

    let mut found = Found::default();
    found.visit_type(output);
    found.output.filter(|_| found.marked)
}

impl Function {
    /// Whether it is awaited.
    pub(crate) fn is_async(&self) -> bool {
        self.sig.asyncness.is_some() || self.frame.is_some()
    }

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
    let (inner_attrs, block) = split_inner_attrs(braces(input)?);
    let (receiver, parameters) = inputs(&sig);
    let output = match &sig.output {
        ReturnType::Type(_, ty) => Some((**ty).clone()),
        ReturnType::Default => None,
    };
    let framed = output.as_ref().and_then(|output| Frame::split(&block, output));
    let (frame, returned, body) = match framed {
        Some((frame, returned, body)) => (Some(frame), Some(returned), body),
        None => (None, output, block),
    };
    let function = Function { attrs, vis, sig, receiver, parameters, returned, inner_attrs, body, frame };
    Ok(Item::Function(Box::new(function)))
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
            cfgs: cfgs(&typed.attrs),
            pat: (*typed.pat).clone(),
            ty: (*typed.ty).clone(),
            bindings: bindings(&typed.pat),
        }),
    });
    (sig.receiver().cloned(), parameters.collect())
}

/// The attributes that decide whether something is there at all.
pub(crate) fn cfgs(attrs: &[Attribute]) -> Vec<Attribute> {
    attrs.iter().filter(|attr| attr.path().is_ident("cfg")).cloned().collect()
}

/// The names that a pattern binds, in order.
pub(crate) fn bindings(pat: &Pat) -> Vec<Ident> {
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
