//! Randomness, at the edge where it comes in.

/// `N` random bytes from the operating system.
#[expect(clippy::disallowed_methods, reason = "this is the edge at which randomness comes in")]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // The system's generator fails only where there is none; a key of zeros must never be handed out.
    if let Err(error) = getrandom::fill(&mut bytes) {
        panic!("the system has no random numbers: {error}");
    }
    bytes
}

/// A random number of 64 bits.
pub fn number() -> u64 {
    u64::from_be_bytes(bytes())
}
