//! Firmware types: categories of firmware, each with its own run of version numbers.

use super::{Description, Name, PartnerId, Timestamp, TypeNumber};

/// The types that every deployment has, with the names that the OTA API document gives them.
const BUILT_IN: &[(u16, &str)] = &[
    (1, "BOOTLOADER"),
    (2, "SOFT_DEVICE"),
    (3, "APPLICATION"),
    (4, "DEVICE_DESCRIPTION"),
    (5, "HUB"),
    (6, "WIFI"),
    (7, "WIFI_CERTIFICATES"),
    (8, "WAN_APN_LIST"),
];

/// The highest number of a built-in type; operators add types from the next one on.
pub const LAST_BUILT_IN: u8 = 8;

/// A category of firmware.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirmwareType {
    /// Its published id: the number for platform types, a random 63-bit number for a partner's.
    pub id: u64,
    /// Its number, fixed for life.
    pub number: TypeNumber,
    /// Its name.
    pub name: Name,
    /// What it is for.
    pub description: Option<Description>,
    /// Whose it is; none for platform types.
    pub partner: Option<PartnerId>,
    /// When it was created; the epoch for built-in types.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
    /// Counts changes, so that two of them cannot pass each other unseen.
    pub revision: u64,
}

/// The built-in platform types, in order of their numbers.
pub fn built_in() -> Vec<FirmwareType> {
    BUILT_IN
        .iter()
        .filter_map(|(number, name)| {
            Some(FirmwareType {
                id: u64::from(*number),
                number: TypeNumber::try_from(*number).ok()?,
                name: name.parse().ok()?,
                description: None,
                partner: None,
                created: Timestamp::from_millis(0),
                updated: Timestamp::from_millis(0),
                revision: 0,
            })
        })
        .collect()
}

/// The name of a built-in type, or none if `number` is not built in.
pub fn built_in_name(number: TypeNumber) -> Option<Name> {
    built_in().into_iter().find(|each| each.number == number).map(|each| each.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_types_are_all_there() {
        assert_eq!(built_in().len(), BUILT_IN.len());
        assert_eq!(built_in_name(TypeNumber::try_from(3).unwrap()).unwrap().as_str(), "APPLICATION");
        assert_eq!(built_in_name(TypeNumber::try_from(9).unwrap()), None);
    }
}
