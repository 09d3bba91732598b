//! The functions generated beside `f`: `invalidate_f`, `invalidate_all_f` and `refresh_f`.
//!
//! With caching compiled out, and where the attribute has a fault, the same functions come out with bodies
//! that do nothing, so that their callers compile.

mod generics;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::punctuated::Punctuated;
use syn::{Attribute, FnArg, GenericParam, Ident, Pat, PatType, Safety, Signature, Token};

use crate::item::{Function, Parameter, cfgs};
use crate::model::{Companions, Plan};
use crate::site::{Purpose, key, site};

/// What the companions do.
#[derive(Clone, Copy)]
pub(crate) enum Bodies {
    Working,
    /// Nothing; `refresh_f` is a plain call.
    Off,
    /// Nothing, and there is no `refresh_f`: the function becomes something that cannot be called.
    Uncalled,
}

/// All companions of a function, or nothing.
pub(crate) fn companions(plan: &Plan, function: &Function, bodies: Bodies) -> TokenStream {
    let Companions::Beside { receiver, parameters, through } = &plan.companions else {
        return TokenStream::new();
    };
    let parameters = parameters.iter().filter_map(|at| function.parameters.get(*at)).collect();
    // The user's own token: where a macro writes the key, only that one is the `self` in it.
    let receiver = function.receiver.as_ref().filter(|_| *receiver).map(|receiver| receiver.self_token);
    let beside = Beside { plan, function, bodies, receiver, parameters, through: through.as_ref() };
    let (one, all, refresh) = (beside.invalidate(), beside.invalidate_all(), beside.refresh());
    quote!(#one #all #refresh)
}

struct Beside<'a> {
    plan: &'a Plan,
    function: &'a Function,
    bodies: Bodies,
    /// The `self` of `&self`, where `invalidate_f` takes it.
    receiver: Option<Token![self]>,
    /// What else it takes.
    parameters: Vec<&'a Parameter>,
    /// The `Self` through which `f` is called.
    through: Option<&'a Token![Self]>,
}

