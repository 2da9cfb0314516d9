//! Parameters of lists that go on from a token, and of questions about a moment.

use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::domain::{Invalid, Timestamp};

/// Page size when none is asked for.
pub const DEFAULT_LIMIT: u16 = 50;
/// Largest page.
const MAX_LIMIT: u16 = 200;
/// The end of the year 9999.
const MOST_MILLIS: i64 = 253_402_300_799_999;

/// `limit`: how many are wanted, 1 to 200.
#[derive(Debug, Clone, Copy)]
pub struct Limit(pub u16);

impl FromStr for Limit {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let limit = digits.then(|| text.parse().ok()).flatten();
        let limit = limit.filter(|limit| (1..=MAX_LIMIT).contains(limit));
        limit.map(Self).ok_or(Invalid::because("must be 1 to 200"))
    }
}

/// `pageToken`: where the page before ended, in base64url, so that nobody builds one.
#[derive(Debug, Clone)]
pub struct PageToken<T>(pub T);

impl<T> PageToken<T> {
    /// The token of what is written as `text`.
    pub fn write(text: &str) -> String {
        URL_SAFE_NO_PAD.encode(text)
    }
}

impl<T: FromStr<Err = Invalid>> FromStr for PageToken<T> {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok();
        let last = bytes.and_then(|bytes| String::from_utf8(bytes).ok()?.parse().ok());
        last.map(Self).ok_or(Invalid::because("must be the pageToken of an answer"))
    }
}

/// A moment, in milliseconds since the epoch, up to the year 9999.
#[derive(Debug, Clone, Copy)]
pub struct Moment(pub Timestamp);

impl FromStr for Moment {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let millis = text.parse().ok().filter(|millis| (0..=MOST_MILLIS).contains(millis));
        let why = Invalid::because("must be milliseconds since the epoch");
        millis.map(|millis| Self(Timestamp::from_millis(millis))).ok_or(why)
    }
}
