//! OpenPGP: the armoured detached signatures that OpenEmbedded's opkg verifies with GnuPG as `Packages.asc`.
//!
//! What is made here depends on its arguments alone, so that every instance of the service signs an index alike. Keys
//! and signatures are of version 4, which GnuPG has read since it exists; keys made here are Ed25519 in the form that
//! GnuPG 2.1 brought. For devices with an older GnuPG an operator brings an RSA key. Knows nothing of where keys are
//! kept.

use std::fmt;

use pgp::composed::{
    ArmorOptions, Deserializable as _, DetachedSignature, SignedKeyDetails, SignedPublicKey, SignedSecretKey,
    SignedSecretSubKey,
};
use pgp::crypto::hash::HashAlgorithm;
use pgp::crypto::public_key::PublicKeyAlgorithm;
use pgp::crypto::{ed25519, eddsa_legacy};
use pgp::packet::{
    KeyFlags, PubKeyInner, PublicKey, SecretKey, Signature, SignatureConfig, SignatureType, Subpacket,
    SubpacketData, UserId,
};
use pgp::ser::Serialize as _;
use pgp::types::{
    EddsaLegacyPublicParams, KeyDetails as _, KeyVersion, PacketHeaderVersion, Password, PlainSecretParams,
    PublicParams, SecretParams, Tag, Timestamp,
};

/// Why a key cannot be made or read, or a signature is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It is no transferable secret key.
    #[error("that is no OpenPGP secret key as `gpg --export-secret-keys` writes it")]
    SecretKey,
    /// It needs a password.
    #[error("the OpenPGP key is protected by a password: remove it before exporting the key")]
    Protected,
    /// It is of a version or algorithm with which no signature is made here.
    #[error("the OpenPGP key is neither RSA nor Ed25519 of version 4, or may not sign")]
    Unsuitable,
    /// It is no armoured public key, or one whose parts do not belong together.
    #[error("that is no OpenPGP public key")]
    PublicKey,
    /// It is no armoured detached signature.
    #[error("that is no OpenPGP signature")]
    Signature,
    /// It is not this key's signature of this message.
    #[error("the signature does not fit")]
    Forged,
    /// The library could not make a key or a signature.
    #[error("the OpenPGP library failed")]
    Library,
}

/// A transferable secret key of algorithm Ed25519 for `user_id` (`Name <address>`), made from a seed; the same for the
/// same arguments. `created_seconds` count from 1970.
pub fn generate(seed: [u8; 32], created_seconds: u32, user_id: &str) -> Result<Vec<u8>, Fault> {
    make(seed, created_seconds, user_id).map_err(|_| Fault::Library)
}

fn make(seed: [u8; 32], created_seconds: u32, user_id: &str) -> pgp::errors::Result<Vec<u8>> {
    let secret = ed25519::SecretKey::try_from_bytes(seed, ed25519::Mode::EdDSALegacy)?;
    let public = PublicParams::EdDSALegacy(EddsaLegacyPublicParams::from(&secret));
    let created = Timestamp::from_secs(created_seconds);
    let inner = PubKeyInner::new(KeyVersion::V4, PublicKeyAlgorithm::EdDSALegacy, created, None, public)?;
    let secret =
        SecretParams::Plain(PlainSecretParams::EdDSALegacy(eddsa_legacy::SecretKey::Ed25519(secret)));
    let key = SecretKey::new(PublicKey::from_inner(inner)?, secret)?;
    let user = UserId::from_str(PacketHeaderVersion::New, user_id)?;
    let mut flags = KeyFlags::default();
    flags.set_certify(true);
    flags.set_sign(true);
    let mut config = config(&key, SignatureType::CertPositive, created)?;
    config.hashed_subpackets.push(Subpacket::regular(SubpacketData::KeyFlags(flags))?);
    let signature =
        config.sign_certification(&key, key.public_key(), &Password::empty(), Tag::UserId, &user)?;
    let details =
        SignedKeyDetails::new(Vec::new(), Vec::new(), vec![user.into_signed(signature)], Vec::new());
    SignedSecretKey::new(key, details, Vec::new(), Vec::new()).to_bytes()
}

