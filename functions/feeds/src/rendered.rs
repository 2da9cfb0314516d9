//! An index as it is served, in every form, from one revision.

use std::io::Write as _;
use std::sync::OnceLock;

use bytes::Bytes;
use flate2::{Compression, GzBuilder};
use shared::domain::IndexPointer;
use shared::http::Problem;
use shared::http::answer::entity_tag;

use crate::answer::Whole;
use crate::keys::Keys;
use crate::path::Form;

/// An index and its compressed form. Signatures depend on the pointer too, and are made when they are asked for.
#[derive(Debug)]
pub(crate) struct Rendered {
    text: Bytes,
    etag: String,
    gzip: OnceLock<(Bytes, String)>,
    signatures: std::sync::Mutex<Vec<(String, String)>>,
}

impl Rendered {
    /// An index in its plain form.
    pub(crate) fn new(text: String) -> Self {
        let text = Bytes::from(text);
        let etag = entity_tag(&text);
        Self { text, etag, gzip: OnceLock::new(), signatures: std::sync::Mutex::default() }
    }

    /// Roughly how many bytes it takes, compressed form included.
    pub(crate) fn bytes(&self) -> usize {
        self.text.len() + self.text.len() / 4
    }

    /// The form asked for; none if it is a signature and the service has no such key.
    pub(crate) fn form(
        &self,
        form: Form,
        pointer: &IndexPointer,
        modified: i64,
        keys: &Keys,
    ) -> Result<Option<Whole>, Problem> {
        let whole = match form {
            Form::Bare | Form::Plain => Whole {
                bytes: self.text.clone(),
                media_type: "text/plain; charset=utf-8",
                etag: self.etag.clone(),
                modified,
            },
            Form::Gzip => {
                let (bytes, etag) = self.gzip()?;
                Whole { bytes: bytes.clone(), media_type: "application/gzip", etag: etag.clone(), modified }
            }
            Form::OpenPgp => {
                let Some(key) = keys.openpgp(&pointer.keys) else { return Ok(None) };
                let at = u32::try_from(pointer.written).unwrap_or_default();
                let text = self.signature(format!("asc {} {at}", key.key_id()), || {
                    key.sign(&self.text, at).map_err(|error| Problem::internal(error.to_string()))
                })?;
                // It is made for a revision, whatever that changed.
                Whole { media_type: "application/pgp-signature", ..Whole::text(text, pointer.changed) }
            }
            Form::Usign => {
                let Some(key) = keys.usign(&pointer.keys) else { return Ok(None) };
                let text = self.signature(format!("sig {}", key.key_id()), || Ok(key.sign(&self.text)))?;
                Whole::text(text, pointer.changed)
            }
        };
        Ok(Some(whole))
    }

    fn gzip(&self) -> Result<&(Bytes, String), Problem> {
        if let Some(made) = self.gzip.get() {
            return Ok(made);
        }
        let bytes = gzip(&self.text).map_err(|error| Problem::internal(error.to_string()))?;
        let etag = entity_tag(&bytes);
        Ok(self.gzip.get_or_init(|| (bytes.into(), etag)))
    }

    fn signature(
        &self,
        name: String,
        make: impl FnOnce() -> Result<String, Problem>,
    ) -> Result<String, Problem> {
        let mut known = self.signatures.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((_, text)) = known.iter().find(|(each, _)| *each == name) {
            return Ok(text.clone());
        }
        let text = make()?;
        // An older revision with the same index is not asked for again.
        known.truncate(1);
        known.insert(0, (name, text.clone()));
        Ok(text)
    }
}

/// Without a time and a name in it: the same bytes from every process.
fn gzip(text: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut out = GzBuilder::new().mtime(0).write(Vec::new(), Compression::default());
    out.write_all(text)?;
    out.finish()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use shared::domain::{FeedName, KeyIds};
    use shared::secrets::Secrets;

    use super::*;

    fn pointer() -> IndexPointer {
        let (device_type, feed) = ("dev1".parse().unwrap(), FeedName::release());
        IndexPointer::empty(device_type, feed, "acme".parse().unwrap(), 100, KeyIds::default())
    }

    #[test]
    fn a_service_without_signing_keys_has_no_signatures_and_the_rest_all_the_same() {
        let secrets = Secrets::generate(&[7; 64]);
        let keys = Keys::read(&secrets.into()).unwrap();
        assert!(!keys.sign());
        let rendered = Rendered::new("Package: a\n\n".to_owned());
        let given = |form| rendered.form(form, &pointer(), 100, &keys).unwrap();
        assert!(given(Form::OpenPgp).is_none() && given(Form::Usign).is_none());
        assert_eq!(given(Form::Plain).unwrap().bytes, "Package: a\n\n");
        assert!(given(Form::Gzip).is_some());
    }

    #[test]
    fn an_index_is_signed_by_the_key_that_its_pointer_names_if_that_is_known() {
        let old = Secrets::generate(&[7; 64]).completed(&[1; 104]).unwrap();
        let fresh = Secrets::generate(&[7; 64]).completed(&[2; 104]).unwrap();
        let (id, key) = fresh.usign.as_ref().unwrap().current();
        let both =
            Secrets { usign: Some(old.usign.as_ref().unwrap().rotated(id, key.to_vec())), ..old.clone() };
        let rendered = Rendered::new("Package: a\n\n".to_owned());
        let sign = |secrets: &Secrets, named: &Secrets| {
            let mut pointer = pointer();
            pointer.keys.usign = named.usign.as_ref().map(|key| key.current().0.to_owned());
            rendered
                .form(Form::Usign, &pointer, 100, &Keys::read(&secrets.clone().into()).unwrap())
                .unwrap()
                .unwrap()
                .bytes
        };
        assert_eq!(sign(&both, &old), sign(&old, &old), "before and after a rotation alike");
        assert_eq!(sign(&both, &fresh), sign(&fresh, &fresh));
        assert_ne!(sign(&both, &old), sign(&both, &fresh));
        assert_eq!(
            sign(&old, &fresh),
            sign(&old, &old),
            "one that is not known yet is replaced by the current one"
        );
    }

    #[test]
    fn an_empty_index_is_an_empty_gzip_and_not_an_empty_file() {
        let bytes = gzip(b"").unwrap();
        assert_eq!(&bytes[..8], [0x1F, 0x8B, 8, 0, 0, 0, 0, 0]);
        let mut text = String::new();
        flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap();
        assert_eq!(text, "");
    }
}
