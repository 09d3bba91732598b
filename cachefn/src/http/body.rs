//! The body of a response, taken in whole where that is possible: bounded in bytes and in time, and without loss.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use cachefn_backends::background;
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body::{Body as _, Frame, SizeHint};

use crate::why_unstored::WhyUnstored;

/// What does not say how long it is may never end: it is waited for so long, and then it passes.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long the body is to be, as its head says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stated {
    Nothing,
    Bytes(u64),
    /// What is no number, or not one number.
    Unclear,
}

impl Stated {
    pub(super) fn by(headers: &HeaderMap) -> Self {
        let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
        match (lengths.next(), lengths.next()) {
            (None, _) => Self::Nothing,
            (Some(length), None) => {
                let digits = length.to_str().ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
                digits.and_then(|text| text.parse().ok()).map_or(Self::Unclear, Self::Bytes)
            }
            (Some(_), Some(_)) => Self::Unclear,
        }
    }
}

/// A body that was not taken in whole: it will say the same as the one that was given.
pub(super) struct NotTaken {
    pub(super) body: Body,
    /// Whether it ended with an error, or before or after what was stated.
    pub(super) is_broken: bool,
    pub(super) why: WhyUnstored,
}

/// The whole of a body, or a body that will say the same as the one that was given. A body that ends before or after what
/// is `stated`, or what it has said itself, is none that is whole.
pub(super) async fn collect(mut body: Body, most: usize, stated: Stated) -> Result<Bytes, NotTaken> {
    let hint = body.size_hint();
    let too_long = usize::try_from(hint.lower()).map_or(true, |least| least > most);
    if too_long || stated == Stated::Unclear {
        let why = if too_long { WhyUnstored::TooLarge } else { WhyUnstored::Length };
        return Err(NotTaken { body, is_broken: false, why });
    }
    let mut taken = Taken::default();
    let mut timer = None;
    loop {
        let frame = poll_fn(|cx| match Pin::new(&mut body).poll_frame(cx) {
            Poll::Ready(frame) => Poll::Ready(Some(frame)),
            Poll::Pending if hint.exact().is_some() => Poll::Pending,
            Poll::Pending => timer
                .get_or_insert_with(|| Box::pin(background::sleep(PATIENCE)))
                .as_mut()
                .poll(cx)
                .map(|()| None),
        });
        match frame.await {
            Some(None) if taken.is_as(stated, hint.exact()) => return Ok(taken.whole()),
            Some(None) => return Err(taken.before(Rest::Error(None), WhyUnstored::BrokenOff)),
            Some(Some(Ok(frame))) => {
                let is_data = frame.is_data();
                taken.add(frame);
                // Trailers are stored nowhere.
                if !is_data || taken.bytes > most {
                    let why = if is_data { WhyUnstored::TooLarge } else { WhyUnstored::Trailers };
                    return Err(taken.before(Rest::Body(body), why));
                }
            }
            Some(Some(Err(error))) => {
                return Err(taken.before(Rest::Error(Some(error)), WhyUnstored::BrokenOff));
            }
            None => return Err(taken.before(Rest::Body(body), WhyUnstored::Slow)),
        }
    }
}

#[derive(Default)]
struct Taken {
    frames: VecDeque<Frame<Bytes>>,
    bytes: usize,
}

impl Taken {
    fn add(&mut self, frame: Frame<Bytes>) {
        self.bytes += frame.data_ref().map_or(0, Bytes::len);
        self.frames.push_back(frame);
    }

    fn is_as(&self, stated: Stated, said: Option<u64>) -> bool {
        let bytes = self.bytes as u64;
        said.is_none_or(|said| said == bytes) && (stated == Stated::Nothing || stated == Stated::Bytes(bytes))
    }

    fn whole(mut self) -> Bytes {
        let only = if self.frames.len() == 1 { self.frames.pop_front() } else { None };
        if let Some(Ok(data)) = only.map(Frame::into_data) {
            return data;
        }
        let mut whole = BytesMut::with_capacity(self.bytes);
        self.frames.iter().filter_map(Frame::data_ref).for_each(|data| whole.extend_from_slice(data));
        whole.freeze()
    }

    fn before(self, rest: Rest, why: WhyUnstored) -> NotTaken {
        let is_broken = matches!(rest, Rest::Error(_));
        NotTaken { body: Body::new(Replayed { taken: self.frames, rest }), is_broken, why }
    }
}

/// What was taken of a body, and then what comes after it.
struct Replayed {
    taken: VecDeque<Frame<Bytes>>,
    rest: Rest,
}

enum Rest {
    Body(Body),
    /// None once it was said.
    Error(Option<axum::Error>),
}

impl http_body::Body for Replayed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if let Some(frame) = self.taken.pop_front() {
            return Poll::Ready(Some(Ok(frame)));
        }
        match &mut self.rest {
            Rest::Body(body) => Pin::new(body).poll_frame(cx),
            Rest::Error(error) => Poll::Ready(error.take().map(Err)),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.taken.is_empty()
            && match &self.rest {
                Rest::Body(body) => body.is_end_stream(),
                Rest::Error(error) => error.is_none(),
            }
    }

    fn size_hint(&self) -> SizeHint {
        let Rest::Body(body) = &self.rest else { return SizeHint::default() };
        let taken = self.taken.iter().filter_map(Frame::data_ref).map(|data| data.len() as u64).sum::<u64>();
        let (rest, mut hint) = (body.size_hint(), SizeHint::new());
        hint.set_lower(rest.lower() + taken);
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper + taken);
        }
        hint
    }
}
