//! `/v1/ota/deviceTypes/{deviceTypeId}/devices/{deviceId}/…`: devices that say who they are.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::header;
use shared::domain::device::{MOST_TYPES, Said, Status};
use shared::domain::number::ReportedVersion;
use shared::domain::poll::{Poll, PollSeconds};
use shared::domain::progress::State as Stage;
use shared::domain::{DeviceId, DeviceTypeId, FeedName, ImageId, Timestamp, TypeNumber, VersionNumber};
use shared::http::{
    App, Attribute, DeviceBody, DeviceCall, Fields, Form, Path, Problem, device_credential, no_content,
};
use shared::metrics::{Metric, Metrics};
use shared::usecases::reports::{Answer, Asking, Caller, answer, report};

use crate::answer::{Check, check, usual};
use crate::count;
use crate::forms::{Told, encoded};

/// Longest text that a device may send beside a status.
const MOST_TEXT: usize = 200;

type DevicePath = Path<(DeviceTypeId, DeviceId)>;

/// Stores what the device runs, if that is new, and answers its check.
pub(crate) async fn report_attributes(
    State((app, metrics)): State<(App, Metrics)>,
    Path((device_type, device)): DevicePath,
    call: DeviceCall,
    DeviceBody { mut fields }: DeviceBody,
) -> Result<Response, Problem> {
    let caller = Caller { device_type, device, token: call.token.clone() };
    let report = report_in(&mut fields);
    let (report,) = fields.finish((report,))?;
    let found = answer(&call.context(&app), &report.by(caller)?).await?;
    let told = told(&app, &found, call.now)?;
    count(&metrics, call.now, Metric::UpdatesOffered, told.updates.len());
    count(&metrics, call.now, Metric::UpdatesInstalled, found.installed);
    respond(&told, call.form)
}

/// What a device says in a report.
pub(crate) struct Report {
    feed: Option<FeedName>,
    credential: Option<String>,
    said: Said,
}

impl Report {
    /// The check that a device asks for by it.
    pub(crate) fn by(self, caller: Caller) -> Result<Asking, Problem> {
        let Self { feed, credential, said } = self;
        let credential = credential.map_or(Ok(None), |text| device_credential::parse(&text))?;
        Ok(Asking { caller, feed, credential, said })
    }
}

/// The report in the fields of a body; faults are collected in `fields`.
pub(crate) fn report_in(fields: &mut Fields) -> Option<Report> {
    let feed = fields.optional::<FeedName>("feed");
    let credential = fields.optional::<String>("feedCredential");
    let attributes = fields.object::<Attribute, ReportedVersion>("attributes", MOST_TYPES)?;
    let attributes = attributes.into_iter().map(|(Attribute(kind), it)| (kind, it)).collect();
    Some(Report { feed, credential, said: Said { attributes, ..Said::default() } })
}

/// What a device is told that was answered.
pub(crate) fn told<'a>(app: &App, found: &'a Answer, now: Timestamp) -> Result<Check<'a>, Problem> {
    let Answer { device, manifest, verdicts, .. } = found;
    let offers: Vec<_> = found.offers().collect();
    let poll = manifest.polling.poll(usual(app), manifest.is_expected(verdicts)).of(&device.id);
    let seconds = found.next_poll(poll.seconds, now).max(PollSeconds::LEAST.get());
    check(app, manifest, &offers, verdicts, Poll { seconds, ..poll })
}

/// An answer that no cache may keep.
pub(crate) fn respond(told: &impl Told, form: Form) -> Result<Response, Problem> {
    let headers = [(header::CONTENT_TYPE, form.media_type()), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, encoded(told, form)?).into_response())
}

/// Takes in how far the device has come with an update.
pub(crate) async fn report_status(
    State((app, metrics)): State<(App, Metrics)>,
    Path((device_type, device)): DevicePath,
    call: DeviceCall,
    DeviceBody { mut fields }: DeviceBody,
) -> Result<Response, Problem> {
    let caller = Caller { device_type, device, token: call.token.clone() };
    let status = status(&mut fields);
    let (status,) = fields.finish((status,))?;
    let metric = match status.state {
        Stage::Downloading => Some(Metric::UpdatesDownloading),
        Stage::Failed => Some(Metric::UpdatesFailed),
        // Whether it is installed, its version says.
        Stage::Installing | Stage::Installed | Stage::Rejected => None,
    };
    let news = report(&call.context(&app), &caller, &status).await?;
    if let Some(metric) = metric.filter(|_| news) {
        count(&metrics, call.now, metric, 1);
    }
    Ok(no_content())
}

fn status(fields: &mut Fields) -> Option<Status> {
    let kind = fields.required::<TypeNumber>("type");
    let number = fields.required::<VersionNumber>("versionNumber");
    let state = fields.required::<String>("state").and_then(|word| {
        let known = Stage::ALL.into_iter().find(|state| state.as_str() == word);
        if known.is_none() {
            fields.fault("state", "must be downloading, installing, installed, failed or rejected");
        }
        known
    });
    let percent = fields.optional::<u64>("progress").and_then(|percent| {
        let fits = u8::try_from(percent).ok().filter(|percent| *percent <= 100);
        if fits.is_none() {
            fields.fault("progress", "must be 0 to 100");
        }
        fits
    });
    let mut text =
        |name: &str| fields.optional::<String>(name).map(|text| text.chars().take(MOST_TEXT).collect());
    let (code, message) = (text("code"), text("message"));
    let id = ImageId { r#type: kind?, number: number? };
    Some(Status { id, state: state?, percent, code, message })
}
