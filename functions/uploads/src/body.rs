//! What is posted to `/binaries`, told apart by its media type: an announcement, or the bytes themselves.

use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http::{HeaderMap, header};
use shared::blobs::Upload;
use shared::domain::{Md5, Refusal, Sha256};
use shared::http::body::{is_json, read_body};
use shared::http::{Code, JsonBody, Problem};
use shared::usecases::binaries::MAX_DIRECT;

use crate::envelope::{self, Damaged};

/// How much longer than its file a multipart body may be, in bytes.
const ENVELOPE_ROOM: usize = 64 << 10;

/// What was posted.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// Word of bytes that are to follow.
    Announced(Upload),
    /// The bytes.
    Direct(Bytes),
}

/// The media types that this operation takes.
#[derive(Debug, PartialEq, Eq)]
enum Media {
    Json,
    Bytes,
    /// With the boundary as it was declared.
    Multipart(String),
}

impl Media {
    fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        if is_json(headers) {
            return Ok(Self::Json);
        }
        let text =
            headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match essence.as_str() {
            "application/octet-stream" => Ok(Self::Bytes),
            "multipart/form-data" => multer::parse_boundary(text)
                .map(Self::Multipart)
                .map_err(|_| Problem::new(Code::MalformedJson, "multipart/form-data must name its boundary")),
            _ => Err(Problem::new(
                Code::UnsupportedMediaType,
                "send application/json to announce an upload, or a small file as application/octet-stream or \
                 multipart/form-data",
            )),
        }
    }
}

impl<S: Send + Sync> FromRequest<S> for Incoming {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match Media::of(request.headers())? {
            Media::Json => announcement(JsonBody::from_request(request, state).await?),
            Media::Bytes => {
                let body = bounded(request).await?;
                match envelope::recognise(&body).map_err(damaged)? {
                    Some(boundary) => file(body, boundary).await,
                    None => Ok(Self::Direct(body)),
                }
            }
            Media::Multipart(boundary) => file(bounded(request).await?, boundary).await,
        }
    }
}

fn announcement(JsonBody { mut fields, .. }: JsonBody) -> Result<Incoming, Problem> {
    let md5 = fields.optional::<Md5>("md5");
    let (sha256, size) = (fields.required::<Sha256>("sha256"), fields.required::<u64>("size"));
    let (sha256, size) = fields.finish((sha256, size))?;
    Ok(Incoming::Announced(Upload { sha256, size, md5 }))
}

/// The whole body, if it can be a direct upload.
async fn bounded(request: Request) -> Result<Bytes, Problem> {
    let body = read_body(request, MAX_DIRECT + ENVELOPE_ROOM).await?;
    body.ok_or_else(|| Refusal::UsePresignedUpload(MAX_DIRECT as u64).into())
}

async fn file(body: Bytes, boundary: String) -> Result<Incoming, Problem> {
    envelope::file(body, boundary).await.map(Incoming::Direct).map_err(damaged)
}

fn damaged(Damaged(why): Damaged) -> Problem {
    Problem::new(Code::MalformedJson, why)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn media(text: &str) -> Result<Media, Code> {
        let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_str(text).unwrap())]);
        Media::of(&headers).map_err(|problem| problem.code)
    }

    #[test]
    fn media_types_are_read_without_their_parameters_and_in_any_case() {
        assert_eq!(Media::of(&HeaderMap::new()).unwrap(), Media::Json);
        assert_eq!(media("application/json; charset=utf-8"), Ok(Media::Json));
        assert_eq!(media("Application/Octet-Stream"), Ok(Media::Bytes));
        assert_eq!(media("application/octet-stream; x=y"), Ok(Media::Bytes));
        assert_eq!(media("multipart/form-data; boundary=\"a b\""), Ok(Media::Multipart("a b".into())));
        assert_eq!(media("Multipart/Form-Data; Boundary=AbC"), Ok(Media::Multipart("AbC".into())));
    }

    #[test]
    fn other_media_types_are_refused() {
        for other in [
            "application/x-www-form-urlencoded",
            "text/plain",
            "multipart/mixed; boundary=a",
            "",
            "octet-stream",
        ] {
            assert_eq!(media(other), Err(Code::UnsupportedMediaType), "{other}");
        }
        assert_eq!(media("multipart/form-data"), Err(Code::MalformedJson));
        assert_eq!(media("multipart/form-data; boundary=é"), Err(Code::UnsupportedMediaType));
    }
}
