//! Feeds: the channels through which a device type gets its images.

use super::Invalid;
use super::newtype::checked_text;
use super::slug::check_slug;

/// First path segments that belong to other parts of the service.
const RESERVED: &[&str] = &["v1", "oauth", "repository", "console", "docs", "health", "by-hash"];

/// The four feeds that every partner has.
const STANDARD: &[&str] = &["dev", "alpha", "beta", "release"];

checked_text!(
    /// A feed's name: a slug that is no other part of the service's URLs.
    FeedName,
    |text| {
        check_slug(text)?;
        if is_reserved(text) {
            return Err(Invalid::because("is a reserved name"));
        }
        Ok(())
    }
);

impl FeedName {
    /// The default feed.
    pub fn release() -> Self {
        Self("release".to_owned())
    }

    /// The four feeds that every partner has, in the order images are promoted.
    pub fn standard() -> impl Iterator<Item = Self> {
        STANDARD.iter().map(|name| Self((*name).to_owned()))
    }

    /// True for the four feeds that can be neither made nor deleted.
    pub fn is_standard(&self) -> bool {
        STANDARD.contains(&self.0.as_str())
    }

    /// True for the feed that `write` alone does not reach.
    pub fn is_release(&self) -> bool {
        self.0 == "release"
    }

    /// True exactly for `dev` and `dev-…`: every door knows a restricted feed by its name alone.
    pub fn is_restricted(&self) -> bool {
        is_restricted(&self.0)
    }
}

impl Default for FeedName {
    fn default() -> Self {
        Self::release()
    }
}

/// True exactly for `dev` and `dev-…`, whether or not a feed could be called so.
pub fn is_restricted(name: &str) -> bool {
    name == "dev" || name.starts_with("dev-")
}

/// True for a word that no feed may be called, because its URLs mean something else.
pub fn is_reserved(text: &str) -> bool {
    RESERVED.contains(&text) || matches!(text, "robots.txt" | "favicon.ico")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_is_restricted_exactly_by_its_name() {
        let restricted = |name: &str| name.parse::<FeedName>().unwrap().is_restricted();
        assert!(restricted("dev") && restricted("dev-lab"));
        assert!(!restricted("devel") && !restricted("develop-dev") && !restricted("release"));
    }

    #[test]
    fn no_feed_takes_the_place_of_another_url() {
        for name in RESERVED {
            assert!(name.parse::<FeedName>().is_err(), "{name}");
        }
    }
}
