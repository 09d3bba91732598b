//! The caret is at the route: it makes a type of the function, and what stands above it comes too late for that.
use cachefn::cached;
use cachefn_tests_routes::get;

#[cached(expire = 300)]
#[get("/users")]
pub async fn users() -> String {
    String::new()
}

fn main() {}
