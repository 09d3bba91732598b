//! How the value inside a return type is held while it is stored.
//!
//! ```text
//! T          as it is
//! Arc<T>     shared in memory, and written down as its T, without serde's feature `rc`
//! Json<T>    as its T (axum's, with the feature `axum`)
//! &T         not at all: it belongs to somebody else
//! ```
//!
//! Found by method lookup on the type, like the [shape](crate::shape) around it.

use std::marker::PhantomData;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::shape::Kind;

/// A way to hold a value.
pub trait Leaf {
    /// What the body returns.
    type Value;
    /// What is stored of it.
    type Held;
    /// What closures over the value are given.
    type Seen: ?Sized;

    /// Takes the value in.
    fn hold(value: Self::Value) -> Self::Held;

    /// Gives it back.
    fn release(held: Self::Held) -> Self::Value;

    /// Looks at it.
    fn see(held: &Self::Held) -> &Self::Seen;
}

/// A value that is stored as it is.
#[derive(Debug)]
pub struct Whole<T>(PhantomData<fn() -> T>);

impl<T> Leaf for Whole<T> {
    type Value = T;
    type Held = T;
    type Seen = T;

    fn hold(value: T) -> T {
        value
    }

    fn release(held: T) -> T {
        held
    }

    fn see(held: &T) -> &T {
        held
    }
}

/// An `Arc<T>`: stored without copying the `T`.
#[derive(Debug)]
pub struct Counted<T: ?Sized>(PhantomData<fn() -> Arc<T>>);

/// An `Arc` that is written down as what it holds.
#[derive(Debug)]
pub struct Shared<T: ?Sized>(Arc<T>);

impl<T: ?Sized> Leaf for Counted<T> {
    type Value = Arc<T>;
    type Held = Shared<T>;
    type Seen = T;

    fn hold(value: Arc<T>) -> Shared<T> {
        Shared(value)
    }

    fn release(held: Shared<T>) -> Arc<T> {
        held.0
    }

    fn see(held: &Shared<T>) -> &T {
        &held.0
    }
}

impl<T: ?Sized> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: Serialize + ?Sized> Serialize for Shared<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, T: ?Sized> Deserialize<'de> for Shared<T>
where
    Box<T>: Deserialize<'de>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::deserialize(deserializer).map(|value: Box<T>| Self(value.into()))
    }
}

/// axum's `Json<T>`: stored as its `T`.
#[cfg(feature = "axum")]
#[derive(Debug)]
pub struct InJson<T>(PhantomData<fn() -> T>);

#[cfg(feature = "axum")]
impl<T> Leaf for InJson<T> {
    type Value = axum::Json<T>;
    type Held = T;
    type Seen = T;

    fn hold(value: axum::Json<T>) -> T {
        value.0
    }

    fn release(held: T) -> axum::Json<T> {
        axum::Json(held)
    }

    fn see(held: &T) -> &T {
        held
    }
}

/// A reference, which nothing may keep.
#[derive(Debug)]
pub struct Borrowed<'a, T: ?Sized>(PhantomData<fn() -> &'a T>);

/// What cannot be written down.
#[derive(Debug)]
pub struct Kept<T>(T);

impl<'a, T: ?Sized> Leaf for Borrowed<'a, T> {
    type Value = &'a T;
    type Held = Kept<&'a T>;
    type Seen = &'a T;

    fn hold(value: &'a T) -> Kept<&'a T> {
        Kept(value)
    }

    fn release(held: Kept<&'a T>) -> &'a T {
        held.0
    }

    fn see<'h>(held: &'h Kept<&'a T>) -> &'h &'a T {
        &held.0
    }
}

/// A kind, before it is known how its value is held.
#[derive(Debug)]
pub struct Leafed<K>(pub PhantomData<K>);

macro_rules! leaf {
    ($trait:ident<$($param:tt $(: ?$sized:ident)?),+>: $receiver:ty, $value:ty => $kind:ty $(, $($bound:tt)+)?) => {
        #[doc = concat!("The lookup that finds `", stringify!($value), "`.")]
        pub trait $trait {
            /// The kind, with the way its value is held.
            type Kind;

            /// The kind, with the way its value is held.
            fn cachefn_leaf(&self) -> PhantomData<Self::Kind>;
        }

        impl<$($param $(: ?$sized)?,)+ K: Kind<Value = $value>> $trait for $receiver $(where $($bound)+)? {
            type Kind = $kind;

            fn cachefn_leaf(&self) -> PhantomData<$kind> {
                PhantomData
            }
        }
    };
}

#[cfg(feature = "axum")]
leaf!(LeafJson<T>: &&&Leafed<K>, axum::Json<T> => K::With<InJson<T>>);
leaf!(LeafArc<T: ?Sized>: &&Leafed<K>, Arc<T> => K::With<Counted<T>>);
leaf!(LeafReference<'a, T: ?Sized>: &Leafed<K>, &'a T => K::With<Borrowed<'a, T>>, T: 'a);

/// The lookup that finds any other type.
pub trait LeafWhole {
    /// The kind as it is.
    type Kind;

    /// The kind as it is.
    fn cachefn_leaf(&self) -> PhantomData<Self::Kind>;
}

impl<K: Kind> LeafWhole for Leafed<K> {
    type Kind = K;

    fn cachefn_leaf(&self) -> PhantomData<K> {
        PhantomData
    }
}
