//! What is counted of devices: each thing once, and taken note of on the device itself, so that what does not fit into one
//! transaction, or breaks off, is counted by the next one.

use std::collections::BTreeMap;

use super::Device;
use crate::domain::progress::{Out, Progress};
use crate::domain::{FeedName, ImageId, TypeNumber};

/// What a device has made of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counted {
    /// It was offered it for the first time.
    Offered,
    /// It began to fetch it.
    Downloading,
    /// It began to install it.
    Installing,
    /// It runs it.
    Installed,
    /// It could not install it, or was offered it in vain often enough.
    Failed,
    /// It declined it.
    Rejected,
    /// It could not take it in for a reason that is not the image's.
    Deferred,
}

/// A count that changes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Count {
    /// One device more is known.
    Device,
    /// One device more, or less, runs an image in a feed.
    Runs {
        /// The feed.
        feed: FeedName,
        /// The image, which need not be one of ours.
        running: (TypeNumber, i64),
        /// 1 or -1.
        by: i8,
    },
    /// One device more has come so far with an image.
    Image {
        /// The feed.
        feed: FeedName,
        /// The image.
        id: ImageId,
        /// How far.
        what: Counted,
    },
    /// One device more, or less, is busy with an image and was last heard of in a slot.
    Out {
        /// The image.
        id: ImageId,
        /// The feed, and when.
        out: Out,
        /// 1 or -1.
        by: i8,
    },
}

/// The number under which all are counted that were never given out, which is above any that was: a device that makes up
/// another one each day leaves one count.
pub const BEYOND: i64 = i64::MAX;

/// The feed and the number that a type of a device is counted under.
pub type Place = (FeedName, i64);

impl Device {
    /// Where each type that it runs is to be counted.
    fn places(&self) -> BTreeMap<TypeNumber, Place> {
        let place = |(number, version): (&TypeNumber, &crate::domain::number::ReportedVersion)| {
            let version = if self.beyond.contains(number) { BEYOND } else { version.get() };
            (*number, (self.on().clone(), version))
        };
        self.reported.iter().filter(|_| !self.provisional).map(place).collect()
    }

    /// Where each type is counted by now.
    pub fn counted(&self) -> BTreeMap<TypeNumber, Place> {
        let mut all = self.places();
        for (number, place) in &self.lagging {
            match place {
                Some(place) => drop(all.insert(*number, place.clone())),
                None => drop(all.remove(number)),
            }
        }
        all
    }

    /// Takes note of where its types are counted, if that is not where they are to be.
    pub(super) fn lag(&mut self, counted: &BTreeMap<TypeNumber, Place>) {
        let places = self.places();
        let types = places.keys().chain(counted.keys());
        let differs = types.filter(|number| places.get(number) != counted.get(number));
        self.lagging = differs.map(|number| (*number, counted.get(number).cloned())).collect();
    }

    /// Whether all is counted that is to be.
    pub fn is_settled(&self) -> bool {
        let counted = |progress: &Progress| progress.due.is_empty() && progress.out == progress.out_counted;
        self.lagging.is_empty() && self.progress.values().all(counted)
    }

    /// Takes what is to be counted yet, as far as it changes at most `room` items, and notes it as counted.
    pub fn settle(&mut self, room: usize) -> Vec<Count> {
        let (mut counts, mut left) = (Vec::new(), room);
        // How images fare comes first: what halts them looks at that.
        for (id, progress) in &mut self.progress {
            while left > 0
                && let Some((feed, marks)) = progress.due.pop_first()
            {
                left -= 1;
                counts.extend(marks.iter().map(|what| Count::Image {
                    feed: feed.clone(),
                    id: *id,
                    what: *what,
                }));
                progress.counted.entry(feed).or_default().extend(marks);
            }
            if left > 1 && progress.out != progress.out_counted {
                left -= 2;
                let before = std::mem::replace(&mut progress.out_counted, progress.out.clone());
                counts.extend(before.map(|out| Count::Out { id: *id, out, by: -1 }));
                counts.extend(progress.out.clone().map(|out| Count::Out { id: *id, out, by: 1 }));
            }
        }
        let places = self.places();
        while left > 1
            && let Some((number, from)) = self.lagging.pop_first()
        {
            left -= 2;
            let runs = |(feed, version): Place, by| Count::Runs { feed, running: (number, version), by };
            counts.extend(from.map(|from| runs(from, -1)));
            counts.extend(places.get(&number).cloned().map(|to| runs(to, 1)));
        }
        counts
    }

    /// Whether it is busy with an image and has not been heard of since.
    pub fn is_out(&self) -> bool {
        self.progress.values().any(|progress| progress.out.is_some())
    }

