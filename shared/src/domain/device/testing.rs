//! A device and a manifest to test with.

use super::{Device, Said};
use crate::domain::decision::{Candidate, Stage};
use crate::domain::{Binary, BinaryKind, Entry, ImageId, Manifest, Md5, Sha256, Timestamp};

pub(super) fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

pub(super) fn id(kind: u16, number: i64) -> ImageId {
    ImageId { r#type: kind.try_into().unwrap(), number: number.try_into().unwrap() }
}

pub(super) fn device() -> Device {
    let [partner, device_type, device] = ["acme", "kettle", "SN-1"];
    Device::first_heard_of(
        partner.parse().unwrap(),
        device_type.parse().unwrap(),
        device.parse().unwrap(),
        "release".parse().unwrap(),
        at(0),
    )
}

pub(super) fn said(versions: &[(u16, i64)]) -> Said {
    let each = |(kind, number): &(u16, i64)| {
        ((*kind).try_into().unwrap(), Some(number.to_string().parse().unwrap()))
    };
    Said { attributes: versions.iter().map(each).collect(), ..Said::default() }
}

pub(super) fn entry(kind: u16, number: i64) -> Entry {
    let id = id(kind, number);
    Entry {
        candidate: Candidate {
            id,
            stage: Stage::Released,
            paused: false,
            floor: false,
            requires: Vec::new(),
            bundle: None,
        },
        type_name: "TYPE".parse().unwrap(),
        name: "image".parse().unwrap(),
        version: "1".parse().unwrap(),
        binary: Binary {
            sha256: Sha256::of(id.to_string().as_bytes()),
            md5: Md5::from_bytes([0; 16]),
            size: 1,
            kind: BinaryKind::Binary,
        },
        second: None,
    }
}

pub(super) fn manifest(feed: &str, entries: &[Entry]) -> Manifest {
    let [device_type, partner] = ["kettle", "acme"];
    let mut made = Manifest::empty(
        device_type.parse().unwrap(),
        feed.parse().unwrap(),
        partner.parse().unwrap(),
        "d1".to_owned(),
    );
    made.entries = entries.to_vec();
    made
}
