//! The parts of a rollout on the wire that are the same in what is asked for and in how it stands.

use serde_json::{Value, json};

use crate::domain::decision::{Bundle, Requirement};
use crate::domain::rollout::{Allow, Share, Step};
use crate::domain::{DeviceId, Tag};

/// A percentage, whole where it is.
pub(super) fn percent(share: Share) -> Value {
    let hundredths = share.hundredths();
    if hundredths.is_multiple_of(100) {
        (hundredths / 100).into()
    } else {
        (f64::from(hundredths) / 100.0).into()
    }
}

/// Steps, in their order.
pub(super) fn steps(steps: &[Step]) -> Value {
    let step = |step: &Step| json!({"atTimestamp": step.at.millis(), "percent": percent(step.share)});
    steps.iter().map(step).collect()
}

/// Who is taken in from the start.
pub(super) fn allow(Allow { devices, tags }: &Allow) -> Value {
    json!({
        "devices": devices.iter().map(DeviceId::as_str).collect::<Vec<_>>(),
        "tags": tags.iter().map(Tag::as_str).collect::<Vec<_>>(),
    })
}

/// Hours of the day, from a minute since midnight to another.
pub(super) fn hours(from: u16, to: u16, zone: &str) -> Value {
    let time = |minutes: u16| format!("{:02}:{:02}", minutes / 60, minutes % 60);
    json!({"from": time(from), "to": time(to), "timeZone": zone})
}

/// What must be installed before it.
pub(super) fn requires(requires: &[Requirement]) -> Value {
    let each =
        |this: &Requirement| json!({"type": this.r#type.get(), "minVersionNumber": this.min.to_string()});
    requires.iter().map(each).collect()
}

/// What it goes together with.
pub(super) fn bundle(this: &Bundle) -> Value {
    let types: Vec<_> = this.types().iter().map(|number| number.get()).collect();
    json!({"name": this.name().as_str(), "types": types})
}
