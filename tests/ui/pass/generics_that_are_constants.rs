//! A constant is told apart like a type, and may be a part of the key.
#![deny(warnings)]
use cachefn::{Config, cached};
use serde::{Serialize, de::DeserializeOwned};

#[cached(key = N)]
async fn filled<const N: usize, T>(value: T) -> Option<Vec<T>>
where
    T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
{
    Some(vec![value; N])
}

#[cached(key = numbers.as_slice())]
async fn sum<const N: usize>(numbers: [u64; N]) -> u64 {
    numbers.iter().sum()
}

#[tokio::main]
async fn main() {
    cachefn::init_with(Config::builder().enabled(true).build().unwrap()).await.unwrap();
    assert_eq!(
        (filled::<2, _>('a').await, filled::<2, _>('b').await),
        (Some(vec!['a'; 2]), Some(vec!['a'; 2]))
    );
    assert_eq!((filled::<1, _>('b').await, filled::<2, _>(7).await), (Some(vec!['b']), Some(vec![7, 7])));
    assert_eq!((sum([]).await, sum([7]).await, sum([7, 8]).await, sum([7]).await), (0, 7, 15, 7));
    let _ = (invalidate_filled::<2>().await, invalidate_sum([7]).await, invalidate_all_filled().await);
    assert_eq!(refresh_filled::<2, _>('c').await, filled::<2, _>('d').await);
}
