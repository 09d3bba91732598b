//! What of a return type is stored: decided by the type, never by how it is spelt.
//!
//! ```text
//! Result<Option<T>, E>   stores Option<T>, of Ok        nothing is asked of E
//! Result<T, E>           stores T, of Ok
//! Option<T>              stores Option<T>
//! T                      stores T
//! ```
//!
//! Generated code calls `(&&&&Shape::<R>::NEW).cachefn_shape()`: method lookup takes away one reference at a
//! time, so the first of these that fits wins, and aliases are seen through. How the `T` inside is held is the
//! [leaf](crate::leaf)'s matter, and whether it can be stored at all the [verdict](crate::verdict)'s.

use std::any::type_name;
use std::marker::PhantomData;

use crate::layout::{Auto, Choice};
use crate::leaf::{Leaf, Whole};
use crate::variant::{Fit, Hop};

/// A return type and which part of it is stored.
pub trait Kind {
    /// The return type.
    type Output;
    /// The part that is stored.
    type Stored;
    /// The value inside of it, as the body returns it.
    type Value;
    /// What closures over the value are given.
    type Seen: ?Sized;
    /// The same kind, with the value held in another way.
    type With<L: Leaf<Value = Self::Value>>: Kind<Output = Self::Output>;
    /// What writes the stored part down.
    type Codec: Choice;

    /// Whether somebody else than a body may make what is stored.
    const BY_HAND: bool = true;

    /// Takes the part to store out of what the body returned.
    fn split(output: Self::Output) -> Split<Self::Stored, Self::Output>;

    /// Makes a return value of a stored part.
    fn restore(stored: Self::Stored) -> Self::Output;

    /// The value in a stored part, if there is one.
    fn see(stored: &Self::Stored) -> Option<&Self::Seen>;

    /// What a stored part is to the call that has found it, having come by `hop`.
    #[inline]
    fn fit(_: &Self::Stored, _: Option<Hop>) -> Fit {
        Fit::Own
    }

    /// The stored part as it stands in the place that `hop` leads to.
    #[must_use]
    fn placed(stored: Self::Stored, _: Hop) -> Self::Stored {
        stored
    }
}

/// Kinds that may hold a `None`.
#[diagnostic::on_unimplemented(
    message = "`none` has nothing to say here: what is stored has no `None`",
    label = "remove `none`, or return an `Option`"
)]
pub trait Optional {}

/// Kinds whose body may fail.
#[diagnostic::on_unimplemented(
    message = "`stale_if_error` has nothing to say here: what is returned is no `Result`, so the body never fails",
    label = "remove `stale_if_error`, or return a `Result`"
)]
pub trait Fallible {}

/// What a body returned.
#[derive(Debug)]
pub enum Split<S, O> {
    /// A value to store.
    Value(S),
    /// A success that holds nothing, which is stored only where `none` says for how long.
    Nothing(S),
    /// A failure, for its caller alone.
    Failure(O),
    /// A success that cannot be stored: its caller's alone. What is stored is older.
    Passing(O),
    /// An answer about the call alone, such as a 304, 401 or 429: its caller's alone. What is stored stays.
    Unrelated(O),
    /// A `Result` or `Option` where the signature shows only a type parameter: what of it may be stored
    /// cannot be told.
    Hidden(O),
}

macro_rules! kind {
    (
        $(#[$doc:meta])* $name:ident<$leaf:ident $(, $error:ident)?>: $output:ty => $stored:ty,
        $split:expr, $restore:expr, $see:expr
    ) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name<$leaf $(, $error)?>(PhantomData<fn() -> ($leaf, $($error)?)>);

        impl<$leaf: Leaf $(, $error)?> Kind for $name<$leaf $(, $error)?> {
            type Output = $output;
            type Stored = $stored;
            type Value = $leaf::Value;
            type Seen = $leaf::Seen;
            type With<M: Leaf<Value = $leaf::Value>> = $name<M $(, $error)?>;
            type Codec = Auto;

            fn split(output: $output) -> Split<$stored, $output> {
                let split: fn($output) -> Split<$stored, $output> = $split;
                split(output)
            }

            fn restore(stored: $stored) -> $output {
                let restore: fn($stored) -> $output = $restore;
                restore(stored)
            }

            fn see(stored: &$stored) -> Option<&$leaf::Seen> {
                let see: fn(&$stored) -> Option<&$leaf::Seen> = $see;
                see(stored)
            }
        }
    };
}

kind!(
    /// `Result<Option<T>, E>`.
    ResultOption<L, E>: Result<Option<L::Value>, E> => Option<L::Held>,
    |output| match output {
        Ok(Some(value)) => Split::Value(Some(L::hold(value))),
        Ok(None) => Split::Nothing(None),
        failure @ Err(_) => Split::Failure(failure),
    },
    |stored| Ok(stored.map(L::release)),
    |stored| stored.as_ref().map(L::see)
);
kind!(
    /// `Result<T, E>`.
    ResultOf<L, E>: Result<L::Value, E> => L::Held,
    |output| match output {
        Ok(value) => Split::Value(L::hold(value)),
        failure @ Err(_) => Split::Failure(failure),
    },
    |stored| Ok(L::release(stored)),
    |stored| Some(L::see(stored))
);
kind!(
    /// `Option<T>`.
    OptionOf<L>: Option<L::Value> => Option<L::Held>,
    |output| match output {
        Some(value) => Split::Value(Some(L::hold(value))),
        None => Split::Nothing(None),
    },
    |stored| stored.map(L::release),
    |stored| stored.as_ref().map(L::see)
);
kind!(
    /// Any other type.
    Plain<L>: L::Value => L::Held,
    |output| if is_hidden::<L::Value>() { Split::Hidden(output) } else { Split::Value(L::hold(output)) },
    L::release,
    |stored| Some(L::see(stored))
);
kind!(
    /// Any type, stored as it is: `result = plain`.
    Declared<L>: L::Value => L::Held,
    |output| Split::Value(L::hold(output)),
    L::release,
    |stored| Some(L::see(stored))
);

