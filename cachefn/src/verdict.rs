//! Whether the stored part of a return type can be stored at all: if not, one error at the return type.
//!
//! Generated code calls `(&&&&&&&Verdict(kind)).cachefn_verdict().0`. A bound on the function that runs the call would be
//! reported once per missing trait, and a method call as its argument would be shown as what to remove; a verdict is [`Yes`] or one of the reasons for a [`No`], and only
//! [`check`](crate::unfit::check) refuses one.
//!
//! [`No`]: crate::unfit::No

use std::any::Any;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::codec::Codec;
use crate::layout::{Auto, Choice, Named};
use crate::shape::{Coded, Fallible, Kind, Optional};
use crate::unfit::{Nothing, Reason};

/// What every stored part must be.
pub trait Storable: Clone + Serialize + DeserializeOwned + Send + Sync + Any {}

impl<T: Clone + Serialize + DeserializeOwned + Send + Sync + Any> Storable for T {}

/// A kind, before it is known whether its stored part can be stored.
#[derive(Debug)]
pub struct Verdict<K>(pub PhantomData<K>);

/// The kind's stored part can be stored.
#[derive(Debug)]
pub struct Yes<K>(PhantomData<K>);

impl<K> Yes<K> {
    /// The verdict on a type whose bounds are known.
    pub(crate) const NEW: Self = Self(PhantomData);
}

/// The lookup that finds [`Yes`].
pub trait VerdictYes {
    /// The verdict.
    type Verdict;

    /// The verdict.
    fn cachefn_verdict(&self) -> (Self::Verdict,);
}

impl<K: Kind<Stored: Storable>> VerdictYes for &&&&&&Verdict<K> {
    type Verdict = Yes<K>;

    fn cachefn_verdict(&self) -> (Yes<K>,) {
        (Yes(PhantomData),)
    }
}

/// A verdict, to be looked at by [`check`](crate::unfit::check).
pub trait Checked {
    /// The kind that was judged.
    type Kind: Kind;
    /// The type that has to be fit for storing: the stored part's, or one that always is.
    type Judged: ?Sized;
    /// Why the kind's stored part cannot be stored.
    type Reason: Reason;
    /// The same verdict with a codec of its own.
    type Coded<C: Choice>: Checked;

    /// The same verdict with a codec of its own.
    fn coded<C: Choice>(self) -> Self::Coded<C>;
}

/// What [`Yes`] has judged. Nothing is missing.
#[derive(Clone, Debug, Serialize, serde::Deserialize)]
pub struct Fit;

impl<K: Kind> Checked for Yes<K> {
    type Kind = K;
    type Judged = Fit;
    type Reason = Nothing;
    type Coded<C: Choice> = Yes<Coded<K, C>>;

    fn coded<C: Choice>(self) -> Yes<Coded<K, C>> {
        Yes(PhantomData)
    }
}

/// `none = …` on a type that has a `None`.
pub trait MayBeNone: Checked + Sized {
    /// Hands the verdict on, or is the one error that says what is missing.
    #[must_use]
    fn cachefn_optional(self) -> Self
    where
        Self::Kind: Optional,
    {
        self
    }
}

impl<V: Checked> MayBeNone for V {}

/// `stale_if_error = …` on a type that has an `Err`.
pub trait MayFail: Checked + Sized {
    /// Hands the verdict on, or is the one error that says what is missing.
    #[must_use]
    fn cachefn_fallible(self) -> Self
    where
        Self::Kind: Fallible,
    {
        self
    }
}

impl<V: Checked> MayFail for V {}

/// The type that `codec = …` names, before it is known whether it is a codec.
#[derive(Debug)]
pub struct CodecOf<C>(PhantomData<fn() -> C>);

impl<C> CodecOf<C> {
    /// The type alone; there is no value.
    pub const NEW: Self = Self(PhantomData);
}

/// It is none.
#[derive(Debug)]
pub struct NoCodec<C>(PhantomData<fn() -> C>);

