//! How generated code names the cachefn crate.
//!
//! | situation | path |
//! |---|---|
//! | `crate = "web::cache"` is written | `web::cache` |
//! | the dependency is renamed in `Cargo.toml` | `::new_name` |
//! | otherwise, also in the crate's own doctests, tests and examples | `::cachefn` |

use proc_macro_crate::{FoundCrate, crate_name};
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{Ident, Path};

const PACKAGE: &str = "cachefn";

/// The path of the cachefn crate as seen from the annotated function.
pub(crate) struct CratePath(TokenStream);

impl CratePath {
    /// The path that the `crate` argument gives.
    pub(crate) fn written(path: &Path) -> Self {
        Self(path.to_token_stream())
    }

    /// The name that the manifest of the crate being compiled gives to cachefn.
    ///
    /// A crate that reaches it in another way, through a re-export, uses the `crate` argument; without it
    /// the compiler's own "could not find `cachefn`" is the clearest answer there is.
    pub(crate) fn found() -> Self {
        let name = match crate_name(PACKAGE) {
            Ok(FoundCrate::Name(name)) => name,
            Ok(FoundCrate::Itself) | Err(_) => PACKAGE.to_owned(),
        };
        let name = Ident::new(&name, Span::call_site());
        Self(quote!(::#name))
    }

    /// What only generated code uses.
    pub(crate) fn private(&self) -> TokenStream {
        let path = &self.0;
        quote!(#path::__private)
    }

    /// What tests use.
    pub(crate) fn testing(&self) -> TokenStream {
        let path = &self.0;
        quote!(#path::testing)
    }

    /// One of the crate's own codecs.
    pub(crate) fn codec(&self, name: &Ident) -> TokenStream {
        let path = &self.0;
        quote!(#path::codec::#name)
    }

    /// The future that the invalidating companions return.
    pub(crate) fn invalidation(&self) -> TokenStream {
        let path = &self.0;
        quote!(#path::Invalidation)
    }
}
