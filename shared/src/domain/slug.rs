//! Identifiers that stand in URLs: partners and device types.

use super::Invalid;
use super::newtype::checked_text;

/// Checks `[a-z0-9][a-z0-9-]{0,62}`, the shape of every identifier that a person chooses.
pub(super) fn check_slug(text: &str) -> Result<(), Invalid> {
    let plain = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if text.is_empty() || text.len() > 63 || !plain || text.starts_with('-') {
        return Err(Invalid::because("must be 1 to 63 of a-z, 0-9 and -, not beginning with -"));
    }
    Ok(())
}

checked_text!(
    /// A tenant: `[a-z0-9][a-z0-9-]{0,62}`.
    PartnerId,
    check_slug,
);

/// A slug that can stand in a feed's URL: below `by-hash` the CDN asks the bucket, and no function.
fn check_device_type(text: &str) -> Result<(), Invalid> {
    if text == "by-hash" {
        return Err(Invalid::because("is a reserved name"));
    }
    check_slug(text)
}

checked_text!(
    /// A model of device, globally unique, and the `:devicename` of the feeds: `[a-z0-9][a-z0-9-]{0,62}`, but not
    /// `by-hash`.
    DeviceTypeId,
    check_device_type,
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_lower_case_and_short() {
        assert!(DeviceTypeId::try_from("tenderloin".to_owned()).is_ok());
        assert!(DeviceTypeId::try_from("a".repeat(63)).is_ok());
        for bad in
            [String::new(), "a".repeat(64), "-a".into(), "A".into(), "a_b".into(), "é".into(), "a.b".into()]
        {
            assert!(DeviceTypeId::try_from(bad.clone()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_device_type_whose_feeds_the_cdn_would_look_for_in_the_bucket_is_refused() {
        assert!(DeviceTypeId::try_from("by-hash".to_owned()).is_err());
        assert!(DeviceTypeId::try_from("by-hash-2".to_owned()).is_ok());
    }
}
