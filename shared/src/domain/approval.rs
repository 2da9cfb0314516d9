//! Approvals: in a feed that asks for them, what gives devices more waits until somebody else says yes.
//!
//! Pure: what is proposed, by whom, and what became of it. How a proposal is carried out is not known here.

use super::image::Words;
use super::newtype::checked_text;
use super::plan::Wanted;
use super::{DeviceId, DeviceProfileId, DeviceTypeId, FeedName, ImageId, Invalid, Sha256, Timestamp};

/// How long a proposal waits, in seconds: a week.
pub const LIVES_SECONDS: i64 = 7 * 86_400;
/// How many proposals of a partner may wait at a time.
pub const MOST_PENDING: usize = 100;
/// How many more may wait that end a halt or a stop: nobody who fills the list with other things holds them up.
pub const MOST_MORE_TO_GO_ON: usize = 20;

/// 13 digits, `-`, and 12 hex digits.
fn check_id(text: &str) -> Result<(), Invalid> {
    let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    let fits = text.split_once('-').is_some_and(|(millis, rest)| {
        (millis.len(), rest.len()) == (13, 12)
            && millis.bytes().all(|b| b.is_ascii_digit())
            && rest.bytes().all(hex)
    });
    if fits { Ok(()) } else { Err(Invalid::because("must be the id of an approval")) }
}

checked_text!(
    /// The id of a proposal: the moment at which it was made and a digest, so that ids sort by time.
    ApprovalId,
    check_id,
);

impl ApprovalId {
    /// The id of what is proposed at `at` in a request; `content` tells the proposals of one request apart.
    pub fn of(at: Timestamp, request_id: &str, content: &Sha256) -> Self {
        let digest = Sha256::of(format!("{request_id}\n{content}").as_bytes()).to_string();
        let rest = digest.get(..12).unwrap_or_default();
        Self(format!("{:013}-{rest}", at.millis().clamp(0, 9_999_999_999_999)))
    }
}

/// Who asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposer {
    /// The id of the key.
    pub key: String,
    /// The id of the key that an operator made and that this one descends from; empty for keys that were made before this
    /// was kept, which all count as one.
    pub root: String,
}

/// A description as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDescription {
    /// Name, version, description, tags.
    pub words: Words,
    /// What `url` says.
    pub url: String,
    /// What `url2` says.
    pub url2: Option<String>,
    /// What it describes.
    pub profile: Option<DeviceProfileId>,
    /// The client's idempotency key, and the digest of the body that came with it.
    pub repeatable: Option<(String, Sha256)>,
}

/// A change that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proposed {
    /// An image comes into the feed.
    Associate {
        /// Of which device type.
        device_type: DeviceTypeId,
        /// Which.
        image: ImageId,
        /// How it is given out; none for everyone at once.
        wanted: Option<Wanted>,
    },
    /// A description is registered and comes into the feed.
    Describe {
        /// Of which device type.
        device_type: DeviceTypeId,
        /// What it is to be.
        new: Box<NewDescription>,
    },
    /// An image comes into the feed from another.
    Promote {
        /// Of which device type.
        device_type: DeviceTypeId,
        /// Which.
        image: ImageId,
        /// From where.
        from: FeedName,
        /// How it is given out; none for everyone at once.
        wanted: Option<Wanted>,
    },
    /// A rollout gives an image to more.
    SetRollout {
        /// Of which device type.
        device_type: DeviceTypeId,
        /// Which image.
        image: ImageId,
        /// How it is given out.
        wanted: Wanted,
    },
    /// A halted image goes on.
    Resume {
        /// Of which device type.
        device_type: DeviceTypeId,
        /// Which image.
        image: ImageId,
    },
    /// One device is told to install an image.
    Push {
        /// Of which device type.
        device_type: DeviceTypeId,
        /// Which image.
        image: ImageId,
        /// Which device.
        device: DeviceId,
        /// Until when; none for as long as a push lives by itself.
        until: Option<Timestamp>,
    },
    /// What was stopped starts again.
    Start {
        /// Which device type; none for all that the partner has.
        device_type: Option<DeviceTypeId>,
    },
    /// The feed asks for no approvals any more.
    EndApprovals,
}

impl Proposed {
    /// Whether it ends a halt or a stop, which only those may ask for who may also reject.
    pub const fn goes_on(&self) -> bool {
        matches!(self, Self::Resume { .. } | Self::Start { .. })
    }

