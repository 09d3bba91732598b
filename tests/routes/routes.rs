//! A route attribute in the manner of actix and Rocket: the function becomes a type that holds it.

use proc_macro::{TokenStream, TokenTree};

/// `#[get("/users")] async fn users() -> T` becomes a type `users`, whose `call()` awaits the function.
///
/// # Panics
///
/// If it stands on anything else.
#[proc_macro_attribute]
pub fn get(path: TokenStream, item: TokenStream) -> TokenStream {
    let mut words = item.clone().into_iter().skip_while(|token| token.to_string() != "fn");
    let Some(TokenTree::Ident(name)) = words.nth(1) else { panic!("a route is a function") };
    let code = format!(
        "#[allow(non_camel_case_types)] pub struct {name};
        impl {name} {{
            pub const PATH: &'static str = {path};
            pub fn call() -> impl Future<Output: Sized> {{ {item} {name}() }}
        }}"
    );
    code.parse().expect("this is Rust")
}
