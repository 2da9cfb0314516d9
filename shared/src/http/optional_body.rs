//! A JSON body that may be left out.

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use bytes::Bytes;

use super::body::{Fields, JsonBody, MAX_JSON, read_body};
use super::code::Code;
use super::problem::Problem;

/// A JSON object that may be left out.
#[derive(Debug)]
pub struct OptionalBody {
    /// Its fields; none if nothing was sent.
    pub fields: Fields,
}

impl<S: Send + Sync> FromRequest<S> for OptionalBody {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        // Without its headers: of what is empty, it does not matter what it is said to be.
        let bytes = read_body(Request::new(body), MAX_JSON).await?;
        let bytes = bytes.ok_or_else(|| {
            Problem::new(Code::BodyTooLarge, format!("a JSON body may be at most {MAX_JSON} bytes"))
        })?;
        let read = if bytes.is_empty() {
            JsonBody::parse(Bytes::from_static(b"{}"))?
        } else {
            JsonBody::from_request(Request::from_parts(parts, Body::from(bytes)), state).await?
        };
        Ok(Self { fields: read.fields })
    }
}
