//! Type numbers, version numbers and the image ids made of both.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Invalid;

/// A firmware type's number: 1 to 100 are platform types, 101 to 200 a partner's own (MCU).
///
/// Source: *About Firmware Types* of the OTA API document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct TypeNumber(u8);

impl TypeNumber {
    /// Device descriptions belong to one device type and never enter the pool.
    pub const DEVICE_DESCRIPTION: Self = Self(4);

    /// The number itself, 1 to 200.
    pub const fn get(self) -> u8 {
        self.0
    }

    /// True for 1 to 100, which mean the same to every partner.
    pub const fn is_platform(self) -> bool {
        self.0 <= 100
    }

    /// True for the one type whose images are registered under a device type instead of in the pool.
    pub const fn is_description(self) -> bool {
        self.0 == Self::DEVICE_DESCRIPTION.0
    }

    /// The attribute through which a device reports the version it runs: the number plus 2000.
    pub const fn version_attribute_id(self) -> u16 {
        2000 + self.0 as u16
    }

    /// The type that reports through `attribute` (2001 to 2200).
    pub fn from_version_attribute_id(attribute: u16) -> Result<Self, Invalid> {
        attribute
            .checked_sub(2000)
            .and_then(|number| Self::try_from(number).ok())
            .ok_or(Invalid::because("must be a version attribute id, 2001 to 2200"))
    }
}

impl TryFrom<u16> for TypeNumber {
    type Error = Invalid;

    fn try_from(number: u16) -> Result<Self, Invalid> {
        match u8::try_from(number) {
            Ok(number @ 1..=200) => Ok(Self(number)),
            _ => Err(Invalid::because("must be a firmware type number, 1 to 200")),
        }
    }
}

impl From<TypeNumber> for u16 {
    fn from(number: TypeNumber) -> Self {
        Self::from(number.0)
    }
}

impl std::str::FromStr for TypeNumber {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        plain_digits(text)
            .and_then(|digits| digits.parse::<u16>().ok())
            .ok_or(Invalid::because("must be a firmware type number, 1 to 200"))
            .and_then(Self::try_from)
    }
}

impl fmt::Display for TypeNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Numbers on the wire are digits only: no sign, no spaces, no leading zero.
fn plain_digits(text: &str) -> Option<&str> {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
    plain.then_some(text)
}

/// The number of one image within its type: 1 to 2^63−1, allocated by the service once and never again.
///
/// Source: *About Version Numbers* of the OTA API document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct VersionNumber(i64);

impl VersionNumber {
    /// The number itself, at least 1.
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl TryFrom<i64> for VersionNumber {
    type Error = Invalid;

    fn try_from(number: i64) -> Result<Self, Invalid> {
        if number >= 1 { Ok(Self(number)) } else { Err(Invalid::because("must be 1 to 9223372036854775807")) }
    }
}

impl From<VersionNumber> for i64 {
    fn from(number: VersionNumber) -> Self {
        number.0
    }
}

impl std::str::FromStr for VersionNumber {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        plain_digits(text)
            .and_then(|digits| digits.parse::<i64>().ok())
            .ok_or(Invalid::because("must be 1 to 9223372036854775807"))
            .and_then(Self::try_from)
    }
}

impl fmt::Display for VersionNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The version a device says it runs: any version number, or 0 for "has the slot, runs nothing of ours yet".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct ReportedVersion(i64);

impl TryFrom<i64> for ReportedVersion {
    type Error = Invalid;

    fn try_from(number: i64) -> Result<Self, Invalid> {
        if number < 0 {
            return Err(Invalid::because("must be a version number, 0 to 9223372036854775807"));
        }
        Ok(Self(number))
    }
}

impl From<ReportedVersion> for i64 {
    fn from(version: ReportedVersion) -> Self {
        version.0
    }
}

impl ReportedVersion {
    /// The reported number, 0 or more.
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl std::str::FromStr for ReportedVersion {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text == "0" {
            return Ok(Self(0));
        }
        text.parse::<VersionNumber>()
            .map(|number| Self(number.get()))
            .map_err(|_| Invalid::because("must be a version number, 0 to 9223372036854775807"))
    }
}

/// The published id of an image: its version number followed by its type in three digits (7 of 105 is `7105`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ImageId {
    /// The image's firmware type.
    pub r#type: TypeNumber,
    /// The image's number within that type.
    pub number: VersionNumber,
}

impl fmt::Display for ImageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:03}", self.number, self.r#type.get())
    }
}

impl std::str::FromStr for ImageId {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let broken = || Invalid::because("must be an image id: version number, then type in three digits");
        if !text.is_ascii() || text.len() < 4 {
            return Err(broken());
        }
        let (number, kind) = text.split_at(text.len() - 3);
        if !kind.bytes().all(|b| b.is_ascii_digit()) {
            return Err(broken());
        }
        let kind = kind.parse::<u16>().map_err(|_| broken()).and_then(TypeNumber::try_from)?;
        Ok(Self { r#type: kind, number: number.parse().map_err(|_| broken())? })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_image_id_is_number_then_type_in_three_digits() {
        let id: ImageId = "7105".parse().unwrap();
        assert_eq!((id.number.get(), id.r#type.get()), (7, 105));
        assert_eq!("1003".parse::<ImageId>().unwrap().to_string(), "1003");
        for bad in ["", "105", "7000", "7201", "0105", "-7105", "7+05", "x105", "07105"] {
            assert!(bad.parse::<ImageId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn version_numbers_end_at_63_bits() {
        assert!("9223372036854775807".parse::<VersionNumber>().is_ok());
        for bad in ["9223372036854775808", "0", "-1", "+1", "1.0", " 1", "01", ""] {
            assert!(bad.parse::<VersionNumber>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_device_may_report_zero() {
        assert_eq!("0".parse::<ReportedVersion>().unwrap().get(), 0);
        assert!("00".parse::<ReportedVersion>().is_err());
    }

    proptest! {
        #[test]
        fn image_ids_read_back(number in 1..=i64::MAX, kind in 1_u16..=200) {
            let id = ImageId {
                r#type: TypeNumber::try_from(kind).unwrap(),
                number: VersionNumber::try_from(number).unwrap(),
            };
            prop_assert_eq!(id.to_string().parse::<ImageId>().unwrap(), id);
        }

        #[test]
        fn no_text_makes_a_number_parser_panic(text in ".*") {
            let _ = text.parse::<ImageId>();
            let _ = text.parse::<VersionNumber>();
            let _ = text.parse::<TypeNumber>();
            let _ = text.parse::<ReportedVersion>();
        }
    }
}
