//! The caret is at the template: what is not ASCII is not escaped in the value before it.
use cachefn::cached;

#[cached(key = "{from}→{to}")]
async fn route(from: String, to: String) -> String {
    from + &to
}

fn main() {}
