//! What devices ask, of feeds and of checks, open and restricted.

use serde_json::json;
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
}
