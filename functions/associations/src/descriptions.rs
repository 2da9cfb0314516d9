//! Operation 13 with type 4 and no version number: a new description of a device type.

use axum::response::Response;
use shared::domain::approval::{self, Proposed};
use shared::domain::{DeviceProfileId, DeviceTypeId, FeedName};
use shared::http::approval_json::waits;
use shared::http::image_json::{device_type_image, words};
use shared::http::{Fields, Partner, Problem, Service, Write, created, replayable};
use shared::usecases::approvals::{Outcome, or_propose};
use shared::usecases::descriptions::{NewDescription, register};
use shared::usecases::images::Wish;
use shared::usecases::registration::Repeatable;

/// Reads the rest of the body, registers the description in `feed`, and answers it.
pub(crate) async fn create_description(
    Service { app, blobs }: &Service,
    caller: &Partner<Write>,
    device_type: &DeviceTypeId,
    feed: &FeedName,
    fields: Fields,
    repeatable: Option<Repeatable>,
) -> Result<Response, Problem> {
    let new = new_description(fields)?;
    let cx = caller.call.context(app);
    let asked = (new.clone(), repeatable.clone());
    let made = Box::pin(register(&cx, blobs, &caller.partner, device_type, feed, new, repeatable)).await;
    let made = match or_propose(&cx, &caller.partner, made, || proposed(device_type, asked)).await? {
        Outcome::Done(made) => made,
        Outcome::Waits(approval) => return waits(&caller.partner, &approval, cx.now),
    };
    let answer = created(&device_type_image(app.config.base_url()?, &caller.partner, &made.associated))?;
    Ok(replayable(answer, made.replayed))
}

fn proposed(device_type: &DeviceTypeId, (new, repeatable): (NewDescription, Option<Repeatable>)) -> Proposed {
    let NewDescription { words, wish: Wish { url, url2 }, profile } = new;
    let repeatable = repeatable.map(|Repeatable { key, body }| (key, body));
    let new = approval::NewDescription { words, url, url2, profile, repeatable };
    Proposed::Describe { device_type: device_type.clone(), new: Box::new(new) }
}

fn new_description(mut fields: Fields) -> Result<NewDescription, Problem> {
    let words = words(&mut fields);
    let url = fields.optional::<String>("url").unwrap_or_default();
    let url2 = fields.optional::<String>("url2");
    let profile = fields.optional::<DeviceProfileId>("deviceProfileId");
    let (words,) = fields.finish((words,))?;
    Ok(NewDescription { words, wish: Wish { url, url2 }, profile })
}
