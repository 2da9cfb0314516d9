//! Explanations: for every image that is associated with a device type, why a device is or is not offered it.
//!
//! The verdicts are the decision's own, over everything that is associated instead of what a manifest holds; a property test
//! of the decision holds that the two agree. What no decision is about is told in the same form.

use std::fmt;

use super::association::Association;
use super::decision::{Device, Reason, Verdict, decide};
use super::{BinaryKind, FeedName, ImageId, Timestamp};

/// Why an image is or is not offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// What the decision says.
    Decided(Reason),
    /// It is in another feed than the one that the device is on.
    OtherFeed,
    /// It is a package, which feeds deliver and checks never do.
    Package,
}

impl Why {
    /// Whether the device is offered it.
    pub fn is_included(self) -> bool {
        self == Self::Decided(Reason::Eligible)
    }

    /// The reason as a stable word on the wire.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Decided(reason) => reason.code(),
            Self::OtherFeed => "other_feed",
            Self::Package => "package",
        }
    }
}

impl fmt::Display for Why {
    /// A sentence without its full stop, for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decided(reason) => reason.fmt(f),
            Self::OtherFeed => f.write_str("the device is on another feed"),
            Self::Package => f.write_str("packages are delivered by feeds, and never by checks"),
        }
    }
}

/// One associated image with what speaks for or against it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The image.
    pub id: ImageId,
    /// The feed that it is in.
    pub feed: FeedName,
    /// Why.
    pub why: Why,
}

/// Explains every association of a device type to a device that is on `feed`; `stopped` while nothing of its device type may
/// be offered. Those of its own feed come first, in install order, then those of other feeds.
pub fn explain(
    associations: &[Association],
    feed: &FeedName,
    stopped: bool,
    device: &Device,
    now: Timestamp,
) -> Vec<Row> {
    let (here, elsewhere): (Vec<_>, Vec<_>) = associations.iter().partition(|each| each.feed == *feed);
    let candidates: Vec<_> =
        here.iter().filter(|each| each.kind == BinaryKind::Binary).map(|each| each.candidate()).collect();
    let row = |id, feed: &FeedName, why| Row { id, feed: feed.clone(), why };
    let decided = decide(&candidates, stopped, device, now);
    let mut rows: Vec<_> =
        decided.into_iter().map(|Verdict { id, reason }| row(id, feed, Why::Decided(reason))).collect();
    let packages = here.iter().filter(|each| each.kind == BinaryKind::Package);
    rows.extend(packages.map(|each| row(each.image.id, feed, Why::Package)));
    let mut others: Vec<_> =
        elsewhere.iter().map(|each| row(each.image.id, &each.feed, Why::OtherFeed)).collect();
    others.sort_by(|a, b| (&a.feed, a.id).cmp(&(&b.feed, b.id)));
    rows.extend(others);
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ImageRef, Plan};

    fn association(feed: &str, id: &str, kind: BinaryKind) -> Association {
        let image = ImageRef { owner: "acme".parse().unwrap(), device_type: None, id: id.parse().unwrap() };
        Association {
            device_type: "kettle".parse().unwrap(),
            feed: feed.parse().unwrap(),
            image,
            kind,
            created: Timestamp::from_millis(0),
            plan: Plan::default(),
        }
    }

    #[test]
    fn every_association_has_a_row_and_only_those_of_its_feed_are_decided() {
        let all = [
            association("beta", "9003", BinaryKind::Binary),
            association("release", "5003", BinaryKind::Binary),
            association("release", "4003", BinaryKind::Binary),
            association("release", "7005", BinaryKind::Package),
        ];
        let reported = [(3.try_into().unwrap(), "1".parse().unwrap())].into();
        let device = Device { reported, ..Device::default() };
        let rows = explain(&all, &"release".parse().unwrap(), false, &device, Timestamp::from_millis(0));
        let said: Vec<_> = rows
            .iter()
            .map(|row| (row.id.to_string(), row.feed.to_string(), row.why.code(), row.why.is_included()))
            .collect();
        let expected = [
            ("4003", "release", "superseded", false),
            ("5003", "release", "eligible", true),
            ("7005", "release", "package", false),
            ("9003", "beta", "other_feed", false),
        ];
        assert_eq!(said, expected.map(|(id, feed, code, is)| (id.to_owned(), feed.to_owned(), code, is)));
    }
}
