//! What of a return type is stored: decided by the type, never by how it is spelt.
//!
//! ```text
//! Result<Option<T>, E>   stores Option<T>, of Ok        nothing is asked of E
//! Result<T, E>           stores T, of Ok
//! Option<T>              stores Option<T>
//! T                      stores T
//! ```
//!
//! Generated code calls `(&&&&Shape::<R>::NEW).shape()`: method lookup takes away one reference at a
//! time, so the first of these that fits wins, and aliases are seen through. A second lookup of the
//! same kind asks whether the stored part can be stored at all, so that a missing derive is one error
//! at the return type.

use std::any::Any;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// What every stored part must be.
pub trait Storable: Clone + Serialize + DeserializeOwned + Send + Sync + Any {}

impl<T: Clone + Serialize + DeserializeOwned + Send + Sync + Any> Storable for T {}

/// A return type and which part of it is stored.
pub trait Kind {
    /// The return type.
    type Output;
    /// The part that is stored.
    type Stored;
    /// The type in it that has to be fit for storing.
    type Leaf;

    /// Takes the part to store out of what the body returned.
    fn split(output: Self::Output) -> Split<Self::Stored, Self::Output>;

    /// Makes a return value of a stored part.
    fn restore(stored: Self::Stored) -> Self::Output;
}

/// What a body returned.
#[derive(Debug)]
pub enum Split<S, O> {
    /// A value to store.
    Value(S),
    /// A success that holds nothing: not stored, but what stood there is no longer true.
    Nothing(S),
    /// A failure, for its caller alone.
    Failure(O),
}

macro_rules! kind {
    ($(#[$doc:meta])* $name:ident<$($param:ident),*>: $output:ty => $stored:ty: $leaf:ty, $split:expr, $restore:expr) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name<$($param),*>(PhantomData<fn() -> ($($param,)*)>);

        impl<$($param),*> Kind for $name<$($param),*> {
            type Output = $output;
            type Stored = $stored;
            type Leaf = $leaf;

            fn split(output: $output) -> Split<$stored, $output> {
                let split: fn($output) -> Split<$stored, $output> = $split;
                split(output)
            }

            fn restore(stored: $stored) -> $output {
                let restore: fn($stored) -> $output = $restore;
                restore(stored)
            }
        }
    };
}

kind!(
    /// `Result<Option<T>, E>`.
    ResultOption<T, E>: Result<Option<T>, E> => Option<T>: T,
    |output| match output {
        Ok(Some(value)) => Split::Value(Some(value)),
        Ok(None) => Split::Nothing(None),
        failure @ Err(_) => Split::Failure(failure),
    },
    Ok
);
kind!(
    /// `Result<T, E>`.
    ResultOf<T, E>: Result<T, E> => T: T,
    |output| match output {
        Ok(value) => Split::Value(value),
        failure @ Err(_) => Split::Failure(failure),
    },
    Ok
);
kind!(
    /// `Option<T>`.
    OptionOf<T>: Option<T> => Option<T>: T,
    |output| if output.is_some() { Split::Value(output) } else { Split::Nothing(output) },
    |stored| stored
);
kind!(
    /// Any other type.
    Plain<T>: T => T: T,
    Split::Value,
    |stored| stored
);

/// A return type, before it is known what of it is stored.
#[derive(Debug)]
pub struct Shape<R>(PhantomData<fn() -> R>);

impl<R> Shape<R> {
    /// The type alone; there is no value.
    pub const NEW: Self = Self(PhantomData);
}

macro_rules! shape {
    ($trait:ident<$($param:ident),*>, $receiver:ty => $kind:ty) => {
        #[doc = concat!("The lookup that finds `", stringify!($kind), "`.")]
        pub trait $trait {
            /// What of the type is stored.
            type Kind;

            /// What of the type is stored.
            fn shape(&self) -> PhantomData<Self::Kind>;
        }

        impl<$($param),*> $trait for $receiver {
            type Kind = $kind;

            fn shape(&self) -> PhantomData<$kind> {
                PhantomData
            }
        }
    };
}

shape!(ShapeResultOption<T, E>, &&&Shape<Result<Option<T>, E>> => ResultOption<T, E>);
shape!(ShapeResult<T, E>, &&Shape<Result<T, E>> => ResultOf<T, E>);
shape!(ShapeOption<T>, &Shape<Option<T>> => OptionOf<T>);
shape!(ShapePlain<T>, Shape<T> => Plain<T>);

/// A kind, before it is known whether its stored part can be stored.
#[derive(Debug)]
pub struct Verdict<K>(pub PhantomData<K>);

/// The kind's stored part can be stored.
#[derive(Debug)]
pub struct Yes<K>(PhantomData<K>);

/// The kind's stored part cannot be stored.
#[derive(Debug)]
pub struct No<K>(PhantomData<K>);

/// The lookup that finds [`Yes`].
pub trait VerdictYes {
    /// The verdict.
    type Verdict;

    /// The verdict.
    fn verdict(&self) -> Self::Verdict;
}

/// The lookup that finds [`No`].
pub trait VerdictNo {
    /// The verdict.
    type Verdict;

    /// The verdict.
    fn verdict(&self) -> Self::Verdict;
}

impl<K: Kind<Stored: Storable>> VerdictYes for &Verdict<K> {
    type Verdict = Yes<K>;

    fn verdict(&self) -> Yes<K> {
        Yes(PhantomData)
    }
}

impl<K: Kind> VerdictNo for Verdict<K> {
    type Verdict = No<K>;

    fn verdict(&self) -> No<K> {
        No(PhantomData)
    }
}

/// A verdict, to be looked at by [`check`].
pub trait Checked {
    /// The kind that was judged.
    type Kind: Kind;
    /// The type that has to be fit for storing: the stored part's, or one that always is.
    type Judged;
}

/// Implemented for nothing that can be in a signature; it carries the error.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be cached",
    label = "must be `Clone + Serialize + DeserializeOwned + Send + Sync + 'static`",
    note = "derive `Clone, serde::Serialize, serde::Deserialize` for `{Self}`, and return owned values"
)]
pub trait StoredValue {}

