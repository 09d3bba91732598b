use cachefn::cached;

fn main() {}

#[cached(expire = 5, lease = "5s")]
pub async fn get(id: u64) -> u64 {
    id
}
