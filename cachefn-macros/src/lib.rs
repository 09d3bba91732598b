//! The attribute macros of cachefn. Use them through the `cachefn` crate, which carries what their expansions
//! call, and the pages of their arguments.

mod answer;
mod args;
mod companions;
mod diagnostics;
mod expand;
mod hidden;
mod invalidates;
mod isolated;
mod item;
mod model;
mod paths;
mod pipeline;
mod site;
mod spelling;
mod template;
mod used;
mod validate;
mod written;

#[cfg(test)]
mod tests;

use proc_macro::TokenStream;

// Documented where it is re-exported, so that the examples run.
#[expect(missing_docs, reason = "a page here would stand there twice")]
#[proc_macro_attribute]
pub fn cached(args: TokenStream, item: TokenStream) -> TokenStream {
    pipeline::cached(args.into(), &item.into(), cfg!(feature = "enabled")).into()
}

#[expect(missing_docs, reason = "a page here would stand there twice")]
#[proc_macro_attribute]
pub fn test(args: TokenStream, item: TokenStream) -> TokenStream {
    isolated::test(args.into(), &item.into()).into()
}

#[expect(missing_docs, reason = "a page here would stand there twice")]
#[proc_macro_attribute]
pub fn invalidates(args: TokenStream, item: TokenStream) -> TokenStream {
    invalidates::invalidates(args.into(), &item.into(), cfg!(feature = "enabled")).into()
}
