//! Hours of the day in some place, without that place's calendar: its offsets from UTC are looked up when a window is
//! saved, so that a check needs no time zones.

use crate::domain::{Invalid, Timestamp};

const MINUTES: i64 = 24 * 60;

/// From a moment on clocks show so many seconds more than UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offset {
    /// From when on.
    pub since: Timestamp,
    /// Seconds east of Greenwich.
    pub seconds: i32,
}

/// Hours of each day, of the clocks of one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    from: u16,
    to: u16,
    zone: String,
    offsets: Vec<Offset>,
}

impl Window {
    /// From `from` until before `to`, in minutes since midnight (0 to 1,439); over midnight if `to` is the smaller one.
    /// `zone` is what the place's time zone is called, and `offsets` are its, in order; before the first one counts the
    /// first.
    pub fn new(from: u16, to: u16, zone: String, offsets: Vec<Offset>) -> Result<Self, Invalid> {
        if from == to || i64::from(from.max(to)) >= MINUTES {
            return Err(Invalid::because("must begin and end at two different minutes of a day"));
        }
        if offsets.is_empty() || !offsets.is_sorted_by(|a, b| a.since < b.since) {
            return Err(Invalid::because("must have the offsets of its time zone in their order"));
        }
        Ok(Self { from, to, zone, offsets })
    }

    /// Its first minute and the minute after its last, since midnight.
    pub const fn minutes(&self) -> (u16, u16) {
        (self.from, self.to)
    }

    /// What the place's time zone is called.
    pub fn zone(&self) -> &str {
        &self.zone
    }

    /// The offsets of its place, in order.
    pub fn offsets(&self) -> &[Offset] {
        &self.offsets
    }

    /// Whether it is one of its hours.
    pub fn is_open(&self, now: Timestamp) -> bool {
        let current = self.offsets.iter().rev().find(|offset| offset.since <= now).or(self.offsets.first());
        let seconds = now.seconds().saturating_add(current.map_or(0, |offset| offset.seconds.into()));
        let minute = seconds.div_euclid(60).rem_euclid(MINUTES);
        let (from, to) = (i64::from(self.from), i64::from(self.to));
        if from < to { (from..to).contains(&minute) } else { minute >= from || minute < to }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    fn hours(window: &Window, day: i64) -> Vec<i64> {
        (0..24).filter(|hour| window.is_open(Timestamp::from_millis((24 * day + hour) * HOUR))).collect()
    }

    fn offset(since: i64, seconds: i32) -> Offset {
        Offset { since: Timestamp::from_millis(since), seconds }
    }

    #[test]
    fn hours_are_those_of_the_place_and_may_pass_midnight() {
        let utc = vec![offset(0, 0)];
        assert_eq!(hours(&Window::new(60, 240, "X".to_owned(), utc.clone()).unwrap(), 5), [1, 2, 3]);
        assert_eq!(hours(&Window::new(1320, 120, "X".to_owned(), utc).unwrap(), 5), [0, 1, 22, 23]);
        // UTC+2: from one to four there is 23 to 2 here.
        assert_eq!(
            hours(&Window::new(60, 240, "X".to_owned(), vec![offset(0, 7200)]).unwrap(), 5),
            [0, 1, 23]
        );
        assert_eq!(
            hours(&Window::new(60, 240, "X".to_owned(), vec![offset(0, -3600)]).unwrap(), -3),
            [2, 3, 4]
        );
    }

    #[test]
    fn clocks_that_are_changed_take_the_hours_with_them() {
        let window =
            Window::new(60, 120, "X".to_owned(), vec![offset(0, 3600), offset(72 * HOUR, 7200)]).unwrap();
        assert_eq!([hours(&window, -1), hours(&window, 2), hours(&window, 3)], [[0], [0], [23]]);
    }

    #[test]
    fn what_is_no_stretch_of_a_day_is_refused() {
        let utc = || vec![offset(0, 0)];
        for (from, to, offsets) in [
            (60, 60, utc()),
            (0, 1440, utc()),
            (60, 120, vec![]),
            (60, 120, vec![offset(5, 0), offset(5, 1)]),
        ] {
            assert!(Window::new(from, to, "X".to_owned(), offsets).is_err(), "{from} {to}");
        }
    }
}
