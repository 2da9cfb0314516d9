//! Errors on the wire: RFC 9457 problems, plus the members that clients of the published API read.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::code::Code;
use crate::domain::{Fault, Invalid, Refusal, Timestamp};

/// An error answer. The request id and the time are filled in by [`super::router::finish`].
#[derive(Debug, Clone)]
pub struct Problem {
    /// The stable code.
    pub code: Code,
    /// What is wrong, for the person who sent the request.
    pub detail: String,
    /// Faults of single fields or parameters.
    pub faults: Vec<Fault>,
    /// What the log is told and the client is not.
    pub internal: Option<String>,
    /// Seconds after which trying again makes sense.
    pub retry_after: Option<u32>,
    /// OAuth's own word for the error, at the token endpoint.
    pub oauth_error: Option<&'static str>,
    /// A challenge for `WWW-Authenticate`.
    pub challenge: Option<&'static str>,
}

impl Problem {
    /// A problem with a code and words.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        let challenge = match code {
            Code::KeyMissing
            | Code::KeyMalformed
            | Code::KeyExpired
            | Code::KeyRevoked
            | Code::DeviceTokenInvalid => Some("Bearer"),
            _ => None,
        };
        Self {
            code,
            detail: detail.into(),
            faults: Vec::new(),
            internal: None,
            retry_after: None,
            oauth_error: None,
            challenge,
        }
    }

    /// The one answer for what is not there and for what is not yours.
    pub fn not_found() -> Self {
        Refusal::NotFound.into()
    }

    /// A parameter of the path, query or headers that cannot be read.
    pub fn parameter(name: &str, why: &Invalid) -> Self {
        let mut problem = Self::new(Code::InvalidParameter, format!("{name} {why}"));
        problem.faults.push(Fault::at(name, why.to_string()));
        problem
    }

    /// A fault of this service, whose cause only the log is told.
    pub fn internal(cause: impl Into<String>) -> Self {
        let mut problem = Self::new(Code::Internal, "the request failed for a reason that has been logged");
        problem.internal = Some(cause.into());
        problem
    }

    /// A dependency that does not answer: try again in a moment.
    pub fn unavailable(cause: impl Into<String>) -> Self {
        let mut problem =
            Self::new(Code::DependencyUnavailable, "a part of the service does not answer; try again");
        problem.internal = Some(cause.into());
        problem.retry_after = Some(2);
        problem
    }

    /// The body of the problem.
    pub fn body(&self, request_id: &str, now: Timestamp) -> Value {
        let code = self.code.as_str();
        let mut body = json!({
            "type": format!("urn:ota:error:{code}"),
            "title": self.code.title(),
            "status": self.code.status().as_u16(),
            "detail": self.detail,
            "code": code,
            "requestId": request_id,
            "timestamp": now.millis(),
            "error": self.oauth_error.unwrap_or(code),
            "error_description": self.detail,
            "trace": format!("{code} in request {request_id}"),
        });
        if !self.faults.is_empty() {
            body["errors"] = self
                .faults
                .iter()
                .map(|fault| json!({"pointer": fault.pointer, "message": fault.message}))
                .collect();
        }
        body
    }

    /// The body of the problem of a part of what was asked; what only the log is told is logged here, since the answer as a
    /// whole is none.
    pub fn of_a_part(&self, request_id: &str, now: Timestamp) -> Value {
        if let Some(cause) = &self.internal {
            let code = self.code.as_str();
            tracing::error!(request_id, code, cause, "a part of a request failed");
        }
        self.body(request_id, now)
    }

    /// The whole answer.
    pub fn into_answer(self, request_id: &str, now: Timestamp) -> Response {
        let body = self.body(request_id, now).to_string();
        let mut response = (self.code.status(), body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        let cache = if self.code == Code::CredentialRequired { "private, no-store" } else { "no-store" };
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(challenge) = self.challenge {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        response
    }
}

/// Carries the problem to [`super::router::finish`], which knows request id and time.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
        *response.status_mut() = self.code.status();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let code = match &refusal {
            Refusal::NotFound => Code::NotFound,
            Refusal::DeviceTokenInvalid => Code::DeviceTokenInvalid,
            Refusal::FeedClosed => Code::CredentialRequired,
            Refusal::UpdateWithdrawn => Code::UpdateWithdrawn,
            Refusal::NotOffered => Code::NotOffered,
            Refusal::TooManyReports => Code::TooManyReports,
            Refusal::RightMissing(_) => Code::RightMissing,
            Refusal::InvalidFields(_) => Code::InvalidField,
            Refusal::TypeExists => Code::TypeExists,
            Refusal::PlatformType => Code::PlatformType,
            Refusal::TypeUnknown(_) => Code::TypeUnknown,
            Refusal::DescriptionNotPooled => Code::DescriptionNotPooled,
            Refusal::ImageExists(_) => Code::ImageExists,
            Refusal::ImageSealed => Code::ImageSealed,
            Refusal::ImageOffered => Code::ImageOffered,
            Refusal::NotYourBinary(_) => Code::NotYourBinary,
            Refusal::NoBinary => Code::NoBinary,
            Refusal::IdempotencyMismatch => Code::IdempotencyMismatch,
            Refusal::BinaryTooLarge(_) => Code::BinaryTooLarge,
            Refusal::UsePresignedUpload(_) => Code::UsePresignedUpload,
            Refusal::BinaryKindFixed(_) => Code::BinaryKindFixed,
            Refusal::UploadMissing => Code::UploadMissing,
            Refusal::UploadMismatch(_) => Code::UploadMismatch,
            Refusal::PackageMalformed(_) => Code::PackageMalformed,
            Refusal::AlreadyAssociated(_) => Code::AlreadyAssociated,
            Refusal::RolloutWithdrawn => Code::RolloutWithdrawn,
            Refusal::HaltedSince => Code::HaltedSince,
            Refusal::InBundle(_) => Code::InBundle,
            Refusal::IsFloor(_) => Code::IsFloor,
            Refusal::DeviceTypeTaken => Code::DeviceTypeTaken,
            Refusal::DeviceTypeInUse => Code::DeviceTypeInUse,
            Refusal::FeedInUse(_) => Code::FeedInUse,
            Refusal::ReservedName(_) => Code::ReservedName,
            Refusal::ManifestTooLarge(_) => Code::ManifestTooLarge,
            Refusal::IndexTooLarge(_) => Code::IndexTooLarge,
            Refusal::VersionNotNewer { .. } => Code::VersionNotNewer,
            Refusal::ArchitectureMismatch { .. } => Code::ArchitectureMismatch,
            Refusal::LimitReached(_) => Code::LimitReached,
            Refusal::PastOutOfReach => Code::PastOutOfReach,
            Refusal::OwnProposal => Code::OwnProposal,
            Refusal::ApprovalClosed(_) => Code::ApprovalClosed,
            Refusal::ApprovalFailed(_) | Refusal::ProposalOutdated | Refusal::ProposalOvertaken => {
                Code::ApprovalFailed
            }
            Refusal::PartnerExists => Code::PartnerExists,
        };
        let mut problem = Self::new(code, refusal.to_string());
        match refusal {
            Refusal::TooManyReports => problem.retry_after = Some(3_600),
            Refusal::InvalidFields(faults) => problem.faults = faults,
            Refusal::NotYourBinary(field) => {
                problem.faults.push(Fault::at(format!("/{field}"), "is not a binary of yours"));
            }
            _ => {}
        }
        problem
    }
}

