//! The past of a device: what it ran, and what was held against it, at a moment that has gone by.
//!
//! Out of its own history, which goes through the same transitions again as it did then, and where that is no longer kept, out
//! of what has not changed since. It knows nothing of what was associated.

use std::collections::BTreeMap;

use super::{Context, Result};
use crate::domain::decision::{self, Reported};
use crate::domain::device::Device;
use crate::domain::number::ReportedVersion;
use crate::domain::progress::retry::Failure;
use crate::domain::progress::{MOST_OFFERS, Progress, State};
use crate::domain::{DeviceId, FeedName, ImageId, Timestamp, TypeNumber};
use crate::store::device_history::{Event, EventRow, kept_seconds};

/// Since when a device has said nothing new at `at` that is not kept any more; none if it has said something since, or may have.
///
/// A device that is content leaves no moments, and those that it left expire.
pub(super) async fn quiet_since(
    cx: &Context<'_>,
    device: &Device,
    at: Timestamp,
) -> Result<Option<Timestamp>> {
    let since = device.created.max(cx.now.plus_seconds(-kept_seconds(device)));
    if at < since {
        return Ok(None);
    }
    let latest = cx.store.latest_events(&device.device_type, &device.id, 1).await?;
    Ok(latest.iter().all(|row| row.at <= at).then_some(since))
}

/// What is known of a device at a moment, out of its history.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Then {
    /// The feed that it was last answered from; none if it had not been heard of.
    pub(super) feed: Option<FeedName>,
    /// What it ran.
    pub(super) reported: Reported,
    /// What it had made of the images that it was offered. Offers are not counted: the last one of them is in the history.
    progress: BTreeMap<ImageId, Progress>,
}

impl Then {
    /// What was known of a device at `at`.
    pub(super) async fn read(cx: &Context<'_>, device: &Device, at: Timestamp) -> Result<Self> {
        let (mut history, _) = cx.store.history_until(device, at).await?;
        history.reverse();
        let mut then = Self::of(device, &history, at);
        if then.feed.is_none() && quiet_since(cx, device, at).await?.is_some() {
            then.feed = Some(device.feed.clone());
            then.reported.clone_from(&device.reported);
        }
        Ok(then)
    }