/// The lookup that finds a codec.
pub trait CodecYes {
    /// What was found.
    type Found;

    /// What was found.
    fn cachefn_codec(&self) -> PhantomData<Self::Found>;
}

/// The lookup that finds anything else.
pub trait CodecNo {
    /// What was found.
    type Found;

    /// What was found.
    fn cachefn_codec(&self) -> PhantomData<Self::Found>;
}

impl<C: Codec> CodecYes for &CodecOf<C> {
    type Found = Named<C>;

    fn cachefn_codec(&self) -> PhantomData<Named<C>> {
        PhantomData
    }
}

impl<C> CodecNo for CodecOf<C> {
    type Found = NoCodec<C>;

    fn cachefn_codec(&self) -> PhantomData<NoCodec<C>> {
        PhantomData
    }
}

/// What was found, to be looked at by [`coded`].
pub trait Found {
    /// What the values are written with.
    type Choice: Choice;
    /// The type that has to be a codec: the one that was named, or one that always is.
    type Judged;
}

impl<C: Codec> Found for Named<C> {
    type Choice = Self;
    type Judged = Fit;
}

impl<C> Found for NoCodec<C> {
    type Choice = Auto;
    type Judged = C;
}

/// Implemented for nothing that can be named; it carries the error.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no codec",
    label = "must implement `cachefn::codec::Codec`",
    note = "write `Json`, `Postcard` or `MessagePack`, or implement `Codec` for `{Self}`"
)]
pub trait CodecType {}

#[diagnostic::do_not_recommend]
impl CodecType for Fit {}

/// `codec = …`: the verdict with its codec, or the one error that says that it is none.
pub fn coded<V: Checked, F: Found<Judged: CodecType>>(verdict: V, _: PhantomData<F>) -> V::Coded<F::Choice> {
    verdict.coded()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::leaf::*;
    use crate::shape::*;
    use crate::unfit::*;

    macro_rules! kind_of {
        ($type:ty) => {
            std::any::type_name_of_val(&check(
                (&&&&&&&Verdict((&&&&Leafed((&&&&Shape::<$type>::NEW).cachefn_shape())).cachefn_leaf()))
                    .cachefn_verdict()
                    .0,
            ))
        };
    }

    #[derive(Serialize, serde::Deserialize)]
    struct NotClone;

    #[test]
    fn the_shape_is_found_by_type_through_aliases() {
        type Rows = Result<Option<Vec<u8>>, std::fmt::Error>;
        type Maybe = Option<String>;
        type Handle = Result<Arc<NotClone>, ()>;
        for (found, kind) in [
            (kind_of!(Rows), "ResultOption<cachefn::leaf::Whole<alloc::vec::Vec<u8>>,"),
            (kind_of!(Result<u8, std::rc::Rc<u8>>), "ResultOf<cachefn::leaf::Whole<u8>,"),
            (kind_of!(Maybe), "OptionOf<cachefn::leaf::Whole<alloc::string::String>>"),
            (kind_of!(Arc<str>), "Plain<cachefn::leaf::Counted<str>>"),
            (kind_of!(Handle), "ResultOf<cachefn::leaf::Counted<"),
            (kind_of!(Option<Arc<[u8]>>), "OptionOf<cachefn::leaf::Counted<[u8]>>"),
        ] {
            assert!(found.contains("Yes<") && found.contains(kind), "{found} is not {kind}");
        }
    }

    #[test]
    fn a_reference_cannot_be_stored() {
        #[expect(clippy::needless_borrow, reason = "one is taken away at a time")]
        fn found<'a>(_: &'a str) -> &'static str {
            let leaf = (&&&&Leafed((&&&&Shape::<Option<&'a str>>::NEW).cachefn_shape())).cachefn_leaf();
            std::any::type_name_of_val(&(&&&&&&&Verdict(leaf)).cachefn_verdict().0)
        }
        assert!(found("").contains("No<") && found("").contains("Lent"), "{}", found(""));
    }
}
