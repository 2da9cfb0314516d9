//! Every way in which the rules say no, once, without a word of HTTP.

use super::{Fault, Right};
use crate::ipkg::version::repacked;

/// Why a request that could be understood is not carried out. Each becomes one stable code on the wire.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not there, or not the caller's: the two are never told apart.
    #[error("there is no such thing here")]
    NotFound,
    /// No token was shown that is this device's.
    #[error("send this device's own token: Authorization: Bearer otad1.<device type>.<epoch>.<mac>")]
    DeviceTokenInvalid,
    /// The feed is restricted, and nothing was shown that opens it here.
    #[error("this feed is restricted to devices that have been granted access")]
    FeedClosed,
    /// What the device is busy with has been taken back.
    #[error("the update was withdrawn; stop, and ask again")]
    UpdateWithdrawn,
    /// A device speaks of an image that it was not offered.
    #[error(
        "this device was not offered that image; report attributes first, and say of offers alone how they go"
    )]
    NotOffered,
    /// A device has changed too often today.
    #[error("this device has reported too many changes today, and nothing more is taken in; ask again later")]
    TooManyReports,
    /// The key lacks this right.
    #[error("this needs the {} right, which the key does not have", .0.as_str())]
    RightMissing(Right),
    /// One or more fields hold values that are not allowed; all faults of a body at once.
    #[error("{}", summary(.0))]
    InvalidFields(Vec<Fault>),

    /// The partner already has a firmware type of this number.
    #[error("a firmware type with this number already exists")]
    TypeExists,
    /// Platform types belong to the operator.
    #[error("platform firmware types (1 to 100) can only be changed by the operator")]
    PlatformType,
    /// No platform type and no type of this partner has that number.
    #[error("there is no firmware type {0}; create it first")]
    TypeUnknown(u8),
    /// Type 4 never enters the pool.
    #[error("device descriptions (type 4) are registered under their device type, never in the pool")]
    DescriptionNotPooled,

    /// Same type, name and version in one pool, or under one device type.
    #[error("an image with this type, name and version already exists: version number {0}")]
    ImageExists(i64),
    /// The record has been associated once; number, type and binary never change again.
    #[error("the image has been associated and is sealed: its binary cannot change and it cannot be deleted")]
    ImageSealed,
    /// Offers must be withdrawn before an image is deleted.
    #[error("the image is offered to other partners; withdraw its offers first")]
    ImageOffered,
    /// The url names no binary of this partner.
    #[error("{0} must be empty or the repository URL of a binary that this partner has uploaded")]
    NotYourBinary(&'static str),
    /// A record without a binary cannot be associated.
    #[error("the image has no binary yet; upload one and set the record's url first")]
    NoBinary,
    /// The same key was used with another body.
    #[error("this Idempotency-Key was used with another body")]
    IdempotencyMismatch,

    /// Larger than this service takes; the limit in bytes.
    #[error("a binary may be at most {0} bytes")]
    BinaryTooLarge(u64),
    /// Too large for a direct POST; the limit in bytes.
    #[error("a direct upload may be at most {0} bytes; ask for a presigned upload with a JSON body instead")]
    UsePresignedUpload(u64),
    /// The kind was fixed at the first move.
    #[error("this binary was first moved as a {0}, and that is fixed")]
    BinaryKindFixed(&'static str),
    /// Nothing has been uploaded under that digest.
    #[error("no upload with this SHA-256 has arrived; upload it first")]
    UploadMissing,
    /// What the store holds is not what was announced.
    #[error("{0}")]
    UploadMismatch(String),
    /// It is a package, but damaged or not fit for devices; why.
    #[error("the package cannot be used: {0}")]
    PackageMalformed(String),

    /// The image is in that feed of that device type already.
    #[error("the image is already associated with this device type in feed {0}")]
    AlreadyAssociated(String),
    /// What was withdrawn stays so.
    #[error("the image was withdrawn from this feed for good; register it again to release it")]
    RolloutWithdrawn,
    /// Whoever asked to go on did not know of the halt that is in force.
    #[error("it was stopped or paused after this request was made; look why, and ask again")]
    HaltedSince,
    /// What goes together with others cannot be taken away alone.
    #[error(
        "the image is in bundle {0} together with others: withdraw it with them, or pause it before it is taken out"
    )]
    InBundle(String),
    /// What lies above it would be offered to devices that never passed through it; the feed.
    #[error(
        "devices must pass through the image in feed {0}: say floor false in its rollout there first, and what is above \
         it is offered to those that are below"
    )]
    IsFloor(String),
    /// Slugs are global and taken for good.
    #[error("this device type id is taken")]
    DeviceTypeTaken,
    /// Associations or devices hang on it.
    #[error("the device type still has associations or devices; remove them first")]
    DeviceTypeInUse,
    /// Associations or grants hang on it, or it is one of the four that stay.
    #[error("{0}")]
    FeedInUse(&'static str),
    /// The name means something else in URLs.
    #[error("{0} is a reserved name")]
    ReservedName(String),
    /// The check answer of this device type and feed would grow too large.
    #[error("too many firmware types in one feed: the manifest would exceed {0} bytes")]
    ManifestTooLarge(usize),
    /// The index or the catalogue of this device type and feed would grow too large; which, and the limit.
    #[error("{0}")]
    IndexTooLarge(&'static str),
    /// The feed has that version of the package or a greater one, which clients would not replace.
    #[error(
        "the feed already has {package} {current}, and {version} is not greater by opkg's order, so no client would \
         install it; build the package again with a greater version or, to go back to older contents, with a greater \
         epoch: {}",
        repacked(.version, .current)
    )]
    VersionNotNewer {
        /// The package.
        package: String,
        /// The version refused.
        version: String,
        /// The latest version in the feed.
        current: String,
    },
    /// The package was built for something else.
    #[error("the package is for architecture {package}, the device type for {device_type}")]
    ArchitectureMismatch {
        /// What the package was built for.
        package: String,
        /// What the device type is.
        device_type: String,
    },
    /// Too much has changed since.
    #[error(
        "more has changed since then than can be taken back; ask about a later moment, or read the audit"
    )]
    PastOutOfReach,
    /// A limit of the service; its text.
    #[error("{0}")]
    LimitReached(&'static str),
    /// Whoever proposed something may not approve it.
    #[error(
        "this was proposed with a key of the same line; somebody whose key an operator made has to approve it"
    )]
    OwnProposal,
    /// The proposal waits no more; what became of it.
    #[error("this proposal is {0}")]
    ApprovalClosed(&'static str),
    /// What was proposed could not be carried out; why. The proposal has failed.
    #[error("what was proposed is not possible any more, and must be proposed anew: {0}")]
    ApprovalFailed(String),
    /// What a proposal was made upon has changed since.
    #[error("what it was proposed upon has changed since")]
    ProposalOutdated,
    /// Steps of a proposed schedule have gone by while it waited.
    #[error("steps of its schedule went by while it waited, and would be taken at once")]
    ProposalOvertaken,
    /// The partner id is taken.
    #[error("a partner with this id already exists")]
    PartnerExists,
}

fn summary(faults: &[Fault]) -> String {
    match faults {
        [] => "the body is not valid".to_owned(),
        [only] if only.pointer.is_empty() => only.message.clone(),
        [only] => format!("{} {}", only.pointer, only.message),
        [first, rest @ ..] => format!("{} {} (and {} more)", first.pointer, first.message, rest.len()),
    }
}
