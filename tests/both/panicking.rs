//! Types that panic where they are written or read: the caller has its value all the same.

use cachefn::cached;
use cachefn::codec::{Codec, CodecError};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Runs;
use crate::cache;

/// Panics when 13 is written and when 14 is read.
#[derive(Clone, Debug, PartialEq)]
struct Fragile(u8);

impl Serialize for Fragile {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        assert_ne!(self.0, 13, "this one is not written");
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Fragile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u8::deserialize(deserializer)?;
        assert_ne!(number, 14, "this one is not read");
        Ok(Self(number))
    }
}

/// Fails on 11, panics on 12; the same with 111 and 112 when reading.
struct Moody;

impl Codec for Moody {
    const NAME: &'static str = "moody";

    fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, CodecError> {
        let text = serde_json::to_string(value).map_err(CodecError::new)?;
        match text.as_str() {
            "11" => Err(CodecError::new("not today")),
            "12" => panic!("not today"),
            _ => Ok(text.into_bytes()),
        }
    }

    fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
        match bytes {
            b"111" => Err(CodecError::new("not today")),
            b"112" => panic!("not today"),
            bytes => serde_json::from_slice(bytes).map_err(CodecError::new),
        }
    }
}

/// One function for each way to write a value down.
macro_rules! coded {
    ($($name:ident($($codec:tt)*);)*) => {$(
        #[cached(namespace = "panicking", key = id $($codec)*)]
        async fn $name(id: u8, runs: &Runs) -> Fragile {
            runs.next();
            Fragile(id)
        }
    )*};
}

coded! {
    by_type();
    in_postcard(, codec = Postcard);
    in_json(, codec = Json);
    in_messagepack(, codec = MessagePack);
    in_own(, codec = self::Moody);
}

#[tokio::test]
async fn a_panic_in_serde_or_in_a_codec_does_not_reach_the_caller() {
    let _cache = cache().await;
    let runs = Runs::default();
    for id in [7, 11, 12, 13, 14, 111, 112] {
        for _ in 0..3 {
            assert_eq!(by_type(id, &runs).await, Fragile(id));
            assert_eq!(in_postcard(id, &runs).await, Fragile(id));
            assert_eq!(in_json(id, &runs).await, Fragile(id));
            assert_eq!(in_messagepack(id, &runs).await, Fragile(id));
            assert_eq!(in_own(id, &runs).await, Fragile(id));
        }
        invalidate_by_type(id).await;
        assert_eq!(refresh_in_json(id, &runs).await, Fragile(id));
    }
}

#[tokio::test]
async fn what_follows_a_body_whose_value_cannot_be_written_is_served_too() {
    #[cached(namespace = "panicking", key = id)]
    async fn shared(id: u8, entered: &tokio::sync::Semaphore, gate: &tokio::sync::Semaphore) -> Fragile {
        entered.add_permits(1);
        gate.acquire().await.unwrap().forget();
        Fragile(id)
    }

    let _cache = cache().await;
    let (entered, gate) = (tokio::sync::Semaphore::new(0), tokio::sync::Semaphore::new(0));
    let call = || shared(13, &entered, &gate);
    let open = async {
        entered.acquire().await.unwrap().forget();
        gate.add_permits(100);
    };
    let (first, second, third, ()) = tokio::join!(call(), call(), call(), open);
    assert_eq!([first, second, third], [Fragile(13), Fragile(13), Fragile(13)]);
}
