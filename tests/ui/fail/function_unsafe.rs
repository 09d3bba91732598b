//! The caret is at `unsafe`: who calls the body later does not know what was promised.
use cachefn::cached;

#[cached(expire = 300)]
async unsafe fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
