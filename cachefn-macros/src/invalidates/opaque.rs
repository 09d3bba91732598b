//! Writers that return a type behind `impl`: what they return is asked of their body instead of their signature.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::{GenericArgument, PathArguments, Type};

use crate::expand;
use crate::item::Function;

/// The writer as a future, where its return type cannot be named.
pub(super) fn writing(function: &Function, returned: &Type, private: &TokenStream) -> TokenStream {
    let body = expand::body(function, &nameable(returned).to_token_stream());
    // In a block of its own: what was borrowed would keep its place in the outer future.
    quote! {{
        let __cachefn_body = #body;
        let __cachefn_end = {
            use #private::returned::*;
            fn __cachefn_returned<F: ::core::future::Future>(_: &F) -> #private::Shape<F::Output> {
                #private::Shape::NEW
            }
            let __cachefn_shape = (&&&&__cachefn_returned(&__cachefn_body)).cachefn_shape();
            (&&#private::Verdict((&&&&#private::Leafed(__cachefn_shape)).cachefn_leaf())).cachefn_end()
        };
        #private::writing(__cachefn_plan, __cachefn_end, __cachefn_body)
    }}
}

/// The type with `_` in the place of each `impl Trait`.
fn nameable(ty: &Type) -> Type {
    let mut ty = ty.clone();
    match &mut ty {
        Type::ImplTrait(_) => return Type::Verbatim(quote!(_)),
        Type::Path(path) => {
            for segment in &mut path.path.segments {
                let PathArguments::AngleBracketed(arguments) = &mut segment.arguments else { continue };
                for argument in &mut arguments.args {
                    if let GenericArgument::Type(ty) = argument {
                        *ty = nameable(ty);
                    }
                }
            }
        }
        Type::Tuple(tuple) => tuple.elems.iter_mut().for_each(|elem| *elem = nameable(elem)),
        Type::Group(group) => *group.elem = nameable(&group.elem),
        Type::Paren(paren) => *paren.elem = nameable(&paren.elem),
        _ => {}
    }
    ty
}
