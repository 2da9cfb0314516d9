//! What a device says of an update, and what that changes.

use super::{Counted, Device};
use crate::domain::progress::retry::Failure;
use crate::domain::progress::{Report, State};
use crate::domain::{FeedName, ImageId, Refusal, Timestamp};

/// A word of a device about an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Which image.
    pub id: ImageId,
    /// How far it has come.
    pub state: State,
    /// How much of that is done, in percent.
    pub percent: Option<u8>,
    /// Why it failed, in a word of the device's maker.
    pub code: Option<String>,
    /// The same for people.
    pub message: Option<String>,
}

/// A status, taken in.
#[derive(Debug, Clone)]
pub struct Stated {
    /// The device as it is now.
    pub device: Device,
    /// Which attempt it is about.
    pub attempt: u32,
    /// Until when the device is left alone with this image, if it failed.
    pub held: Option<Timestamp>,
    /// Whether this speaks against the image, and did not before.
    pub against: bool,
    /// Whether it said anything new.
    pub changed: bool,
}

/// Takes in what `device` says of an image that is given out in `feed`; [`Refusal::NotOffered`] if it was not offered that
/// image.
///
/// Success is the version that it reports, and not its word: `installed` is kept, and counted when the version says so. A
/// status of what it runs already, or of something newer than what is said, changes nothing.
pub fn state(device: &Device, feed: &FeedName, status: &Status, now: Timestamp) -> Result<Stated, Refusal> {
    let mut device = device.clone();
    let Status { id, state, .. } = status;
    let unchanged =
        |device: Device, attempt| Stated { device, attempt, held: None, against: false, changed: false };
    if device.reported.get(&id.r#type).is_some_and(|runs| runs.get() >= id.number.get()) {
        return Ok(unchanged(device, 0));
    }
    let progress = device.progress.get_mut(id).ok_or(Refusal::NotOffered)?;
    let Report::New { attempt, .. } = progress.report(*state, now) else {
        let attempt = progress.attempt;
        return Ok(unchanged(device, attempt));
    };
    // Also after its word that it is installed: whether it starts is yet to be seen.
    progress.go_out(feed, !matches!(state, State::Failed | State::Rejected), now);
    let mut against = false;
    match state {
        State::Downloading => drop(progress.mark(feed, Counted::Downloading)),
        State::Installing => drop(progress.mark(feed, Counted::Installing)),
        State::Installed => {}
        State::Rejected => drop(progress.mark(feed, Counted::Rejected)),
        State::Failed => {
            let failure = Failure::of(status.code.as_deref());
            progress.fail(failure, &device.id, now);
            let what = if failure == Failure::Circumstance { Counted::Deferred } else { Counted::Failed };
            against = progress.mark(feed, what) && what == Counted::Failed;
        }
    }
    let held = if *state == State::Failed { progress.held } else { None };
    device.count_later();
    device.touch(now);
    Ok(Stated { device, attempt, held, against, changed: true })
}

impl Device {
    /// Whether its last word of an image is that it failed.
    pub fn has_failed_with(&self, id: ImageId) -> bool {
        let last = self.progress.get(&id).and_then(|progress| progress.said.last());
        last.is_some_and(|said| said.state == State::Failed)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Count;
    use super::super::testing::{at, device, id, said};
    use super::*;
    use crate::domain::progress::Progress;

    fn word(state: State, code: Option<&str>) -> Status {
        Status { id: id(3, 7), state, percent: None, code: code.map(str::to_owned), message: None }
    }

    fn says(device: &Device, state: State) -> Stated {
        super::state(device, &FeedName::release(), &word(state, None), at(1)).unwrap()
    }

    /// A device that runs this number of type 3, and was offered number 7.
    fn running(number: i64) -> Device {
        let mut it = device();
        it.reported = said(&[(3, number)]).attributes.into_iter().map(|(k, v)| (k, v.unwrap())).collect();
        it.progress.insert(id(3, 7), Progress::begin(at(0)));
        it
    }

    /// What is counted, and the device afterwards.
    fn counted(stated: &Stated) -> (Vec<Counted>, Device) {
        let mut device = stated.device.clone();
        let what = |count: &Count| match count {
            Count::Image { what, .. } => Some(*what),
            _ => None,
        };
        (device.settle(90).iter().filter_map(what).collect(), device)
    }

    #[test]
    fn each_state_of_an_image_counts_once_however_often_it_is_tried() {
        let (what, mut device) = counted(&says(&running(5), State::Downloading));
        assert_eq!(what, [Counted::Downloading]);
        assert!(!says(&device, State::Downloading).changed);
        for turn in 0..5 {
            let failed = says(&device, State::Failed);
            let (what, after) = counted(&failed);
            assert_eq!(
                (what.as_slice(), failed.against),
                if turn == 0 { (&[Counted::Failed][..], true) } else { (&[][..], false) }
            );
            assert!(!says(&after, State::Installing).changed, "it is over");
            assert!(!says(&after, State::Downloading).changed, "it was not offered again");
            device = after;
            device.progress.get_mut(&id(3, 7)).unwrap().offer(at(2), 60);
            let again = says(&device, State::Downloading);
            assert_eq!(again.attempt, turn + 2);
            let (what, after) = counted(&again);
            assert_eq!(what, []);
            device = after;
        }
    }

    #[test]
    fn its_word_that_it_is_installed_is_kept_and_not_counted() {
        let (_, device) = counted(&says(&running(5), State::Downloading));
        let done = says(&device, State::Installed);
        assert!(
            done.changed && done.device.is_settled() && done.device.is_out(),
            "until its version says so"
        );
    }

    #[test]
    fn words_about_what_it_runs_already_change_nothing() {
        for state in [State::Downloading, State::Failed, State::Installed] {
            assert!(!says(&running(7), state).changed);
            assert!(!says(&running(9), state).changed);
        }
    }

    #[test]
    fn nothing_is_taken_of_what_it_was_not_offered() {
        for state in State::ALL {
            let mut it = running(5);
            it.progress.clear();
            let refused = super::state(&it, &FeedName::release(), &word(state, None), at(1));
            assert!(matches!(refused, Err(Refusal::NotOffered)), "{state:?}");
        }
    }

    #[test]
    fn what_the_device_could_not_help_is_counted_apart_and_tried_again_later() {
        let state = word(State::Failed, Some("battery_low"));
        let stated = super::state(&running(5), &FeedName::release(), &state, at(1)).unwrap();
        assert!(stated.changed && !stated.against && stated.held.is_some());
        assert_eq!(counted(&stated).0, [Counted::Deferred]);
    }
}
