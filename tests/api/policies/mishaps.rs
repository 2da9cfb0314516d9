//! What happens seldom: two requests that pass each other, packages from before anyone read them, and objects that are
//! lost.

use serde_json::{Value, json};
use shared::domain::Sha256;
use tests::api::{Answer, Api};
use tests::ipk::Ipk;
use tests::wire::Fault;

use super::drive::Drive;
use crate::packages::old::lose;

/// Walks through all of it, and leaves everything mended.
pub async fn run(drive: &Drive) {
    overtaken(drive).await;
    old_packages(drive).await;
    lost_catalogues(drive).await;
}

/// Of two registrations with one `Idempotency-Key`, the later one finds what the earlier one made.
async fn overtaken(drive: &Drive) {
    let api = &drive.api;
    let register = || async {
        let body = json!({"name": "raced", "type": 5, "version": "raced", "url": ""});
        let request = api.request("POST", &drive.acme.path("/pool")).bearer_auth(&drive.acme.write);
        api.send(request.header("idempotency-key", "raced").json(&body)).await
    };
    let profile = api.upload(&drive.acme, b"another profile").await;
    let describe = || async {
        let body = json!({"name": "raced", "type": 4, "version": "raced", "url": profile, "feed": "beta"});
        let path = drive.acme.path("/deviceTypes/oven/firmwareImages");
        let request = api.request("POST", &path).bearer_auth(&drive.acme.write);
        api.send(request.header("idempotency-key", "described").json(&body)).await
    };
    held(api, register(), register()).await;
    held(api, describe(), describe()).await;
}

/// The first is held at its write while the other goes through.
async fn held(api: &Api, first: impl Future<Output = Answer>, then: impl Future<Output = Answer>) {
    api.wire.inject(Some("TransactWriteItems"), 0, 1, Fault::Held);
    let overtaking = async {
        api.wire.held().await;
        then.await.expect(201);
        api.wire.release();
    };
    let (first, ()) = tokio::join!(first, overtaking);
    assert_eq!(first.expect(201).header("idempotency-replayed"), "true");
}

/// Takes away what was read in a package when it was moved.
async fn forget(api: &Api, bytes: &[u8]) {
    let row = format!("BLOB#{}", Sha256::of(bytes));
    for name in ["stanza", "warnings"] {
        api.alter("PARTNER#acme", &row, name, None).await;
    }
}

/// Packages that were moved before control files were read: there, and lost.
async fn old_packages(drive: &Drive) {
    let Drive { api, acme, .. } = drive;
    for is_lost in [false, true] {
        let [associated, intended] =
            ["associated", "intended"].map(|name| Ipk::new(&format!("{name}-{is_lost}"), "1").build());
        let record = api.image(acme, 5, &format!("old {is_lost}"), &associated).await;
        api.upload(acme, &intended).await;
        for bytes in [&associated, &intended] {
            forget(api, bytes).await;
            if is_lost {
                lose(api, &format!("repository/{}", Sha256::of(bytes))).await;
            }
        }
        let answers = [
            api.associate(acme, "oven", &record, "release").await.status,
            with_the_url_it_had(drive, &intended).await.status,
        ];
        assert_eq!(answers.map(|status| status < 300), [!is_lost; 2], "{answers:?}");
    }
}

/// As [`Drive::intended`], with bytes that are in the repository already, or were.
async fn with_the_url_it_had(drive: &Drive, bytes: &[u8]) -> Answer {
    let Drive { api, acme, .. } = drive;
    let digest = Sha256::of(bytes).to_string();
    let feeds = json!({"acme": ["oven"]});
    let later = json!({"name": &digest[..30], "type": 5, "version": "1", "url": "", "associations": feeds});
    let mut record = drive.call("POST", "/pool", later).await.expect(201).json();
    record["url"] = format!("{}/repository/{digest}", api.server.base_url()).into();
    api.call("PUT", &api.record_path(acme, &record), &acme.release, record.clone()).await
}

/// Catalogues that are lost are missed by feeds, and made again by whatever changes next.
async fn lost_catalogues(drive: &Drive) {
    let Drive { api, acme, .. } = drive;
    let lose_all = || async {
        for sha256 in api.catalogues().await {
            lose(api, &format!("catalogues/{sha256}")).await;
        }
    };
    lose_all().await;
    // Asked for in a form that nobody remembers.
    api.get("/release/oven/one/1/Size", "").await;
    drive.intended(5, &Ipk::new("after", "1").build()).await.expect(204);
    lose_all().await;
    let record = api.image(acme, 5, "after", &Ipk::new("after-that", "1").build()).await;
    api.associate(acme, "oven", &record, "release").await.expect(201);
    let number = record["versionNumber"].as_str().unwrap();
    let placed = format!("/deviceTypes/oven/firmwareImages/types/5/versionNumbers/{number}");
    drive.call("DELETE", &placed, Value::Null).await.expect(204);
}
