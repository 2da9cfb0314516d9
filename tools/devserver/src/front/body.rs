//! Reading a request's body as far as a gateway would.

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};

/// The longest body that can fit an event; whatever its form, an event adds to it.
pub(super) const MAX_BODY_BYTES: usize = 6_291_456;
/// How much of a longer body is read and thrown away, so that its sender sees the answer and not a closed
/// connection.
const MAX_DRAINED_BYTES: usize = 64 << 20;

/// Why there is no body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unread {
    /// Longer than any event.
    TooLarge,
    /// The sender broke off.
    Broken,
}

/// The whole body.
pub(super) async fn read(mut body: Incoming) -> Result<Bytes, Unread> {
    if body.size_hint().lower() > MAX_DRAINED_BYTES as u64 {
        return Err(Unread::TooLarge);
    }
    let mut whole = BytesMut::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Unread::Broken)?.into_data() else { continue };
        length += data.len();
        if length > MAX_DRAINED_BYTES {
            return Err(Unread::TooLarge);
        }
        if length > MAX_BODY_BYTES {
            whole.clear();
        } else {
            whole.extend_from_slice(&data);
        }
    }
    if length > MAX_BODY_BYTES { Err(Unread::TooLarge) } else { Ok(whole.freeze()) }
}
