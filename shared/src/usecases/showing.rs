//! How devices show who they are.

use super::Result;
use super::reports::Caller;
use crate::domain::device_token::{DeviceToken, Epoch};
use crate::domain::{DeviceType, Refusal};
use crate::secrets::Keyring;

/// How a device has shown who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    Token,
    /// Not at all, where that will do.
    Nothing,
}

/// Refuses a token that nobody can have been given, before anything is read: whoever makes tokens up costs no reads.
pub(super) fn not_made_up(secrets: &Keyring, caller: &Caller) -> Result<()> {
    match &caller.token {
        Some(text) => good(secrets, caller, text, DeviceToken::epoch),
        None => Ok(()),
    }
}

/// How a device has shown to be one of `device_type`, as that is now.
pub(super) fn shown(secrets: &Keyring, caller: &Caller, device_type: &DeviceType) -> Result<Shown> {
    match &caller.token {
        Some(text) => good(secrets, caller, text, |_| device_type.epoch).map(|()| Shown::Token),
        None if device_type.anonymous_reports => Ok(Shown::Nothing),
        None => Err(Refusal::DeviceTokenInvalid.into()),
    }
}

/// Refuses what is not the caller's token in the epoch that `current` says.
fn good(
    secrets: &Keyring,
    caller: &Caller,
    text: &str,
    current: impl Fn(&DeviceToken) -> Epoch,
) -> Result<()> {
    let token: DeviceToken = text.parse().map_err(|_| Refusal::DeviceTokenInvalid)?;
    let mut masters = secrets.devices()?.values();
    let is = |master| token.is_of(master, &caller.device_type, current(&token), &caller.device);
    if masters.any(|(_, master)| is(master)) { Ok(()) } else { Err(Refusal::DeviceTokenInvalid.into()) }
}