/// What [`Yes`] has judged.
#[derive(Debug)]
pub struct Fit;

#[diagnostic::do_not_recommend]
impl StoredValue for Fit {}

impl<K: Kind> Checked for Yes<K> {
    type Kind = K;
    type Judged = Fit;
}

impl<K: Kind> Checked for No<K> {
    type Kind = K;
    type Judged = K::Leaf;
}

/// Hands the verdict on, or is the one error that says what is missing.
pub fn check<V: Checked<Judged: StoredValue>>(verdict: V) -> V {
    verdict
}

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! kind_of {
        ($type:ty) => {
            std::any::type_name_of_val(&check((&&Verdict((&&&&Shape::<$type>::NEW).shape())).verdict()))
        };
    }

    #[test]
    fn the_shape_is_found_by_type_through_aliases() {
        type Rows = Result<Option<Vec<u8>>, std::fmt::Error>;
        type Maybe = Option<String>;
        for (found, kind) in [
            (kind_of!(Rows), "ResultOption<alloc::vec::Vec<u8>,"),
            (kind_of!(Result<u8, std::rc::Rc<u8>>), "ResultOf<u8,"),
            (kind_of!(Maybe), "OptionOf<alloc::string::String>"),
            (kind_of!(std::sync::Arc<str>), "Plain<alloc::sync::Arc<str>>"),
        ] {
            assert!(found.contains("Yes<") && found.contains(kind), "{found} is not {kind}");
        }
    }

    #[test]
    fn only_values_are_stored() {
        assert!(matches!(ResultOption::<u8, ()>::split(Ok(None)), Split::Nothing(None)));
        assert!(matches!(ResultOption::<u8, ()>::split(Ok(Some(1))), Split::Value(Some(1))));
        assert!(matches!(ResultOption::<u8, ()>::split(Err(())), Split::Failure(Err(()))));
        assert!(matches!(ResultOf::<u8, ()>::split(Err(())), Split::Failure(Err(()))));
        assert!(matches!(OptionOf::<u8>::split(None), Split::Nothing(None)));
        assert_eq!(ResultOf::<u8, ()>::restore(1), Ok(1));
    }
}
