//! `/{feed}/{deviceTypeId}/…`: package feeds for devices that poll (`docs/API.md`, *Package feeds*).
//!
//! Comes through the CDN, so it never trusts an authorizer's context. Two headers are the edge's own words, which it puts
//! in the place of whatever a client wrote there: `X-Device-Authorization` is the credential of a restricted feed, and
//! `X-Device-Modified-Since` asks for what has changed since then, and nothing else does. `If-Modified-Since` is answered
//! as RFC 9110 says, with all or with 304: a CDN sends it by itself to renew an answer that it has stored, and would store
//! a part as the whole.
//!
//! A request for what is there costs one read of the table and at most one of the bucket. The list of a restricted feed
//! costs two of the table, and so does an unknown name of an open one, or three.

mod answer;
mod cache;
mod devices;
mod index;
mod keys;
mod path;
mod rendered;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use http::{HeaderValue, Method, header};
use shared::blobs::Blobs;
use shared::domain::{DeviceCredential, FeedName, IndexPointer, feed};
use shared::http::{App, Code, Problem, device_credential, finish};
use shared::needs::NotGiven;
use shared::usecases::feed_reads::{self, Found};

use answer::{Conditions, Keep};
use cache::Cache;
use keys::Keys;
use path::{Asked, Target};

/// What the routes share.
#[derive(Debug)]
struct Feeds {
    app: App,
    blobs: Blobs,
    keys: Result<Keys, NotGiven>,
    cache: Cache,
}

/// Every URL of the feeds: whatever path no other part of the service has.
pub fn routes(app: App, blobs: Blobs) -> Router {
    let clock = app.clock.clone();
    let keys = Keys::read(&app.secrets);
    let feeds = Arc::new(Feeds { app, blobs, keys, cache: Cache::default() });
    // No fallback of its own: every function is given that of our 404, which would take this one's place.
    let router = Router::new().route("/", any(get_feed)).route("/{*path}", any(get_feed));
    finish(router.with_state(feeds), clock)
}

async fn get_feed(State(feeds): State<Arc<Feeds>>, request: Request) -> Result<Response, Problem> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut response = not_implemented().into_response();
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return Ok(response);
    }
    let headers = request.headers();
    let conditions = Conditions { headers, now: feeds.app.clock.now().seconds() };
    let Asked { feed, target } = path::parse(request.uri().path()).ok_or_else(Problem::not_found)?;
    // By the name alone, whether or not a feed could be called so: every door decides alike.
    if feed::is_restricted(&feed) {
        let credential = device_credential::read(headers)?.ok_or_else(device_credential::closed)?;
        let feed = feed.parse().map_err(|_| device_credential::closed())?;
        return feeds.restricted(&feed, target, &credential, conditions).await;
    }
    let feed = feed.parse().map_err(|_| Problem::not_found())?;
    feeds.open(&feed, target, conditions).await
}

/// The blueprint's word for what feeds do not do; its answer also says `Allow: GET, HEAD`.
pub fn not_implemented() -> Problem {
    Problem::new(Code::NotImplemented, "feeds are read with GET and HEAD, and nothing else")
}

impl Feeds {
    fn keys(&self) -> Result<&Keys, NotGiven> {
        self.keys.as_ref().map_err(|fault| *fault)
    }

    async fn open(
        &self,
        feed: &FeedName,
        target: Target,
        conditions: Conditions<'_>,
    ) -> Result<Response, Problem> {
        let device_type = match &target {
            Target::Devices => {
                let rows = feed_reads::listing(&self.app.store, feed).await?;
                return devices::answer(&rows, 0, conditions, Keep::Open);
            }
            Target::Nothing { .. } => return Err(Problem::not_found()),
            Target::Index { device_type, .. } | Target::Field { device_type, .. } => device_type,
        };
        let device_type = device_type.parse().map_err(|_| Problem::not_found())?;
        let pointer = feed_reads::open(&self.app.store, &device_type, feed).await?;
        self.below(pointer, target, conditions).await
    }

    async fn restricted(
        &self,
        feed: &FeedName,
        target: Target,
        credential: &DeviceCredential,
        conditions: Conditions<'_>,
    ) -> Result<Response, Problem> {
        let (store, secrets) = (&self.app.store, &self.app.secrets);
        let device_type = match &target {
            Target::Devices => {
                return match feed_reads::restricted_listing(store, secrets, feed, credential).await? {
                    Found::Open((rows, changed)) => {
                        devices::answer(&rows, changed, conditions, Keep::Restricted)
                    }
                    Found::Closed => Err(device_credential::closed()),
                };
            }
            Target::Index { device_type, .. }
            | Target::Field { device_type, .. }
            | Target::Nothing { device_type } => device_type,
        };
        // What no device type can be called is answered like one that does not exist.
        let device_type = device_type.parse().map_err(|_| device_credential::closed())?;
        match feed_reads::restricted(store, secrets, &device_type, feed, credential).await? {
            Found::Open(pointer) => self.below(pointer, target, conditions).await,
            Found::Closed => Err(device_credential::closed()),
        }
    }

    async fn below(
        &self,
        pointer: IndexPointer,
        target: Target,
        conditions: Conditions<'_>,
    ) -> Result<Response, Problem> {
        match target {
            Target::Index { level, form, .. } => self.index(pointer, &level, form, conditions).await,
            Target::Field { level, name, .. } => self.field(pointer, &level, &name, conditions).await,
            Target::Devices | Target::Nothing { .. } => Err(Problem::not_found()),
        }
    }
}
