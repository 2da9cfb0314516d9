//! What a device shows to reach a restricted feed: the SHA-1 of its IMEI or NDUID in hex.
//!
//! Source: *Access to restricted feeds* of the blueprint. The hash of a number with so few digits can be found
//! by trying them all, so it identifies more than it protects: only its HMAC is stored, and it is never logged.

use std::fmt;

use super::Invalid;

/// The lower-case hex SHA-1 that a device shows. Its `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct DeviceCredential(String);

/// Why a credential could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialFault {
    /// 14 to 16 digits: the real IMEI was sent, which must never happen.
    RealNumber,
    /// Not 40 hex digits.
    Shape(Invalid),
}

impl DeviceCredential {
    /// Reads 40 hex digits in either case.
    pub fn parse(text: &str) -> Result<Self, CredentialFault> {
        if (14..=16).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(CredentialFault::RealNumber);
        }
        if text.len() != 40 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(CredentialFault::Shape(Invalid::because("must be a SHA-1 in 40 hex digits")));
        }
        Ok(Self(text.to_ascii_lowercase()))
    }

    /// What is stored in its place: HMAC-SHA256 under `pepper`, in hex.
    pub fn pseudonym(&self, pepper: &[u8]) -> String {
        hex::encode(crate::secrets::hmac_sha256(pepper, &[b"imei1", self.0.as_bytes()]))
    }
}

impl fmt::Debug for DeviceCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceCredential(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_read_in_either_case_and_never_shown() {
        let hash = "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709";
        let upper = DeviceCredential::parse(hash).unwrap();
        let lower = DeviceCredential::parse(&hash.to_lowercase()).unwrap();
        assert_eq!(upper.pseudonym(b"p"), lower.pseudonym(b"p"));
        assert_ne!(upper.pseudonym(b"p"), upper.pseudonym(b"q"));
        assert!(!format!("{upper:?}").to_lowercase().contains("da39"));
    }

    #[test]
    fn the_real_number_is_told_apart_from_nonsense() {
        for imei in ["35693803564380", "356938035643809", "3569380356438091"] {
            assert_eq!(DeviceCredential::parse(imei), Err(CredentialFault::RealNumber));
        }
        assert!(matches!(DeviceCredential::parse("abc"), Err(CredentialFault::Shape(_))));
    }
}
