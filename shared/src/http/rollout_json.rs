//! Rollouts on the wire: what is asked for, and how one stands.

use serde_json::{Map, Value, json};

use super::body::{Fields, FromJson};
use super::plan_json::{allow, bundle, hours, percent, requires, steps};
use crate::domain::association::Association;
use crate::domain::decision::{Bundle, Requirement, Stage};
use crate::domain::plan::{
    AutoPause, Hours, Limit, MOST_DEVICES, MOST_REQUIREMENTS, MOST_TAGS, Plan, Wanted,
};
use crate::domain::rollout::{self, Allow, Share, Step};
use crate::domain::{DeviceId, Invalid, Tag, Timestamp, TypeNumber, VersionNumber};
use crate::store::device_counts::Counts;
use crate::usecases::rollouts::Rollout;

/// The most steps that are read; the schedule has its own word on it.
const MOST_STEPS: usize = 50;
/// The most types that are read; the bundle has its own word on it.
const MOST_TYPES: usize = 200;

/// The fields of a rollout in a body, each as [`Wanted`] has it: what is not there stays, and `null` is what there is
/// without a word. Faults are collected in `fields`.
pub fn wanted(fields: &mut Fields) -> Wanted {
    let said = |fields: &Fields, name| fields.is_said(name).then_some(());
    Wanted {
        share: fields.optional("percent"),
        steps: said(fields, "steps").map(|()| fields.list("steps", MOST_STEPS)),
        start: fields.nullable("startTimestamp"),
        window: fields.nullable("window"),
        rate_per_hour: fields.nullable::<Rate>("ratePerHour").map(|rate| rate.map(|rate| rate.0)),
        allow: fields.nullable("allow").map(Option::unwrap_or_default),
        auto_pause: fields.nullable("autoPause"),
        requires: said(fields, "requires").map(|()| fields.list("requires", MOST_REQUIREMENTS)),
        bundle: fields.nullable("bundle"),
        floor: fields.nullable("floor").map(Option::unwrap_or_default),
    }
}

/// The field `rollout` of a body that associates an image, if it is there; its faults have its name before theirs.
pub fn wanted_inside(fields: &mut Fields) -> Option<Wanted> {
    fields.inside("rollout", |fields| {
        // Said, and not taken for granted: a member that was forgotten must not give an image to everyone.
        if !fields.has("percent") {
            fields.fault("percent", "is required");
        }
        wanted(fields)
    })
}

struct Rate(u32);

impl FromJson for Rate {
    fn from_json(value: &Value) -> Result<Self, Invalid> {
        let why = Invalid::because("must be a number of devices, 1 to 1000000000");
        let rate = u64::from_json(value).ok().filter(|rate| (1..=1_000_000_000).contains(rate));
        rate.and_then(|rate| u32::try_from(rate).ok()).map(Self).ok_or(why)
    }
}

/// The members of an object.
fn object(value: &Value) -> Result<&Map<String, Value>, Invalid> {
    value.as_object().ok_or(Invalid::because("must be an object"))
}

/// A member that must be there.
fn member<T: FromJson>(object: &Map<String, Value>, name: &str) -> Result<T, Invalid> {
    let value = object.get(name).ok_or_else(|| Invalid(format!("must have {name}").into()))?;
    T::from_json(value).map_err(|why| Invalid(format!("{name} {why}").into()))
}

/// A member that holds a list; missing is empty.
fn members<T: FromJson>(object: &Map<String, Value>, name: &str, most: usize) -> Result<Vec<T>, Invalid> {
    let values = match object.get(name) {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(value) => value.as_array().ok_or_else(|| Invalid(format!("{name} must be an array").into()))?,
    };
    if values.len() > most {
        return Err(Invalid(format!("{name} must hold at most {most}").into()));
    }
    let each = |value| T::from_json(value).map_err(|why| Invalid(format!("{name} {why}").into()));
    values.iter().map(each).collect()
}

impl FromJson for Share {
    /// A percentage with at most two places after its point.
    fn from_json(value: &Value) -> Result<Self, Invalid> {
        let read = || {
            let text = value.as_number()?.to_string();
            let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
            let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
            if whole.len() > 3 || rest.len() > 2 || !digits(whole) || !digits(rest) {
                return None;
            }
            format!("{whole}{rest:0<2}").parse::<u16>().ok().and_then(|hundredths| hundredths.try_into().ok())
        };
        read().ok_or(Invalid::because("must be a percentage, 0 to 100, with at most two decimals"))
    }
}

impl FromJson for Step {
    fn from_json(value: &Value) -> Result<Self, Invalid> {
        let object = object(value)?;
        Ok(Self { at: member(object, "atTimestamp")?, share: member(object, "percent")? })
    }
}

/// A time of day, `HH:MM`, in minutes since midnight.
struct TimeOfDay(u16);

impl FromJson for TimeOfDay {
    fn from_json(value: &Value) -> Result<Self, Invalid> {
        let read = || {
            let text = value.as_str().filter(|text| text.len() == 5 && text.is_ascii())?;
            let (hours, minutes) = text.split_once(':')?;
            let digits =
                |part: &str| part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse::<u16>().ok())?;
            let (hours, minutes) = (digits(hours)?, digits(minutes)?);
            (hours < 24 && minutes < 60).then_some(Self(hours * 60 + minutes))
        };
        read().ok_or(Invalid::because("must be a time of day, as 22:30"))
    }
}

