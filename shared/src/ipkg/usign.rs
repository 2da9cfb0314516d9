//! usign signatures: ed25519 over a file, in the two lines that OpenWrt's opkg verifies as `Packages.sig`.
//!
//! Each file's first line is a comment that nobody trusts; the second is base64 of `Ed`, an 8-byte key number, and the
//! key or the signature. The key number only says which key to look for. Knows nothing of where keys are kept.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{PUBLIC_KEY_LENGTH, SECRET_KEY_LENGTH, SIGNATURE_LENGTH, Signer as _};

/// Bytes of a key number.
pub const NUMBER_BYTES: usize = 8;

/// Bytes of a secret key as this service keeps it: the key number, then the seed.
pub const SECRET_BYTES: usize = NUMBER_BYTES + SECRET_KEY_LENGTH;

const ALGORITHM: &[u8] = b"Ed";
const COMMENT: &str = "untrusted comment: ";

/// Why a key cannot be read, or a signature is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It is no secret key.
    #[error("a secret usign key is {SECRET_BYTES} bytes: a number of {NUMBER_BYTES}, and a seed")]
    Secret,
    /// It is not of the form of a public key file.
    #[error("that is no usign public key")]
    PublicKey,
    /// It is not of the form of a signature file.
    #[error("that is no usign signature")]
    Signature,
    /// It was made with a key of another number.
    #[error("the signature was made with another key")]
    OtherKey,
    /// It is not this key's signature of this message.
    #[error("the signature does not fit")]
    Forged,
}

/// A secret key. Its `Debug` shows the id only.
#[derive(Clone)]
pub struct SigningKey {
    number: [u8; NUMBER_BYTES],
    key: ed25519_dalek::SigningKey,
}

impl SigningKey {
    /// The key of this number, made from this seed.
    pub fn new(number: [u8; NUMBER_BYTES], seed: &[u8; SECRET_KEY_LENGTH]) -> Self {
        Self { number, key: ed25519_dalek::SigningKey::from_bytes(seed) }
    }

    /// Reads [`SECRET_BYTES`] bytes: the key number, then the seed.
    pub fn read(bytes: &[u8]) -> Result<Self, Fault> {
        let (number, seed) = bytes.split_first_chunk().ok_or(Fault::Secret)?;
        Ok(Self::new(*number, seed.try_into().map_err(|_| Fault::Secret)?))
    }

    /// The key number in 16 hex digits, which is the name that OpenWrt looks for the public key under.
    pub fn key_id(&self) -> String {
        hex::encode(self.number)
    }

    /// The signature file of `message`: the same for the same message.
    pub fn sign(&self, message: &[u8]) -> String {
        let comment = format!("signed by key {}", self.key_id());
        file(&comment, self.number, &self.key.sign(message).to_bytes())
    }

    /// The public key file.
    pub fn public_text(&self) -> String {
        file(&format!("public key {}", self.key_id()), self.number, self.key.verifying_key().as_bytes())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("id", &self.key_id()).finish_non_exhaustive()
    }
}

/// Checks a signature file against a public key file; the comments may say anything.
pub fn verify(public_text: &str, message: &[u8], signature_text: &str) -> Result<(), Fault> {
    let (number, key) = parse::<PUBLIC_KEY_LENGTH>(public_text).ok_or(Fault::PublicKey)?;
    let (signed_by, signature) = parse::<SIGNATURE_LENGTH>(signature_text).ok_or(Fault::Signature)?;
    let key = ed25519_dalek::VerifyingKey::from_bytes(&key).map_err(|_| Fault::PublicKey)?;
    if signed_by != number {
        return Err(Fault::OtherKey);
    }
    let signature = ed25519_dalek::Signature::from_bytes(&signature);
    key.verify_strict(message, &signature).map_err(|_| Fault::Forged)
}

fn file(comment: &str, number: [u8; NUMBER_BYTES], payload: &[u8]) -> String {
    let packed = [ALGORITHM, &number, payload].concat();
    format!("{COMMENT}{comment}\n{}\n", STANDARD.encode(packed))
}

