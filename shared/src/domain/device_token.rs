//! Device tokens: by them a device shows which one it is.
//!
//! `otad1.<device type>.<epoch>.<mac>`, where mac is the base64url of HMAC-SHA256 over the device's id under the device
//! type's secret of that epoch. That secret is itself made from the service's own, so that nothing is stored but the
//! epoch, and a factory that holds it writes tokens without calling us.
//!
//! Source: decision 13 of the architecture. Two epochs are good at a time: the present one and the one before.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq as _;

use super::{DeviceId, DeviceTypeId, Invalid};
use crate::secrets::hmac_sha256;

const PREFIX: &str = "otad1";

/// Counts how often the secret of a device type was changed; from 1 up.
pub type Epoch = u32;

/// The secret of one device type in one epoch. Its `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct DeviceTypeSecret([u8; 32]);

impl DeviceTypeSecret {
    /// The secret that `master` makes for a device type.
    pub fn derive(master: &[u8], device_type: &DeviceTypeId, epoch: Epoch) -> Self {
        // A dot stands in no device type's id: without one, epoch 12 of `kettle` would be epoch 2 of `kettle1`.
        let named = format!("{device_type}.{epoch}");
        Self(hmac_sha256(master, &[b"device-type1", named.as_bytes()]))
    }

    /// The secret in hex, for a factory.
    pub fn reveal(&self) -> String {
        hex::encode(self.0)
    }

    fn mac(&self, device: &DeviceId) -> [u8; 32] {
        hmac_sha256(&self.0, &[device.as_str().as_bytes()])
    }
}

impl fmt::Debug for DeviceTypeSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceTypeSecret(…)")
    }
}

/// A token as a device shows it; whether it is good is asked with [`DeviceToken::is_of`]. Its `Debug` hides the mac.
#[derive(Clone, PartialEq, Eq)]
pub struct DeviceToken {
    device_type: DeviceTypeId,
    epoch: Epoch,
    mac: [u8; 32],
}

impl DeviceToken {
    /// The token of a device.
    pub fn write(
        secret: &DeviceTypeSecret,
        device_type: DeviceTypeId,
        epoch: Epoch,
        device: &DeviceId,
    ) -> Self {
        Self { device_type, epoch, mac: secret.mac(device) }
    }

    /// The device type that it names.
    pub fn device_type(&self) -> &DeviceTypeId {
        &self.device_type
    }

    /// Whether it is the token of this device of this device type, whose present epoch is `current`.
    pub fn is_of(
        &self,
        master: &[u8],
        device_type: &DeviceTypeId,
        current: Epoch,
        device: &DeviceId,
    ) -> bool {
        self.is_current(current) && self.is_made(master, device_type, device)
    }

    /// Whether it was written for this device of this device type, in whatever epoch it names.
    pub fn is_made(&self, master: &[u8], device_type: &DeviceTypeId, device: &DeviceId) -> bool {
        let good = DeviceTypeSecret::derive(master, device_type, self.epoch).mac(device);
        self.device_type == *device_type && bool::from(good.ct_eq(&self.mac))
    }

    /// Whether its epoch is good where the present one is `current`.
    pub fn is_current(&self, current: Epoch) -> bool {
        self.epoch >= 1 && (self.epoch == current || self.epoch.checked_add(1) == Some(current))
    }

    /// The whole token: whoever has it is the device.
    pub fn reveal(&self) -> String {
        let Self { device_type, epoch, mac } = self;
        format!("{PREFIX}.{device_type}.{epoch}.{}", URL_SAFE_NO_PAD.encode(mac))
    }
}

impl fmt::Debug for DeviceToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DeviceToken({PREFIX}.{}.{}.…)", self.device_type, self.epoch)
    }
}

impl FromStr for DeviceToken {
    type Err = Invalid;

    /// Reads the one spelling that a token has.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let read = || {
            let mut parts = text.split('.');
            let (PREFIX, device_type, epoch, mac) =
                (parts.next()?, parts.next()?, parts.next()?, parts.next()?)
            else {
                return None;
            };
            let token = Self {
                device_type: device_type.parse().ok()?,
                epoch: epoch.parse().ok()?,
                mac: URL_SAFE_NO_PAD.decode(mac).ok()?.try_into().ok()?,
            };
            (token.reveal() == text).then_some(token)
        };
        read().ok_or(Invalid::because("must be a device token, otad1.<device type>.<epoch>.<mac>"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MASTER: &[u8] = &[7; 32];

    fn slug(text: &str) -> DeviceTypeId {
        text.parse().unwrap()
    }

    fn device(text: &str) -> DeviceId {
        text.parse().unwrap()
    }

    fn token(kind: &str, epoch: Epoch, id: &str) -> DeviceToken {
        let secret = DeviceTypeSecret::derive(MASTER, &slug(kind), epoch);
        DeviceToken::write(&secret, slug(kind), epoch, &device(id))
    }

    #[test]
    fn a_token_is_good_for_its_device_in_its_epoch_and_the_next() {
        let good = token("kettle", 3, "SN-1");
        for (kind, current, id, expected) in [
            ("kettle", 3, "SN-1", true),
            ("kettle", 4, "SN-1", true),
            ("kettle", 5, "SN-1", false),
            ("kettle", 2, "SN-1", false),
            ("kettle", 3, "SN-2", false),
            ("toaster", 3, "SN-1", false),
        ] {
            assert_eq!(
                good.is_of(MASTER, &slug(kind), current, &device(id)),
                expected,
                "{kind} {current} {id}"
            );
        }
        assert!(!good.is_of(&[8; 32], &slug("kettle"), 3, &device("SN-1")));
    }

    #[test]
    fn no_two_device_types_and_epochs_share_a_secret() {
        let secret = |kind, epoch| DeviceTypeSecret::derive(MASTER, &slug(kind), epoch);
        assert_ne!(secret("kettle", 12), secret("kettle1", 2));
        assert_ne!(secret("kettle", 1), secret("kettle", 2));
    }

    #[test]
    fn a_token_of_epoch_0_is_never_good() {
        assert!(!token("kettle", 0, "a").is_of(MASTER, &slug("kettle"), 0, &device("a")));
        assert!(!token("kettle", 0, "a").is_of(MASTER, &slug("kettle"), 1, &device("a")));
    }

    #[test]
    fn a_token_has_one_spelling_and_hides_in_logs() {
        let good = token("kettle", 3, "SN-1");
        let text = good.reveal();
        assert_eq!(text.parse::<DeviceToken>().unwrap(), good);
        assert_eq!(format!("{good:?}"), "DeviceToken(otad1.kettle.3.…)");
        let mac = text.rsplit('.').next().unwrap();
        for bad in [
            format!("{text}."),
            format!("{text}="),
            format!("{text}A"),
            text.replace("otad1", "otad2"),
            text.replace(".3.", ".03."),
            text.replace(".3.", ".+3."),
            text.replace("kettle", "Kettle"),
            format!("otad1.kettle.3.{}", &mac[1..]),
            String::new(),
        ] {
            assert!(bad.parse::<DeviceToken>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in ".*") {
            let _ = text.parse::<DeviceToken>();
            let _ = format!("otad1.kettle.{text}").parse::<DeviceToken>();
        }
    }
}
