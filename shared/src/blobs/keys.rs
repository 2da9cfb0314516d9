//! The keys of the bucket, made here and nowhere else.

use crate::domain::{PartnerId, Sha256};

/// What is asked for to open connections; there is no such object.
pub(super) const WARM: &str = "staging/warm";

/// Where all uploads wait.
pub const STAGING: &str = "staging/";

/// Where a partner's upload waits to be moved: `staging/<partner>/<sha256>`.
pub fn staging(partner: &PartnerId, sha256: &Sha256) -> String {
    format!("{STAGING}{partner}/{sha256}")
}

/// Where a binary lies for good, whoever uploaded it: `repository/<sha256>`.
pub fn repository(sha256: &Sha256) -> String {
    format!("repository/{sha256}")
}

/// Where all catalogues lie.
pub const CATALOGUES: &str = "catalogues/";

/// Where a catalogue lies: `catalogues/<sha256>`.
pub fn catalogue(sha256: &Sha256) -> String {
    format!("{CATALOGUES}{sha256}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_what_the_edge_and_the_bucket_rules_expect() {
        let sha256 = Sha256::of(b"abc");
        let partner: PartnerId = "acme".parse().unwrap();
        assert_eq!(staging(&partner, &sha256), format!("staging/acme/{sha256}"));
        assert_eq!(repository(&sha256), format!("repository/{sha256}"));
    }
}
