//! The caret is at the name: there is no return type to point at.
use cachefn::cached;

#[cached(expire = 300)]
async fn log(line: String) {
    println!("{line}");
}

fn main() {}
