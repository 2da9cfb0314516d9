//! What devices send: JSON, or the same in CBOR.

use axum::extract::{FromRequest, Request};
use http::{HeaderMap, header};
use serde_json::Value;

use super::body::{Fields, JsonBody, MAX_JSON, is_json, read_body};
use super::cbor;
use super::code::Code;
use super::problem::Problem;

/// An object, in JSON or CBOR.
#[derive(Debug)]
pub struct DeviceBody {
    /// Its fields.
    pub fields: Fields,
}

fn is_cbor(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::CONTENT_TYPE) else { return false };
    let essence = value.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/cbor")
}

impl<S: Send + Sync> FromRequest<S> for DeviceBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let cbor = is_cbor(request.headers());
        if !cbor && !is_json(request.headers()) {
            let words = "the body must be application/json or application/cbor";
            return Err(Problem::new(Code::UnsupportedMediaType, words));
        }
        let bytes = read_body(request, MAX_JSON).await?.ok_or_else(|| {
            Problem::new(Code::BodyTooLarge, format!("the body may have at most {MAX_JSON} bytes"))
        })?;
        if !cbor {
            return JsonBody::parse(bytes).map(|JsonBody { fields, .. }| Self { fields });
        }
        match cbor::read(&bytes) {
            Ok(Value::Object(map)) => Ok(Self { fields: Fields::of(map) }),
            Ok(_) => Err(Problem::new(Code::MalformedJson, "the body must be a CBOR map")),
            Err(why) => Err(Problem::new(Code::MalformedJson, why.to_string())),
        }
    }
}
