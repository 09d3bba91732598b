//! The least that expansions need of the cachefn crate: it makes keys and remembers them, and stores nothing.

use std::cell::RefCell;

pub(crate) struct Invalidation;

thread_local! {
    static KEYS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// What was asked of the runtime since the last time, as `verb site key`.
pub(crate) fn taken() -> Vec<String> {
    KEYS.take()
}

#[allow(dead_code)] // Without the feature `enabled` only `off` is named.
pub(crate) mod __private {
    use std::fmt::{Debug, Display, Write as _};
    use std::marker::PhantomData;

    use super::{Invalidation, KEYS};

    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Site {
        name: &'static str,
        namespace: &'static str,
        template: bool,
        expire: u64,
    }

    impl Site {
        pub(crate) const fn new(_module: &'static str, name: &'static str) -> Self {
            Self { name, namespace: "module", template: false, expire: 0 }
        }
        pub(crate) const fn namespace(self, namespace: &'static str) -> Self {
            Self { namespace, ..self }
        }
        pub(crate) const fn dynamic_namespace(self) -> Self {
            Self { namespace: "", ..self }
        }
        pub(crate) const fn template(self) -> Self {
            Self { template: true, ..self }
        }
        pub(crate) const fn expire(self, expire: u64) -> Self {
            Self { expire, ..self }
        }
    }

    pub(crate) struct KeyWriter {
        key: String,
        namespace: String,
    }

    impl KeyWriter {
        pub(crate) fn text(&mut self, text: &str) {
            self.key.push_str(text);
        }
        pub(crate) fn namespace_end(&mut self) {
            self.namespace = std::mem::take(&mut self.key);
        }
        pub(crate) fn namespace(&mut self) {
            self.key.push_str(&self.namespace);
        }
    }

    pub(crate) struct Part<'a, T: ?Sized>(pub(crate) &'a T);

    pub(crate) trait BarePart {
        fn write(&self, key: &mut KeyWriter, escape: u8);
    }
    pub(crate) trait TextPart {
        fn write(&self, key: &mut KeyWriter, escape: u8);
    }
    pub(crate) trait NotAPart {
        fn write(&self, key: &mut KeyWriter, escape: u8);
    }

    impl<T: Display + ?Sized> BarePart for &&Part<'_, T> {
        fn write(&self, key: &mut KeyWriter, escape: u8) {
            write!(key.key, "{}<{}>", self.0, char::from(escape)).expect("a string takes all");
        }
    }
    impl<T: Debug + ?Sized> TextPart for &Part<'_, T> {
        fn write(&self, key: &mut KeyWriter, escape: u8) {
            write!(key.key, "{:?}<{}>", self.0, char::from(escape)).expect("a string takes all");
        }
    }
    impl<T: ?Sized> NotAPart for Part<'_, T> {
        fn write(&self, _: &mut KeyWriter, _: u8) {
            unreachable!("the test's arguments can be written")
        }
    }

    pub(crate) struct Shape<R>(PhantomData<fn() -> R>);
    impl<R> Shape<R> {
        pub(crate) const NEW: Self = Self(PhantomData);
    }
    pub(crate) struct Kind<T>(PhantomData<fn() -> T>);
    pub(crate) struct Verdict<T>(pub(crate) Kind<T>);

    macro_rules! shapes {
        ($($name:ident [$($generics:tt)*] $on:ty => $stored:ty;)*) => {$(
            pub(crate) trait $name {
                type Stored;
                fn shape(&self) -> Kind<Self::Stored>;
            }
            impl<$($generics)*> $name for $on {
                type Stored = $stored;
                fn shape(&self) -> Kind<$stored> {
                    Kind(PhantomData)
                }
            }
        )*};
    }
    shapes! {
        ShapeResultOption [T, E] &&&Shape<Result<Option<T>, E>> => T;
        ShapeResult [T, E] &&Shape<Result<T, E>> => T;
        ShapeOption [T] &Shape<Option<T>> => T;
        ShapePlain [T] Shape<T> => T;
    }

    pub(crate) trait VerdictYes {
        fn verdict(&self) -> bool;
    }
    impl<T: Clone> VerdictYes for &Verdict<T> {
        fn verdict(&self) -> bool {
            true
        }
    }
    pub(crate) trait VerdictNo {
        fn verdict(&self) -> bool;
    }
    impl<T> VerdictNo for Verdict<T> {
        fn verdict(&self) -> bool {
            false
        }
    }
    pub(crate) fn check(storable: bool) -> bool {
        assert!(storable);
        storable
    }

    fn note(verb: &str, site: &Site, key: impl FnOnce(&mut KeyWriter)) {
        let mut writer = KeyWriter { key: String::new(), namespace: site.namespace.to_owned() };
        key(&mut writer);
        let Site { name, template, expire, .. } = site;
        let KeyWriter { namespace, key } = writer;
        let line = format!("{verb} {namespace} {name} {template} {expire} {key}");
        KEYS.with_borrow_mut(|keys| keys.push(line));
    }

    pub(crate) struct Call;
    pub(crate) fn begin(site: &'static Site, key: impl FnOnce(&mut KeyWriter)) -> Call {
        note("begin", site, key);
        Call
    }
    pub(crate) fn run<F: Future>(_: Call, _: bool, body: F) -> F {
        body
    }
    pub(crate) fn refresh<F: Future>(call: F) -> F {
        call
    }
    pub(crate) fn invalidate(site: &'static Site, key: impl FnOnce(&mut KeyWriter)) -> Invalidation {
        note("invalidate", site, key);
        Invalidation
    }
    pub(crate) fn invalidate_all(site: &'static Site, key: impl FnOnce()) -> Invalidation {
        note("invalidate_all", site, |_| key());
        Invalidation
    }
    pub(crate) fn off() -> Invalidation {
        Invalidation
    }
}