#[diagnostic::do_not_recommend]
impl<L: Leaf, E> Optional for ResultOption<L, E> {}
#[diagnostic::do_not_recommend]
impl<L: Leaf> Optional for OptionOf<L> {}

#[diagnostic::do_not_recommend]
impl<L: Leaf, E> Fallible for ResultOption<L, E> {}
#[diagnostic::do_not_recommend]
impl<L: Leaf, E> Fallible for ResultOf<L, E> {}

/// Whether a type parameter turned out to be a `Result` or an `Option`.
fn is_hidden<T>() -> bool {
    let name = type_name::<T>();
    name.starts_with("core::result::Result<") || name.starts_with("core::option::Option<")
}

/// A kind with a codec of its own.
#[derive(Debug)]
pub struct Coded<K, C>(PhantomData<fn() -> (K, C)>);

impl<K: Kind, C: Choice> Kind for Coded<K, C> {
    type Output = K::Output;
    type Stored = K::Stored;
    type Value = K::Value;
    type Seen = K::Seen;
    type With<L: Leaf<Value = K::Value>> = Coded<K::With<L>, C>;
    type Codec = C;

    const BY_HAND: bool = K::BY_HAND;

    fn split(output: K::Output) -> Split<K::Stored, K::Output> {
        K::split(output)
    }

    fn restore(stored: K::Stored) -> K::Output {
        K::restore(stored)
    }

    fn fit(stored: &K::Stored, hop: Option<Hop>) -> Fit {
        K::fit(stored, hop)
    }

    fn placed(stored: K::Stored, hop: Hop) -> K::Stored {
        K::placed(stored, hop)
    }

    fn see(stored: &K::Stored) -> Option<&K::Seen> {
        K::see(stored)
    }
}

#[diagnostic::do_not_recommend]
impl<K: Optional, C> Optional for Coded<K, C> {}
#[diagnostic::do_not_recommend]
impl<K: Fallible, C> Fallible for Coded<K, C> {}

/// A return type, before it is known what of it is stored.
#[derive(Debug)]
pub struct Shape<R>(PhantomData<fn() -> R>);

impl<R> Shape<R> {
    /// The type alone; there is no value.
    pub const NEW: Self = Self(PhantomData);

    /// All of it is stored, whatever it is.
    pub fn whole(&self) -> PhantomData<Declared<Whole<R>>> {
        PhantomData
    }
}

macro_rules! shape {
    ($trait:ident<$($param:ident),*>, $receiver:ty => $kind:ty) => {
        #[doc = concat!("The lookup that finds `", stringify!($kind), "`.")]
        pub trait $trait {
            /// What of the type is stored.
            type Kind;

            /// What of the type is stored.
            fn cachefn_shape(&self) -> PhantomData<Self::Kind>;
        }

        impl<$($param),*> $trait for $receiver {
            type Kind = $kind;

            fn cachefn_shape(&self) -> PhantomData<$kind> {
                PhantomData
            }
        }
    };
}

shape!(ShapeResultOption<T, E>, &&&Shape<Result<Option<T>, E>> => ResultOption<Whole<T>, E>);
shape!(ShapeResult<T, E>, &&Shape<Result<T, E>> => ResultOf<Whole<T>, E>);
shape!(ShapeOption<T>, &Shape<Option<T>> => OptionOf<Whole<T>>);
shape!(ShapePlain<T>, Shape<T> => Plain<Whole<T>>);

#[cfg(test)]
mod tests {
    use super::*;

    type Rows = ResultOption<Whole<u8>, ()>;

    #[test]
    fn only_values_are_stored() {
        assert!(matches!(Rows::split(Ok(None)), Split::Nothing(None)));
        assert!(matches!(Rows::split(Ok(Some(1))), Split::Value(Some(1))));
        assert!(matches!(Rows::split(Err(())), Split::Failure(Err(()))));
        assert!(matches!(ResultOf::<Whole<u8>, ()>::split(Err(())), Split::Failure(Err(()))));
        assert!(matches!(OptionOf::<Whole<u8>>::split(None), Split::Nothing(None)));
        assert_eq!(ResultOf::<Whole<u8>, ()>::restore(1), Ok(1));
    }

    #[test]
    fn a_result_behind_a_type_parameter_is_not_mistaken_for_a_value() {
        type Behind = Result<u8, ()>;
        assert!(matches!(Plain::<Whole<Behind>>::split(Err(())), Split::Hidden(Err(()))));
        assert!(matches!(Plain::<Whole<Option<u8>>>::split(None), Split::Hidden(None)));
        assert!(matches!(Plain::<Whole<Vec<Behind>>>::split(vec![]), Split::Value(_)));
        assert!(matches!(Declared::<Whole<Behind>>::split(Err(())), Split::Value(Err(()))));
    }

    #[test]
    fn the_value_is_seen_where_there_is_one() {
        assert_eq!(Rows::see(&Some(1)), Some(&1));
        assert_eq!(Rows::see(&None), None);
    }
}
