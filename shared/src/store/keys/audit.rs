//! The keys of the audit, and of what it says of one device type.

use super::{Key, device_type_partition, key};
use crate::domain::{DeviceTypeId, PartnerId, Timestamp};

/// The partition of a month's audit; `@operator` (no slug) for what belongs to no partner.
pub fn audit_partition(partner: Option<&PartnerId>, at: Timestamp) -> String {
    format!("AUDIT#{}#{}", partner.map_or("@operator", PartnerId::as_str), at.month())
}

/// True for the key of an audit item.
pub fn is_audit(key: &Key) -> bool {
    key.pk.starts_with("AUDIT#")
}

/// The sort key before those of all audit items of `at` and later.
pub fn audit_from(at: Timestamp) -> String {
    format!("{:013}", at.millis().max(0))
}

/// The moment in the sort key of an audit item, or in what [`audit_from`] made.
pub fn audit_moment(sk: &str) -> Option<Timestamp> {
    let digits = sk.get(..13).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    digits.parse().ok().map(Timestamp::from_millis)
}

/// The sort-key prefix of the changes of what a device type gives.
pub const CHANGE: &str = "CHANGE#";

/// A change of what a device type gives; `sk` is the sort key of its audit item.
pub fn change(device_type: &DeviceTypeId, sk: &str) -> Key {
    key(device_type_partition(device_type), format!("{CHANGE}{sk}"))
}

/// The sort key before those of all changes of `at` and later.
pub fn change_from(at: Timestamp) -> String {
    format!("{CHANGE}{}", audit_from(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_moment_of_an_item_is_in_its_key_and_in_a_bound() {
        let at = Timestamp::from_millis(1_795_305_600_000);
        assert_eq!(audit_moment(&format!("{}#r#00000001", audit_from(at))), Some(at));
        assert_eq!(audit_moment(&audit_from(at)), Some(at));
        for bad in ["", "17953056", "179530560000x#r", "é179530560000", "-795305600000"] {
            assert_eq!(audit_moment(bad), None, "{bad}");
        }
    }

    #[test]
    fn bounds_lie_between_the_items_of_two_moments() {
        let (first, next) = (Timestamp::from_millis(7), Timestamp::from_millis(8));
        let item = format!("{}#request#00000001", audit_from(first));
        assert!(audit_from(first) < item && item < audit_from(next));
        assert_eq!(change_from(first), format!("{CHANGE}{}", audit_from(first)));
    }
}
