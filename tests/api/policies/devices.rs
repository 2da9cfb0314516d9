//! What devices ask, of feeds and of checks, open and restricted; and what they report that say who they are.

use serde_json::{Value, json};
use shared::domain::progress::MOST_OFFERS;
use tests::ipk::Ipk;

use super::drive::Drive;

const GRANTED: &str = "3123456789abcdef0123456789abcdef01234567";
const STRANGER: &str = "4123456789abcdef0123456789abcdef01234567";

/// Every kind of question, with a grant, without one, and for what is not there.
pub async fn run(drive: &Drive) {
    let Drive { api, acme, .. } = drive;
    api.create_device_type(acme, "tablet").await;
    let record = api.image(acme, 3, "tablet", &Ipk::new("mail", "1").build()).await;
    for feed in ["release", "dev"] {
        api.associate(acme, "tablet", &record, feed).await.expect(201);
    }
    drive.call("POST", "/feeds/dev/devices", json!({"hexSha1": GRANTED})).await.expect(201);
    drive.call("PUT", "/feeds/late", serde_json::Value::Null).await.expect(204);
    reports(drive).await;
    let check = "/v1/ota/deviceTypes";
    for path in [
        "",
        "/tablet",
        "/tablet/mail",
        "/tablet/mail/1",
        "/tablet/mail/latest/Version",
        "/tablet/Packages.gz",
        "/tablet/Packages.asc",
        "/nothing",
    ] {
        for feed in ["release", "late", "unknown"] {
            api.get(&format!("/{feed}{path}"), "").await;
        }
        for credential in [GRANTED, STRANGER] {
            api.raw("GET", &format!("/dev{path}"), &[("authorization", credential)]).await;
        }
    }
    for device_type in ["tablet", "nothing"] {
        for feed in ["release", "late", "unknown"] {
            api.get(&format!("{check}/{device_type}/eligibility?feed={feed}&2003=0"), "").await;
        }
        let path = format!("{check}/{device_type}/eligibility?feed=dev&2003=0");
        for credential in [GRANTED, STRANGER] {
            api.raw("GET", &path, &[("authorization", credential)]).await;
        }
    }
    managed(drive).await;
    behind_a_hub(drive).await;
}

/// A device that is stuck, found, moved, and forgotten.
async fn managed(drive: &Drive) {
    let Drive { api, acme, .. } = drive;
    let poll = i64::from(api.server.app().config.poll_seconds) * 1000;
    let hub = api.image(acme, 5, "in vain", b"in vain").await;
    api.associate(acme, "tablet", &hub, "release").await.expect(201);
    for _ in 0..MOST_OFFERS {
        api.device_offers("tablet", "T-1", &[(5, 0)]).await;
        api.server.clock().shift(poll);
    }
    api.server.clock().shift(-poll * i64::from(MOST_OFFERS));
    for query in ["", "?prefix=T", "?type=5&versionNumber=0", "?flag=withheld"] {
        let page = drive.call("GET", &format!("/deviceTypes/tablet/devices{query}"), Value::Null).await;
        assert_eq!(page.expect(200).json()["devices"][0]["deviceId"], "T-1", "{query}");
    }
    let device = "/deviceTypes/tablet/devices/T-1";
    let number: u32 = hub["versionNumber"].as_str().unwrap().parse().unwrap();
    let busy = json!({"type": 5, "versionNumber": number, "state": "installing"});
    api.status("tablet", "T-1", &busy).await.expect(204);
    drive.call("PATCH", device, json!({"feed": "late", "blocked": true})).await.expect(204);
    for flag in ["blocked", "silent"] {
        let page = drive.call("GET", &format!("/deviceTypes/tablet/devices?flag={flag}"), Value::Null).await;
        assert_eq!(page.expect(200).json()["devices"][0]["deviceId"], "T-1", "{flag}");
    }
    drive.call("DELETE", device, Value::Null).await.expect(204);
}

/// Devices behind a hub: one that is new, one that its partner put on another feed, one that comes into a restricted one.
async fn behind_a_hub(drive: &Drive) {
    let Drive { api, .. } = drive;
    let entry = |device: &str, more: Value| {
        let mut entry = json!({"deviceType": "kiosk", "deviceId": device, "attributes": {"2007": "1"}});
        entry["token"] = api.device_token("kiosk", device).into();
        entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        entry
    };
    let devices = [
        entry("HUB-1", json!({})),
        entry("HUB-2", json!({"feed": "dev", "feedCredential": GRANTED})),
        entry("HUB-3", json!({"feed": "unknown"})),
    ];
    let token = api.device_token("kiosk", "HUB");
    let path = "kiosk/devices/HUB/checks";
    api.device_call(path, &token, &json!({"devices": devices})).await.expect(200);
    drive.call("PATCH", "/deviceTypes/kiosk/devices/HUB-1", json!({"feed": "late"})).await.expect(204);
    api.device_call(path, &token, &json!({"devices": devices})).await.expect(200);
}

