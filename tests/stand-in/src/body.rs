//! How a body is sent: whole, cut off, byte by byte, without end.

use crate::http::Closed;
use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Sleep, sleep};

/// Size of the pieces of an endless body.
const PIECE: usize = 16 * 1_024;

/// How a body is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Manner {
    /// In one piece.
    #[default]
    Whole,
    /// So many bytes, then the connection is closed.
    Cut(usize),
    /// One byte after another, with so much time between them.
    Drip(Duration),
    /// White space follows it for ever.
    Endless,
}

/// A body on its way.
pub struct Sending {
    rest: Bytes,
    manner: Manner,
    flushed: bool,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Sending {
    /// A body that is sent in a manner.
    pub fn new(body: Bytes, manner: Manner) -> Self {
        let rest = match manner {
            Manner::Cut(bytes) => body.slice(..bytes.min(body.len())),
            _ => body,
        };
        Sending {
            rest,
            manner,
            flushed: false,
            pause: None,
        }
    }

    fn drip(&mut self, cx: &mut Context<'_>, every: Duration) -> Poll<Option<Bytes>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let pause = self.pause.get_or_insert_with(|| Box::pin(sleep(every)));
        match pause.as_mut().poll(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(()) => {
                self.pause = None;
                Poll::Ready(Some(self.rest.split_to(1)))
            }
        }
    }
}

impl Body for Sending {
    type Data = Bytes;
    type Error = Closed;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Closed>>> {
        let manner = self.manner;
        if let Manner::Drip(every) = manner {
            let piece = self.drip(cx, every);
            return piece.map(|piece| piece.map(|p| Ok(Frame::data(p))));
        }
        if !self.rest.is_empty() {
            let whole = std::mem::take(&mut self.rest);
            return Poll::Ready(Some(Ok(Frame::data(whole))));
        }
        match manner {
            Manner::Endless => {
                let piece = Bytes::from_static(&[b' '; PIECE]);
                Poll::Ready(Some(Ok(Frame::data(piece))))
            }
            Manner::Cut(_) if self.flushed => Poll::Ready(Some(Err(Closed))),
            Manner::Cut(_) => {
                // Being pending once lets hyper send what it has.
                self.flushed = true;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Manner::Whole | Manner::Drip(_) => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        let ends = matches!(self.manner, Manner::Whole | Manner::Drip(_));
        self.rest.is_empty() && ends
    }

    fn size_hint(&self) -> SizeHint {
        match self.manner {
            Manner::Whole | Manner::Drip(_) => SizeHint::with_exact(self.rest.len() as u64),
            Manner::Cut(_) | Manner::Endless => SizeHint::default(),
        }
    }
}
