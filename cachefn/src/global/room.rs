//! Caches beside that of the process, each for one future: a note of the thread, while the future is polled, says which.
//!
//! Only for tests. Without the feature `test-util` there is no such note, and nothing asks for it.

#[cfg(feature = "test-util")]
pub(crate) use noted::{Carried, Room, carry};
#[cfg(feature = "test-util")]
pub(super) use noted::{cache, is_here};
#[cfg(feature = "test-util")]
pub(crate) use noted::{functions, identity};
#[cfg(not(feature = "test-util"))]
pub(super) use unknown::{cache, is_here};
#[cfg(not(feature = "test-util"))]
pub(crate) use unknown::{carry, functions, identity};

#[cfg(feature = "test-util")]
mod noted {
    use std::cell::{Cell, RefCell};
    use std::future::Future;
    use std::pin::Pin;
    use std::sync::{Arc, Mutex, PoisonError};
    use std::task::{Context, Poll};

    use pin_project_lite::pin_project;

    use crate::global::Cache;
    use crate::identity::Identity;
    use crate::site::Site;

    thread_local! {
        static IS_HERE: Cell<bool> = const { Cell::new(false) };
        static HERE: RefCell<Option<Room>> = const { RefCell::new(None) };
    }

    /// A cache, or none, with what its functions have done.
    #[derive(Clone)]
    pub(crate) struct Room(Arc<Inner>);

    struct Inner {
        cache: Option<Arc<Cache>>,
        functions: Mutex<Vec<(&'static Site, &'static Identity)>>,
    }

    impl Room {
        /// The room of a cache; without one, calls run as if they were not annotated.
        pub(crate) fn new(cache: Option<Cache>) -> Self {
            Self(Arc::new(Inner { cache: cache.map(Arc::new), functions: Mutex::default() }))
        }

        pub(crate) fn cache(&self) -> Option<&Arc<Cache>> {
            self.0.cache.as_ref()
        }

        /// Who the function is in here, with counters of its own. It is never given back: calls hold on to it for as long
        /// as the process lasts.
        fn identity(&self, site: &'static Site, read: impl FnOnce() -> Identity) -> &'static Identity {
            let mut functions = self.0.functions.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((_, identity)) = functions.iter().find(|(known, _)| std::ptr::eq(*known, site)) {
                return identity;
            }
            let identity: &'static Identity = Box::leak(Box::new(read()));
            functions.push((site, identity));
            identity
        }
    }

    /// Whether this thread polls a future with a cache of its own.
    #[inline]
    pub(crate) fn is_here() -> bool {
        IS_HERE.get()
    }

    fn here() -> Option<Room> {
        // A thread that ends polls nothing.
        HERE.try_with(|here| here.borrow().clone()).ok()?
    }

    /// The cache of that future.
    #[cold]
    pub(crate) fn cache() -> Option<Arc<Cache>> {
        here()?.cache().cloned()
    }

    /// Who the function is for that future, if there is one.
    #[inline]
    pub(crate) fn identity(
        site: &'static Site,
        read: impl FnOnce() -> Identity,
    ) -> Result<&'static Identity, ()> {
        if is_here() { here().map(|room| room.identity(site, read)).ok_or(()) } else { Err(()) }
    }

    /// The functions that were called in that future, if there is one.
    pub(crate) fn functions() -> Option<Vec<&'static Identity>> {
        let room = here()?;
        let functions = room.0.functions.lock().unwrap_or_else(PoisonError::into_inner);
        Some(functions.iter().map(|(_, identity)| *identity).collect())
    }

    pin_project! {
        /// A future that is polled, and dropped, in a room.
        #[must_use = "futures do nothing unless polled"]
        pub(crate) struct Carried<F> {
            room: Option<Room>,
            #[pin]
            future: Option<F>,
        }

        impl<F> PinnedDrop for Carried<F> {
            fn drop(this: Pin<&mut Self>) {
                let mut this = this.project();
                let _entered = this.room.clone().map(Entered::new);
                this.future.set(None);
            }
        }
    }

    impl<F> Carried<F> {
        pub(crate) fn new(room: Room, future: F) -> Self {
            Self { room: Some(room), future: Some(future) }
        }
    }

    /// The future, to be polled elsewhere in the room that this thread is in.
    pub(crate) fn carry<F>(future: F) -> Carried<F> {
        Carried { room: here(), future: Some(future) }
    }

    impl<F: Future> Future for Carried<F> {
        type Output = F::Output;

        fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
            let mut this = self.project();
            let _entered = this.room.clone().map(Entered::new);
            let Some(future) = this.future.as_mut().as_pin_mut() else { return Poll::Pending };
            let polled = future.poll(cx);
            if polled.is_ready() {
                // Here, and not where it happens to be dropped.
                this.future.set(None);
            }
            polled
        }
    }

    /// Lasts for one poll, also if it panics.
    struct Entered(Option<Room>);

    impl Entered {
        fn new(room: Room) -> Self {
            Self(note(Some(room)))
        }
    }

    impl Drop for Entered {
        fn drop(&mut self) {
            let _ours = note(self.0.take());
        }
    }

    fn note(room: Option<Room>) -> Option<Room> {
        let is_here = room.is_some();
        let outer = HERE.try_with(|here| here.replace(room)).ok()?;
        IS_HERE.set(is_here);
        outer
    }
}

#[cfg(not(feature = "test-util"))]
mod unknown {
    use std::sync::Arc;

    use crate::global::Cache;
    use crate::identity::Identity;
    use crate::site::Site;

    #[inline]
    pub(crate) fn is_here() -> bool {
        false
    }

    pub(crate) fn cache() -> Option<Arc<Cache>> {
        None
    }

    #[inline]
    pub(crate) fn identity(_: &'static Site, _: impl FnOnce() -> Identity) -> Result<&'static Identity, ()> {
        Err(())
    }

    pub(crate) fn functions() -> Option<Vec<&'static Identity>> {
        None
    }

    pub(crate) fn carry<F>(future: F) -> F {
        future
    }
}
