//! The credential of a restricted feed: the bare hash, or HTTP Basic with it as user or password.

use super::code::Code;
use super::problem::Problem;
use crate::domain::credential::CredentialFault;
use crate::domain::{DeviceCredential, Invalid};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;

/// Where the door puts what the client sent as `Authorization`.
pub const HEADER: &str = "x-device-authorization";

/// The credential in the door's header, if one was sent that can be [read](parse).
pub fn read(headers: &HeaderMap) -> Result<Option<DeviceCredential>, Problem> {
    let text = headers.get(HEADER).and_then(|value| value.to_str().ok());
    text.map_or(Ok(None), parse)
}

/// The credential in what a client sent as `Authorization`, if it can be read.
///
/// The real IMEI is refused with words, since it must never be sent; anything else unreadable is as good as nothing.
pub fn parse(text: &str) -> Result<Option<DeviceCredential>, Problem> {
    for candidate in candidates(text.trim()) {
        match DeviceCredential::parse(&candidate) {
            Ok(credential) => return Ok(Some(credential)),
            Err(CredentialFault::RealNumber) => {
                let why = Invalid::because("must be the SHA-1 of the IMEI or NDUID, never the number itself");
                return Err(Problem::parameter("Authorization", &why));
            }
            Err(CredentialFault::Shape(_)) => {}
        }
    }
    Ok(None)
}

fn candidates(text: &str) -> Vec<String> {
    match text.split_once(' ') {
        Some((scheme, encoded)) if scheme.eq_ignore_ascii_case("basic") => {
            let decoded =
                STANDARD.decode(encoded.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            decoded.unwrap_or_default().splitn(2, ':').map(str::to_owned).collect()
        }
        _ => vec![text.to_owned()],
    }
}

/// The one answer to everyone whom a restricted feed is not open to; always the same.
pub fn closed() -> Problem {
    let mut problem = Problem::new(
        Code::CredentialRequired,
        "this feed is restricted to devices that have been granted access",
    );
    problem.challenge = Some("Basic realm=\"restricted feed\"");
    problem
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "da39a3ee5e6b4b0d3255bfef95601890afd80709";

    fn sent(value: &str) -> Result<Option<DeviceCredential>, Problem> {
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, value.parse().unwrap());
        read(&headers)
    }

    #[test]
    fn the_hash_is_read_bare_and_on_either_side_of_basic() {
        let bare = sent(HASH).unwrap().unwrap();
        for pair in [format!("user:{HASH}"), format!("{HASH}:"), format!("{HASH}:x")] {
            let basic = format!("Basic {}", STANDARD.encode(pair));
            assert_eq!(sent(&basic).unwrap().unwrap(), bare);
        }
        assert_eq!(sent(&HASH.to_uppercase()).unwrap().unwrap(), bare);
    }

    #[test]
    fn a_real_imei_is_refused_and_not_repeated() {
        for value in ["356938035643809".to_owned(), format!("Basic {}", STANDARD.encode("u:356938035643809"))]
        {
            let problem = sent(&value).unwrap_err();
            assert!(!format!("{problem:?}").contains("356938"));
        }
    }

    #[test]
    fn nonsense_is_as_good_as_nothing() {
        for value in ["", "x", "Basic", "Basic !!!", "Bearer otak1_x"] {
            assert!(sent(value).unwrap().is_none());
        }
    }
}
