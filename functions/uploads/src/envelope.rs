//! Multipart envelopes: recognised where none was declared, and opened.
//!
//! A known client posts a multipart body as `application/octet-stream`. Its file is taken out, and what looks like an
//! envelope but is damaged is refused: an envelope must never be stored as if it were firmware.

use axum::body::Body;
use bytes::Bytes;
use multer::Multipart;

/// How far into a body the headers of its first part are looked for, in bytes.
const HEADERS: usize = 8 << 10;

/// Longest boundary (RFC 2046).
const BOUNDARY: usize = 70;

/// Why an envelope cannot be opened, in words for the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Damaged(pub(crate) &'static str);

/// The boundary of the envelope that `body` is; none if it is a file as it stands.
///
/// A body is an envelope if it begins with `--<boundary>` and its first headers have a `Content-Disposition:
/// form-data`; how lines end does not matter, so that a mangled envelope is no file either.
pub(crate) fn recognise(body: &[u8]) -> Result<Option<String>, Damaged> {
    let start = body.iter().position(|byte| !b"\r\n".contains(byte)).unwrap_or(body.len());
    let head = &body[start..body.len().min(start + HEADERS)];
    let mut lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
    let Some(boundary) = lines.next().and_then(|line| line.strip_prefix(b"--")) else { return Ok(None) };
    if !lines.take_while(|line| !line.is_empty()).any(is_form_data) {
        return Ok(None);
    }
    match std::str::from_utf8(boundary) {
        Ok(boundary) if is_boundary(boundary) => Ok(Some(boundary.to_owned())),
        _ => Err(Damaged("the body looks like multipart/form-data, but its boundary is not valid")),
    }
}

fn is_form_data(line: &[u8]) -> bool {
    let mut halves = line.splitn(2, |byte| *byte == b':');
    let name = halves.next().unwrap_or_default().trim_ascii();
    let value = halves.next().unwrap_or_default().trim_ascii();
    name.eq_ignore_ascii_case(b"content-disposition")
        && value.get(..9).is_some_and(|kind| kind.eq_ignore_ascii_case(b"form-data"))
}

fn is_boundary(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte);
    (1..=BOUNDARY).contains(&text.len()) && text.bytes().all(allowed) && !text.ends_with(' ')
}

/// Takes the file out of an envelope: the first part that has a file name or is named `file`.
pub(crate) async fn file(body: Bytes, boundary: String) -> Result<Bytes, Damaged> {
    const BROKEN: Damaged = Damaged("the multipart body is damaged");
    if !is_boundary(&boundary) {
        return Err(Damaged("the boundary of the multipart body is not valid"));
    }
    if !ends_once(&body, &boundary) {
        return Err(Damaged("the multipart body does not end with its boundary"));
    }
    let mut parts = Multipart::new(Body::from(body).into_data_stream(), boundary);
    let mut file = None;
    // To the very end, even when the file has been found: all of the envelope must hold.
    while let Some(part) = parts.next_field().await.map_err(|_| BROKEN)? {
        let is_file = part.file_name().is_some() || part.name() == Some("file");
        let bytes = part.bytes().await.map_err(|_| BROKEN)?;
        if is_file && file.is_none() {
            file = Some(bytes);
        }
    }
    file.ok_or(Damaged("the multipart body holds no file"))
}