/// A device that reports for the first time, another version, another day, in a feed of its partner's and a restricted one;
/// that is offered something in vain, and whose failures halt an image.
async fn reports(drive: &Drive) {
    let Drive { api, acme, .. } = drive;
    api.create_device_type(acme, "kiosk").await;
    let mut images = Vec::new();
    for version in ["kiosk 1", "kiosk 2"] {
        let image = api.image(acme, 7, version, version.as_bytes()).await;
        let number: u32 = image["versionNumber"].as_str().unwrap().parse().unwrap();
        images.push((image, number));
    }
    let (first, second) = (&images[0], &images[1]);
    api.associate(acme, "kiosk", &first.0, "release").await.expect(201);
    // What it runs of a type that is associated nowhere.
    api.device_offers("kiosk", "SN-0", &[(8, 1)]).await;
    let day = 86_400_000;
    for turn in 0..12 {
        api.device_offers("kiosk", "SN-0", &[(7, first.1)]).await;
        api.device_offers("kiosk", "SN-1", &[(7, 0)]).await;
        api.server.clock().shift(if turn == 0 { day } else { day / 4 });
    }
    // Or what is uploaded after this would be signed in the bucket's future.
    api.server.clock().shift(-day - 11 * (day / 4));
    let mut body = second.0.clone();
    let steps = json!([{"atTimestamp": api.server.clock().now().millis() + day, "percent": 100}]);
    let careful =
        json!({"percent": 99.99, "steps": steps, "autoPause": {"failurePercent": 0, "minReports": 1}});
    (body["feed"], body["rollout"]) = ("beta".into(), careful);
    drive.call("POST", "/deviceTypes/kiosk/firmwareImages", body).await.expect(201);
    let late = json!({"feed": "late", "attributes": {"2007": first.1}});
    api.attributes("kiosk", "SN-1", &late).await.expect(200);
    let dev = json!({"feed": "dev", "feedCredential": GRANTED, "attributes": {}});
    api.attributes("kiosk", "SN-1", &dev).await.expect(200);
    let beta = json!({"feed": "beta", "attributes": {"2007": first.1}});
    let failed = json!({"type": 7, "versionNumber": second.1, "state": "failed"});
    let past = api.server.clock().now().millis() - 1;
    let explain = format!("/deviceTypes/kiosk/devices/SN-1/explain?at={past}");
    drive.call("GET", &explain, serde_json::Value::Null).await.expect(200);
    // As if it had been made before changes were kept beside device types: its past is in the audit alone.
    for (pk, sk, _) in api.dump().await.under("DT#kiosk").filter(|(_, sk, _)| sk.starts_with("CHANGE#")) {
        api.erase(pk, sk).await;
    }
    drive.call("GET", &explain, serde_json::Value::Null).await.expect(200);
    let devices = ["SN-1", "SN-2", "SN-3"];
    for device in devices {
        api.attributes("kiosk", device, &beta).await.expect(200);
    }
    // One is busy for a while.
    let busy = json!({"type": 7, "versionNumber": second.1, "state": "downloading"});
    api.status("kiosk", "SN-3", &busy).await.expect(204);
    api.attributes("kiosk", "SN-3", &beta).await.expect(200);
    for device in devices {
        api.status("kiosk", device, &failed).await.expect(204);
    }
    strangers(drive).await;
}

/// A device that shows no token at first, which its partner blocks.
async fn strangers(drive: &Drive) {
    let Drive { api, .. } = drive;
    let open = json!({"name": "Kiosk", "anonymousReports": true});
    drive.call("PUT", "/deviceTypes/kiosk", open).await.expect(204);
    let said = json!({"attributes": {"2007": 0}});
    api.device_call("kiosk/devices/A-1/attributes", "", &said).await.expect(200);
    drive.call("PATCH", "/deviceTypes/kiosk/devices/A-1", json!({"blocked": true})).await.expect(204);
    api.attributes("kiosk", "A-1", &said).await.expect(200);
}
