//! What ran on a device, and what a device type gave, at a moment that has gone by.

use std::collections::BTreeMap;

use super::device_past::quiet_since;
use super::device_types::living;
use super::replay::{Past, past};
use super::{Context, Error, Result};
use crate::domain::device::Device;
use crate::domain::number::ReportedVersion;
use crate::domain::{DeviceId, DeviceTypeId, FeedName, PartnerId, Refusal, Timestamp, TypeNumber};
use crate::store::device_history::{Event, EventRow};

/// What a device had said of itself by a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// The feed that it was answered from.
    pub feed: FeedName,
    /// When it last had anything new to say; none if that is not kept any more.
    pub heard: Option<Timestamp>,
    /// What it ran.
    pub versions: BTreeMap<TypeNumber, Since>,
}

/// A version, and since when it has been reported without a break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Since {
    /// The version.
    pub version: ReportedVersion,
    /// The first report of it, of those that were looked at; where none is kept any more, a moment at which it was known.
    pub since: Timestamp,
    /// Whether it may have been reported before.
    pub or_earlier: bool,
}

/// What a device had said that it runs by `at`; none if it had not been heard of.
pub async fn of_device(
    cx: &Context<'_>,
    partner: &PartnerId,
    device_type: &DeviceTypeId,
    id: &DeviceId,
    at: Timestamp,
) -> Result<Option<Ran>> {
    living(cx, partner, device_type).await?;
    let device = cx.store.device(device_type, id).await?.ok_or(Refusal::NotFound)?;
    check(cx, at)?;
    let (history, whole) = cx.store.history_until(&device, at).await?;
    match ran(&history, whole) {
        Some(ran) => Ok(Some(ran)),
        None => Ok(quiet_since(cx, &device, at).await?.map(|since| still(&device, since))),
    }
}

/// What a device runs that has said nothing new for longer than that is kept.
fn still(device: &Device, since: Timestamp) -> Ran {
    let or_earlier = device.created < since;
    let version = |(number, version): (&TypeNumber, &ReportedVersion)| {
        (*number, Since { version: *version, since, or_earlier })
    };
    Ran { feed: device.feed.clone(), heard: None, versions: device.reported.iter().map(version).collect() }
}

/// What a device type gave at `at`, and whether it was stopped; by feed and image.
pub async fn of_device_type(
    cx: &Context<'_>,
    partner: &PartnerId,
    device_type: &DeviceTypeId,
    at: Timestamp,
) -> Result<Past> {
    let this = living(cx, partner, device_type).await?;
    check(cx, at)?;
    if at < this.created {
        return Err(Error::field("/at", "is before the device type was made"));
    }
    let mut found = past(cx, partner, &this, at).await?;
    found.associations.sort_by(|a, b| (&a.feed, a.image.id).cmp(&(&b.feed, b.image.id)));
    Ok(found)
}

fn check(cx: &Context<'_>, at: Timestamp) -> Result<()> {
    if at > cx.now { Err(Error::field("/at", "lies in the future")) } else { Ok(()) }
}

/// Out of a history, newest first; `whole` if nothing came before it.
fn ran(history: &[EventRow], whole: bool) -> Option<Ran> {
    let mut checked = history.iter().filter_map(|row| match &row.what {
        Event::Checked { feed, reported, .. } => Some((row.at, feed, reported)),
        Event::Stated { .. } => None,
    });
    let (heard, feed, reported) = checked.next()?;
    let number = |attribute: &String| TypeNumber::from_version_attribute_id(attribute.parse().ok()?).ok();
    let mut versions: BTreeMap<TypeNumber, Since> = reported
        .iter()
        .filter_map(|(id, version)| {
            Some((number(id)?, Since { version: *version, since: heard, or_earlier: !whole }))
        })
        .collect();
    let mut open: Vec<TypeNumber> = versions.keys().copied().collect();
    for (at, _, reported) in checked {
        open.retain(|kind| {
            let Some(this) = versions.get_mut(kind) else { return false };
            let same = reported.get(&kind.version_attribute_id().to_string()) == Some(&this.version);
            if same {
                this.since = at;
            } else {
                this.or_earlier = false;
            }
            same
        });
    }
    Some(Ran { feed: feed.clone(), heard: Some(heard), versions })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(millis: i64, versions: &[(&str, &str)]) -> EventRow {
        let reported = versions.iter().map(|(id, version)| ((*id).to_owned(), version.parse().unwrap()));
        EventRow {
            at: Timestamp::from_millis(millis),
            what: Event::Checked {
                feed: "beta".parse().unwrap(),
                reported: reported.collect(),
                offered: Vec::new(),
                installed: Vec::new(),
                given_up: Vec::new(),
            },
            expires_at: 0,
        }
    }

    fn told(history: &[EventRow], whole: bool) -> Vec<(u8, i64, i64, bool)> {
        let ran = ran(history, whole).unwrap();
        let each = ran.versions.into_iter();
        each.map(|(kind, it)| (kind.get(), it.version.get(), it.since.millis(), it.or_earlier)).collect()
    }

    #[test]
    fn a_version_counts_from_its_first_report_without_a_break() {
        let history = [
            checked(9, &[("2003", "2"), ("2105", "7"), ("2101", "1")]),
            checked(7, &[("2003", "2"), ("2105", "7")]),
            checked(5, &[("2003", "1"), ("2105", "7"), ("2101", "1")]),
            checked(3, &[("2003", "2"), ("2105", "7")]),
        ];
        let expected = |earlier| [(3, 2, 7, false), (101, 1, 9, false), (105, 7, 3, earlier)];
        assert_eq!(told(&history, true), expected(false));
        assert_eq!(told(&history, false), expected(true));
    }

    #[test]
    fn who_was_never_heard_of_ran_nothing_that_is_known() {
        assert_eq!(ran(&[], true), None);
    }
}
