//! Values of memory that go through their codecs.

use std::any::type_name;
use std::fmt::Display;

use cachefn_backends::envelope::{Draft, Envelope, Span};

use crate::codec;
use crate::config::Config;
use crate::layout::{Choice as _, Owner};
use crate::shape::Kind;
use crate::site::Instance;
use crate::verdict::Storable;

/// Memory in which every value is written down and read again before it is stored, by the codec that it has on its way to
/// Redis: what works in a test works there.
///
/// A hit is the value that was read, so that a test sees what `#[serde(skip)]` loses. A value that cannot be written, or not
/// be read again, panics in the call whose body has returned it; where Redis is in use it would not be stored, which is
/// logged and counted. A body that goes on in the background panics there, and its call has a value already.
///
/// Keys are compared, too: two keys of one function panic if nothing tells them apart but the order of elements in a type
/// that hides whether it is a set, or the form of a moment or decimal in one that hides what it is. If the arguments are
/// equal, calls with one would miss what the other has stored, and invalidating one would leave the other.
///
/// [`ConfigBuilder::strict`](crate::ConfigBuilder::strict) is the same beside other settings.
///
/// # Panics
///
/// Calls do, with the function, the type and the reason.
///
/// ```
/// # mod tests {
/// use cachefn::cached;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
/// struct User {
///     name: String,
///     #[serde(skip)]
///     password: String,
/// }
///
/// #[cached(key = name)]
/// async fn get_user(name: &str) -> User {
///     User { name: name.into(), password: "sesame".into() }
/// }
///
/// #[cachefn::test(config = cachefn::testing::strict())]
/// async fn a_user_is_cached_without_the_password() {
///     assert_eq!(get_user("ada").await.password, "sesame");
///     assert_eq!(get_user("ada").await.password, "");
/// }
/// # }
/// # fn main() {}
/// ```
pub fn strict() -> Config {
    let config = Config::builder().enabled(true).strict(true).build();
    config.expect("nothing else is set")
}

/// The value as Redis would have it.
pub(crate) fn through<K: Kind<Stored: Storable>>(value: &K::Stored, instance: &Instance) -> K::Stored {
    let refuse = |why: &dyn Display| -> ! {
        let (function, name) = (&instance.identity.path, type_name::<K::Stored>());
        panic!(
            "`{function}` returns a value that would not be stored in Redis: {why}\n\
             its type is `{name}`; change what its `Serialize` writes or its `Deserialize` reads, give the function \
             another `codec = …`, or test without `strict`"
        )
    };
    let owner = instance.owner_of(instance.stored_as().unwrap_or_default());
    // Also one that is read as another value fails.
    let owner = Owner { untried: true, ..owner };
    let (ident, payload) = match K::Codec::encode(value, owner) {
        Ok(encoded) => encoded,
        Err(why) => refuse(&why),
    };
    let (packing, payload) = codec::pack(payload);
    let span = Span { born: 0, fresh_until: u64::MAX, stale_until: u64::MAX, error_until: u64::MAX };
    let draft = Draft { ident, span, packing, payload, tags: Vec::new() };
    let envelope = draft.seal(&[]).and_then(Envelope::open);
    let read = envelope.and_then(|envelope| K::Codec::decode::<K::Stored>(&envelope, owner).ok());
    match read.and_then(|read| read.downcast::<K::Stored>().ok()) {
        Some(read) => *read,
        None => refuse(&"what is written cannot be read again"),
    }
}
