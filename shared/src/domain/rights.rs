//! Who acts, and what they may do.

use serde::{Deserialize, Serialize};

use super::{FeedName, PartnerId, Refusal, Timestamp};

/// What a key may do. `read` ⊂ `write` ⊂ `release`; `operator` stands apart and reaches no partner's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Right {
    /// Every GET but keys.
    Read,
    /// Types, pool, uploads, device types, associations in every feed but `release`.
    Write,
    /// Whatever changes what the release feed gives; feed access and keys.
    Release,
    /// `/v1/ota/admin/*` alone.
    Operator,
}

impl Right {
    /// The right as written on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Release => "release",
            Self::Operator => "operator",
        }
    }

    /// True if a key with this right may do what needs `needed`.
    pub fn allows(self, needed: Self) -> bool {
        match (self, needed) {
            (Self::Operator, _) | (_, Self::Operator) => self == needed,
            _ => self >= needed,
        }
    }

    /// The right that changing what `feed` gives needs.
    pub fn to_change(feed: &FeedName) -> Self {
        if feed.is_release() { Self::Release } else { Self::Write }
    }

    /// The right that deciding what a device on `feed` may be given needs, or putting it there, or taking it away: for a
    /// restricted feed that is deciding who may read it. One that nobody has put on a feed asks for whichever it likes, and
    /// may ask for `release` at any time, whatever it has asked for last.
    pub fn to_move(feed: Option<&FeedName>) -> Self {
        match feed {
            Some(feed) if !feed.is_release() && !feed.is_restricted() => Self::Write,
            _ => Self::Release,
        }
    }
}

impl std::str::FromStr for Right {
    type Err = super::Invalid;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "read" => Ok(Self::Read),
            "write" => Ok(Self::Write),
            "release" => Ok(Self::Release),
            "operator" => Ok(Self::Operator),
            _ => Err(super::Invalid::because("must be read, write, release or operator")),
        }
    }
}

/// The holder of the key with which a request came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The partner whose key it is; none for an operator's.
    pub partner: Option<PartnerId>,
    /// The strongest right of the key.
    pub right: Right,
    /// The id of the key, for the audit.
    pub key: String,
    /// True if the key is a 4-hour bearer, which can make no keys or bearers.
    pub bearer: bool,
    /// When the key ends, if it does.
    pub expires: Option<Timestamp>,
    /// The id of the key that an operator made and that this one descends from; empty if that is not known.
    pub root: String,
}

impl Actor {
    /// Refuses with [`Refusal::RightMissing`] unless this actor may do what needs `needed`.
    pub fn require(&self, needed: Right) -> Result<(), Refusal> {
        if self.right.allows(needed) { Ok(()) } else { Err(Refusal::RightMissing(needed)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipeline_moves_devices_between_open_feeds_alone() {
        let feed = |name: &str| name.parse::<FeedName>().unwrap();
        assert_eq!(["beta", "lab"].map(|name| Right::to_move(Some(&feed(name)))), [Right::Write; 2]);
        for name in ["release", "dev", "dev-lab"] {
            assert_eq!(Right::to_move(Some(&feed(name))), Right::Release, "{name}");
        }
        assert_eq!(Right::to_move(None), Right::Release, "it asks for what it likes");
        assert_eq!(Right::to_change(&feed("dev")), Right::Write, "what it gives is another matter");
    }

    #[test]
    fn rights_contain_one_another_and_operator_stands_apart() {
        assert!(Right::Release.allows(Right::Write) && Right::Write.allows(Right::Read));
        assert!(!Right::Read.allows(Right::Write) && !Right::Write.allows(Right::Release));
        for right in [Right::Read, Right::Write, Right::Release] {
            assert!(!right.allows(Right::Operator) && !Right::Operator.allows(right));
        }
    }
}
