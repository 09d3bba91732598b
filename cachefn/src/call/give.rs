//! A call without a body: it looks and leaves it at that, or has the value that is to stand there.
//!
//! A value that is given was true when it was given, and not when Redis has granted a lease. So what this process
//! invalidates in between strikes it. What Redis says meanwhile cannot be told from what it says of the generations that
//! it makes for this very fill; another process's invalidation counts as earlier than the lease.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use cachefn_backends::background;
use cachefn_backends::place::Place;
use tokio::task::JoinHandle;

use super::Call;
use super::fill::Settling;
use super::found::Found;
use super::miss::{Miss, Ready};
use super::stored::Vtable;
use crate::coop;
use crate::given::Moment;
use crate::global::Cache;
use crate::shape::Kind;
use crate::terms::{Terms, Unjudged};
use crate::verdict::Storable;

/// A value on its way.
pub(crate) struct Giving(Option<JoinHandle<()>>);

impl Call {
    /// What there is.
    pub(crate) async fn find<K: Kind<Stored: Storable>>(mut self) -> Option<K::Output> {
        let mut miss = self.0.take()?;
        coop::spent().await;
        if let Some(found) = miss.take_found() {
            return found.output::<K>();
        }
        let (search, link) = miss.search(Vtable::of::<K>());
        miss.span.around(search.find(link)).await.and_then(Found::output::<K>)
    }

    /// Stores the value. As much of it as needs nobody is done when this returns, and the rest goes on by itself.
    pub(crate) fn give<K: Kind<Stored: Storable> + 'static>(mut self, value: K::Stored) -> Giving {
        let Some(miss) = self.0.take() else { return Giving(None) };
        // Whatever waits for Redis waits on the background thread; memory needs no runtime.
        let _runtime = miss.cache.redis.is_some().then(|| background::handle().enter());
        let span = miss.span.clone();
        let mut giving = Box::pin(span.around(given::<K>(miss, value)));
        // In this very poll, so that what is given one after the other is announced in that order.
        match giving.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(()) => Giving(None),
            Poll::Pending => Giving(Some(span.spawn(giving))),
        }
    }
}

async fn given<K: Kind<Stored: Storable>>(mut miss: Box<Miss>, value: K::Stored) {
    let since = Since::now(&miss);
    let (mut search, link) = miss.search(Vtable::of::<K>());
    search.gives();
    if let Ready::Fill(mut fill) = search.fill(None, link).await {
        let lasts = since.lasts();
        fill.since = Some(since);
        let settling = if lasts { fill.judged::<K>(value, &Unjudged) } else { fill.outdated(value) };
        if let Settling::Waits(settling, _) = settling {
            settling.await;
        }
    }
}

/// Since when a value has been on its way.
pub(super) struct Since {
    cache: Arc<Cache>,
    moment: Moment,
}

impl Since {
    pub(super) fn now(miss: &Miss) -> Self {
        Self::of(&miss.cache, &miss.place, &miss.terms)
    }

    pub(super) fn of(cache: &Arc<Cache>, place: &Place, terms: &Terms) -> Self {
        // The tags of a value that is at hand are known already.
        let lineage = place.lineage.with(terms.tags_of_value.iter().cloned());
        let moment = cache.given.begin(Place { lineage, ..place.clone() });
        Self { cache: Arc::clone(cache), moment }
    }

    /// Its value is where it is to stand.
    pub(super) fn stands(&self) {
        self.cache.given.supersede(&self.moment);
    }

    /// Whether a value that was given later is where it is to stand.
    pub(super) fn is_superseded(&self) -> bool {
        self.moment.is_superseded()
    }

    /// Whether this process has invalidated nothing of it since.
    pub(super) fn lasts(&self) -> bool {
        self.moment.lasts()
    }
}

impl Drop for Since {
    fn drop(&mut self) {
        self.cache.given.end(&self.moment);
    }
}

impl Future for Giving {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.0 {
            // Memory has it already: a loop of such calls would never let others run.
            None => coop::poll_spend(cx),
            // It ends by itself.
            Some(giving) => Pin::new(giving).poll(cx).map(|_| ()),
        }
    }
}