    /// Out of a history that is in order, up to `at`.
    fn of(device: &Device, history: &[EventRow], at: Timestamp) -> Self {
        let begin = history.first().map_or(at, |row| row.at);
        // What has not been touched since is as it was before the history begins.
        let before = device.progress.iter().filter(|(_, progress)| progress.latest() < begin);
        let progress = before.map(|(id, progress)| (*id, progress.clone())).collect();
        let mut then = Self { progress, ..Self::default() };
        for row in history.iter().take_while(|row| row.at <= at) {
            match &row.what {
                Event::Checked { feed, reported, offered, given_up, .. } => {
                    then.feed = Some(feed.clone());
                    then.reported = versions(reported);
                    then.pass();
                    offered.iter().filter_map(|text| named(text)).for_each(|id| then.offer(id, row.at));
                    for id in given_up.iter().filter_map(|text| named(text)) {
                        then.progress.entry(id).or_insert_with(|| Progress::begin(row.at)).offers =
                            MOST_OFFERS;
                    }
                }
                Event::Stated { number, version_number, state: State::Failed, code, held, .. } => {
                    let id = ImageId { r#type: *number, number: *version_number };
                    then.fail(id, Failure::of(code.as_deref()), &device.id, *held, row.at);
                }
                Event::Stated { .. } => {}
            }
        }
        then
    }

    fn pass(&mut self) {
        for (id, progress) in &mut self.progress {
            let runs = self.reported.get(&id.r#type).map(|runs| runs.get());
            progress.pass(runs.is_some_and(|runs| runs >= id.number.get()));
        }
    }

    /// Nothing is offered that is held against the device: whoever was offered it had been freed of that.
    fn offer(&mut self, id: ImageId, at: Timestamp) {
        let progress = self.progress.entry(id).or_insert_with(|| Progress::begin(at));
        if progress.is_withheld() || progress.held.is_some_and(|until| at < until) {
            progress.reset();
        }
    }

    /// A wait grows with each failure: whoever waited for less than it should have had been freed in between.
    fn fail(
        &mut self,
        id: ImageId,
        failure: Failure,
        device: &DeviceId,
        held: Option<Timestamp>,
        at: Timestamp,
    ) {
        let progress = self.progress.entry(id).or_insert_with(|| Progress::begin(at));
        progress.fail(failure, device, at);
        if held.is_some() && held < progress.held {
            progress.reset();
            progress.fail(failure, device, at);
        }
        progress.held = held.or(progress.held);
    }

    /// The device as a decision saw it then; what is not in its history is as it is in `now`.
    pub(super) fn seen(self, now: decision::Device) -> decision::Device {
        let held = self.progress.iter().filter_map(|(id, progress)| Some((*id, progress.held?))).collect();
        let withheld = self.progress.iter().filter(|(_, progress)| progress.is_withheld());
        let withheld = withheld.map(|(id, _)| *id).collect();
        decision::Device { reported: self.reported, withheld, held, ..now }
    }
}

/// What a moment of a history says of versions, by type.
fn versions(reported: &BTreeMap<String, ReportedVersion>) -> Reported {
    let number = |attribute: &str| TypeNumber::from_version_attribute_id(attribute.parse().ok()?).ok();
    reported.iter().filter_map(|(id, version)| Some((number(id)?, *version))).collect()
}

/// The image that is written as `105/7`.
fn named(text: &str) -> Option<ImageId> {
    let (kind, number) = text.split_once('/')?;
    let kind: TypeNumber = kind.parse().ok()?;
    Some(ImageId { r#type: kind, number: number.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::progress::retry::wait;

    const HOUR: i64 = 3_600_000;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn device() -> Device {
        let [partner, device_type, device, feed] = ["acme", "kettle", "SN-1", "beta"];
        Device::first_heard_of(
            partner.parse().unwrap(),
            device_type.parse().unwrap(),
            device.parse().unwrap(),
            feed.parse().unwrap(),
            at(0),
        )
    }

    fn row(millis: i64, what: Event) -> EventRow {
        EventRow { at: at(millis), what, expires_at: 0 }
    }

    /// A check by a device that runs `number` of type 105.
    fn checked(millis: i64, number: i64, offered: &[&str], given_up: &[&str]) -> EventRow {
        let names = |all: &[&str]| all.iter().map(|id| (*id).to_owned()).collect();
        row(
            millis,
            Event::Checked {
                feed: "beta".parse().unwrap(),
                reported: [("2105".to_owned(), number.to_string().parse().unwrap())].into(),
                offered: names(offered),
                installed: Vec::new(),
                given_up: names(given_up),
            },
        )
    }

    /// The `nth` failure of image 105/7 in a row.
    fn failed(millis: i64, code: &str, nth: u32) -> EventRow {
        row(
            millis,
            Event::Stated {
                feed: "beta".parse().unwrap(),
                number: 105.try_into().unwrap(),
                version_number: 7.try_into().unwrap(),
                state: State::Failed,
                attempt: 1,
                percent: None,
                code: Some(code.to_owned()),
                message: None,
                held: Some(wait(&device().id, nth, at(millis))),
            },
        )
    }

    fn seen(history: &[EventRow], millis: i64) -> decision::Device {
        Then::of(&device(), history, at(millis)).seen(decision::Device::default())
    }

    /// What was withheld, as `105/7`.
    fn withheld(history: &[EventRow], millis: i64) -> Vec<String> {
        seen(history, millis).withheld.iter().map(|id| format!("{}/{}", id.r#type, id.number)).collect()
    }

    #[test]
    fn a_devices_past_is_its_history_up_to_then() {
        let history =
            [checked(1, 5, &["105/7"], &[]), checked(2, 5, &["105/7"], &["105/7"]), checked(3, 7, &[], &[])];
        assert_eq!(Then::of(&device(), &history, at(0)), Then::default());
        let runs = |millis| seen(&history, millis).reported.values().map(|it| it.get()).collect::<Vec<_>>();
        assert_eq!([runs(1), runs(2), runs(9)], [[5], [5], [7]]);
        let held = [1, 2, 9].map(|millis| withheld(&history, millis));
        assert_eq!(held, [vec![], vec!["105/7".to_owned()], vec![]]);
    }

    #[test]
    fn what_failed_too_often_was_withheld_for_good_and_what_did_not_start_at_once() {
        let once = [checked(1, 5, &["105/7"], &[]), failed(2, "boot_failed", 1)];
        assert_eq!(withheld(&once, 1), [""; 0]);
        assert_eq!(withheld(&once, 2 + 2 * HOUR), ["105/7"]);
        let thrice: Vec<_> = (1..4)
            .flat_map(|turn: u32| {
                let millis = i64::from(turn) * 10 * HOUR;
                [checked(millis, 5, &["105/7"], &[]), failed(millis + 1, "install_failed", turn)]
            })
            .collect();
        assert_eq!(withheld(&thrice, 30 * HOUR), [""; 0]);
        assert_eq!(withheld(&thrice, 99 * HOUR), ["105/7"]);
        let otherwise: Vec<_> = thrice
            .into_iter()
            .map(|mut row| {
                if let Event::Stated { code, .. } = &mut row.what {
                    *code = Some("no_space".to_owned());
                }
                row
            })
            .collect();
        assert_eq!(withheld(&otherwise, 99 * HOUR), [""; 0], "the device could not help it");
    }

    #[test]
    fn whoever_was_freed_begins_anew() {
        let mut history =
            vec![checked(1, 5, &["105/7"], &[]), failed(2, "boot_failed", 1), checked(3, 5, &["105/7"], &[])];
        assert_eq!(withheld(&history, 9 * HOUR), [""; 0], "it was offered it, so it was free of it");
        assert!(seen(&history, 3).held.is_empty());
        // Failed twice, freed after it could be offered it again, and failed once more: nothing but the wait tells.
        history.extend([
            failed(4, "install_failed", 1),
            checked(2 * HOUR, 5, &["105/7"], &[]),
            failed(2 * HOUR, "install_failed", 2),
            checked(9 * HOUR, 5, &["105/7"], &[]),
            failed(9 * HOUR, "install_failed", 1),
        ]);
        assert_eq!(withheld(&history, 99 * HOUR), [""; 0]);
    }

    #[test]
    fn an_offer_of_one_image_frees_no_other() {
        let history =
            [checked(1, 5, &["105/7"], &["105/7"]), checked(2, 5, &["105/8"], &[]), checked(3, 5, &[], &[])];
        assert_eq!(withheld(&history, 3), ["105/7"]);
        let both = [checked(1, 5, &["105/7"], &["105/7"]), checked(2, 5, &["105/8"], &["105/8"])];
        assert_eq!(withheld(&both, 3), ["105/7", "105/8"]);
    }

    #[test]
    fn what_was_withheld_before_the_history_begins_still_is() {
        let mut device = device();
        let id = named("105/6").unwrap();
        device.progress.insert(id, Progress { offers: MOST_OFFERS, ..Progress::begin(at(5)) });
        let withheld = |begin| {
            let then = Then::of(&device, &[checked(begin, 5, &[], &[])], at(9));
            then.seen(decision::Device::default()).withheld
        };
        assert_eq!(withheld(6), [id].into());
        assert_eq!(withheld(5), [].into(), "the history has it");
    }

    #[test]
    fn whoever_falls_back_is_where_it_was() {
        let history =
            [checked(1, 5, &["105/7"], &["105/7"]), checked(2, 7, &[], &[]), checked(3, 5, &[], &[])];
        assert_eq!([1, 2, 3].map(|millis| withheld(&history, millis).len()), [1, 0, 1]);
    }
}
