//! The caret is at the field; the expression stands in the function and in a companion and fails once.
use cachefn::cached;

struct User {
    org: u64,
}

#[cached(key = user.orgg)]
async fn of_org(user: &User) -> u64 {
    user.org
}

fn main() {}
