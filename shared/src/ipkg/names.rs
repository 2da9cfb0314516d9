//! The names that a package brings along: they become path segments of its feed.
//!
//! Knows which of them the feed's URLs need for themselves; must not know where a name is used.

use crate::domain::Invalid;
use crate::domain::newtype::checked_text;

/// How many bytes a package's name or version may have.
const MAX_BYTES: usize = 128;

checked_text!(
    /// A package's name: `[A-Za-z0-9][A-Za-z0-9+._-]*`, 1 to 128 bytes, none of the [reserved](is_reserved) words.
    PackageName,
    |text| {
        let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+._-".contains(&b));
        if !plain || !text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            return Err(Invalid::because("must be letters, digits and + . _ -, beginning with a letter or digit"));
        }
        check_common(text)
    }
);

checked_text!(
    /// A package's version: `[A-Za-z0-9.+~:_-]+`, 1 to 128 bytes, none of the [reserved](is_reserved) words;
    /// ordered by [`compare`](super::version::compare) alone, while `Ord` is that of its text.
    PackageVersion,
    |text| {
        if text.is_empty() || !text.bytes().all(|b| b.is_ascii_alphanumeric() || b".+~:_-".contains(&b)) {
            return Err(Invalid::because("must be letters, digits and . + ~ : _ -"));
        }
        // A path segment of one or two dots is removed by every URL library on the way here.
        if text == "." || text == ".." {
            return Err(Invalid::because("must not be . or .."));
        }
        check_common(text)
    }
);

fn check_common(text: &str) -> Result<(), Invalid> {
    if text.len() > MAX_BYTES {
        return Err(Invalid::because("must be at most 128 bytes"));
    }
    if is_reserved(text) {
        return Err(Invalid::because("is a reserved name"));
    }
    Ok(())
}

/// True for a word that means something else where a package's name or version stands in a feed's URL:
/// `Packages`, `Packages.*`, `by-hash` and `latest`, in exactly this case, since paths are case-sensitive.
pub fn is_reserved(text: &str) -> bool {
    matches!(text, "Packages" | "by-hash" | "latest") || text.starts_with("Packages.")
}

/// True for a field name that is [reserved](is_reserved) in any case, since URLs match field names without
/// regard to case: a field `packages` would be asked for as `Packages`.
pub fn is_reserved_field(name: &str) -> bool {
    let head = name.split_once('.').map_or(name, |(head, _)| head);
    name.eq_ignore_ascii_case("by-hash")
        || name.eq_ignore_ascii_case("latest")
        || head.eq_ignore_ascii_case("packages")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_name_begins_with_a_letter_or_digit() {
        for good in ["a", "7zip", "org.webosports.luna-sysmgr", "libstdc++", "A_b", &"a".repeat(128)] {
            assert_eq!(good.parse::<PackageName>().unwrap().as_str(), good);
        }
        for bad in
            ["", ".", "..", "-a", "_a", "+a", ".a", "a b", "a/b", "a:b", "a~b", "é", "a\n", &"a".repeat(129)]
        {
            assert!(bad.parse::<PackageName>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_version_holds_what_version_schemes_use_and_nothing_more() {
        for good in ["1.0-r0", "1:2.0~beta1+git_3-r1", "~", "0", "...", &"1".repeat(128)] {
            assert_eq!(good.parse::<PackageVersion>().unwrap().as_str(), good);
        }
        for bad in ["", ".", "..", "1 0", "1/0", "1%0", "1?", "1#", "1\\", "½", "1\n", &"1".repeat(129)] {
            assert!(bad.parse::<PackageVersion>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_words_of_feed_urls_are_neither_packages_nor_versions() {
        for word in ["Packages", "Packages.gz", "Packages.sig", "Packages.", "by-hash", "latest"] {
            assert!(is_reserved(word), "{word}");
            assert!(word.parse::<PackageName>().is_err(), "{word}");
            assert!(word.parse::<PackageVersion>().is_err(), "{word}");
        }
    }

    #[test]
    fn another_case_of_a_reserved_word_is_another_word_in_a_path() {
        for word in
            ["packages", "PACKAGES", "packages.gz", "By-Hash", "Latest", "Packages-1", "latest1", "Package"]
        {
            assert!(!is_reserved(word), "{word}");
            assert!(word.parse::<PackageName>().is_ok(), "{word}");
        }
    }

    #[test]
    fn a_field_is_reserved_in_any_case() {
        for name in ["Packages", "packages", "PACKAGES.GZ", "packages.", "BY-HASH", "By-Hash", "Latest"] {
            assert!(is_reserved_field(name), "{name}");
        }
        for name in ["Package", "Packages-1", "Latest-News", "X-Packages", "by-hash.x"] {
            assert!(!is_reserved_field(name), "{name}");
        }
    }

    #[test]
    fn names_are_checked_when_they_are_read_back() {
        assert!(serde_json::from_str::<PackageName>("\"a/b\"").is_err());
        assert!(serde_json::from_str::<PackageVersion>("\"latest\"").is_err());
    }
}