/// A signature of version 4 in the making: without salt, notation or anything else that would differ the next time.
fn config(
    key: &impl pgp::types::SigningKey,
    kind: SignatureType,
    created: Timestamp,
) -> pgp::errors::Result<SignatureConfig> {
    // The strongest that GnuPG 1.4 checks for every kind of key.
    let mut config = SignatureConfig::v4(kind, key.algorithm(), HashAlgorithm::Sha256);
    config.hashed_subpackets = vec![
        Subpacket::regular(SubpacketData::IssuerFingerprint(key.fingerprint()))?,
        Subpacket::regular(SubpacketData::SignatureCreationTime(created))?,
    ];
    config.unhashed_subpackets = vec![Subpacket::regular(SubpacketData::IssuerKeyId(key.legacy_key_id()))?];
    Ok(config)
}

fn armour() -> ArmorOptions<'static> {
    ArmorOptions { headers: None, include_checksum: true }
}

/// A secret key. Its `Debug` shows the id only.
#[derive(Clone)]
pub struct SigningKey {
    key: SignedSecretKey,
    /// The subkey that signs; none if the primary key does.
    subkey: Option<usize>,
}

impl SigningKey {
    /// Reads a transferable secret key of version 4 without a password: what [`generate`] makes, or an Ed25519 or RSA
    /// key as `gpg --export-secret-keys` writes it (not armoured).
    ///
    /// Its primary key signs if it may, else its first subkey that may.
    pub fn read(bytes: &[u8]) -> Result<Self, Fault> {
        let key = SignedSecretKey::from_bytes(bytes).map_err(|_| Fault::SecretKey)?;
        key.verify_bindings().map_err(|_| Fault::SecretKey)?;
        let secrets = std::iter::once(key.primary_key.secret_params())
            .chain(key.secret_subkeys.iter().map(|subkey| subkey.key.secret_params()));
        if secrets.into_iter().any(SecretParams::is_encrypted) {
            return Err(Fault::Protected);
        }
        let own = key.details.users.iter().flat_map(|user| &user.signatures);
        let subkey = if suits(&key.primary_key) && may_sign(own.chain(&key.details.direct_signatures)) {
            None
        } else {
            let suitable =
                |subkey: &SignedSecretSubKey| suits(&subkey.key) && may_sign(subkey.signatures.iter());
            Some(key.secret_subkeys.iter().position(suitable).ok_or(Fault::Unsuitable)?)
        };
        Ok(Self { key, subkey })
    }

    /// The id of the key that signs, in 16 hex digits.
    pub fn key_id(&self) -> String {
        let id = match self.subkey() {
            Some(subkey) => subkey.key.legacy_key_id(),
            None => self.key.primary_key.legacy_key_id(),
        };
        hex::encode(id)
    }

    fn subkey(&self) -> Option<&SignedSecretSubKey> {
        self.key.secret_subkeys.get(self.subkey?)
    }

    /// The armoured detached signature of `message`, made at `created_seconds` since 1970; the same for the same
    /// arguments.
    ///
    /// GnuPG believes no signature that is older than its key (observed: "Time conflict"), so one of a message that was
    /// there before the key is dated to the second in which the key was made.
    pub fn sign(&self, message: &[u8], created_seconds: u32) -> Result<String, Fault> {
        let at = |key: Timestamp| {
            created_seconds.max(key.as_secs()).max(self.key.primary_key.created_at().as_secs())
        };
        let made = match self.subkey() {
            Some(subkey) => detached(&subkey.key, message, at(subkey.key.created_at())),
            None => detached(&self.key.primary_key, message, at(self.key.primary_key.created_at())),
        };
        made.map_err(|_| Fault::Library)
    }

    /// The armoured public key, as it goes into devices.
    pub fn public_text(&self) -> Result<String, Fault> {
        self.key.to_public_key().to_armored_string(armour()).map_err(|_| Fault::Library)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("id", &self.key_id()).finish_non_exhaustive()
    }
}

/// Only algorithms whose signatures are the same each time.
fn suits(key: &impl pgp::types::KeyDetails) -> bool {
    use PublicKeyAlgorithm::{EdDSALegacy, RSA, RSASign};
    key.version() == KeyVersion::V4 && matches!(key.algorithm(), RSA | RSASign | EdDSALegacy)
}

/// True if a self-signature says so, or none says anything of what the key is for.
fn may_sign<'a>(signatures: impl Iterator<Item = &'a Signature>) -> bool {
    let says = |signature: &'a Signature| {
        signature.config()?.hashed_subpackets().find_map(|subpacket| match &subpacket.data {
            SubpacketData::KeyFlags(flags) => Some(flags),
            _ => None,
        })
    };
    let said: Vec<&KeyFlags> = signatures.filter_map(says).collect();
    said.is_empty() || said.iter().any(|flags| flags.sign())
}

