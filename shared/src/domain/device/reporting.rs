//! What a device says of an update, and what that changes.

use super::{Count, Counted, Device};
use crate::domain::progress::{Progress, Report, State};
use crate::domain::{FeedName, ImageId, Timestamp};

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
    /// What is counted for it.
    pub counts: Vec<Count>,
    /// Which attempt it is about.
    pub attempt: u32,
    /// Whether it said anything new.
    pub changed: bool,
}

/// Takes in what `device` says of an image that is given out in `feed`.
///
/// Success is the version that it reports, and not its word: `installed` is kept, and counted when the version says so. A
/// status of what it runs already, or of something newer than what is said, changes nothing.
pub fn state(device: &Device, feed: &FeedName, status: &Status, now: Timestamp) -> Stated {
    let mut device = device.clone();
    let Status { id, state, .. } = status;
    let unchanged = |device: Device, attempt| Stated { device, counts: Vec::new(), attempt, changed: false };
    if device.reported.get(&id.r#type).is_some_and(|runs| runs.get() >= id.number.get()) {
        return unchanged(device, 0);
    }
    let mut counts = Vec::new();
    let known = device.progress.get(&id.r#type).filter(|progress| progress.number == id.number).cloned();
    // What it was not offered by a check that knew it, as one that told only versions.
    let mut progress = known.unwrap_or_else(|| {
        counts.push(Count::Image { feed: feed.clone(), id: *id, what: Counted::Offered });
        Progress::begin(id.number, now)
    });
    match progress.report(*state, now) {
        Report::Known => unchanged(device, progress.attempt),
        Report::New { attempt, .. } => {
            let what = match state {
                State::Downloading => Some(Counted::Downloading),
                State::Installing => Some(Counted::Installing),
                State::Installed => None,
                State::Failed => Some(Counted::Failed),
                State::Rejected => Some(Counted::Rejected),
            };
            counts.extend(what.map(|what| Count::Image { feed: feed.clone(), id: *id, what }));
            device.progress.insert(id.r#type, progress);
            device.updated = now;
            device.seen_day = now.day();
            device.revision += 1;
            Stated { device, counts, attempt, changed: true }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{at, device, id, said};
    use super::*;

    fn says(device: &Device, number: i64, state: State) -> Stated {
        let status = Status { id: id(3, number), state, percent: None, code: None, message: None };
        super::state(device, &"release".parse().unwrap(), &status, at(1))
    }

    fn running(number: i64) -> Device {
        let mut it = device();
        it.reported = said(&[(3, number)]).attributes.into_iter().map(|(k, v)| (k, v.unwrap())).collect();
        it
    }

    fn counted(stated: &Stated) -> Vec<Counted> {
        let what = |count: &Count| match count {
            Count::Image { what, .. } => *what,
            other => panic!("{other:?}"),
        };
        stated.counts.iter().map(what).collect()
    }

    #[test]
    fn each_state_counts_once_in_an_attempt() {
        let first = says(&running(5), 7, State::Downloading);
        assert_eq!(counted(&first), [Counted::Offered, Counted::Downloading]);
        assert!(!says(&first.device, 7, State::Downloading).changed);
        let failed = says(&first.device, 7, State::Failed);
        assert_eq!((counted(&failed), failed.attempt), (vec![Counted::Failed], 1));
        assert!(!says(&failed.device, 7, State::Installing).changed, "it is over");
        let again = says(&failed.device, 7, State::Downloading);
        assert_eq!((counted(&again), again.attempt), (vec![Counted::Downloading], 2));
    }

    #[test]
    fn its_word_that_it_is_installed_is_kept_and_not_counted() {
        let first = says(&running(5), 7, State::Downloading);
        let done = says(&first.device, 7, State::Installed);
        assert!(done.changed && done.counts.is_empty());
        assert_eq!(done.device.progress.len(), 1, "until its version says so");
    }

    #[test]
    fn words_about_what_it_runs_already_change_nothing() {
        for state in [State::Downloading, State::Failed, State::Installed] {
            assert!(!says(&running(7), 7, state).changed);
            assert!(!says(&running(9), 7, state).changed);
        }
    }
}
