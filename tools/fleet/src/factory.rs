//! The factory: it was told the secret of the device type once, and writes the token of each device by itself.

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;

/// What it was told.
#[derive(Clone)]
pub(crate) struct Factory {
    device_type: String,
    epoch: u64,
    secret: Vec<u8>,
}

impl Factory {
    /// Reads the service's answer about the secret of `device_type`.
    pub(crate) fn told(device_type: &str, answer: &Value) -> anyhow::Result<Self> {
        let epoch = answer["epoch"].as_u64().context("a secret without an epoch")?;
        let secret = hex::decode(answer["secret"].as_str().context("no secret was told")?)?;
        Ok(Self { device_type: device_type.to_owned(), epoch, secret })
    }

    /// The token of a device: `otad1.<device type>.<epoch>.<base64url of HMAC-SHA256 of its id>`.
    pub(crate) fn token(&self, device: &str) -> anyhow::Result<String> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secret)?;
        mac.update(device.as_bytes());
        let mac = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
        Ok(format!("otad1.{}.{}.{mac}", self.device_type, self.epoch))
    }
}
