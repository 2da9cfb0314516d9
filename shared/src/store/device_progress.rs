//! What devices have made of images, and where they are counted, as it lies in a device's item.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::domain::device::{Counted, Place};
use crate::domain::progress::{MOST_OFFERS, Marks, Out, Progress, Said, Slot, State};
use crate::domain::{FeedName, ImageId, Timestamp, TypeNumber, VersionNumber};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProgressRow {
    number: TypeNumber,
    version_number: VersionNumber,
    offers: u32,
    offered: Timestamp,
    attempt: u32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    said: Vec<Said>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    ended: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    passed: bool,
    #[serde(default, skip_serializing_if = "is_zero")]
    in_a_row: u32,
    #[serde(default, skip_serializing_if = "is_zero")]
    against: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    held: Option<Timestamp>,
    /// By feed, a letter for each; none in what an earlier version wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    counted: Option<BTreeMap<FeedName, String>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    due: BTreeMap<FeedName, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    out: Option<OutRow>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    out_counted: Option<OutRow>,
}

#[derive(Serialize, Deserialize)]
struct OutRow {
    feed: FeedName,
    slot: Slot,
}

impl From<&Out> for OutRow {
    fn from(this: &Out) -> Self {
        Self { feed: this.feed.clone(), slot: this.slot }
    }
}

impl From<OutRow> for Out {
    fn from(row: OutRow) -> Self {
        Self { feed: row.feed, slot: row.slot }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes what it asks about by reference")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

const LETTERS: [(Counted, char); 7] = [
    (Counted::Offered, 'o'),
    (Counted::Downloading, 'd'),
    (Counted::Installing, 'i'),
    (Counted::Installed, 'r'),
    (Counted::Failed, 'f'),
    (Counted::Rejected, 'n'),
    (Counted::Deferred, 'l'),
];

fn letters(marks: &Marks) -> BTreeMap<FeedName, String> {
    let text = |all: &BTreeSet<Counted>| {
        LETTERS.iter().filter(|(what, _)| all.contains(what)).map(|(_, letter)| *letter).collect()
    };
    marks.iter().map(|(feed, all)| (feed.clone(), text(all))).collect()
}

fn marks(rows: BTreeMap<FeedName, String>) -> Marks {
    let all = |text: String| {
        LETTERS.iter().filter(|(_, letter)| text.contains(*letter)).map(|(what, _)| *what).collect()
    };
    rows.into_iter().map(|(feed, text)| (feed, all(text))).collect()
}

impl From<(&ImageId, &Progress)> for ProgressRow {
    fn from((id, this): (&ImageId, &Progress)) -> Self {
        Self {
            number: id.r#type,
            version_number: id.number,
            offers: this.offers,
            offered: this.offered,
            attempt: this.attempt,
            said: this.said.clone(),
            ended: this.ended,
            passed: this.passed,
            in_a_row: this.in_a_row,
            against: this.against,
            held: this.held,
            counted: Some(letters(&this.counted)),
            due: letters(&this.due),
            out: this.out.as_ref().map(OutRow::from),
            out_counted: this.out_counted.as_ref().map(OutRow::from),
        }
    }
}

impl ProgressRow {
    /// The image and what was made of it; `feed` is the one that the device is on.
    pub(super) fn read(self, feed: &FeedName) -> (ImageId, Progress) {
        let counted = match self.counted {
            Some(rows) => marks(rows),
            None => [(feed.clone(), counted_before(self.offers, &self.said))].into(),
        };
        let progress = Progress {
            offers: self.offers,
            offered: self.offered,
            attempt: self.attempt,
            said: self.said,
            ended: self.ended,
            passed: self.passed,
            in_a_row: self.in_a_row,
            against: self.against,
            held: self.held,
            counted,
            due: marks(self.due),
            out: self.out.map(Out::from),
            out_counted: self.out_counted.map(Out::from),
        };
        (ImageId { r#type: self.number, number: self.version_number }, progress)
    }
}

/// What a version counted that took no note of it.
fn counted_before(offers: u32, said: &[Said]) -> BTreeSet<Counted> {
    let what = |said: &Said| match said.state {
        State::Downloading => Some(Counted::Downloading),
        State::Installing => Some(Counted::Installing),
        State::Installed => None,
        State::Failed => Some(Counted::Failed),
        State::Rejected => Some(Counted::Rejected),
    };
    let given_up = (offers >= MOST_OFFERS).then_some(Counted::Failed);
    [Counted::Offered].into_iter().chain(said.iter().filter_map(what)).chain(given_up).collect()
}

/// A type that is counted elsewhere than it is to be; nowhere, if there is no feed.
#[derive(Serialize, Deserialize)]
pub(super) struct LaggingRow {
    number: TypeNumber,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    feed: Option<FeedName>,
    #[serde(default)]
    version: i64,
}

impl From<(&TypeNumber, &Option<Place>)> for LaggingRow {
    fn from((number, place): (&TypeNumber, &Option<Place>)) -> Self {
        let (feed, version) = place.clone().map_or((None, 0), |(feed, version)| (Some(feed), version));
        Self { number: *number, feed, version }
    }
}

impl LaggingRow {
    pub(super) fn read(self) -> (TypeNumber, Option<Place>) {
        (self.number, self.feed.map(|feed| (feed, self.version)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn all_of_it_reads_back() {
        let (release, id) =
            (FeedName::release(), ImageId { r#type: 3.try_into().unwrap(), number: 7.try_into().unwrap() });
        let mut it = Progress::begin(at(5));
        (it.ended, it.passed, it.in_a_row, it.against, it.held) = (true, true, 2, 3, Some(at(9)));
        it.said = vec![Said { state: State::Failed, at: at(8) }];
        for (what, _) in LETTERS {
            it.mark(&release, what);
        }
        it.counted = it.due.clone();
        it.out = Some(Out { feed: release.clone(), slot: 7 });
        it.out_counted = Some(Out { feed: release.clone(), slot: 6 });
        let row = serde_json::to_string(&ProgressRow::from((&id, &it))).unwrap();
        let row: ProgressRow = serde_json::from_str(&row).unwrap();
        assert_eq!(row.read(&release), (id, it));
        for place in [None, Some((release, -1))] {
            let row = serde_json::to_string(&LaggingRow::from((&id.r#type, &place))).unwrap();
            assert_eq!(serde_json::from_str::<LaggingRow>(&row).unwrap().read(), (id.r#type, place));
        }
    }

    #[test]
    fn a_row_of_an_earlier_version_is_taken_to_have_counted_what_it_says() {
        let text = r#"{"number": 3, "versionNumber": 7, "offers": 10, "offered": 1, "attempt": 2,
            "said": [{"state": "downloading", "at": 2}]}"#;
        let row: ProgressRow = serde_json::from_str(text).unwrap();
        let (_, it) = row.read(&FeedName::release());
        let expected = [Counted::Offered, Counted::Downloading, Counted::Failed].into();
        assert_eq!(it.counted, [(FeedName::release(), expected)].into());
        assert!(it.is_withheld() && it.due.is_empty());
    }
}
