//! What every router is given: handles, settings, and the clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::config::Config;
use crate::domain::Timestamp;
use crate::needs::Function;
use crate::secrets::Keyring;
use crate::store::Store;

/// The time of day. Tests shift it; nothing else does.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    shift_millis: Arc<AtomicI64>,
}

impl Clock {
    /// Now.
    #[expect(clippy::disallowed_methods, reason = "this is the edge at which time comes in")]
    pub fn now(&self) -> Timestamp {
        let millis = jiff::Timestamp::now().as_millisecond();
        Timestamp::from_millis(millis + self.shift_millis.load(Ordering::Relaxed))
    }

    /// Moves this clock and its clones by `millis`, forward or back.
    pub fn shift(&self, millis: i64) {
        self.shift_millis.fetch_add(millis, Ordering::Relaxed);
    }
}

/// What a router needs; cheap to clone.
#[derive(Debug, Clone)]
pub struct App {
    /// The table.
    pub store: Store,
    /// Where the service lives and what it allows.
    pub config: Arc<Config>,
    /// The secrets and key ids that this process was given.
    pub secrets: Arc<Keyring>,
    /// The time of day.
    pub clock: Clock,
}

impl App {
    /// What `function` is given of this: where all functions live in one process, each still has only its own.
    pub fn only(&self, function: &Function) -> Self {
        Self {
            store: self.store.named(function.name),
            config: Arc::new(self.config.only(function)),
            secrets: Arc::new(self.secrets.only(function)),
            ..self.clone()
        }
    }
}

/// What a router needs that also reads or writes the bucket; cheap to clone.
#[cfg(feature = "blobs")]
#[derive(Debug, Clone)]
pub struct Service {
    /// Everything but the bucket.
    pub app: App,
    /// The bucket.
    pub blobs: crate::blobs::Blobs,
}

#[cfg(feature = "blobs")]
impl axum::extract::FromRef<Service> for App {
    fn from_ref(service: &Service) -> Self {
        service.app.clone()
    }
}
