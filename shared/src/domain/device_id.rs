//! The ids of devices, as their makers give them.

use super::Invalid;
use super::newtype::checked_text;

fn check(text: &str) -> Result<(), Invalid> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
    if (1..=64).contains(&text.len()) && text.bytes().all(plain) && ![".", ".."].contains(&text) {
        return Ok(());
    }
    Err(Invalid::because(
        "must be 1 to 64 letters, digits, dots, underscores, colons or hyphens, and neither . nor ..",
    ))
}

checked_text!(
    /// One unit of a device type: `[A-Za-z0-9._:-]{1,64}`, unique within its device type; neither `.` nor `..`, which no path
    /// keeps.
    DeviceId,
    check,
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serial_numbers_and_addresses_are_device_ids() {
        for good in ["a", "00:1A:7d:da:71:13", "SN_2026.11-7", &"x".repeat(64)] {
            assert!(good.parse::<DeviceId>().is_ok(), "{good}");
        }
        for bad in ["", ".", "..", "a b", "a/b", "a#b", "ä", "a%20", &"x".repeat(65)] {
            assert!(bad.parse::<DeviceId>().is_err(), "{bad}");
        }
    }
}
