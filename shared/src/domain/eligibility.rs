//! Eligibility: which images a device should install now, and if none, why.

use std::collections::BTreeMap;

use super::number::ReportedVersion;
use super::{Entry, Manifest, TypeNumber};

/// The versions a device says it runs, by firmware type.
pub type Reported = BTreeMap<TypeNumber, ReportedVersion>;

/// Why an image of the manifest is or is not offered. Every entry gets exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The device runs a lower number: it should install this.
    Eligible,
    /// The device runs this number or a higher one. There is no downgrade.
    UpToDate,
    /// The device does not say what it runs of this type. Unknown is not zero: nothing is offered.
    NotReported,
}

impl Reason {
    /// The reason as a stable word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Eligible => "eligible",
            Self::UpToDate => "up_to_date",
            Self::NotReported => "not_reported",
        }
    }
}

/// One entry of the manifest with the rule that decided it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict<'a> {
    /// The image.
    pub entry: &'a Entry,
    /// The rule that matched.
    pub reason: Reason,
}

/// What a device should install, in install order, with the reason for everything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision<'a> {
    /// Every entry of the manifest, in install order.
    pub verdicts: Vec<Verdict<'a>>,
}

impl<'a> Decision<'a> {
    /// The images to install, in install order.
    pub fn offers(&self) -> impl Iterator<Item = &'a Entry> + '_ {
        self.verdicts.iter().filter(|v| v.reason == Reason::Eligible).map(|v| v.entry)
    }
}

/// Decides for a device that reports `reported`.
pub fn decide<'a>(manifest: &'a Manifest, reported: &Reported) -> Decision<'a> {
    let verdict = |entry: &'a Entry| {
        let reason = match reported.get(&entry.id.r#type) {
            None => Reason::NotReported,
            Some(running) if running.get() >= entry.id.number.get() => Reason::UpToDate,
            Some(_) => Reason::Eligible,
        };
        Verdict { entry, reason }
    };
    Decision { verdicts: manifest.entries.iter().map(verdict).collect() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::association::Association;
    use crate::domain::image::{Slots, Words};
    use crate::domain::{Binary, BinaryKind, Image, ImageId, Md5, Sha256, Timestamp, manifest};

    fn id(kind: u16, number: i64) -> ImageId {
        ImageId { r#type: kind.try_into().unwrap(), number: number.try_into().unwrap() }
    }

    fn image(id: ImageId) -> Image {
        let binary = Binary {
            sha256: Sha256::of(id.to_string().as_bytes()),
            md5: Md5::from_bytes([0; 16]),
            size: 1,
            kind: BinaryKind::Binary,
        };
        Image {
            owner: "acme".parse().unwrap(),
            device_type: None,
            device_profile: None,
            id,
            words: Words {
                name: "image".parse().unwrap(),
                version: "1".parse().unwrap(),
                description: None,
                tags: vec![],
            },
            slots: Slots { first: Some(binary), second: None },
            sealed: true,
            warnings: vec![],
            intents: vec![],
            created: Timestamp::from_millis(0),
            updated: Timestamp::from_millis(0),
            revision: 1,
            quota_shard: 0,
        }
    }

    fn built(ids: &[(ImageId, BinaryKind)]) -> Manifest {
        let associations: Vec<_> = ids
            .iter()
            .map(|(id, kind)| Association {
                device_type: "kettle".parse().unwrap(),
                feed: "release".parse().unwrap(),
                image: image(*id).reference(),
                kind: *kind,
                created: Timestamp::from_millis(0),
            })
            .collect();
        let entries = manifest::chosen(&associations)
            .into_iter()
            .map(|chosen| manifest::entry(&image(chosen.id), "TYPE".parse().unwrap()).unwrap())
            .collect();
        let mut made = Manifest::empty(
            "kettle".parse().unwrap(),
            "release".parse().unwrap(),
            "acme".parse().unwrap(),
            "k1".into(),
        );
        made.entries = entries;
        made
    }

    proptest! {
        #[test]
        fn the_decision_keeps_its_rules(
            images in prop::collection::btree_set((1_u16..=6, 1_i64..40), 0..40),
            packages in prop::collection::btree_set((1_u16..=6, 40_i64..80), 0..10),
            running in prop::collection::btree_map(1_u16..=8, 0_i64..90, 0..8),
        ) {
            let mut all: Vec<_> = images.iter().map(|(t, n)| (id(*t, *n), BinaryKind::Binary)).collect();
            all.extend(packages.iter().map(|(t, n)| (id(*t, *n), BinaryKind::Package)));
            let manifest = built(&all);
            let reported: Reported = running
                .iter()
                .map(|(t, n)| (TypeNumber::try_from(*t).unwrap(), n.to_string().parse().unwrap()))
                .collect();
            let decision = decide(&manifest, &reported);
            let offers: Vec<_> = decision.offers().collect();
            let types: Vec<_> = offers.iter().map(|e| e.id.r#type).collect();
            let mut ordered = types.clone();
            ordered.sort();
            ordered.dedup();
            prop_assert_eq!(&types, &ordered, "at most one a type, in install order");
            for offer in &offers {
                let runs = reported.get(&offer.id.r#type).expect("an unreported type is never offered");
                prop_assert!(offer.id.number.get() > runs.get(), "never a downgrade");
                prop_assert!(offer.id.number.get() < 40, "never a package");
            }
            for (kind, number) in &images {
                let kind = TypeNumber::try_from(*kind).unwrap();
                if let Some(runs) = reported.get(&kind) && *number > runs.get() {
                    prop_assert!(offers.iter().any(|e| e.id.r#type == kind && e.id.number.get() >= *number));
                }
            }
        }
    }
}