fn detached(
    key: &impl pgp::types::SigningKey,
    message: &[u8],
    created_seconds: u32,
) -> pgp::errors::Result<String> {
    let config = config(key, SignatureType::Binary, Timestamp::from_secs(created_seconds))?;
    DetachedSignature::new(config.sign(key, &Password::empty(), message)?).to_armored_string(armour())
}

/// Checks an armoured detached signature of `message` against an armoured public key and its subkeys.
pub fn verify(public_text: &str, message: &[u8], signature: &str) -> Result<(), Fault> {
    let (key, _) = SignedPublicKey::from_string(public_text).map_err(|_| Fault::PublicKey)?;
    key.verify_bindings().map_err(|_| Fault::PublicKey)?;
    let (signature, _) = DetachedSignature::from_string(signature).map_err(|_| Fault::Signature)?;
    let by_subkey = || key.public_subkeys.iter().any(|subkey| signature.verify(&subkey.key, message).is_ok());
    if signature.verify(&key.primary_key, message).is_ok() || by_subkey() {
        Ok(())
    } else {
        Err(Fault::Forged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREATED: u32 = 1_700_000_000;

    fn key(first: u8) -> SigningKey {
        let mut seed = [7; 32];
        seed[0] = first;
        SigningKey::read(&generate(seed, CREATED, "Feeds <feeds@example.com>").unwrap()).unwrap()
    }

    #[test]
    fn any_change_of_message_signature_or_key_is_found() {
        let (key, other) = (key(1), key(2));
        let (public, signature) = (key.public_text().unwrap(), key.sign(b"Packages", CREATED + 5).unwrap());
        assert_eq!(verify(&public, b"Packages", &signature), Ok(()));
        assert_eq!(verify(&public, b"Package", &signature), Err(Fault::Forged));
        assert_eq!(verify(&other.public_text().unwrap(), b"Packages", &signature), Err(Fault::Forged));
        assert_eq!(verify(&public, b"Packages", &public), Err(Fault::Signature));
        assert_eq!(verify(&signature, b"Packages", &signature), Err(Fault::PublicKey));
        // The key id after the hashed part may be anything, and so may the last bits of the last character.
        let start = signature.find("\n\n").unwrap() + 2;
        for at in (start..start + 48).chain(start + 84..start + 158).step_by(5) {
            let mut changed = signature.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(verify(&public, b"Packages", &changed).is_err(), "{at}");
        }
    }

    #[test]
    fn keys_and_signatures_depend_on_their_arguments_alone() {
        for first in [0, 1, 0x80, 0xFF] {
            let again = key(first);
            assert_eq!(key(first).public_text().unwrap(), again.public_text().unwrap());
            assert_eq!(key(first).sign(b"x", CREATED).unwrap(), again.sign(b"x", CREATED).unwrap());
            assert_ne!(again.sign(b"x", CREATED).unwrap(), again.sign(b"x", CREATED + 1).unwrap());
            assert_eq!(
                verify(&again.public_text().unwrap(), b"x", &again.sign(b"x", CREATED).unwrap()),
                Ok(())
            );
        }
        assert_eq!(key(1).key_id().len(), 16);
        assert_ne!(key(1).key_id(), key(2).key_id());
    }

    #[test]
    fn no_signature_is_older_than_its_key() {
        assert_eq!(key(1).sign(b"x", 0).unwrap(), key(1).sign(b"x", CREATED).unwrap());
    }

    #[test]
    fn armour_carries_no_headers() {
        for text in [key(1).public_text().unwrap(), key(1).sign(b"x", CREATED).unwrap()] {
            let mut lines = text.lines();
            assert!(lines.next().unwrap().starts_with("-----BEGIN PGP "), "{text}");
            assert_eq!(lines.next(), Some(""), "{text}");
            assert!(text.ends_with("-----\n") && !text.contains('\r'), "{text}");
        }
    }

    #[test]
    fn what_is_no_secret_key_is_refused_and_not_shown() {
        let bytes = generate([7; 32], CREATED, "Feeds").unwrap();
        for broken in [&b""[..], b"junk", &bytes[..60], key(1).public_text().unwrap().as_bytes()] {
            assert_eq!(SigningKey::read(broken).unwrap_err(), Fault::SecretKey);
        }
        assert!(!format!("{:?}", key(7)).contains("07"));
        assert!(bytes.len() < 400, "{} bytes", bytes.len());
    }
}