impl FromJson for Hours {
    fn from_json(value: &Value) -> Result<Self, Invalid> {
        let object = object(value)?;
        Ok(Self {
            from: member::<TimeOfDay>(object, "from")?.0,
            to: member::<TimeOfDay>(object, "to")?.0,
            zone: member(object, "timeZone")?,
        })
    }
}

impl FromJson for Allow {
    fn from_json(value: &Value) -> Result<Self, Invalid> {
        let object = object(value)?;
        Ok(Self {
            devices: members::<DeviceId>(object, "devices", MOST_DEVICES)?.into_iter().collect(),
            tags: members::<Tag>(object, "tags", MOST_TAGS)?.into_iter().collect(),
        })
    }
}

impl FromJson for Limit {
    fn from_json(value: &Value) -> Result<Self, Invalid> {
        let object = object(value)?;
        let percent = member::<u64>(object, "failurePercent")?;
        let reports = member::<u64>(object, "minReports")?;
        let failure_percent = u8::try_from(percent).ok().filter(|percent| *percent < 100);
        let min_reports = u32::try_from(reports).ok().filter(|reports| *reports > 0);
        Ok(Self {
            failure_percent: failure_percent.ok_or(Invalid::because("failurePercent must be 0 to 99"))?,
            min_reports: min_reports.ok_or(Invalid::because("minReports must be 1 or more"))?,
        })
    }
}

impl FromJson for Requirement {
    fn from_json(value: &Value) -> Result<Self, Invalid> {
        let object = object(value)?;
        Ok(Self {
            r#type: member::<TypeNumber>(object, "type")?,
            min: member::<VersionNumber>(object, "minVersionNumber")?,
        })
    }
}

impl FromJson for Bundle {
    fn from_json(value: &Value) -> Result<Self, Invalid> {
        let object = object(value)?;
        let types = members::<TypeNumber>(object, "types", MOST_TYPES)?;
        Self::new(member(object, "name")?, types.into_iter().collect())
    }
}

/// A rollout as partners read it, at `now`.
pub fn rollout(this: &Rollout, now: Timestamp) -> Value {
    let mut body = association(&this.association, now);
    body["deviceTypeId"] = this.association.device_type.as_str().into();
    body["counts"] = counts(&this.counts, now);
    body
}

/// An image in a feed and how it is given out, at `now`.
pub fn association(this: &Association, now: Timestamp) -> Value {
    let mut body = plan(&this.plan, now);
    let id = this.image.id;
    body["feed"] = this.feed.as_str().into();
    body["type"] = id.r#type.get().into();
    body["versionNumber"] = id.number.to_string().into();
    body
}

/// How an image is given out, at `now`.
pub fn plan(plan: &Plan, now: Timestamp) -> Value {
    let mut body = json!({
        "state": state(plan),
        "floor": plan.floor,
        "requires": requires(&plan.requires),
    });
    let members = match &plan.stage {
        Stage::Released => json!({"percent": 100, "currentPercent": 100}),
        Stage::Withdrawn => json!({"percent": 0, "currentPercent": 0}),
        Stage::Rolling(rollout) => scheduled(rollout, plan, now),
    };
    let mut set = |name: &str, value: Value| body[name] = value;
    for (name, value) in members.as_object().into_iter().flatten() {
        set(name, value.clone());
    }
    if let Some(rate) = plan.rate_per_hour {
        set("ratePerHour", rate.into());
    }
    if let Some(together) = &plan.bundle {
        set("bundle", bundle(together));
    }
    if let Some(AutoPause { failure_percent, min_reports, .. }) = plan.auto_pause {
        set("autoPause", json!({"failurePercent": failure_percent, "minReports": min_reports}));
    }
    if let Some(pause) = plan.paused {
        let mut paused = json!({"sinceTimestamp": pause.at.millis(), "automatic": pause.failures.is_some()});
        if let Some(tally) = pause.failures {
            (paused["failed"], paused["reports"]) = (tally.failed.into(), tally.ended.into());
            paused["silent"] = tally.silent.into();
        }
        set("paused", paused);
    }
    body
}

fn state(plan: &Plan) -> &'static str {
    match (&plan.stage, plan.paused) {
        (Stage::Withdrawn, _) => "withdrawn",
        (_, Some(_)) => "paused",
        (Stage::Released, None) => "released",
        (Stage::Rolling(_), None) => "rolling",
    }
}

fn scheduled(rollout: &rollout::Rollout, plan: &Plan, now: Timestamp) -> Value {
    let schedule = &rollout.schedule;
    // A halted schedule does not go on.
    let at = plan.paused.map_or(now, |pause| pause.at);
    let mut body = json!({
        "percent": percent(schedule.first()),
        "currentPercent": percent(schedule.share_at(at)),
        "startTimestamp": schedule.start().millis(),
    });
    if !schedule.steps().is_empty() {
        body["steps"] = steps(schedule.steps());
    }
    if let Some(window) = &rollout.window {
        let (from, to) = window.minutes();
        body["window"] = hours(from, to, window.zone());
    }
    if rollout.allow != Allow::default() {
        body["allow"] = allow(&rollout.allow);
    }
    body
}

fn counts(this: &Counts, now: Timestamp) -> Value {
    json!({
        "offered": this.offered,
        "downloading": this.downloading,
        "installing": this.installing,
        "installed": this.installed,
        "failed": this.failed,
        "rejected": this.rejected,
        "deferred": this.deferred,
        "silent": this.silent(now),
    })
}