impl Beside<'_> {
    fn invalidate(&self) -> TokenStream {
        let head = self.head("Invalidates what", "returns for these arguments.");
        let name = self.named("invalidate");
        let generics = generics::mentioned(&self.function.sig.generics, &self.parameters, self.plan.values());
        let where_clause = &generics.where_clause;
        let receiver = self.receiver.map(|this| quote!(&#this,));
        let inputs = self.parameters.iter().map(|Parameter { cfgs, pat, ty, .. }| {
            let pat = without_mut(pat);
            quote!(#(#cfgs)* #pat: #ty)
        });
        let future = self.plan.krate.invalidation();
        let body = match self.bodies {
            Bodies::Working => {
                self.site_and(&format_ident!("invalidate"), &key(self.plan, Purpose::Invalidation))
            }
            Bodies::Off | Bodies::Uncalled => self.off(),
        };
        quote!(#head fn #name #generics (#receiver #(#inputs),*) -> #future #where_clause { #body })
    }

    fn invalidate_all(&self) -> TokenStream {
        let head = self.head("Invalidates everything that", "returned, whatever the arguments.");
        let name = self.named("invalidate_all");
        let private = self.plan.krate.private();
        let future = self.plan.krate.invalidation();
        let body = match self.bodies {
            Bodies::Working => self.site_and(&format_ident!("invalidate_all"), &quote!(|| ())),
            Bodies::Off | Bodies::Uncalled => quote!(#private::off()),
        };
        quote!(#head fn #name() -> #future { #body })
    }

    fn refresh(&self) -> TokenStream {
        let head = self.head("Runs the body of", "now and stores what it returns.");
        let private = self.plan.krate.private();
        let mut sig = self.function.sig.clone();
        sig.ident = self.named("refresh");
        sig.inputs = self.refresh_inputs();
        let call = self.call();
        let body = match (self.bodies, &sig.asyncness) {
            (Bodies::Working, _) => quote!(#private::refresh(#call).await),
            (Bodies::Off, Some(_)) => quote!(#call.await),
            (Bodies::Off, None) => call,
            (Bodies::Uncalled, _) => return TokenStream::new(),
        };
        quote!(#head #sig { #body })
    }

    /// Everything before `fn`. What is inline costs no code where nobody calls it.
    fn head(&self, before: &str, after: &str) -> TokenStream {
        let vis = &self.function.vis;
        let cfgs = cfgs(&self.function.attrs);
        let name = &self.plan.name;
        let path = if self.through.is_some() { format!("Self::{name}") } else { name.clone() };
        let doc = format!("{before} [`{name}`]({path}) {after}");
        let quiet = quiet();
        quote!(#[doc = #doc] #(#cfgs)* #quiet #[inline] #vis)
    }

    fn named(&self, verb: &str) -> Ident {
        let span = Span::call_site().located_at(self.function.sig.ident.span());
        format_ident!("{verb}_{}", self.plan.name, span = span)
    }

    fn site_and(&self, verb: &Ident, closure: &TokenStream) -> TokenStream {
        let private = self.plan.krate.private();
        let site = site(self.plan, Purpose::Invalidation);
        quote!(#site #private::#verb(&__CACHEFN_SITE, #closure))
    }

    fn off(&self) -> TokenStream {
        let private = self.plan.krate.private();
        let receiver = self.receiver.map(|this| quote!(&#this,));
        let bindings = self.parameters.iter().map(|Parameter { cfgs, bindings, .. }| {
            let bindings = bindings.iter().map(|binding| quote!(#(#cfgs)* &#binding,));
            quote!(#(#bindings)*)
        });
        quote!(let _ = (#receiver #(#bindings)*); #private::off())
    }

    /// `f`'s own inputs, with a name for each.
    fn refresh_inputs(&self) -> Punctuated<FnArg, Token![,]> {
        let receiver = self.function.receiver.clone().map(|mut receiver| {
            receiver.attrs.clear();
            receiver.mutability = None;
            FnArg::Receiver(receiver)
        });
        let typed = self.function.parameters.iter().zip(self.names()).map(|(parameter, name)| {
            let pat: Pat = Pat::Verbatim(name.to_token_stream());
            let ty = Box::new(parameter.ty.clone());
            FnArg::Typed(PatType {
                attrs: parameter.cfgs.clone(),
                pat: Box::new(pat),
                colon_token: Token![:](Span::call_site()),
                ty,
            })
        });
        receiver.into_iter().chain(typed).collect()
    }

    /// The arguments' own names, or generated ones for patterns, and for an argument that hides the function.
    fn names(&self) -> impl Iterator<Item = Ident> {
        let hides = |name: &Ident| *name == self.function.sig.ident;
        self.function.parameters.iter().enumerate().map(move |(at, parameter)| match &parameter.pat {
            Pat::Ident(pat) if pat.subpat.is_none() && pat.by_ref.is_none() && !hides(&pat.ident) => {
                pat.ident.clone()
            }
            _ => format_ident!("__cachefn_{at}"),
        })
    }

    /// `f(a, b)`, as it is written beside `f`.
    fn call(&self) -> TokenStream {
        let sig = &self.function.sig;
        let through = self.through.map(|this| quote!(#this::));
        let (name, turbofish) = (&sig.ident, turbofish(sig));
        let receiver = self.function.receiver.as_ref().map(|receiver| receiver.self_token.to_token_stream());
        let named = self
            .function
            .parameters
            .iter()
            .zip(self.names())
            .map(|(Parameter { cfgs, .. }, name)| quote!(#(#cfgs)* #name));
        let arguments = receiver.into_iter().chain(named);
        let call = quote!(#through #name #turbofish (#(#arguments),*));
        match sig.safety {
            Safety::Unsafe(_) => quote!(unsafe { #call }),
            _ => call,
        }
    }
}

/// The user's tokens are judged by lints where the user wrote them; a second time would be noise.
fn quiet() -> Attribute {
    syn::parse_quote! {
        #[allow(
            dead_code, deprecated, non_snake_case, private_interfaces, unreachable_pub, unused,
            clippy::all, clippy::pedantic, clippy::nursery, clippy::restriction,
            rustdoc::broken_intra_doc_links, rustdoc::private_intra_doc_links, rustdoc::redundant_explicit_links
        )]
    }
}

fn without_mut(pat: &Pat) -> Pat {
    let mut pat = pat.clone();
    if let Pat::Ident(pat) = &mut pat {
        pat.mutability = None;
    }
    pat
}

/// `::<T, N>`, where the parameters can be written; lifetimes are inferred.
fn turbofish(sig: &Signature) -> Option<TokenStream> {
    let names = sig.generics.params.iter().filter_map(|param| match param {
        GenericParam::Lifetime(_) => None,
        GenericParam::Type(param) => Some(&param.ident),
        GenericParam::Const(param) => Some(&param.ident),
    });
    let names: Vec<_> = names.collect();
    (!names.is_empty()).then(|| quote!(::<#(#names),*>))
}
