//! What the reconciler finds to do: effects that broke off, drift, a table from before there were catalogues, what
//! nothing points to any more, and too little time for it.

use std::cell::Cell;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use shared::domain::{Right, Sha256};
use shared::needs;
use shared::usecases::reconcile::reconcile_until;
use shared::usecases::{Context, Standing};
use tests::functions::Functions;
use tests::ipk::Ipk;
use tests::sent::{Asked, Resource};
use tests::wire::Fault;

use super::drive::Drive;
use crate::events::samples;
use crate::packages::old::{age, lose};

/// The distribution, as its policy writes it.
const DISTRIBUTION: &str = "arn:aws:cloudfront::000000000000:distribution/{Cdn.Distribution}";

/// Breaks things, has them mended, and purges.
pub async fn run(drive: &mut Drive) {
    let functions = Functions::of(&drive.api).await;
    broken_off(drive).await;
    at_their_end(drive).await;
    chore(&functions, "repairs").await;
    let api = &drive.api;
    // Drift, of a manifest, of an index and of a listing.
    api.erase("DT#oven", "MANIFEST#release").await;
    api.erase("DT#phone", "INDEX#release").await;
    api.alter("FEED#release", "DT#tablet", "packages", Some(AttributeValue::N("7".into()))).await;
    chore(&functions, "reconcile").await;
    for sha256 in api.catalogues().await {
        lose(api, &format!("catalogues/{sha256}")).await;
    }
    chore(&functions, "reconcile").await;
    // Packages that nobody has read, one of which is lost.
    let gone = Ipk::new("gone", "1").build();
    let record = api.image(&drive.acme, 5, "gone", &gone).await;
    api.associate(&drive.acme, "phone", &record, "release").await.expect(201);
    age(api).await;
    lose(api, &format!("repository/{}", Sha256::of(&gone))).await;
    chore(&functions, "reconcile").await;
    // What nothing points to is swept after a day.
    drive.intended(5, &Ipk::new("newest", "1").build()).await.expect(204);
    api.server.clock().shift(3 * 86_400_000);
    hurried(drive).await;
    chore(&functions, "reconcile").await;
    for sample in samples().iter().filter(|sample| sample.title() == "reconciler/purge") {
        let done = functions.invoke("reconciler", &sample.event).await.unwrap();
        assert!(done.answer["errorMessage"].is_null(), "{done:?}");
    }
    assert!(functions.purges() > 0, "the CDN was told nothing");
    let distribution = Resource::Other(DISTRIBUTION.to_owned());
    drive.note("reconciler", [Asked::new("cloudfront:CreateInvalidation", distribution)]);
}

async fn chore(functions: &Functions, name: &str) {
    let done = functions.invoke("reconciler", &json!({"chore": name})).await.unwrap();
    assert_eq!((&done.answer["errorMessage"], &done.answer["failed"]), (&Value::Null, &json!(0)), "{done:?}");
}

/// Rollouts that have taken everyone in: of an image, of one that was taken away, and one that was withdrawn.
async fn at_their_end(drive: &Drive) {
    let Drive { api, acme, .. } = drive;
    let mut placed = Vec::new();
    for version in ["whole", "gone", "back"] {
        let image = api.image(acme, 120, version, version.as_bytes()).await;
        let number = image["versionNumber"].as_str().unwrap().to_owned();
        let mut body = image.clone();
        let steps = json!([{"atTimestamp": api.server.clock().now().millis() + 60_000, "percent": 100}]);
        let careful = json!({"failurePercent": 5, "minReports": 20});
        (body["feed"], body["rollout"]) =
            ("beta".into(), json!({"percent": 1, "steps": steps, "autoPause": careful}));
        drive.call("POST", "/deviceTypes/oven/firmwareImages", body).await.expect(201);
        placed.push(format!("/deviceTypes/oven/firmwareImages/types/120/versionNumbers/{number}"));
    }
    drive.call("DELETE", &format!("{}?feed=beta", placed[1]), Value::Null).await.expect(204);
    drive.call("POST", &format!("{}/rollout/withdraw?feed=beta", placed[2]), Value::Null).await.expect(204);
    api.server.clock().shift(61_000);
}

/// An edit, a new name and the end of a feed that are written, and reach no manifest.
async fn broken_off(drive: &Drive) {
    let Drive { api, acme, .. } = drive;
    let mut image = api.image(acme, 120, "late", b"late").await;
    for feed in ["beta", "release"] {
        api.associate(acme, "oven", &image, feed).await.expect(201);
    }
    drive.call("PUT", "/feeds/short", Value::Null).await.expect(204);
    let package = api.image(acme, 3, "short", &Ipk::new("short", "1").build()).await;
    api.associate(acme, "oven", &package, "short").await.expect(201);
    let placed = format!(
        "/deviceTypes/oven/firmwareImages/types/3/versionNumbers/{}",
        package["versionNumber"].as_str().unwrap()
    );
    drive.call("DELETE", &placed, Value::Null).await.expect(204);
    image["name"] = "edited late".into();
    let record = api.record_path(acme, &image);
    for (method, path, body) in [
        ("PUT", record, image),
        ("PUT", acme.path("/types/120"), json!({"name": "Broken off"})),
        ("DELETE", acme.path("/feeds/short"), Value::Null),
    ] {
        // The SDK tries a call three times.
        api.wire.inject(Some("TransactWriteItems"), 1, 3, Fault::Lost);
        api.call(method, &path, &acme.release, body).await.expect(503);
        assert_eq!(api.wire.clear(), 0, "{path}: not met");
    }
}

/// A reconciliation that has time for a part only.
async fn hurried(drive: &Drive) {
    let app = drive.api.server.app().only(&needs::RECONCILER);
    let cx = Context {
        store: &app.store,
        config: &app.config,
        secrets: &app.secrets,
        actor: "reconcile",
        right: Right::Operator,
        request_id: "run",
        now: app.clock.now(),
        standing: Standing::default(),
    };
    let asked = Cell::new(0);
    let enough = || {
        asked.set(asked.get() + 1);
        asked.get() > 20
    };
    let blobs = drive.api.server.blobs().named(needs::RECONCILER.name);
    let report = reconcile_until(&cx, &blobs, enough).await.unwrap();
    assert!(!report.complete && report.manifests > 0, "{report:?}");
}
