//! The one place where randomness comes in.

/// Fresh random bytes from the operating system.
#[expect(clippy::disallowed_methods, reason = "this is the edge at which randomness comes in")]
pub(crate) fn bytes<const N: usize>() -> anyhow::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no randomness from the system: {error}"))?;
    Ok(bytes)
}

/// A random name of 16 hex digits; all zeros in the unheard-of case that the system gives no randomness.
pub(crate) fn name() -> String {
    hex::encode(bytes::<8>().unwrap_or_default())
}