    /// What is counted when it is no longer waited for, of at most `most` images.
    pub fn no_longer_out(&self, most: usize) -> Vec<Count> {
        let out = |(id, progress): (&ImageId, &Progress)| {
            Some(Count::Out { id: *id, out: progress.out_counted.clone()?, by: -1 })
        };
        self.progress.iter().filter_map(out).take(most).collect()
    }

    /// What is counted when it no longer runs any of `types`.
    pub fn no_longer_runs(&self, types: impl IntoIterator<Item = TypeNumber>) -> Vec<Count> {
        let counted = self.counted();
        let each = |number: TypeNumber| {
            let (feed, version) = counted.get(&number)?.clone();
            Some(Count::Runs { feed, running: (number, version), by: -1 })
        };
        types.into_iter().filter_map(each).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{device, id, said};
    use super::*;

    fn running(versions: &[(u16, i64)]) -> Device {
        let mut it = device();
        let reported = said(versions).attributes.into_iter();
        it.reported = reported.filter_map(|(number, version)| Some((number, version?))).collect();
        it.lag(&BTreeMap::new());
        it
    }

    #[test]
    fn what_does_not_fit_is_counted_later_and_nothing_twice() {
        let all: Vec<_> = (1..=200).map(|number| (number, 7)).collect();
        let mut it = running(&all);
        let mut progress = Progress::begin(crate::domain::Timestamp::from_millis(0));
        progress.mark(&it.feed, Counted::Offered);
        it.progress.insert(id(3, 9), progress);
        let (mut counts, mut turns) = (Vec::new(), 0);
        while !it.is_settled() {
            let some = it.settle(90);
            assert!(!some.is_empty() && some.len() <= 90);
            counts.extend(some);
            turns += 1;
        }
        assert_eq!((counts.len(), turns), (201, 5));
        counts.sort();
        counts.dedup();
        assert_eq!(counts.len(), 201);
        assert!(it.settle(90).is_empty());
    }

    #[test]
    fn a_move_that_broke_off_goes_on_from_where_each_type_is_counted() {
        let mut it = running(&[(1, 7), (3, 7)]);
        it.settle(90);
        let before = it.counted();
        it.feed = "beta".parse().unwrap();
        it.lag(&before);
        assert_eq!(it.settle(2).len(), 2, "one of them");
        assert!(!it.is_settled());
        let half = it.counted();
        assert_eq!(half.values().filter(|(feed, _)| feed.as_str() == "beta").count(), 1);
        let before = it.counted();
        it.feed = "alpha".parse().unwrap();
        it.lag(&before);
        let mut from: Vec<_> = it
            .settle(90)
            .into_iter()
            .filter_map(|count| match count {
                Count::Runs { feed, by: -1, .. } => Some(feed.to_string()),
                _ => None,
            })
            .collect();
        from.sort();
        assert_eq!(from, ["beta", "release"]);
    }

    #[test]
    fn a_device_that_is_busy_is_counted_until_it_is_heard_of() {
        let (mut it, release) = (running(&[]), FeedName::release());
        let mut progress = Progress::begin(crate::domain::Timestamp::from_millis(0));
        progress.go_out(&release, true, crate::domain::Timestamp::from_millis(0));
        it.progress.insert(id(3, 9), progress);
        let out = |slot| Out { feed: release.clone(), slot };
        assert_eq!(it.settle(90), [Count::Out { id: id(3, 9), out: out(0), by: 1 }]);
        assert!(it.settle(90).is_empty() && it.is_out());
        let later =
            crate::domain::Timestamp::from_millis(0).plus_seconds(crate::domain::progress::SLOT_SECONDS);
        it.progress.get_mut(&id(3, 9)).unwrap().go_out(&release, true, later);
        let moved = [
            Count::Out { id: id(3, 9), out: out(0), by: -1 },
            Count::Out { id: id(3, 9), out: out(1), by: 1 },
        ];
        assert_eq!(it.settle(90), moved);
        assert_eq!(it.no_longer_out(9), [Count::Out { id: id(3, 9), out: out(1), by: -1 }]);
        it.progress.get_mut(&id(3, 9)).unwrap().go_out(&release, false, later);
        assert_eq!(it.settle(90), [Count::Out { id: id(3, 9), out: out(1), by: -1 }]);
        assert!(it.is_settled() && !it.is_out());
    }

    #[test]
    fn a_device_that_is_not_known_for_good_is_counted_nowhere() {
        let mut it = device();
        it.provisional = true;
        let reported = said(&[(3, 7)]).attributes.into_iter();
        it.reported = reported.filter_map(|(number, version)| Some((number, version?))).collect();
        let counted = it.counted();
        it.lag(&counted);
        assert!(it.is_settled() && it.settle(90).is_empty());
        it.provisional = false;
        it.lag(&counted);
        assert_eq!(it.settle(90).len(), 1);
    }
}
