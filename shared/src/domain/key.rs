//! API keys: 256 random bits in a form that secret scanners and typing errors cannot miss.
//!
//! `otak1_` (a key) or `otab1_` (a 4-hour bearer), then 43 base62 digits of the random bits, then 6 base62
//! digits of the CRC-32 of everything before them. Only the SHA-256 of the text is ever stored.

use std::fmt;

use super::{Invalid, Sha256};

/// What a key row is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// A key that its holder keeps.
    Key,
    /// A bearer of 4 hours, made by token exchange.
    Bearer,
}

impl KeyKind {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Key => "otak1_",
            Self::Bearer => "otab1_",
        }
    }
}

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const RANDOM_DIGITS: usize = 43;
const CHECK_DIGITS: usize = 6;

/// The text of a key. Shows itself only through [`Self::reveal`], never in logs.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyText(String);

impl KeyText {
    /// A key of `kind` made of 256 random bits.
    pub fn new(kind: KeyKind, random: [u8; 32]) -> Self {
        let mut text = kind.prefix().to_owned();
        text.push_str(&base62(&random, RANDOM_DIGITS));
        let check = crc32fast::hash(text.as_bytes());
        text.push_str(&base62(&check.to_be_bytes(), CHECK_DIGITS));
        Self(text)
    }

    /// The secret itself, to be shown once to the person it was made for.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored and looked up in its place.
    pub fn digest(&self) -> Sha256 {
        Sha256::of(self.0.as_bytes())
    }
}

impl fmt::Debug for KeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyText(…)")
    }
}

impl std::str::FromStr for KeyText {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let broken = Invalid::because("is not a key of this service, or was mistyped");
        let known = [KeyKind::Key, KeyKind::Bearer].iter().any(|kind| text.starts_with(kind.prefix()));
        if !known || text.len() != 6 + RANDOM_DIGITS + CHECK_DIGITS || !text.is_ascii() {
            return Err(broken);
        }
        let (body, check) = text.split_at(6 + RANDOM_DIGITS);
        if base62(&crc32fast::hash(body.as_bytes()).to_be_bytes(), CHECK_DIGITS) != check {
            return Err(broken);
        }
        Ok(Self(text.to_owned()))
    }
}

/// `bytes` as one big-endian number in base 62, padded with zeros to `width` digits.
fn base62(bytes: &[u8], width: usize) -> String {
    let mut number = bytes.to_vec();
    let mut digits = vec![b'0'; width];
    for digit in digits.iter_mut().rev() {
        let mut rest = 0_u32;
        for byte in &mut number {
            let value = (rest << 8) | u32::from(*byte);
            *byte = u8::try_from(value / 62).unwrap_or_default();
            rest = value % 62;
        }
        *digit = DIGITS[rest as usize];
    }
    digits.into_iter().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_key_is_recognised_by_its_prefix_and_its_length() {
        let key = KeyText::new(KeyKind::Key, [0xFF; 32]);
        assert!(key.reveal().starts_with("otak1_"));
        assert_eq!(key.reveal().len(), 55);
        assert_eq!(key.reveal().parse::<KeyText>().unwrap(), key);
        assert_eq!(format!("{key:?}"), "KeyText(…)");
    }

    proptest! {
        #[test]
        fn a_key_with_one_wrong_character_is_refused(random: [u8; 32], at in 0_usize..55, with in "[0-9A-Za-z]") {
            let key = KeyText::new(KeyKind::Bearer, random);
            let mut text = key.reveal().to_owned();
            prop_assume!(text[at..=at] != with);
            text.replace_range(at..=at, &with);
            prop_assert!(text.parse::<KeyText>().is_err());
        }

        #[test]
        fn different_bits_make_different_keys(a: [u8; 32], b: [u8; 32]) {
            prop_assume!(a != b);
            prop_assert_ne!(KeyText::new(KeyKind::Key, a), KeyText::new(KeyKind::Key, b));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in ".*") {
            let _ = text.parse::<KeyText>();
        }
    }
}
