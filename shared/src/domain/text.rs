//! Free text that partners choose: names, versions, descriptions, tags, labels.
//!
//! API Gateway decodes a path once before a function sees it, so whatever may stand in a path must not hold a
//! character that changes meaning when it is decoded twice (`docs/API.md`, *Limits*).

use super::Invalid;
use super::newtype::checked_text;

/// Characters that never stand in a name, version or tag.
const FORBIDDEN: &[char] = &['/', '?', '#', '%', '\\'];

fn check_length(text: &str, max: usize, what: &'static str) -> Result<(), Invalid> {
    if text.chars().count() > max { Err(Invalid::because(what)) } else { Ok(()) }
}

fn check_word(text: &str) -> Result<(), Invalid> {
    if text.is_empty() {
        return Err(Invalid::because("must not be empty"));
    }
    if text.chars().any(char::is_control) {
        return Err(Invalid::because("must not hold control characters"));
    }
    if text.contains(FORBIDDEN) {
        return Err(Invalid::because("must not hold any of / ? # % \\"));
    }
    if text.trim() != text {
        return Err(Invalid::because("must not begin or end with white space"));
    }
    // A path segment of one or two dots is removed by every URL library on the way here.
    if text == "." || text == ".." {
        return Err(Invalid::because("must not be . or .."));
    }
    Ok(())
}

checked_text!(
    /// The name of an image, firmware type, device type or partner: 1 to 35 characters.
    Name,
    |text| {
        check_word(text)?;
        check_length(text, 35, "must be 1 to 35 characters")
    }
);

checked_text!(
    /// A version for people, in any scheme: 1 to 64 characters. It orders nothing; version numbers do.
    Version,
    |text| {
        check_word(text)?;
        check_length(text, 64, "must be 1 to 64 characters")
    }
);

checked_text!(
    /// A tag of an image: 1 to 35 characters without a comma, since lists of tags are separated by commas.
    Tag,
    |text| {
        check_word(text)?;
        if text.contains(',') {
            return Err(Invalid::because("must not hold a comma"));
        }
        check_length(text, 35, "must be 1 to 35 characters")
    }
);

checked_text!(
    /// A description: up to 500 characters; line breaks and tabs are its only control characters.
    Description,
    |text| {
        if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            return Err(Invalid::because("must not hold control characters other than line breaks and tabs"));
        }
        check_length(text, 500, "must be at most 500 characters")
    }
);

checked_text!(
    /// What a key or a feed grant is for, in its owner's words: up to 100 characters, no control characters.
    Label,
    |text| {
        if text.chars().any(char::is_control) {
            return Err(Invalid::because("must not hold control characters"));
        }
        check_length(text, 100, "must be at most 100 characters")
    }
);

checked_text!(
    /// The client's own name for the profile that a device description describes: 1 to 100 characters, no control
    /// characters. It means nothing here; it is kept and answered.
    DeviceProfileId,
    |text| {
        if text.is_empty() {
            return Err(Invalid::because("must not be empty"));
        }
        if text.chars().any(char::is_control) {
            return Err(Invalid::because("must not hold control characters"));
        }
        check_length(text, 100, "must be 1 to 100 characters")
    }
);

checked_text!(
    /// An e-mail address, checked only for its outline: something, `@`, something; at most 254 characters.
    Email,
    |text| {
        let outline = text.split_once('@').is_some_and(|(user, host)| !user.is_empty() && !host.is_empty());
        if !outline || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(Invalid::because("must be an e-mail address"));
        }
        check_length(text, 254, "must be at most 254 characters")
    }
);

checked_text!(
    /// The processor architecture of a device type, as packages name it: `[a-z0-9][a-z0-9_-]*`, up to 35
    /// characters; `all` means any.
    Architecture,
    |text| {
        let plain = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-'));
        if text.is_empty() || !plain || text.starts_with(['_', '-']) {
            return Err(Invalid::because("must be lower-case letters, digits, _ and -, such as all or armv7a-neon"));
        }
        check_length(text, 35, "must be at most 35 characters")
    }
);

impl Default for Architecture {
    fn default() -> Self {
        Self("all".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_counted_in_characters_not_bytes() {
        assert!(Name::try_from("é".repeat(35)).is_ok());
        assert!(Name::try_from("é".repeat(36)).is_err());
    }

    #[test]
    fn names_hold_nothing_that_changes_in_a_path() {
        for bad in ["", ".", "..", "a/b", "a?b", "a#b", "a%62", "a\\b", "a\nb", "a\u{7f}b", " a", "a "] {
            assert!(Name::try_from(bad.to_owned()).is_err(), "{bad:?}");
        }
        for good in ["MCU firmware", "ключ", "1.0+git", "a,b", "a.b", "...", "a&b=c"] {
            assert!(Name::try_from(good.to_owned()).is_ok(), "{good:?}");
        }
    }

    #[test]
    fn a_tag_holds_no_comma() {
        assert!(Tag::try_from("a,b".to_owned()).is_err());
    }

    #[test]
    fn a_device_profile_id_is_the_clients_own_text() {
        for good in ["7c1d", "urn:profile/7?x=%20#a\\b", " kept as it is ", &"ö".repeat(100)] {
            assert_eq!(DeviceProfileId::try_from(good.to_owned()).unwrap().as_str(), good);
        }
        for bad in ["", "a\nb", "a\0", &"ö".repeat(101)] {
            assert!(DeviceProfileId::try_from(bad.to_owned()).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_description_may_have_lines() {
        assert!(Description::try_from("one\ntwo".to_owned()).is_ok());
        assert!(Description::try_from("one\0two".to_owned()).is_err());
    }
}
