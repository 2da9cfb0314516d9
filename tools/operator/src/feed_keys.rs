//! The public keys of feeds, as they go into devices.

use std::fmt::Write as _;

use anyhow::{Context as _, Result, bail};
use shared::ipkg::{openpgp, usign};
use shared::secrets::{Secret, Secrets};

/// Both kinds of public keys: the one in use first, then the one before it, and the one to follow, which can be given to
/// devices before it is in use; an error if there are none, or if one cannot be read.
pub(crate) fn text(secrets: &Secrets) -> Result<String> {
    let values = |secret: &Option<Secret>| -> Vec<(String, Vec<u8>)> {
        let values = secret.iter().flat_map(Secret::values);
        values.map(|(id, key)| (id.to_owned(), key.to_vec())).collect()
    };
    let mut out = String::new();
    for (id, key) in values(&secrets.usign) {
        let key = usign::SigningKey::read(&key).with_context(|| format!("the usign key {id}"))?;
        writeln!(out, "usign, for Packages.sig: /etc/opkg/keys/{}\n{}", key.key_id(), key.public_text())?;
    }
    for (id, key) in values(&secrets.openpgp) {
        let key = openpgp::SigningKey::read(&key).with_context(|| format!("the OpenPGP key {id}"))?;
        writeln!(out, "OpenPGP {}, for Packages.asc:\n{}", key.key_id(), key.public_text()?)?;
    }
    if out.is_empty() {
        bail!("there are no keys that sign feeds; cargo xtask bootstrap makes them");
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_keys_are_printed_whole_and_a_previous_one_too() {
        let mut secrets = Secrets::generate(&[7; 64]).completed(&[8; 104]).unwrap();
        let rotated = secrets.usign.as_ref().unwrap().rotated("01".repeat(8), [1; 40].to_vec());
        secrets.usign = Some(rotated);
        let text = text(&secrets).unwrap();
        let parts: Vec<&str> = text.split("\n\n").collect();
        assert!(
            parts[0]
                .starts_with("usign, for Packages.sig: /etc/opkg/keys/0101010101010101\nuntrusted comment: ")
        );
        assert!(
            parts[1]
                .starts_with("usign, for Packages.sig: /etc/opkg/keys/0808080808080808\nuntrusted comment: ")
        );
        assert!(parts[2].contains("-----BEGIN PGP PUBLIC KEY BLOCK-----"), "{text}");
        assert!(text.contains("-----END PGP PUBLIC KEY BLOCK-----"), "{text}");
    }

    #[test]
    fn without_keys_there_is_nothing_to_print() {
        assert!(text(&Secrets::generate(&[7; 64])).is_err());
    }
}
