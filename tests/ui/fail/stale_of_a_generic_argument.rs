//! In the words of the compiler: a `T` may be borrowed, until its bounds say that it is not.
use cachefn::cached;

#[cached(expire = 5, stale = 60, key = name.to_string())]
pub async fn length<T: ToString + Send>(name: T) -> usize {
    name.to_string().len()
}

fn main() {}
