//! Return types that cannot be stored: each reason is one error, in its own words.
//!
//! ```text
//! reason      what is wrong                        what the error names
//! Lent        it is a reference                    the reference
//! Answering   axum makes a response of it          `response`
//! Unwritten   it is not `Serialize`                the type, or the type inside of it
//! Unread      it is not `DeserializeOwned`         the type, or the type inside of it
//! Uncloned    it is not `Clone`                    the type, or the type inside of it
//! Confined    it is not `Send` and `Sync`          the type inside of it
//! ```
//!
//! Method lookup on a [`Verdict`] takes away one reference at a time and stops at the first reason that fits, so that
//! a type that lacks several traits is still one error.

use std::marker::PhantomData;

#[cfg(feature = "axum")]
use axum::response::IntoResponse;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::layout::Choice;
use crate::shape::{Coded, Kind};
use crate::verdict::{Checked, Fit, Verdict};

/// The kind's stored part cannot be stored.
#[derive(Debug)]
pub struct No<K, R>(PhantomData<(K, R)>);

impl<K: Kind, R: Reason> Checked for No<K, R> {
    type Kind = K;
    type Judged = K::Seen;
    type Reason = R;
    type Coded<C: Choice> = No<Coded<K, C>, R>;

    fn coded<C: Choice>(self) -> No<Coded<K, C>, R> {
        No(PhantomData)
    }
}

/// Why a type cannot be stored: all but one of these are [`Fit`], and that one is the type.
pub trait Reason {
    /// What has to be owned.
    type Lent<K: Kind>: ?Sized;
    /// What has to be a value and not a response.
    type Answering<K: Kind>: ?Sized;
    /// What has to be `Serialize`.
    type Unwritten<K: Kind>: ?Sized;
    /// What has to be `DeserializeOwned`.
    type Unread<K: Kind>: ?Sized;
    /// What has to be `Clone`.
    type Uncloned<K: Kind>: ?Sized;
    /// What has to be `Send` and `Sync`.
    type Confined<K: Kind>;
    /// What has to be `Serialize`, with all that is inside of it.
    type UnwrittenWithin<K: Kind>;
    /// What has to be `DeserializeOwned`, with all that is inside of it.
    type UnreadWithin<K: Kind>;
    /// What has to be `Clone`, with all that is inside of it.
    type UnclonedWithin<K: Kind>;
}

