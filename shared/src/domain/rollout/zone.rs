//! Time zones: looked up once, when a window is saved, in the table that is built into the program.

use jiff::tz::TimeZone;

use super::Offset;
use crate::domain::{Invalid, Timestamp};

/// For how long offsets are looked up. A window that lives longer keeps the last one.
const AHEAD_SECONDS: i64 = 3 * 366 * 86_400;

/// The offsets of the zone that the IANA's table calls `name`, from `now` on for three years.
pub fn offsets(name: &str, now: Timestamp) -> Result<Vec<Offset>, Invalid> {
    let unknown = Invalid::because("must be a time zone of the IANA's table, as Europe/Berlin");
    let zone = TimeZone::get(name).map_err(|_| unknown)?;
    let moment = jiff::Timestamp::from_millisecond(now.millis()).unwrap_or_default();
    let end = now.plus_seconds(AHEAD_SECONDS);
    let later = zone.following(moment).map(|change| Offset {
        since: Timestamp::from_millis(change.timestamp().as_millisecond()),
        seconds: change.offset().seconds(),
    });
    let mut all = vec![Offset { since: now, seconds: zone.to_offset(moment).seconds() }];
    all.extend(later.take_while(|change| change.since <= end));
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-22T00:00:00Z.
    const NOW: Timestamp = Timestamp::from_millis(1_795_305_600_000);

    #[test]
    fn a_zone_that_changes_its_clocks_has_an_offset_for_each_half_of_the_year() {
        let all = offsets("Europe/Berlin", NOW).unwrap();
        let seconds: Vec<_> = all.iter().map(|offset| offset.seconds).collect();
        assert_eq!(seconds, [3600, 7200, 3600, 7200, 3600, 7200, 3600]);
        // 2027-03-28T01:00:00Z.
        assert_eq!(all[1].since.millis(), 1_806_195_600_000);
    }

    #[test]
    fn a_zone_that_never_does_has_one() {
        assert_eq!(offsets("UTC", NOW).unwrap(), [Offset { since: NOW, seconds: 0 }]);
        assert_eq!(offsets("Asia/Kolkata", NOW).unwrap()[0].seconds, 19_800);
    }

    #[test]
    fn what_is_no_zone_is_refused() {
        for name in ["", "Mars/Olympus", "../etc/passwd", "+02:00"] {
            assert!(offsets(name, NOW).is_err(), "{name}");
        }
    }
}
