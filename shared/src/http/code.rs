//! Every error code of the service, once, with its status.

use http::StatusCode;

macro_rules! codes {
    ($($(#[$meta:meta])* $name:ident = $text:literal, $status:literal, $title:literal;)*) => {
        /// A stable error code. Clients may rely on the code; the words beside it may change.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code {
            $($(#[$meta])* $name,)*
        }

        impl Code {
            /// Every code there is.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code as it stands in a problem.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// The code in a few words.
            pub const fn title(self) -> &'static str {
                match self {
                    $(Self::$name => $title,)*
                }
            }

            /// The HTTP status that goes with the code.
            pub fn status(self) -> StatusCode {
                let number: u16 = match self {
                    $(Self::$name => $status,)*
                };
                StatusCode::from_u16(number).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    };
}

codes! {
    /// The body is not JSON (or not the form it should be).
    MalformedJson = "malformed_json", 400, "The body cannot be read";
    /// A path, query or header value cannot be read.
    InvalidParameter = "invalid_parameter", 400, "A parameter cannot be read";
    /// No key was sent.
    KeyMissing = "key_missing", 401, "A key is needed";
    /// What was sent is no key.
    KeyMalformed = "key_malformed", 401, "That is not a key";
    /// The key has ended.
    KeyExpired = "key_expired", 401, "The key has expired";
    /// The key was revoked, or never existed.
    KeyRevoked = "key_revoked", 401, "The key is not valid";
    /// The credential opens nothing here.
    CredentialRequired = "credential_required", 401, "This feed is restricted";
    /// Not this device's token.
    DeviceTokenInvalid = "device_token_invalid", 401, "That is not this device's token";
    /// The key lacks the right.
    RightMissing = "right_missing", 403, "The key lacks a right";
    /// Somebody else must approve it.
    OwnProposal = "own_proposal", 403, "Somebody else must approve this";
    /// Platform types belong to the operator.
    PlatformType = "platform_type", 403, "Platform types belong to the operator";
    /// Not there, or not yours.
    NotFound = "not_found", 404, "Not found";
    /// Nothing uploaded under that digest.
    UploadMissing = "upload_missing", 404, "The upload has not arrived";
    /// The path is there, the method is not.
    MethodNotAllowed = "method_not_allowed", 405, "Method not allowed";
    /// The type's number is in use.
    TypeExists = "type_exists", 409, "The firmware type exists";
    /// Type, name and version are in use.
    ImageExists = "image_exists", 409, "The image exists";
    /// Once associated, never changed.
    ImageSealed = "image_sealed", 409, "The image is sealed";
    /// Withdraw the offers first.
    ImageOffered = "image_offered", 409, "The image is offered to other partners";
    /// In that feed already.
    AlreadyAssociated = "already_associated", 409, "The image is already associated";
    /// The device is to stop.
    UpdateWithdrawn = "update_withdrawn", 409, "The update was withdrawn";
    /// The device was not offered that.
    NotOffered = "not_offered", 409, "The image was not offered to the device";
    /// What was withdrawn stays so.
    RolloutWithdrawn = "rollout_withdrawn", 409, "The image was withdrawn";
    /// A halt came between.
    HaltedSince = "halted_since", 409, "It was halted since";
    /// It can only go with what it is bundled with.
    InBundle = "in_bundle", 409, "The image is in a bundle";
    /// Devices must pass through it.
    IsFloor = "is_floor", 409, "Devices must pass through the image";
    /// The slug is taken.
    DeviceTypeTaken = "device_type_taken", 409, "The device type id is taken";
    /// Associations or devices hang on it.
    DeviceTypeInUse = "device_type_in_use", 409, "The device type is in use";
    /// Associations or grants hang on it, or it is a standard feed.
    FeedInUse = "feed_in_use", 409, "The feed is in use";
    /// The partner id is taken.
    PartnerExists = "partner_exists", 409, "The partner exists";
    /// The kind was fixed at the first move.
    BinaryKindFixed = "binary_kind_fixed", 409, "The kind of the binary is fixed";
    /// The feed has that version of the package, or a greater one.
    VersionNotNewer = "version_not_newer", 409, "The version is not newer";
    /// The feed asks for approvals.
    ApprovalNeeded = "approval_needed", 409, "The feed asks for approvals";
    /// The proposal waits no more.
    ApprovalClosed = "approval_closed", 409, "The proposal waits no more";
    /// It was approved, and could not be carried out.
    ApprovalFailed = "approval_failed", 409, "The proposal has failed";
    /// A limit of the service.
    LimitReached = "limit_reached", 409, "A limit is reached";
    /// Others changed the same things at the same time; try again.
    ConflictRetry = "conflict_retry", 409, "Too many changes at once";
    /// More bytes than a direct upload may have.
    UsePresignedUpload = "use_presigned_upload", 413, "Too large for a direct upload";
    /// More bytes than a JSON body may have.
    BodyTooLarge = "body_too_large", 413, "The body is too large";
    /// The body's media type is not one this operation takes.
    UnsupportedMediaType = "unsupported_media_type", 415, "Unsupported media type";
    /// A field holds a value that is not allowed.
    InvalidField = "invalid_field", 422, "A field is not valid";
    /// No such firmware type.
    TypeUnknown = "type_unknown", 422, "The firmware type does not exist";
    /// Type 4 never enters the pool.
    DescriptionNotPooled = "description_not_pooled", 422, "Device descriptions are not pooled";
    /// The url names no binary of this partner.
    NotYourBinary = "not_your_binary", 422, "Not a binary of yours";
    /// A record without a binary cannot be associated.
    NoBinary = "no_binary", 422, "The image has no binary";
    /// The same key with another body.
    IdempotencyMismatch = "idempotency_mismatch", 422, "The idempotency key was used otherwise";
    /// Larger than this service takes.
    BinaryTooLarge = "binary_too_large", 422, "The binary is too large";
    /// Not the bytes that were announced.
    UploadMismatch = "upload_mismatch", 422, "The upload is not what was announced";
    /// It is a package, but damaged or not fit for devices.
    PackageMalformed = "package_malformed", 422, "The package cannot be used";
    /// The name means something else in URLs.
    ReservedName = "reserved_name", 422, "The name is reserved";
    /// The check answer would grow too large.
    ManifestTooLarge = "manifest_too_large", 422, "The manifest would be too large";
    /// The package index would grow too large.
    IndexTooLarge = "index_too_large", 422, "The package index would be too large";
    /// The package was built for another architecture.
    ArchitectureMismatch = "architecture_mismatch", 422, "The architecture does not fit";
    /// Too much has changed since.
    PastOutOfReach = "past_out_of_reach", 422, "Too much has changed since then";
    /// The device has changed too often today.
    TooManyReports = "too_many_reports", 429, "Too many reports";
    /// A fault of this service.
    Internal = "internal", 500, "Something went wrong here";
    /// Feeds are read, never written.
    NotImplemented = "not_implemented", 501, "Not implemented";
    /// The database or store did not answer.
    DependencyUnavailable = "dependency_unavailable", 503, "A part of the service does not answer";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_spelled_alike() {
        let mut seen = std::collections::HashSet::new();
        for code in Code::ALL {
            assert!(seen.insert(code.as_str()), "{}", code.as_str());
            assert!(code.as_str().bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
            assert!(code.status().is_client_error() || code.status().is_server_error());
        }
    }
}
