//! The caret is at the template; the compiler knows the fields, and says so once and not for each companion.
use cachefn::cached;

struct User {
    org: u64,
}

#[cached(key = "{user.orgg}")]
async fn of_org(user: &User) -> u64 {
    user.org
}

fn main() {}
