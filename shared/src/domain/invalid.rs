//! What is wrong with one value, in words for the person who sent it.

use std::borrow::Cow;

/// Why a value was refused by its type's constructor; a sentence fragment such as `must be 1 to 35 characters`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(pub Cow<'static, str>);

impl Invalid {
    /// A refusal with a fixed reason.
    pub const fn because(reason: &'static str) -> Self {
        Self(Cow::Borrowed(reason))
    }
}

impl From<Invalid> for String {
    fn from(invalid: Invalid) -> Self {
        invalid.0.into_owned()
    }
}

/// One fault of a request body: where it is (RFC 6901 pointer, `""` for the whole body) and what is wrong there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// JSON pointer into the body, for example `/tags/3`.
    pub pointer: String,
    /// What is wrong, in words.
    pub message: String,
}

impl Fault {
    /// A fault at `pointer`.
    pub fn at(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), message: message.into() }
    }
}
