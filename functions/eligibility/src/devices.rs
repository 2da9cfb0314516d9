//! `/v1/ota/deviceTypes/{deviceTypeId}/devices/{deviceId}/…`: devices that say who they are.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::header;
use shared::domain::device::{MOST_TYPES, Said, Status};
use shared::domain::number::ReportedVersion;
use shared::domain::poll::{Poll, PollSeconds};
use shared::domain::progress::State as Stage;
use shared::domain::{DeviceId, DeviceTypeId, FeedName, ImageId, TypeNumber, VersionNumber};
use shared::http::{
    App, Attribute, DeviceBody, DeviceCall, Fields, Path, Problem, device_credential, no_content,
};
use shared::metrics::{Metric, Metrics};
use shared::usecases::reports::{Answer, Asking, Caller, answer, report};

use crate::answer::{check, usual};
use crate::count;
use crate::forms::encoded;

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
    let feed = fields.optional::<FeedName>("feed");
    let credential = fields.optional::<String>("feedCredential");
    let attributes = fields.object::<Attribute, ReportedVersion>("attributes", MOST_TYPES);
    let (attributes,) = fields.finish((attributes,))?;
    let credential = credential.map_or(Ok(None), |text| device_credential::parse(&text))?;
    let attributes = attributes.into_iter().map(|(Attribute(kind), it)| (kind, it)).collect();
    let said = Said { attributes, ..Said::default() };
    let found = answer(&call.context(&app), &Asking { caller, feed, credential, said }).await?;
    let Answer { device, manifest, verdicts, installed } = &found;
    let offers: Vec<_> = found.offers().collect();
    let poll = manifest.polling.poll(usual(&app), manifest.is_expected(verdicts)).of(&device.id);
    let seconds = found.next_poll(poll.seconds, call.now).max(PollSeconds::LEAST.get());
    let told = check(&app, manifest, &offers, verdicts, Poll { seconds, ..poll })?;
    count(&metrics, call.now, Metric::UpdatesOffered, offers.len());
    count(&metrics, call.now, Metric::UpdatesInstalled, *installed);
    let headers = [(header::CONTENT_TYPE, call.form.media_type()), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, encoded(&told, call.form)?).into_response())
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
