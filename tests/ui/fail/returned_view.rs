//! The caret is at the return type: a field of it is borrowed, which cannot be kept.
use cachefn::cached;

#[derive(Clone, serde::Serialize, serde::Deserialize)]
pub struct View<'a> {
    name: &'a str,
}

#[cached(key = name)]
pub async fn view<'a>(name: &'a str) -> Result<View<'a>, String> {
    Ok(View { name })
}

fn main() {}