impl From<crate::usecases::Error> for Problem {
    fn from(error: crate::usecases::Error) -> Self {
        use crate::store;
        use crate::usecases::Error;
        match error {
            Error::Refused(refusal) => refusal.into(),
            Error::Denied(denial) => denial.into(),
            Error::NotGiven(fault) => fault.into(),
            Error::Waits(needed) => Self::new(
                Code::ApprovalNeeded,
                format!("feed {} asks for approvals, and this cannot be proposed", needed.feed),
            ),
            Error::Store(store::Error::Busy | store::Error::Guard(_)) => {
                let mut problem = Self::new(
                    Code::ConflictRetry,
                    "others changed the same things at the same time; nothing was done, try again",
                );
                problem.retry_after = Some(1);
                problem
            }
            Error::Store(error @ store::Error::Unavailable(_)) => Self::unavailable(error.to_string()),
            Error::Store(error @ store::Error::Corrupt { .. }) => Self::internal(error.to_string()),
            #[cfg(feature = "blobs")]
            Error::Blobs(error) => Self::unavailable(error.to_string()),
        }
    }
}

impl From<crate::needs::NotGiven> for Problem {
    fn from(fault: crate::needs::NotGiven) -> Self {
        Self::internal(fault.to_string())
    }
}

impl From<crate::usecases::keys::Denial> for Problem {
    fn from(denial: crate::usecases::keys::Denial) -> Self {
        use crate::usecases::keys::Denial;
        let code = match denial {
            Denial::Missing => Code::KeyMissing,
            Denial::Malformed => Code::KeyMalformed,
            Denial::Expired => Code::KeyExpired,
            Denial::Revoked => Code::KeyRevoked,
        };
        Self::new(code, denial.to_string())
    }
}
