//! `/v1/ota/deviceTypes/{deviceTypeId}/devices/{deviceId}/checks`: a hub asks for the devices behind it.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use serde_json::Value;
use shared::domain::{DeviceId, DeviceTypeId, Refusal};
use shared::http::{App, DeviceBody, DeviceCall, Fields, Path, Problem};
use shared::metrics::{Metric, Metrics};
use shared::usecases::hub::{MOST_DEVICES, answer_all};
use shared::usecases::reports::{Asking, Caller};

use crate::answer::Check;
use crate::count;
use crate::devices::{report_in, respond, told};
use crate::forms::{Lines, Told};

/// What becomes of the devices that a hub asks for.
#[derive(Serialize)]
struct Checks<'a> {
    devices: Vec<Checked<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Checked<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    device_type: Option<&'a DeviceTypeId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_id: Option<&'a DeviceId>,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    check: Option<Check<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Value>,
}

/// One of the devices, as far as it can be read.
struct Entry {
    device_type: Option<DeviceTypeId>,
    device: Option<DeviceId>,
    asking: Result<Asking, Problem>,
}

/// Stores what each device of a hub runs, if that is new, and answers all their checks.
pub(crate) async fn create_checks(
    State((app, metrics)): State<(App, Metrics)>,
    Path((device_type, device)): Path<(DeviceTypeId, DeviceId)>,
    call: DeviceCall,
    DeviceBody { mut fields }: DeviceBody,
) -> Result<Response, Problem> {
    let hub = Caller { device_type, device, token: call.token.clone() };
    let entries = listed(&mut fields);
    let (entries,) = fields.finish((entries,))?;
    let askings: Vec<_> = entries.iter().filter_map(|entry| entry.asking.as_ref().ok().cloned()).collect();
    let answers = answer_all(&call.context(&app), &hub, &askings).await?;
    let answers: Vec<_> = answers.into_iter().map(|answer| answer.map_err(Problem::from)).collect();
    let installed = answers.iter().flatten().map(|answer| answer.installed).sum();
    let mut checks = answers
        .iter()
        .map(|answer| answer.as_ref().map_err(Clone::clone).and_then(|it| told(&app, it, call.now)));
    let each = |entry| checked(entry, &mut checks, &call);
    let told = Checks { devices: entries.iter().map(each).collect() };
    let updates = told.devices.iter().filter_map(|device| device.check.as_ref()).map(|it| it.updates.len());
    count(&metrics, call.now, Metric::UpdatesOffered, updates.sum());
    count(&metrics, call.now, Metric::UpdatesInstalled, installed);
    respond(&told, call.form)
}

/// An entry with what became of it: what could be asked takes the next of the answers.
fn checked<'a>(
    entry: &'a Entry,
    checks: &mut impl Iterator<Item = Result<Check<'a>, Problem>>,
    call: &DeviceCall,
) -> Checked<'a> {
    let check = match &entry.asking {
        Ok(_) => checks.next().unwrap_or_else(|| Err(Problem::internal("a device was not answered"))),
        Err(problem) => Err(problem.clone()),
    };
    let (device_type, device_id) = (entry.device_type.as_ref(), entry.device.as_ref());
    match check {
        Ok(check) => Checked { device_type, device_id, status: 200, check: Some(check), problem: None },
        Err(problem) => {
            let status = problem.code.status().as_u16();
            let problem = Some(problem.of_a_part(&call.request_id, call.now));
            Checked { device_type, device_id, status, check: None, problem }
        }
    }
}

/// The devices in a body. What is wrong with one is that one's matter, and so is being there twice: of two reports for one
/// device nobody knows which is true.
fn listed(fields: &mut Fields) -> Option<Vec<Entry>> {
    let values = match fields.required::<Value>("devices")? {
        Value::Array(values) if (1..=MOST_DEVICES).contains(&values.len()) => values,
        Value::Array(_) => {
            fields.fault("devices", format!("must hold 1 to {MOST_DEVICES} devices"));
            return None;
        }
        _ => {
            fields.fault("devices", "must be an array");
            return None;
        }
    };
    let mut entries: Vec<_> = values.into_iter().map(entry).collect();
    let mut times = BTreeMap::new();
    for entry in &entries {
        if let (Some(device_type), Some(device)) = (&entry.device_type, &entry.device) {
            *times.entry((device_type.clone(), device.clone())).or_insert(0) += 1;
        }
    }
    for entry in &mut entries {
        let name = entry.device_type.clone().zip(entry.device.clone());
        if name.is_some_and(|name| times.get(&name).is_some_and(|times| *times > 1)) {
            entry.asking = Err(fault("/deviceId", "is given more than once"));
        }
    }
    Some(entries)
}

fn entry(value: Value) -> Entry {
    let Value::Object(map) = value else {
        return Entry { device_type: None, device: None, asking: Err(fault("", "must be an object")) };
    };
    let mut fields = Fields::of(map);
    let device_type = fields.required::<DeviceTypeId>("deviceType");
    let device = fields.required::<DeviceId>("deviceId");
    let token = fields.optional::<String>("token");
    let report = report_in(&mut fields);
    let read = fields.finish((device_type.clone(), device.clone(), report)).map_err(Problem::from);
    let asking =
        read.and_then(|(device_type, device, report)| report.by(Caller { device_type, device, token }));
    Entry { device_type, device, asking }
}

fn fault(pointer: &str, why: &str) -> Problem {
    Refusal::InvalidFields(vec![shared::domain::Fault::at(pointer, why)]).into()
}

impl Told for Checks<'_> {
    fn lines(&self, lines: &mut Lines) {
        lines.line("checks", &[("devices", &self.devices.len())]);
        for Checked { device_type, device_id, status, check, problem } in &self.devices {
            let mut pairs: Vec<(&str, &dyn std::fmt::Display)> = Vec::new();
            if let Some(device_type) = device_type {
                pairs.push(("deviceType", device_type));
            }
            if let Some(device_id) = device_id {
                pairs.push(("deviceId", device_id));
            }
            pairs.push(("status", status));
            let code = problem.as_ref().and_then(|problem| problem["code"].as_str());
            if let Some(code) = &code {
                pairs.push(("code", code));
            }
            lines.line("device", &pairs);
            if let Some(check) = check {
                check.lines(lines);
            }
        }
    }
}
