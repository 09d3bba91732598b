//! The caret is at the return type: nothing can be derived for it, so what is taken out of it is cached.
use cachefn::cached;

#[cached(key = name)]
async fn run(name: String) -> std::io::Result<std::process::Output> {
    std::process::Command::new(name).output()
}

fn main() {}
