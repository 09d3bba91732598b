//! The carets are at the names, each with what stands in its place here.
use cachefn::cached;

#[cached(size = 100, time = 60, sync_writes = true, convert = r#"{ id }"#, key = "u64")]
async fn double(id: u64) -> u64 {
    id * 2
}

fn main() {}
