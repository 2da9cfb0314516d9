//! How a secret is rotated: the new value is accepted everywhere before anything is signed with it.
//!
//! *Begun*, the new value lies beside the one in use, so that those who check signatures can learn it. *Finished*, new
//! manifests and pointers name it (the key ids first), then the secret itself changes over; what was in use stays
//! accepted until the next rotation is finished. Broken off anywhere, doing it again goes on. Knows nothing of where
//! secrets are kept.

use super::{Secret, SecretsError};

/// Most characters of a key's id.
pub const MAX_KEY_ID: usize = 32;

/// True for what can be the id of a key: letters and digits, since it stands in URLs between dots.
pub(super) fn is_key_id(text: &str) -> bool {
    (1..=MAX_KEY_ID).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// How far the rotation of a secret is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage<'a> {
    /// Nothing is under way.
    Settled,
    /// The value with this id is accepted, and nothing names it yet.
    Begun(&'a str),
    /// Finishing broke off: the value with this id is named already, and the secret has not changed over.
    Named(&'a str),
    /// The key ids name another value than the one in use, which has this id: it was changed by hand, or a write of the
    /// key ids was lost.
    Behind(&'a str),
}

impl Secret {
    /// How far the rotation is; `named` is the id in the key ids, if there is one. Of a secret that no key ids ever name
    /// it is the id of the value in use.
    pub fn stage(&self, named: Option<&str>) -> Stage<'_> {
        match &self.next {
            Some(next) if named == Some(&next.id) => Stage::Named(&next.id),
            Some(next) => Stage::Begun(&next.id),
            None if named == Some(&self.current.id) => Stage::Settled,
            None => Stage::Behind(&self.current.id),
        }
    }

    /// The id of the value before the one in use, which ends when the next rotation is finished.
    pub fn previous_id(&self) -> Option<&str> {
        self.previous.as_ref().map(|value| value.id.as_str())
    }

    /// This secret with the value of `fresh` to follow the one in use; refused if one is to follow already, or if its
    /// id is taken.
    pub fn begun(&self, fresh: Self) -> Result<Self, SecretsError> {
        if self.next.is_some() {
            return Err(SecretsError("a rotation is begun already".into()));
        }
        if self.named(&fresh.current.id).is_some() {
            return Err(SecretsError(format!("there is a key with the id {} already", fresh.current.id)));
        }
        Ok(Self { next: Some(fresh.current), ..self.clone() })
    }

    /// This secret with the value that was to follow in use, and the one that was in use before it; none if nothing was
    /// to follow.
    pub fn finished(&self) -> Option<Self> {
        let next = self.next.clone()?;
        Some(Self { current: next, previous: Some(self.current.clone()), next: None })
    }

    /// This secret with a new value in use at once, as someone changes it by hand.
    pub fn rotated(&self, id: impl Into<String>, key: Vec<u8>) -> Self {
        let current = super::Value { id: id.into(), key };
        Self { current, previous: Some(self.current.clone()), next: None }
    }
}

/// An id for a fresh `download` key: `d` and a number greater than that of any value of `secret`.
pub fn next_download_id(secret: &Secret) -> String {
    next_id('d', secret)
}

/// An id for a fresh value of `devices`: `m` and a number greater than that of any value of `secret`.
pub fn next_devices_id(secret: &Secret) -> String {
    next_id('m', secret)
}

fn next_id(letter: char, secret: &Secret) -> String {
    let number = |id: &str| id.strip_prefix(letter).and_then(|digits| digits.parse::<u32>().ok());
    let greatest = secret.values().filter_map(|(id, _)| number(id)).max();
    format!("{letter}{}", greatest.map_or(1, |greatest| greatest.saturating_add(1)))
}