fn parse<const N: usize>(text: &str) -> Option<([u8; NUMBER_BYTES], [u8; N])> {
    let mut lines = text.lines();
    let (comment, packed) = (lines.next()?, lines.next()?);
    if !comment.starts_with(COMMENT) || lines.next().is_some() {
        return None;
    }
    let packed = STANDARD.decode(packed).ok()?;
    let (number, payload) = packed.strip_prefix(ALGORITHM)?.split_first_chunk()?;
    Some((*number, payload.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLIC: &str = include_str!("../../testdata/ipkg/usign.pub");
    const SIGNATURE: &str = include_str!("../../testdata/ipkg/Packages.sig.usign");
    const MESSAGE: &[u8] = include_bytes!("../../testdata/ipkg/Packages.for_sig");

    fn key() -> SigningKey {
        SigningKey::new([0xA1, 0, 2, 3, 4, 5, 6, 0xFF], &[7; 32])
    }

    #[test]
    fn a_signature_made_by_usign_is_believed() {
        assert_eq!(verify(PUBLIC, MESSAGE, SIGNATURE), Ok(()));
    }

    #[test]
    fn any_change_of_message_signature_or_key_is_found() {
        let signature = key().sign(MESSAGE);
        assert_eq!(verify(&key().public_text(), MESSAGE, &signature), Ok(()));
        assert_eq!(verify(&key().public_text(), &MESSAGE[1..], &signature), Err(Fault::Forged));
        assert_eq!(verify(PUBLIC, MESSAGE, &signature), Err(Fault::OtherKey));
        let impostor = SigningKey::new(key().number, &[8; 32]);
        assert_eq!(verify(&key().public_text(), MESSAGE, &impostor.sign(MESSAGE)), Err(Fault::Forged));
        // The last line is base64 of the algorithm, the number and the signature, in which every character counts.
        let start = signature.find('\n').unwrap() + 1;
        for at in start..signature.len() - 1 {
            let mut changed = signature.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(verify(&key().public_text(), MESSAGE, &changed).is_err(), "{at}");
        }
    }

    #[test]
    fn both_files_have_the_form_of_usigns_own() {
        assert_eq!(key().key_id(), "a1000203040506ff");
        let signature = key().sign(b"x");
        assert_eq!(signature, key().sign(b"x"));
        assert!(
            signature.starts_with("untrusted comment: signed by key a1000203040506ff\nRW"),
            "{signature}"
        );
        assert_eq!(signature.lines().last().unwrap().len(), SIGNATURE.lines().last().unwrap().len());
        assert!(signature.ends_with('\n') && signature.lines().count() == 2);
        assert_eq!(key().public_text().lines().last().unwrap().len(), PUBLIC.lines().last().unwrap().len());
        // `signed by key 7da356b0188f576f`: the number as it stands in the signature.
        assert_eq!(hex::encode(parse::<SIGNATURE_LENGTH>(SIGNATURE).unwrap().0), "7da356b0188f576f");
    }

    #[test]
    fn what_is_no_key_or_signature_is_told_apart() {
        let (public, good) = (key().public_text(), key().sign(b"x"));
        for text in
            ["", "untrusted comment: a\n", "a\nRWQ=\n", "untrusted comment: a\n!\n", &public, &good[1..]]
        {
            assert_eq!(verify(&public, b"x", text), Err(Fault::Signature), "{text}");
        }
        for text in ["", "untrusted comment: a\nRWQ=", &good, &format!("{public}more\n")] {
            assert_eq!(verify(text, b"x", &good), Err(Fault::PublicKey), "{text}");
        }
        for length in [0, 8, 39, 41] {
            assert_eq!(SigningKey::read(&vec![1; length]).unwrap_err(), Fault::Secret);
        }
        assert_eq!(SigningKey::read(&[1; 40]).unwrap().key_id(), "01".repeat(8));
        assert!(!format!("{:?}", SigningKey::read(&[7; 40]).unwrap()).contains("[7"));
    }
}
