//! Decisions: examples, and the rules that none may bend for any fleet.

mod fleets;
mod properties;
mod rules;

use super::*;
use crate::domain::rollout::{Allow, Schedule};

const HOUR: i64 = 3_600_000;

fn id(kind: u16, number: i64) -> ImageId {
    ImageId { r#type: kind.try_into().unwrap(), number: number.try_into().unwrap() }
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn released(kind: u16, number: i64) -> Candidate {
    Candidate {
        id: id(kind, number),
        stage: Stage::Released,
        paused: false,
        floor: false,
        requires: Vec::new(),
        bundle: None,
    }
}

fn rolling(kind: u16, number: i64, hundredths: u16) -> Candidate {
    let schedule = Schedule::new(at(0), hundredths.try_into().unwrap(), Vec::new(), None).unwrap();
    let rollout =
        Rollout { salt: format!("{kind}/{number}"), schedule, window: None, allow: Allow::default() };
    Candidate { stage: Stage::Rolling(rollout), ..released(kind, number) }
}

fn reporting(versions: &[(u16, i64)]) -> Device {
    let reported = versions
        .iter()
        .map(|(kind, number)| ((*kind).try_into().unwrap(), number.to_string().parse().unwrap()));
    Device { id: Some("d".parse().unwrap()), reported: reported.collect(), ..Device::default() }
}

/// The verdicts as `type/number code`.
fn said(candidates: &[Candidate], device: &Device) -> Vec<String> {
    let verdicts = decide(candidates, false, device, at(HOUR));
    verdicts
        .iter()
        .map(|each| format!("{}/{} {}", each.id.r#type, each.id.number, each.reason.code()))
        .collect()
}