macro_rules! reason {
    ($(#[$doc:meta])* $name:ident: $($set:ident = $part:ident),*; $($fit:ident)*) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name;

        impl Reason for $name {
            $(type $set<K: Kind> = K::$part;)*
            $(type $fit<K: Kind> = Fit;)*
        }
    };
}

reason!(
    /// No reason: it can be stored.
    Nothing: ; Lent Answering Unwritten Unread Uncloned Confined UnwrittenWithin UnreadWithin UnclonedWithin
);
reason!(
    /// A reference.
    Lent: Lent = Seen;
    Answering Unwritten Unread Uncloned Confined UnwrittenWithin UnreadWithin UnclonedWithin
);
#[cfg(feature = "axum")]
reason!(
    /// What axum makes a response of.
    Answering: Answering = Seen; Lent Unwritten Unread Uncloned Confined UnwrittenWithin UnreadWithin UnclonedWithin
);
reason!(
    /// Not `Serialize`.
    Unwritten: Unwritten = Seen, UnwrittenWithin = Stored;
    Lent Answering Unread Uncloned Confined UnreadWithin UnclonedWithin
);
reason!(
    /// Not `DeserializeOwned`.
    Unread: Unread = Seen, UnreadWithin = Stored;
    Lent Answering Unwritten Uncloned Confined UnwrittenWithin UnclonedWithin
);
reason!(
    /// Not `Clone`.
    Uncloned: Uncloned = Seen, UnclonedWithin = Stored;
    Lent Answering Unwritten Unread Confined UnwrittenWithin UnreadWithin
);
reason!(
    /// Not `Send` and `Sync`.
    Confined: Confined = Stored;
    Lent Answering Unwritten Unread Uncloned UnwrittenWithin UnreadWithin UnclonedWithin
);

macro_rules! lookup {
    ($trait:ident: $receiver:ty => $reason:ident, [$($params:tt)*] $($bound:tt)*) => {
        #[doc = concat!("The lookup that finds [`", stringify!($reason), "`].")]
        pub trait $trait {
            /// The verdict.
            type Verdict;

            /// Returns the verdict.
            fn cachefn_verdict(&self) -> (Self::Verdict,);
        }

        impl<$($params)* K: $($bound)*> $trait for $receiver {
            type Verdict = No<K, $reason>;

            fn cachefn_verdict(&self) -> (No<K, $reason>,) {
                (No(PhantomData),)
            }
        }
    };
}

lookup!(VerdictLent: &&&&&Verdict<K> => Lent, ['a, T: ?Sized + 'a,] Kind<Value = &'a T>);
#[cfg(feature = "axum")]
lookup!(VerdictAnswering: &&&&Verdict<K> => Answering, [] Kind<Seen: IntoResponse>);
lookup!(VerdictConfined: &&&Verdict<K> => Confined, [] Kind<Stored: Clone + Serialize + DeserializeOwned>);
lookup!(VerdictUncloned: &&Verdict<K> => Uncloned, [] Kind<Stored: Serialize + DeserializeOwned>);
lookup!(VerdictUnread: &Verdict<K> => Unread, [] Kind<Stored: Serialize>);
lookup!(VerdictUnwritten: Verdict<K> => Unwritten, [] Kind);

macro_rules! words {
    ($(#[$words:meta])* $trait:ident) => {
        /// Implemented for nothing that can be in a signature; it carries the error.
        $(#[$words])*
        pub trait $trait {}

        #[diagnostic::do_not_recommend]
        impl $trait for Fit {}
    };
}

words!(
    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be cached: it is borrowed",
        label = "return an owned type",
        note = "what is stored outlives the call: return a `String`, a `Vec<_>`, an `Arc<_>` or a type of your own"
    )]
    OwnedValue
);
words!(
    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be cached without `response`: it is not a value but a response",
        label = "write `#[cached(response, …)]`, which stores the finished response",
        note = "or return the value, such as a `Json<T>`, of which the `T` is stored"
    )]
    PlainValue
);
words!(
    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be cached: it does not implement `serde::Serialize`",
        label = "must be `Clone + Serialize + DeserializeOwned + Send + Sync + 'static`",
        note = "derive `Clone, serde::Serialize, serde::Deserialize` for `{Self}` and for what is inside of it",
        note = "if it is a type of another crate, see whether that has a feature `serde`, or return what you take out of it"
    )]
    WrittenValue
);
words!(
    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be cached: it does not implement `serde::Deserialize`",
        label = "must be `Clone + Serialize + DeserializeOwned + Send + Sync + 'static`",
        note = "derive `Clone, serde::Serialize, serde::Deserialize` for `{Self}` and for what is inside of it",
        note = "if it is a type of another crate, see whether that has a feature `serde`, or return what you take out of it"
    )]
    ReadValue
);
words!(
    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be cached: it does not implement `Clone`",
        label = "must be `Clone`: each hit returns a clone",
        note = "derive `Clone` for `{Self}`, or return an `Arc<{Self}>`"
    )]
    ClonedValue
);

/// Returns the verdict, or is the one error that names the type and what it lacks.
pub fn check<V: Checked>(verdict: V) -> V
where
    Lends<V>: OwnedValue,
    Answers<V>: PlainValue,
    <V::Reason as Reason>::Unwritten<V::Kind>: WrittenValue,
    <V::Reason as Reason>::Unread<V::Kind>: ReadValue,
    <V::Reason as Reason>::Uncloned<V::Kind>: ClonedValue,
    <V::Reason as Reason>::Confined<V::Kind>: Send + Sync,
{
    verdict
}

/// Returns the verdict, or is the one error by which the compiler names the type inside that lacks a trait.
pub fn check_within<V: Checked>(verdict: V) -> V
where
    Lends<V>: OwnedValue,
    Answers<V>: PlainValue,
    <V::Reason as Reason>::UnwrittenWithin<V::Kind>: Serialize,
    <V::Reason as Reason>::UnreadWithin<V::Kind>: DeserializeOwned,
    <V::Reason as Reason>::UnclonedWithin<V::Kind>: Clone,
    <V::Reason as Reason>::Confined<V::Kind>: Send + Sync,
{
    verdict
}

type Lends<V> = <<V as Checked>::Reason as Reason>::Lent<<V as Checked>::Kind>;
type Answers<V> = <<V as Checked>::Reason as Reason>::Answering<<V as Checked>::Kind>;

words!(
    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot be cached without the feature `axum` of cachefn",
        label = "if it is axum's, write `cachefn = {{ version = \"…\", features = [\"axum\"] }}` in `Cargo.toml`",
        note = "with it the `T` of a `Json<T>` is stored, and by `#[cached(response, …)]` any finished response",
        note = "a type of your own derives `Clone, serde::Serialize, serde::Deserialize`"
    )]
    ValueWithoutAxum
);

/// Returns the verdict, or is the one error for a type that is spelt like one of axum's, where axum is not known.
pub fn check_without_axum<V: Checked<Judged: ValueWithoutAxum>>(verdict: V) -> V {
    verdict
}
