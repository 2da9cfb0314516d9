//! How devices show who they are.

use super::Result;
use super::reports::Caller;
use crate::domain::device_token::DeviceToken;
use crate::domain::{DeviceType, Refusal};
use crate::secrets::Keyring;

/// How a device has shown who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    Token,
    /// Not at all, where that will do.
    Nothing,
}

/// The token that was sent, if one was; refused if nobody can have been given it, before anything is read: whoever makes
/// tokens up costs no reads.
pub(super) fn sent(secrets: &Keyring, caller: &Caller) -> Result<Option<DeviceToken>> {
    let Some(text) = &caller.token else { return Ok(None) };
    let token: DeviceToken = text.parse().map_err(|_| Refusal::DeviceTokenInvalid)?;
    let mut masters = secrets.devices()?.values();
    let made = masters.any(|(_, master)| token.is_made(master, &caller.device_type, &caller.device));
    if made { Ok(Some(token)) } else { Err(Refusal::DeviceTokenInvalid.into()) }
}

/// What the token that was [`sent`] shows, or that there was none, to a device type as it is now.
pub(super) fn shown(token: Option<&DeviceToken>, device_type: &DeviceType) -> Result<Shown> {
    match token {
        Some(token) if token.is_current(device_type.epoch) => Ok(Shown::Token),
        None if device_type.anonymous_reports => Ok(Shown::Nothing),
        _ => Err(Refusal::DeviceTokenInvalid.into()),
    }
}
