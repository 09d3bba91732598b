//! Lookups of many callers, asked together.
//!
//! A few tasks of the background thread take turns: the one that is free takes what has been asked for since the last looked,
//! and asks for all of it in one `MGET`. So a caller who is alone is never kept waiting, and many callers fill the questions. Generations that several of them need are asked for once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use redis::Value;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::timeout_at;

use super::connect::Bucket;
use super::fault::Fault;
use super::shared::Shared;
use crate::background;
use crate::place::{Lineage, Place};

/// So many tasks there are, and questions on their way at a time; what comes meanwhile is asked for together.
const AT_A_TIME: usize = 4;

/// The most that is asked for together: a server does nothing else meanwhile.
const MOST: usize = 128;

/// Takes lookups; dropping it ends the tasks.
pub(super) struct Reading(mpsc::UnboundedSender<Request>);

/// One lookup.
struct Request {
    shared: Arc<Shared>,
    bucket: Bucket,
    epoch: u64,
    begun: Instant,
    value: String,
    lineage: Lineage,
    answer: oneshot::Sender<(Result<Found, Fault>, Duration)>,
}

/// What stands at a place.
pub(super) struct Found {
    pub(super) value: Value,
    /// Shared by all who depend on the same ones.
    pub(super) generations: Arc<[Value]>,
}

impl Reading {
    pub(super) fn start() -> Self {
        let (sender, requests) = mpsc::unbounded_channel();
        let requests = Arc::new(Mutex::new(requests));
        for _ in 0..AT_A_TIME {
            background::handle().spawn(serve(Arc::clone(&requests)));
        }
        Self(sender)
    }

    /// Asks for what stands at `place`; the answer, and how long it took.
    pub(super) async fn ask(
        &self,
        shared: &Arc<Shared>,
        bucket: &Bucket,
        epoch: u64,
        place: &Place,
    ) -> (Result<Found, Fault>, Duration) {
        let (answer, answered) = oneshot::channel();
        let request = Request {
            shared: Arc::clone(shared),
            bucket: bucket.clone(),
            epoch,
            begun: Instant::now(),
            value: bucket.keys().value(&place.key),
            lineage: place.lineage.clone(),
            answer,
        };
        // Where the tasks are gone so is the sender of the answer.
        let _ = self.0.send(request);
        answered.await.unwrap_or((Err(Fault::Broken), Duration::ZERO))
    }
}

/// One of those who ask. Whoever is free takes what has come since the last one looked.
async fn serve(requests: Arc<Mutex<mpsc::UnboundedReceiver<Request>>>) {
    let mut batch = Vec::with_capacity(MOST);
    while requests.lock().await.recv_many(&mut batch, MOST).await > 0 {
        batch.retain(|request| !request.answer.is_closed());
        while let Some(first) = batch.first() {
            let epoch = first.epoch;
            let together = batch.extract_if(.., |request| request.epoch == epoch).collect();
            ask(together).await;
        }
    }
}

/// Asks for what is asked for on one connection.
async fn ask(requests: Vec<Request>) {
    let [Request { shared, bucket, epoch, begun, .. }, ..] = &requests[..] else { return };
    let (shared, bucket, epoch, begun) = (Arc::clone(shared), bucket.clone(), *epoch, *begun);
    let mut lineages: Vec<Lineage> = Vec::new();
    let mut command = redis::cmd("MGET");
    for request in &requests {
        command.arg(&request.value);
        if !lineages.iter().any(|known| known.is_same(&request.lineage)) {
            lineages.push(request.lineage.clone());
        }
    }
    for lineage in &lineages {
        command.arg(bucket.keys().generations(lineage.groups()));
    }
    let outcome = if shared.trust().is_trusted(epoch) {
        let deadline = begun + shared.settings.timeout;
        timeout_at(deadline.into(), bucket.ask(&command)).await.unwrap_or(Err(Fault::Timeout))
    } else {
        Err(Fault::Broken)
    };
    let mut values = match outcome {
        Ok(Value::Array(values)) => values,
        other => {
            let fault = other.err().unwrap_or(Fault::Answer);
            shared.report(epoch, fault);
            for request in requests {
                let _ = request.answer.send((Err(fault), request.begun.elapsed()));
            }
            return;
        }
    };
    let mut rest = values.split_off(requests.len().min(values.len())).into_iter();
    let generations: Vec<Arc<[Value]>> =
        lineages.iter().map(|lineage| rest.by_ref().take(lineage.groups().len()).collect()).collect();
    for (request, value) in requests.into_iter().zip(values) {
        let of = lineages.iter().position(|lineage| lineage.is_same(&request.lineage));
        let generations = of.map(|of| Arc::clone(&generations[of])).unwrap_or_default();
        // Who is gone needs no answer.
        let _ = request.answer.send((Ok(Found { value, generations }), request.begun.elapsed()));
    }
}
