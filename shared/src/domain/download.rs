//! Signed download paths: `/repository/<sha256>/<keyId>.<expiry>.<mac>/<file name>`.
//!
//! `mac` is the base64url of the first 16 bytes of HMAC-SHA256 under the download-path key over the text `dl1`,
//! the SHA-256 in lower-case hex, and the expiry in decimal, written one after the other (`docs/API.md`, *Downloads*).
//! The edge checks it, so that knowing a hash opens nothing. The file name is not covered.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;

use super::{Sha256, Timestamp};
use crate::secrets::{Secret, hmac_sha256};

/// How many bytes of the HMAC stand in a path.
const MAC_BYTES: usize = 16;

fn mac(key: &[u8], sha256: &Sha256, expiry: i64) -> String {
    let tag = hmac_sha256(key, &[b"dl1", sha256.to_string().as_bytes(), expiry.to_string().as_bytes()]);
    URL_SAFE_NO_PAD.encode(&tag[..MAC_BYTES])
}

/// The path, from `/repository/` on, that gives out `sha256` under `file_name`.
///
/// `key_id` names the key to sign with; one that `secret` does not know (this process started before a rotation)
/// is replaced by the current key, which the edge still accepts. `expires` is rounded down to the second; without
/// it the path never expires.
pub fn path(
    secret: &Secret,
    key_id: &str,
    sha256: &Sha256,
    expires: Option<Timestamp>,
    file_name: &str,
) -> String {
    let expiry = expires.map_or(0, Timestamp::seconds);
    let (id, key) = secret.named(key_id).unwrap_or_else(|| secret.current());
    written(sha256, id, expiry, &mac(key, sha256, expiry), file_name)
}

/// A path that is as long as the one signed with the key called `key_id` and never expiring, and opens nothing: for who
/// must know lengths, and needs no key for that.
pub fn blank_path(key_id: &str, sha256: &Sha256, file_name: &str) -> String {
    written(sha256, key_id, 0, &URL_SAFE_NO_PAD.encode([0; MAC_BYTES]), file_name)
}

fn written(sha256: &Sha256, key_id: &str, expiry: i64, mac: &str, file_name: &str) -> String {
    format!("/repository/{sha256}/{key_id}.{expiry}.{mac}/{file_name}")
}

/// Why a download path opens nothing. The edge answers all of them alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathFault {
    /// Not of the shape of a download path.
    Shape,
    /// Signed with a key that is no longer (or never was) accepted.
    UnknownKey,
    /// The signature does not fit.
    Forged,
    /// It was good once.
    Expired,
}

/// Checks a raw (undecoded) path at `now` and answers the digest that it opens.
pub fn verify(secret: &Secret, path: &str, now: Timestamp) -> Result<Sha256, PathFault> {
    let mut parts = path.strip_prefix("/repository/").ok_or(PathFault::Shape)?.split('/');
    let (Some(sha256), Some(signature), Some(_name), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(PathFault::Shape);
    };
    let mut fields = signature.split('.');
    let (Some(key_id), Some(expiry), Some(given), None) =
        (fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return Err(PathFault::Shape);
    };
    let digest: Sha256 = sha256.parse().map_err(|_| PathFault::Shape)?;
    let seconds: i64 = expiry.parse().map_err(|_| PathFault::Shape)?;
    // One spelling each, or the cache would hold one object under many names.
    if digest.to_string() != sha256 || seconds.to_string() != expiry || seconds < 0 {
        return Err(PathFault::Shape);
    }
    let (_, key) = secret.named(key_id).ok_or(PathFault::UnknownKey)?;
    if !bool::from(mac(key, &digest, seconds).as_bytes().ct_eq(given.as_bytes())) {
        return Err(PathFault::Forged);
    }
    if seconds != 0 && now.seconds() >= seconds {
        return Err(PathFault::Expired);
    }
    Ok(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_000_000_000);

    fn secret(id: &str, byte: u8) -> Secret {
        Secret::new(id, vec![byte; 32])
    }

    #[test]
    fn a_signed_path_opens_exactly_its_binary() {
        let secret = secret("k1", 1);
        let sha = Sha256::of(b"firmware");
        let signed = path(&secret, "k1", &sha, None, "105-7.bin");
        assert_eq!(verify(&secret, &signed, NOW), Ok(sha));
        let other = signed.replace(&sha.to_string(), &Sha256::of(b"other").to_string());
        assert_eq!(verify(&secret, &other, NOW), Err(PathFault::Forged));
        assert_eq!(verify(&secret, &format!("/repository/{sha}"), NOW), Err(PathFault::Shape));
        assert_eq!(verify(&secret, &format!("/repository/{sha}/x.bin"), NOW), Err(PathFault::Shape));
    }

    #[test]
    fn an_expiry_cannot_be_moved() {
        let secret = secret("k1", 1);
        let sha = Sha256::of(b"firmware");
        let signed = path(&secret, "k1", &sha, Some(NOW.plus_seconds(10)), "f");
        assert_eq!(verify(&secret, &signed, NOW.plus_seconds(9)), Ok(sha));
        assert_eq!(verify(&secret, &signed, NOW.plus_seconds(10)), Err(PathFault::Expired));
        let moved = signed.replace(&NOW.plus_seconds(10).seconds().to_string(), "0");
        assert_eq!(verify(&secret, &moved, NOW), Err(PathFault::Forged));
    }

    #[test]
    fn a_path_outlives_one_rotation_and_no_more() {
        let old = secret("k1", 1);
        let sha = Sha256::of(b"firmware");
        let signed = path(&old, "k1", &sha, None, "f");
        let rotated = old.rotated("k2", vec![2; 32]);
        assert_eq!(verify(&rotated, &signed, NOW), Ok(sha));
        let twice = rotated.rotated("k3", vec![3; 32]);
        assert_eq!(verify(&twice, &signed, NOW), Err(PathFault::UnknownKey));
    }

    #[test]
    fn a_blank_path_has_the_length_of_a_signed_one_and_opens_nothing() {
        for (secret, id) in [(secret("k1", 1), "k1"), (secret("0123456789abcdef", 0), "0123456789abcdef")] {
            let sha = Sha256::of(b"firmware");
            let blank = blank_path(id, &sha, "base_1.0_all.ipk");
            assert_eq!(blank.len(), path(&secret, id, &sha, None, "base_1.0_all.ipk").len());
            assert_eq!(verify(&secret, &blank, NOW), Err(PathFault::Forged));
        }
    }

    #[test]
    fn the_signature_is_what_the_contract_says() {
        let signed = path(&secret("k1", 1), "k1", &Sha256::of(b"abc"), None, "f");
        assert_eq!(
            signed,
            "/repository/ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad/k1.0.NT6IU7oX20efH4CnObICvw/f"
        );
    }
}
