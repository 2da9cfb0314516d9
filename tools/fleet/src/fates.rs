//! What befalls devices: what an image does to them, and what they suffer anyway.

/// What an image does to those who install it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fate {
    /// Of a hundred installs, how many fail and leave the device with what it ran before.
    pub fails: u8,
    /// Of a hundred installs, how many leave a device that never says a word again.
    pub dies: u8,
}

/// What devices suffer whatever they install.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traits {
    /// Of a thousand replies, how many never arrive; the device asks again.
    pub lost_replies: u16,
    /// Of a thousand waits for the next check, how many end in a spell without a connection.
    pub offline: u16,
    /// The longest of these spells, in hours.
    pub longest_spell: u16,
    /// By how many of a thousand a device's clock runs too fast or too slow at most.
    pub skew: u16,
    /// Of a thousand waits, how many end at once, since the device lost its time.
    pub jumps: u16,
    /// Of a hundred devices, how many report every state of an install.
    pub talkative: u8,
    /// Of a hundred devices, how many report no state at all, failures included: they are known by their versions alone.
    pub silent: u8,
}

impl Default for Traits {
    fn default() -> Self {
        Self {
            lost_replies: 10,
            offline: 20,
            longest_spell: 6,
            skew: 30,
            jumps: 5,
            talkative: 20,
            silent: 15,
        }
    }
}
