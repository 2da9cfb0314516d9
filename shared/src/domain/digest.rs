//! Digests of binaries: SHA-256 names the bytes, MD5 stands in package indexes and S3 entity tags.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::Digest as _;

use super::Invalid;

macro_rules! digest {
    ($(#[$meta:meta])* $name:ident, $len:literal, $what:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name([u8; $len]);

        impl $name {
            /// The raw bytes.
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }

            /// A digest of raw bytes already computed.
            pub const fn from_bytes(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }
        }

        impl std::str::FromStr for $name {
            type Err = Invalid;

            fn from_str(text: &str) -> Result<Self, Invalid> {
                let mut bytes = [0; $len];
                hex::decode_to_slice(text, &mut bytes).map_err(|_| Invalid::because($what))?;
                Ok(Self(bytes))
            }
        }

        impl TryFrom<String> for $name {
            type Error = Invalid;

            fn try_from(text: String) -> Result<Self, Invalid> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(digest: $name) -> Self {
                digest.to_string()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

digest!(
    /// SHA-256 of a binary; written in lower-case hex, read in either case.
    Sha256,
    32,
    "must be a SHA-256 in 64 hex digits"
);

digest!(
    /// MD5 of a binary; written in lower-case hex, read in either case.
    Md5,
    16,
    "must be an MD5 in 32 hex digits"
);

impl Sha256 {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_is_read_in_either_case_and_written_in_lower() {
        let upper = "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD";
        let digest: Sha256 = upper.parse().unwrap();
        assert_eq!(digest, Sha256::of(b"abc"));
        assert_eq!(digest.to_string(), upper.to_lowercase());
        assert!(upper[1..].parse::<Sha256>().is_err());
        assert!(format!("{upper}0").parse::<Sha256>().is_err());
    }
}
