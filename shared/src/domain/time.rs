//! Moments, as milliseconds since the epoch.

use serde::{Deserialize, Serialize};

/// Whole seconds since 1970-01-01T00:00:00Z: as fine as HTTP dates are.
pub type Seconds = i64;

/// Milliseconds since 1970-01-01T00:00:00Z, as every `…Timestamp` on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// A moment `millis` milliseconds after the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This moment and `seconds` more.
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1000)))
    }

    /// Days since the epoch, UTC.
    pub const fn day(self) -> i64 {
        self.0.div_euclid(86_400_000)
    }

    /// The day, UTC, as `2026-11-23`.
    pub fn date(self) -> String {
        let moment = jiff::Timestamp::from_millisecond(self.0).unwrap_or_default();
        moment.strftime("%Y-%m-%d").to_string()
    }

    /// The month, UTC, as `2026-11`; what audit items are filed under.
    pub fn month(self) -> String {
        let moment = jiff::Timestamp::from_millisecond(self.0).unwrap_or_default();
        moment.strftime("%Y-%m").to_string()
    }

    /// The first moment of its month, UTC.
    #[must_use]
    pub fn month_start(self) -> Self {
        let days: i64 = self.date().get(8..).and_then(|day| day.parse().ok()).unwrap_or(1);
        Self((self.day() - (days - 1)) * 86_400_000)
    }

    /// The first moment of the next month, UTC.
    #[must_use]
    pub fn next_month(self) -> Self {
        self.month_start().plus_seconds(31 * 86_400).month_start()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_begin_and_follow_each_other() {
        let at =
            |date: &str| Timestamp::from_millis(date.parse::<jiff::Timestamp>().unwrap().as_millisecond());
        for (moment, start, next) in [
            ("2026-01-31T23:59:59Z", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"),
            ("2026-02-01T00:00:00Z", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"),
            ("2026-12-15T12:00:00Z", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"),
            ("2028-02-29T12:00:00Z", "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z"),
        ] {
            assert_eq!(
                (at(moment).month_start(), at(moment).next_month()),
                (at(start), at(next)),
                "{moment}"
            );
        }
    }

    #[test]
    fn a_month_is_that_of_utc() {
        assert_eq!(Timestamp::from_millis(0).month(), "1970-01");
        assert_eq!(Timestamp::from_millis(1_795_305_600_000).month(), "2026-11");
        assert_eq!(Timestamp::from_millis(1_795_305_599_999).date(), "2026-11-21");
        assert_eq!(Timestamp::from_millis(1_795_305_600_000).date(), "2026-11-22");
    }
}
