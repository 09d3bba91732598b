//! The macros from tokens to tokens.

mod arguments;
mod companions;
mod diagnostics;
mod fresh;
mod invalidates;
mod isolated;
mod response;
mod snapshots;

use proc_macro2::{TokenStream, TokenTree};
use syn::{Item, LitStr};

use crate::pipeline::cached;

fn tokens(source: &str) -> TokenStream {
    source.parse().expect("the test's source is made of tokens")
}

/// The items that `#[cached(args)] item` becomes.
fn expanded(args: &str, item: &str, enabled: bool) -> Vec<Item> {
    let expansion = cached(tokens(args), &tokens(item), enabled);
    let file: syn::File = syn::parse2(expansion).expect("the expansion is a list of items");
    file.items
}

/// What the compile errors of `#[cached]` say.
fn messages(args: &str, item: &str) -> Vec<String> {
    errors(cached(tokens(args), &tokens(item), true))
}

/// What the compile errors of an expansion say.
fn errors(expansion: TokenStream) -> Vec<String> {
    let mut reported = Vec::new();
    let mut before: Vec<TokenTree> = Vec::new();
    for token in expansion {
        if let (TokenTree::Group(message), [.., name, bang]) = (&token, before.as_slice())
            && name.to_string() == "compile_error"
            && bang.to_string() == "!"
        {
            let message: LitStr = syn::parse2(message.stream()).expect("a compile error is a string");
            reported.push(message.value());
        }
        before.push(token);
    }
    reported
}

/// Functions as they print, without attributes and bodies.
fn signatures(items: &[Item]) -> Vec<String> {
    let functions = items.iter().filter_map(|item| match item {
        Item::Fn(function) => Some(Item::Fn(syn::ItemFn {
            attrs: Vec::new(),
            block: Box::new(syn::parse_quote!({})),
            ..function.clone()
        })),
        _ => None,
    });
    let printed = functions.map(|function| {
        let file = syn::File { shebang: None, frontmatter: None, attrs: Vec::new(), items: vec![function] };
        let printed = prettyplease::unparse(&file).split_whitespace().collect::<Vec<_>>().join(" ");
        printed.replace("{}", "").replace("( ", "(").replace(", )", ")").trim_end().to_owned()
    });
    printed.collect()
}
