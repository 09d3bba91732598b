//! Five faults that have nothing to do with each other are five errors of one run, each at its own token.
use cachefn::cached;

#[cached(ttl = 300, namespace = "numbers:", key = "{user}", companions = 1)]
fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