    /// What the audit will call the change once it is made.
    pub const fn action(&self) -> &'static str {
        match self {
            Self::Associate { .. } => "association.created",
            Self::Describe { .. } => "description.registered",
            Self::Promote { .. } => "association.promoted",
            Self::SetRollout { .. } => "rollout.set",
            Self::Resume { .. } => "rollout.resumed",
            Self::Push { .. } => "association.pushed",
            Self::Start { device_type: Some(_) } => "deviceType.started",
            Self::Start { device_type: None } => "partner.started",
            Self::EndApprovals => "feed.updated",
        }
    }

    /// The device type that it is about, if it is about one.
    pub const fn device_type(&self) -> Option<&DeviceTypeId> {
        match self {
            Self::Associate { device_type, .. }
            | Self::Describe { device_type, .. }
            | Self::Promote { device_type, .. }
            | Self::SetRollout { device_type, .. }
            | Self::Resume { device_type, .. }
            | Self::Push { device_type, .. } => Some(device_type),
            Self::Start { device_type } => device_type.as_ref(),
            Self::EndApprovals => None,
        }
    }

    /// The image that it is about, if it is about one that has a number already.
    pub const fn image(&self) -> Option<ImageId> {
        match self {
            Self::Associate { image, .. }
            | Self::Promote { image, .. }
            | Self::SetRollout { image, .. }
            | Self::Resume { image, .. }
            | Self::Push { image, .. } => Some(*image),
            Self::Describe { .. } | Self::Start { .. } | Self::EndApprovals => None,
        }
    }

    /// How it would give an image out, as far as that is said.
    pub const fn wanted(&self) -> Option<&Wanted> {
        match self {
            Self::Associate { wanted, .. } | Self::Promote { wanted, .. } => wanted.as_ref(),
            Self::SetRollout { wanted, .. } => Some(wanted),
            Self::Describe { .. }
            | Self::Resume { .. }
            | Self::Push { .. }
            | Self::Start { .. }
            | Self::EndApprovals => None,
        }
    }
}

/// Who ended a proposal, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The id of the key.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// What became of a proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Nothing yet.
    Pending,
    /// It was carried out.
    Approved(Settled),
    /// Somebody said no, or its proposer took it back.
    Rejected(Settled),
    /// Somebody said yes, and by then it was not possible any more.
    Failed(Settled, String),
}

/// A proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// Its id.
    pub id: ApprovalId,
    /// The change.
    pub change: Proposed,
    /// The feed whose devices it gives more.
    pub feed: FeedName,
    /// Digest of what the change was proposed upon: if that is another by the time somebody says yes, it is not the change
    /// that was looked at.
    pub basis: Sha256,
    /// SHA-256 of the binaries that devices would get, first slot first, as far as the change brings any.
    pub bytes: Vec<Sha256>,
    /// Who asked.
    pub by: Proposer,
    /// When.
    pub created: Timestamp,
    /// Until when it waits.
    pub expires: Timestamp,
    /// What became of it.
    pub state: State,
}

impl Approval {
    /// Its state in a word, at `now`: `pending`, `approved`, `rejected`, `failed` or `expired`.
    pub fn word(&self, now: Timestamp) -> &'static str {
        match self.state {
            State::Pending if self.expires <= now => "expired",
            State::Pending => "pending",
            State::Approved(_) => "approved",
            State::Rejected(_) => "rejected",
            State::Failed(..) => "failed",
        }
    }

    /// Whether somebody can still say yes.
    pub fn is_pending(&self, now: Timestamp) -> bool {
        self.word(now) == "pending"
    }

    /// Whether steps that were to come when it was proposed have come meanwhile: carried out now, it would take in at once
    /// what was meant to be taken in one after the other.
    pub fn is_overtaken(&self, now: Timestamp) -> bool {
        let steps = self.change.wanted().and_then(|wanted| wanted.steps.as_deref()).unwrap_or_default();
        steps.iter().any(|step| step.at > self.created && step.at <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rollout::{Share, Step};

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn proposal(steps: &[i64]) -> Approval {
        let share = |number: usize| Share::try_from(u16::try_from(number).unwrap() + 1).unwrap();
        let steps =
            steps.iter().enumerate().map(|(number, &when)| Step { at: at(when), share: share(number) });
        let wanted = Wanted { steps: Some(steps.collect()), ..Wanted::default() };
        Approval {
            id: ApprovalId::of(at(1000), "r", &Sha256::of(b"")),
            change: Proposed::SetRollout {
                device_type: "kettle".parse().unwrap(),
                image: "7105".parse().unwrap(),
                wanted,
            },
            feed: FeedName::release(),
            basis: Sha256::of(b""),
            bytes: Vec::new(),
            by: Proposer { key: "a".into(), root: "a".into() },
            created: at(1000),
            expires: at(5000),
            state: State::Pending,
        }
    }

    #[test]
    fn a_proposal_that_nobody_answers_ends() {
        let waits = proposal(&[]);
        assert_eq!([4999, 5000].map(|now| waits.word(at(now))), ["pending", "expired"]);
        let by = Settled { by: "b".into(), at: at(2000) };
        let done = Approval { state: State::Approved(by), ..waits };
        assert_eq!(done.word(at(9000)), "approved");
    }

    #[test]
    fn steps_that_went_by_while_it_waited_overtake_a_proposal_and_those_of_before_do_not() {
        let overtaken = |steps: &[i64], now| proposal(steps).is_overtaken(at(now));
        assert!(!overtaken(&[500, 3000], 2999));
        assert!(overtaken(&[500, 3000], 3000));
        assert!(!overtaken(&[500, 1000], 9000) && !overtaken(&[], 9000));
    }

    #[test]
    fn ids_sort_by_time_and_read_back() {
        let content = Sha256::of(b"content");
        let early = ApprovalId::of(at(999), "r", &content);
        let late = ApprovalId::of(at(1_795_305_600_000), "r", &content);
        assert!(early < late && late.as_str().parse() == Ok(late.clone()));
        assert_ne!(early, ApprovalId::of(at(999), "other", &content));
        for bad in [
            "",
            "1-2",
            "1795305600000-0123456789AB",
            "1795305600000-0123456789abc",
            "179530560000x-0123456789ab",
        ] {
            assert!(bad.parse::<ApprovalId>().is_err(), "{bad}");
        }
    }
}
