//! Plans as they lie in associations and, without what a check does not need, in manifests.

use serde::{Deserialize, Serialize};

use super::Error;
use crate::domain::decision::{Bundle, Candidate, Requirement, Stage};
use crate::domain::plan::{AutoPause, Pause, Tally};
use crate::domain::rollout::{Allow, Offset, Rate, Rollout, Schedule, Share, Step, Window};
use crate::domain::{DeviceId, ImageId, Invalid, Name, Plan, Tag, Timestamp, TypeNumber, VersionNumber};

/// How an image is given out. Everything may be missing: an image that was associated before there were plans is
/// everyone's.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct PlanRow {
    #[serde(skip_serializing_if = "StageRow::is_released")]
    stage: StageRow,
    #[serde(skip_serializing_if = "Option::is_none")]
    paused: Option<PauseRow>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    floor: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    requires: Vec<RequirementRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bundle: Option<Name>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    bundle_types: Vec<TypeNumber>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auto_pause: Option<AutoPauseRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rate_per_hour: Option<u32>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum StageRow {
    #[default]
    Released,
    Rolling(Box<RolloutRow>),
    Withdrawn,
}

impl StageRow {
    fn is_released(&self) -> bool {
        *self == Self::Released
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RolloutRow {
    salt: String,
    start: Timestamp,
    first: Share,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    steps: Vec<StepRow>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rate: Option<RateRow>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    window: Option<WindowRow>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    devices: Vec<DeviceId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tags: Vec<Tag>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct StepRow {
    pub(super) at: Timestamp,
    pub(super) share: Share,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RateRow {
    per_hour: Share,
    since: Timestamp,
    base: Share,
}

impl From<Rate> for RateRow {
    fn from(this: Rate) -> Self {
        Self { per_hour: this.per_hour, since: this.since, base: this.base }
    }
}

impl From<RateRow> for Rate {
    fn from(row: RateRow) -> Self {
        Self { per_hour: row.per_hour, since: row.since, base: row.base }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct WindowRow {
    from: u16,
    to: u16,
    zone: String,
    offsets: Vec<(Timestamp, i32)>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct PauseRow {
    at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failures: Option<TallyRow>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct TallyRow {
    failed: u64,
    ended: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    silent: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes what it asks about by reference")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RequirementRow {
    number: TypeNumber,
    version_number: VersionNumber,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AutoPauseRow {
    failure_percent: u8,
    min_reports: u32,
    since: TallyRow,
}

impl From<Tally> for TallyRow {
    fn from(this: Tally) -> Self {
        Self { failed: this.failed, ended: this.ended, silent: this.silent }
    }
}

impl From<TallyRow> for Tally {
    fn from(row: TallyRow) -> Self {
        Self { failed: row.failed, ended: row.ended, silent: row.silent }
    }
}

impl From<&Rollout> for RolloutRow {
    fn from(this: &Rollout) -> Self {
        let window = |window: &Window| {
            let (from, to) = window.minutes();
            let offsets = window.offsets().iter().map(|offset| (offset.since, offset.seconds)).collect();
            WindowRow { from, to, zone: window.zone().to_owned(), offsets }
        };
        let steps = this.schedule.steps().iter().map(|step| StepRow { at: step.at, share: step.share });
        Self {
            salt: this.salt.clone(),
            start: this.schedule.start(),
            first: this.schedule.first(),
            steps: steps.collect(),
            rate: this.schedule.rate().map(RateRow::from),
            window: this.window.as_ref().map(window),
            devices: this.allow.devices.iter().cloned().collect(),
            tags: this.allow.tags.iter().cloned().collect(),
        }
    }
}

impl TryFrom<RolloutRow> for Rollout {
    type Error = Invalid;

    fn try_from(row: RolloutRow) -> Result<Self, Invalid> {
        let window = |row: WindowRow| {
            let offsets = row.offsets.into_iter().map(|(since, seconds)| Offset { since, seconds }).collect();
            Window::new(row.from, row.to, row.zone, offsets)
        };
        let steps = row.steps.into_iter().map(|step| Step { at: step.at, share: step.share }).collect();
        Ok(Self {
            salt: row.salt,
            schedule: Schedule::new(row.start, row.first, steps, row.rate.map(Rate::from))?,
            window: row.window.map(window).transpose()?,
            allow: Allow { devices: row.devices.into_iter().collect(), tags: row.tags.into_iter().collect() },
        })
    }
}

impl From<&Stage> for StageRow {
    fn from(this: &Stage) -> Self {
        match this {
            Stage::Released => Self::Released,
            Stage::Rolling(rollout) => Self::Rolling(Box::new(rollout.into())),
            Stage::Withdrawn => Self::Withdrawn,
        }
    }
}

impl TryFrom<StageRow> for Stage {
    type Error = Invalid;

    fn try_from(row: StageRow) -> Result<Self, Invalid> {
        Ok(match row {
            StageRow::Released => Self::Released,
            StageRow::Rolling(rollout) => Self::Rolling((*rollout).try_into()?),
            StageRow::Withdrawn => Self::Withdrawn,
        })
    }
}

pub(super) fn requirement_rows(requires: &[Requirement]) -> Vec<RequirementRow> {
    let row = |each: &Requirement| RequirementRow { number: each.r#type, version_number: each.min };
    requires.iter().map(row).collect()
}

pub(super) fn requirements(rows: Vec<RequirementRow>) -> Vec<Requirement> {
    rows.into_iter().map(|row| Requirement { r#type: row.number, min: row.version_number }).collect()
}

pub(super) fn bundle_types(bundle: Option<&Bundle>) -> Vec<TypeNumber> {
    bundle.into_iter().flat_map(Bundle::types).copied().collect()
}

/// A bundle whose types were not kept is one of unknown types.
pub(super) fn bundle(name: Option<Name>, types: Vec<TypeNumber>) -> Result<Option<Bundle>, Invalid> {
    let Some(name) = name else { return Ok(None) };
    if types.is_empty() {
        return Ok(Some(Bundle::of_unknown_types(name)));
    }
    Bundle::new(name, types.into_iter().collect()).map(Some)
}

impl From<&Plan> for PlanRow {
    fn from(this: &Plan) -> Self {
        let pause = |pause: Pause| PauseRow { at: pause.at, failures: pause.failures.map(TallyRow::from) };
        let auto_pause = |auto: AutoPause| AutoPauseRow {
            failure_percent: auto.failure_percent,
            min_reports: auto.min_reports,
            since: auto.since.into(),
        };
        Self {
            stage: (&this.stage).into(),
            paused: this.paused.map(pause),
            floor: this.floor,
            requires: requirement_rows(&this.requires),
            bundle: this.bundle.as_ref().map(|bundle| bundle.name().clone()),
            bundle_types: bundle_types(this.bundle.as_ref()),
            auto_pause: this.auto_pause.map(auto_pause),
            rate_per_hour: this.rate_per_hour,
        }
    }
}

impl PlanRow {
    /// The plan; a row that no plan makes is [`Error::Corrupt`] under the key that `key` names.
    pub(super) fn read(self, key: impl Fn() -> String) -> Result<Plan, Error> {
        let corrupt = |why: Invalid| Error::Corrupt { key: key(), reason: format!("the rollout {why}") };
        let pause = |row: PauseRow| Pause { at: row.at, failures: row.failures.map(Tally::from) };
        let auto_pause = |row: AutoPauseRow| AutoPause {
            failure_percent: row.failure_percent,
            min_reports: row.min_reports,
            since: row.since.into(),
        };
        Ok(Plan {
            stage: self.stage.try_into().map_err(corrupt)?,
            paused: self.paused.map(pause),
            floor: self.floor,
            requires: requirements(self.requires),
            bundle: bundle(self.bundle, self.bundle_types).map_err(corrupt)?,
            auto_pause: self.auto_pause.map(auto_pause),
            rate_per_hour: self.rate_per_hour,
        })
    }

    /// Whether it says nothing.
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// A plan as a check sees it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct CandidateRow {
    #[serde(skip_serializing_if = "StageRow::is_released")]
    stage: StageRow,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    paused: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    floor: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    requires: Vec<RequirementRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bundle: Option<Name>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    bundle_types: Vec<TypeNumber>,
}

impl From<&Candidate> for CandidateRow {
    fn from(this: &Candidate) -> Self {
        Self {
            stage: (&this.stage).into(),
            paused: this.paused,
            floor: this.floor,
            requires: requirement_rows(&this.requires),
            bundle: this.bundle.as_ref().map(|bundle| bundle.name().clone()),
            bundle_types: bundle_types(this.bundle.as_ref()),
        }
    }
}

impl CandidateRow {
    /// Whether it says nothing.
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// The candidate; a row that none makes is [`Error::Corrupt`] under the key that `key` names.
    pub(super) fn read(self, id: ImageId, key: impl Fn() -> String) -> Result<Candidate, Error> {
        let corrupt = |why: Invalid| Error::Corrupt { key: key(), reason: format!("the rollout {why}") };
        Ok(Candidate {
            id,
            stage: self.stage.try_into().map_err(corrupt)?,
            paused: self.paused,
            floor: self.floor,
            requires: requirements(self.requires),
            bundle: bundle(self.bundle, self.bundle_types).map_err(corrupt)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn whole() -> Plan {
        let share = |hundredths: u16| Share::try_from(hundredths).unwrap();
        let steps = vec![Step { at: at(20), share: share(500) }, Step { at: at(30), share: Share::ALL }];
        let rate = Rate { per_hour: share(7), since: at(12), base: share(3) };
        let rollout = Rollout {
            salt: "s".into(),
            schedule: Schedule::new(at(10), share(100), steps, Some(rate)).unwrap(),
            window: Some(
                Window::new(1320, 300, "Europe/Berlin".into(), vec![Offset { since: at(-5), seconds: 3600 }])
                    .unwrap(),
            ),
            allow: Allow { devices: ["a:1".parse().unwrap()].into(), tags: ["lab".parse().unwrap()].into() },
        };
        let tally = Tally { failed: 1, ended: 2, silent: 3 };
        Plan {
            stage: Stage::Rolling(rollout),
            paused: Some(Pause { at: at(40), failures: Some(tally) }),
            floor: true,
            requires: vec![Requirement { r#type: 2.try_into().unwrap(), min: 7.try_into().unwrap() }],
            bundle: Some(
                Bundle::new(
                    "radio".parse().unwrap(),
                    [2, 3].map(|kind: u16| kind.try_into().unwrap()).into(),
                )
                .unwrap(),
            ),
            auto_pause: Some(AutoPause { failure_percent: 5, min_reports: 20, since: tally }),
            rate_per_hour: Some(1000),
        }
    }

    #[test]
    fn plans_read_back() {
        for plan in [Plan::default(), whole(), Plan { stage: Stage::Withdrawn, ..Plan::default() }] {
            let text = serde_json::to_string(&PlanRow::from(&plan)).unwrap();
            let row: PlanRow = serde_json::from_str(&text).unwrap();
            assert_eq!(row.is_default(), plan == Plan::default());
            assert_eq!(row.read(String::new).unwrap(), plan, "{text}");
            let id = ImageId { r#type: 3.try_into().unwrap(), number: 9.try_into().unwrap() };
            let text = serde_json::to_string(&CandidateRow::from(&plan.candidate(id))).unwrap();
            let row: CandidateRow = serde_json::from_str(&text).unwrap();
            assert_eq!(row.read(id, String::new).unwrap(), plan.candidate(id), "{text}");
        }
    }

    #[test]
    fn a_bundle_from_before_its_types_were_kept_is_read() {
        let row: PlanRow = serde_json::from_str(r#"{"bundle": "radio"}"#).unwrap();
        let expected = Bundle::of_unknown_types("radio".parse().unwrap());
        assert_eq!(row.read(String::new).unwrap().bundle, Some(expected));
    }

    #[test]
    fn a_plan_that_nobody_could_have_set_names_its_key() {
        let text = r#"{"stage": {"rolling": {"salt": "s", "start": 1, "first": 5, "steps": [{"at": 0, "share": 9}]}}}"#;
        let row: PlanRow = serde_json::from_str(text).unwrap();
        let error = row.read(|| "DT#kettle / ASSOC#…".to_owned()).unwrap_err();
        assert!(error.to_string().contains("DT#kettle / ASSOC#…"), "{error}");
    }
}
