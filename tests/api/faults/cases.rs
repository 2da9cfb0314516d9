//! Every operation that writes, broken everywhere.

use serde_json::{Value, json};
use tests::api::Tenant;

use super::driver::{Bench, Expected, Request, break_everywhere};

const NONE: Value = Value::Null;

fn always(status: u16) -> Expected {
    Expected { status, honest: None }
}

fn or(status: u16, honest: (u16, &'static str)) -> Expected {
    Expected { status, honest: Some(honest) }
}

const GONE: (u16, &str) = (404, "not_found");
const ASSOCIATED: (u16, &str) = (409, "already_associated");

impl Bench {
    /// A device type for this run alone.
    pub(super) async fn device_type(&self, prefix: &str) -> String {
        let id = format!("{prefix}-{}", self.run);
        self.api.create_device_type(&self.acme, &id).await;
        id
    }

    /// An image with a binary for this run alone.
    async fn image(&self, owner: &Tenant, number: u16) -> Value {
        self.api.image(owner, number, &format!("v{}", self.run), b"firmware").await
    }

    /// An image in feeds of a device type of this run.
    async fn associated(&self, feeds: &[&str]) -> (String, Value) {
        let (id, image) = (self.device_type("kettle").await, self.image(&self.acme, 105).await);
        for feed in feeds {
            self.api.associate(&self.acme, &id, &image, feed).await.expect(201);
        }
        (id, image)
    }

    /// The path of an image of a device type.
    pub(super) fn placed(&self, device_type: &str, image: &Value) -> String {
        let number = image["versionNumber"].as_str().unwrap();
        let rest = format!(
            "/deviceTypes/{device_type}/firmwareImages/types/{}/versionNumbers/{number}",
            image["type"]
        );
        self.acme.path(&rest)
    }

    pub(super) fn by_acme(&self, method: &'static str, path: &str, body: Value) -> Request {
        Request::new(method, self.acme.path(path), &self.acme.release, body)
    }

    pub(super) async fn custom_feed(&self) {
        self.api.call("PUT", &self.acme.path("/feeds/field"), &self.acme.write, NONE).await.expect(204);
    }
}

#[tokio::test]
async fn creating_a_type() {
    break_everywhere(or(201, (409, "type_exists")), async |bench| {
        bench.by_acme("POST", "/types", json!({"name": "NEW", "type": 110 + bench.run}))
    })
    .await;
}

#[tokio::test]
async fn renaming_a_type_that_manifests_show() {
    break_everywhere(always(204), async |bench| {
        if bench.run == 0 {
            bench.associated(&["release", "beta"]).await;
        }
        bench.by_acme("PUT", "/types/105", json!({"name": format!("NAME {}", bench.run)}))
    })
    .await;
}

#[tokio::test]
async fn renaming_a_platform_type_that_manifests_show() {
    break_everywhere(always(204), async |bench| {
        let operator = bench.api.server.operator_key();
        if bench.run == 0 {
            let body = json!({"name": "RADIO", "type": 9});
            bench.api.call("POST", "/v1/ota/admin/types", operator, body).await.expect(201);
            let (id, image) = (bench.device_type("kettle").await, bench.image(&bench.acme, 9).await);
            bench.api.associate(&bench.acme, &id, &image, "release").await.expect(201);
        }
        let body = json!({"name": format!("NAME {}", bench.run)});
        Request::new("PUT", "/v1/ota/admin/types/9".into(), operator, body)
    })
    .await;
}

#[tokio::test]
async fn creating_a_platform_type() {
    break_everywhere(or(201, (409, "type_exists")), async |bench| {
        let body = json!({"name": "NEW", "type": 9 + bench.run});
        Request::new("POST", "/v1/ota/admin/types".into(), bench.api.server.operator_key(), body)
    })
    .await;
}

fn registration(bench: &Bench) -> Request {
    let body =
        json!({"name": "new", "type": 105, "version": format!("v{}", bench.run), "url": "", "tags": ["a"]});
    bench.by_acme("POST", "/pool", body)
}

#[tokio::test]
async fn registering_an_image() {
    break_everywhere(or(201, (409, "image_exists")), async |bench| registration(bench)).await;
}

#[tokio::test]
async fn registering_an_image_with_an_idempotency_key() {
    break_everywhere(always(201), async |bench| Request {
        idempotency: format!("run-{}", bench.run),
        ..registration(bench)
    })
    .await;
}

#[tokio::test]
async fn registering_an_image_that_is_associated_at_once() {
    break_everywhere(always(201), async |bench| {
        let (a, b) = (bench.device_type("kettle").await, bench.device_type("oven").await);
        let url = bench.api.upload(&bench.acme, b"firmware").await;
        let associations = json!({"acme": [a, b], "globex": []});
        let body = json!({"name": "new", "type": 3, "version": format!("v{}", bench.run), "url": url,
            "associations": associations});
        Request { idempotency: format!("run-{}", bench.run), ..bench.by_acme("POST", "/pool", body) }
    })
    .await;
}

#[tokio::test]
async fn giving_a_record_its_binary() {
    break_everywhere(always(204), async |bench| {
        let mut record = bench.api.register(&bench.acme, 105, "new", &format!("v{}", bench.run)).await;
        record["url"] = bench.api.upload(&bench.acme, b"firmware").await.into();
        record["name"] = "renamed".into();
        Request::new("PUT", bench.api.record_path(&bench.acme, &record), &bench.acme.write, record)
    })
    .await;
}

#[tokio::test]
async fn giving_a_record_its_binary_and_with_it_its_associations() {
    break_everywhere(always(204), async |bench| {
        let (a, b) = (bench.device_type("kettle").await, bench.device_type("oven").await);
        let body = json!({"name": "new", "type": 3, "version": format!("v{}", bench.run), "url": "",
            "associations": {"acme": [a, b], "globex": []}});
        let made = bench.api.call("POST", &bench.acme.path("/pool"), &bench.acme.release, body).await;
        let mut record = made.expect(201).json();
        record["url"] = bench.api.upload(&bench.acme, b"firmware").await.into();
        Request::new("PUT", bench.api.record_path(&bench.acme, &record), &bench.acme.release, record)
    })
    .await;
}

#[tokio::test]
async fn editing_a_record_that_several_manifests_show() {
    break_everywhere(always(204), async |bench| {
        let (_, mut image) = bench.associated(&["release", "beta", "alpha"]).await;
        image["name"] = "edited".into();
        image["version"] = format!("edited {}", bench.run).into();
        Request::new("PUT", bench.api.record_path(&bench.acme, &image), &bench.acme.release, image)
    })
    .await;
}

#[tokio::test]
async fn deleting_a_record() {
    break_everywhere(or(204, GONE), async |bench| {
        let image = bench.image(&bench.acme, 105).await;
        Request::new("DELETE", bench.api.record_path(&bench.acme, &image), &bench.acme.write, NONE)
    })
    .await;
}

#[tokio::test]
async fn moving_a_binary_to_the_repository() {
    break_everywhere(always(200), async |bench| {
        let bytes = format!("firmware {}", bench.run);
        let request = bench.api.request("POST", &bench.acme.path("/binaries")).bearer_auth(&bench.acme.write);
        let request = request.header("content-type", "application/octet-stream").body(bytes);
        let sha256 = bench.api.send(request).await.expect(201).json()["value"].clone();
        bench.by_acme("POST", "/binaries/moveToRepository", json!({"value": sha256}))
    })
    .await;
}

#[tokio::test]
async fn creating_a_device_type() {
    break_everywhere(or(201, (409, "device_type_taken")), async |bench| {
        let body = json!({"deviceTypeId": format!("new-{}", bench.run), "name": "New"});
        bench.by_acme("POST", "/deviceTypes", body)
    })
    .await;
}

#[tokio::test]
async fn changing_a_device_type() {
    break_everywhere(always(204), async |bench| {
        let id = bench.device_type("kettle").await;
        bench.by_acme(
            "PUT",
            &format!("/deviceTypes/{id}"),
            json!({"name": "Changed", "nextPollSeconds": 3600}),
        )
    })
    .await;
}

#[tokio::test]
async fn deleting_a_device_type() {
    break_everywhere(or(204, GONE), async |bench| {
        let id = bench.device_type("kettle").await;
        bench.by_acme("DELETE", &format!("/deviceTypes/{id}"), NONE)
    })
    .await;
}

#[tokio::test]
async fn reviving_a_device_type() {
    break_everywhere(or(201, (409, "device_type_taken")), async |bench| {
        let id = bench.device_type("kettle").await;
        let path = bench.acme.path(&format!("/deviceTypes/{id}"));
        bench.api.call("DELETE", &path, &bench.acme.write, NONE).await.expect(204);
        bench.by_acme("POST", "/deviceTypes", json!({"deviceTypeId": id, "name": "Again"}))
    })
    .await;
}

#[tokio::test]
async fn associating_an_image() {
    break_everywhere(or(201, ASSOCIATED), async |bench| {
        let (id, image) = bench.associated(&[]).await;
        bench.by_acme("POST", &format!("/deviceTypes/{id}/firmwareImages"), image)
    })
    .await;
}

#[tokio::test]
async fn associating_an_offered_image_in_a_feed_of_ones_own() {
    break_everywhere(or(201, ASSOCIATED), async |bench| {
        bench.custom_feed().await;
        let (id, mut image) = (bench.device_type("kettle").await, bench.image(&bench.globex, 3).await);
        let offer = format!("{}/offers/acme", bench.api.record_path(&bench.globex, &image));
        bench.api.call("PUT", &offer, &bench.globex.write, NONE).await.expect(204);
        image["feed"] = "field".into();
        bench.by_acme("POST", &format!("/deviceTypes/{id}/firmwareImages"), image)
    })
    .await;
}

#[tokio::test]
async fn promoting_an_image() {
    break_everywhere(or(201, ASSOCIATED), async |bench| {
        let (id, image) = bench.associated(&["beta"]).await;
        let path = format!("{}/promote", bench.placed(&id, &image));
        Request::new("POST", path, &bench.acme.release, json!({"from": "beta", "to": "release"}))
    })
    .await;
}

#[tokio::test]
async fn removing_an_image_from_one_feed() {
    break_everywhere(or(204, GONE), async |bench| {
        let (id, image) = bench.associated(&["beta", "release"]).await;
        let path = format!("{}?feed=release", bench.placed(&id, &image));
        Request::new("DELETE", path, &bench.acme.release, NONE)
    })
    .await;
}

#[tokio::test]
async fn removing_an_image_from_all_feeds() {
    break_everywhere(or(204, GONE), async |bench| {
        bench.custom_feed().await;
        let (id, image) = bench.associated(&["beta", "release", "field"]).await;
        Request::new("DELETE", bench.placed(&id, &image), &bench.acme.release, NONE)
    })
    .await;
}

#[tokio::test]
async fn creating_a_feed() {
    break_everywhere(always(204), async |bench| {
        bench.api.call("DELETE", &bench.acme.path("/feeds/field"), &bench.acme.write, NONE).await;
        bench.by_acme("PUT", "/feeds/field", NONE)
    })
    .await;
}

#[tokio::test]
async fn deleting_a_feed_that_has_manifests() {
    break_everywhere(or(204, GONE), async |bench| {
        bench.custom_feed().await;
        if bench.run == 0 {
            bench.device_type("oven").await;
            bench.device_type("kettle").await;
        }
        let image = bench.image(&bench.acme, 105).await;
        for id in ["kettle-0", "oven-0"] {
            bench.api.associate(&bench.acme, id, &image, "field").await.expect(201);
            let path = format!("{}?feed=field", bench.placed(id, &image));
            bench.api.call("DELETE", &path, &bench.acme.release, NONE).await.expect(204);
        }
        bench.by_acme("DELETE", "/feeds/field", NONE)
    })
    .await;
}

fn device(bench: &Bench) -> Value {
    json!({"hexSha1": format!("{:040x}", bench.run + 1), "label": "phone"})
}

#[tokio::test]
async fn granting_access() {
    break_everywhere(always(201), async |bench| bench.by_acme("POST", "/feeds/dev/devices", device(bench)))
        .await;
}

#[tokio::test]
async fn revoking_access() {
    break_everywhere(or(204, GONE), async |bench| {
        let path = bench.acme.path("/feeds/dev/devices");
        let made = bench.api.call("POST", &path, &bench.acme.release, device(bench)).await.expect(201).json();
        bench.by_acme("DELETE", &format!("/feeds/dev/devices/{}", made["id"].as_str().unwrap()), NONE)
    })
    .await;
}

#[tokio::test]
async fn creating_a_key() {
    break_everywhere(always(201), async |bench| {
        bench.by_acme("POST", "/keys", json!({"rights": ["read"], "label": "new"}))
    })
    .await;
}

#[tokio::test]
async fn revoking_a_key() {
    break_everywhere(always(204), async |bench| {
        let body = json!({"rights": ["read"], "label": "new"});
        let made =
            bench.api.call("POST", &bench.acme.path("/keys"), &bench.acme.release, body).await.expect(201);
        bench.by_acme("DELETE", &format!("/keys/{}", made.json()["keyId"].as_str().unwrap()), NONE)
    })
    .await;
}

#[tokio::test]
async fn exchanging_a_key_for_a_bearer() {
    break_everywhere(always(200), async |bench| {
        let key = &bench.acme.release;
        let who = bench.api.get("/v1/ota/whoami", key).await.expect(200).json();
        let id = who["keyId"].as_str().unwrap();
        let form = format!("grant_type=client_credentials&client_id={id}&client_secret={key}");
        Request::new("POST", "/oauth/token".into(), "", form.into())
    })
    .await;
}

#[tokio::test]
async fn offering_an_image() {
    break_everywhere(always(204), async |bench| {
        let image = bench.image(&bench.acme, 3).await;
        let path = format!("{}/offers/globex", bench.api.record_path(&bench.acme, &image));
        Request::new("PUT", path, &bench.acme.write, NONE)
    })
    .await;
}

#[tokio::test]
async fn withdrawing_an_offer() {
    break_everywhere(or(204, GONE), async |bench| {
        let image = bench.image(&bench.acme, 3).await;
        let path = format!("{}/offers/globex", bench.api.record_path(&bench.acme, &image));
        bench.api.call("PUT", &path, &bench.acme.write, NONE).await.expect(204);
        Request::new("DELETE", path, &bench.acme.write, NONE)
    })
    .await;
}

#[tokio::test]
async fn creating_a_partner() {
    break_everywhere(or(201, (409, "partner_exists")), async |bench| {
        let body = json!({"partnerId": format!("partner-{}", bench.run), "name": "New"});
        Request::new("POST", "/v1/ota/admin/partners".into(), bench.api.server.operator_key(), body)
    })
    .await;
}
