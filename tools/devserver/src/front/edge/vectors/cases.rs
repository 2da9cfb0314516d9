//! The requests of the vectors.

mod files;
mod paths;
mod said;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use shared::domain::{Sha256, download};

use super::{Case, keys};

/// SHA-1 of some device's number.
const HASH: &str = "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12";
/// A real number, which no device should send.
const IMEI: &str = "356938035643809";
const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const AUTHORIZATION: &str = "authorization";
const CREDENTIAL: &str = "x-device-authorization";
const IF_MODIFIED_SINCE: &str = "if-modified-since";
const SINCE: &str = "x-device-modified-since";

/// Every case, each once.
pub(super) fn all() -> Vec<Case> {
    let groups = [
        files::downloads(),
        files::packages(),
        paths::urls(),
        paths::first_segments(),
        paths::spellings(),
        paths::methods(),
        said::checks(),
        said::credentials(),
        said::headers(),
    ];
    groups.into_iter().flatten().collect()
}

fn basic(pair: &[u8]) -> String {
    format!("Basic {}", STANDARD.encode(pair))
}

fn sha256() -> Sha256 {
    Sha256::of(b"firmware")
}

/// `<sha256>/<signature>/<name>` of a path that never expires.
fn file(name: &str) -> String {
    download::path(&keys(), "d1", &sha256(), None, name).replace("/repository/", "")
}