/// True if the closing boundary stands at the end of the body and nowhere before: an earlier one would cut the file.
fn ends_once(body: &[u8], boundary: &str) -> bool {
    let close = format!("\r\n--{boundary}--");
    let first = body.windows(close.len()).position(|window| window == close.as_bytes());
    first.is_some_and(|at| body[at + close.len()..].trim_ascii().is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FILE: &[u8] = b"\x7fELF\r\n--not the boundary\r\n\0\xff";

    fn envelope(parts: &[(&str, &[u8])]) -> Vec<u8> {
        let mut body = Vec::new();
        for (headers, content) in parts {
            body.extend_from_slice(b"--b0und\r\n");
            body.extend_from_slice(headers.as_bytes());
            body.extend_from_slice(b"\r\n\r\n");
            body.extend_from_slice(content);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--b0und--\r\n");
        body
    }

    const DISPOSITION: &str = "Content-Disposition: form-data; name=\"firmware\"; filename=\"a.bin\"";

    /// What is stored of an undeclared body.
    async fn stored(body: &[u8]) -> Result<Vec<u8>, Damaged> {
        match recognise(body)? {
            Some(boundary) => file(Bytes::copy_from_slice(body), boundary).await.map(Vec::from),
            None => Ok(body.to_vec()),
        }
    }

    #[tokio::test]
    async fn the_file_is_taken_out_of_an_undeclared_envelope() {
        assert_eq!(stored(&envelope(&[(DISPOSITION, FILE)])).await.unwrap(), FILE);
        let curl = format!("{DISPOSITION}\r\nContent-Type: application/octet-stream");
        assert_eq!(stored(&envelope(&[(&curl, FILE)])).await.unwrap(), FILE);
        let turned = format!("Content-Type: application/octet-stream\r\n{}", DISPOSITION.to_lowercase());
        assert_eq!(stored(&envelope(&[(&turned, FILE)])).await.unwrap(), FILE);
        let named = "Content-Disposition: form-data; name=\"file\"";
        let other = "Content-Disposition: form-data; name=\"note\"";
        assert_eq!(
            stored(&envelope(&[(other, b"x"), (named, FILE), (DISPOSITION, b"y")])).await.unwrap(),
            FILE
        );
        let mut led = b"\r\n".to_vec();
        led.extend(envelope(&[(DISPOSITION, FILE)]));
        assert_eq!(stored(&led).await.unwrap(), FILE);
        assert_eq!(stored(&envelope(&[(DISPOSITION, b"")])).await.unwrap(), b"");
    }

    #[tokio::test]
    async fn what_is_no_envelope_is_kept_to_the_byte() {
        let email = b"--b\r\nContent-Type: text/plain\r\n\r\nContent-Disposition: form-data\r\n--b--";
        for body in
            [FILE, b"", b"--", b"--\r\n", b"--b0und\r\n", b"\r\n\r\n", b"---- BEGIN ----\ndata", email]
        {
            assert_eq!(stored(body).await.unwrap(), body, "{body:?}");
        }
        let late =
            [b"--b\r\n".as_slice(), &vec![b'x'; HEADERS], b"\r\nContent-Disposition: form-data\r\n"].concat();
        assert_eq!(stored(&late).await.unwrap(), late);
    }

    #[tokio::test]
    async fn a_damaged_envelope_is_refused_and_never_kept() {
        let whole = envelope(&[(DISPOSITION, FILE)]);
        let close = whole.len() - b"\r\n".len();
        for cut in 40..close {
            let body = &whole[..cut];
            assert!(stored(body).await.is_err(), "cut at {cut}");
        }
        let unix: Vec<u8> = whole.iter().copied().filter(|byte| *byte != b'\r').collect();
        let no_file = envelope(&[("Content-Disposition: form-data; name=\"note\"", b"x")]);
        let spaced = [b"--b0und x\xff\r\n".as_slice(), &whole[9..]].concat();
        let long = String::from_utf8_lossy(&whole).replace("b0und", &"b".repeat(71)).into_bytes();
        let trailed = [whole.as_slice(), b"more"].concat();
        let bare = [b"--\r\n".as_slice(), DISPOSITION.as_bytes(), b"\r\n\r\nx\r\n----\r\n"].concat();
        for body in [unix, no_file, spaced, long, trailed, bare] {
            assert!(stored(&body).await.is_err(), "{}", String::from_utf8_lossy(&body));
        }
    }

    #[tokio::test]
    async fn a_file_that_holds_the_boundary_is_refused_rather_than_cut() {
        for inside in [b"a\r\n--b0und--\r\nb".as_slice(), b"a\r\n--b0und--", b"a\r\n--b0unded\r\nb"] {
            assert!(stored(&envelope(&[(DISPOSITION, inside)])).await.is_err());
        }
    }

    fn pieces() -> impl Strategy<Value = Vec<u8>> {
        let known = prop::sample::select(vec!["--", "b", "--b", "\r\n", "\n", ":", "--b--", DISPOSITION]);
        let piece = prop_oneof![
            known.prop_map(|text| text.as_bytes().to_vec()),
            prop::collection::vec(any::<u8>(), 0..4),
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(body in pieces()) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let _ = runtime.block_on(stored(&body));
            let _ = runtime.block_on(file(Bytes::from(body), "b".to_owned()));
        }

        #[test]
        fn every_file_comes_out_as_it_went_in(content in prop::collection::vec(any::<u8>(), 0..300)) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let stored = runtime.block_on(stored(&envelope(&[(DISPOSITION, &content)])));
            prop_assert_eq!(stored.unwrap(), content);
        }
    }
}
