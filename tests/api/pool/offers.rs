//! `…/offers`: the giver's side.

use serde_json::{Value, json};
use tests::api::{Answer, Api, Tenant};

use super::{content, with};
use crate::kettle::{pointers, snapshot};

/// Partner `acme` with an uploaded image of type 3, and partner `other` with a device type.
pub(super) struct Sharing {
    pub(super) api: Api,
    pub(super) acme: Tenant,
    pub(super) other: Tenant,
    pub(super) radio: Value,
}

impl Sharing {
    pub(super) async fn start() -> Self {
        let api = Api::start().await;
        let (acme, other) = (api.tenant("acme").await, api.tenant("other").await);
        api.create_device_type(&acme, "kettle").await;
        api.create_device_type(&other, "stapler").await;
        let radio = api.image(&acme, 3, "1", b"radio").await;
        Self { api, acme, other, radio }
    }

    pub(super) async fn offer(&self, receiver: &str) -> Answer {
        self.call("PUT", receiver).await
    }

    pub(super) async fn withdraw(&self, receiver: &str) -> Answer {
        self.call("DELETE", receiver).await
    }

    async fn call(&self, method: &str, receiver: &str) -> Answer {
        let path = format!("{}/{receiver}", self.offers_path());
        self.api.call(method, &path, &self.acme.write, Value::Null).await
    }

    fn offers_path(&self) -> String {
        format!("{}/offers", self.api.record_path(&self.acme, &self.radio))
    }

    /// To whom the image is offered.
    pub(super) async fn receivers(&self) -> Vec<String> {
        let all = self.api.get(&self.offers_path(), &self.acme.read).await.expect(200).json();
        all.as_array().unwrap().iter().map(|each| each["partnerId"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test]
async fn offers_are_listed_until_withdrawn() {
    let sharing = Sharing::start().await;
    sharing.api.tenant("third").await;
    assert_eq!(sharing.receivers().await, [""; 0]);
    for receiver in ["third", "other", "other"] {
        assert!(sharing.offer(receiver).await.expect(204).bytes.is_empty());
    }
    snapshot!(sharing.api.get(&sharing.offers_path(), &sharing.acme.read).await.expect(200).json());
    assert!(sharing.withdraw("other").await.expect(204).bytes.is_empty());
    assert_eq!(sharing.receivers().await, ["third"]);
    sharing.withdraw("other").await.expect_problem(404, "not_found");
    sharing.offer("other").await.expect(204);
    assert_eq!(sharing.receivers().await, ["other", "third"]);
}

#[tokio::test]
async fn mcu_types_cannot_be_offered() {
    let sharing = Sharing::start().await;
    let Sharing { api, acme, other, .. } = &sharing;
    // Not even where both call the number something.
    for tenant in [acme, other] {
        api.create_type(tenant, 105).await;
    }
    let record = api.image(acme, 105, "1", b"mcu").await;
    let path = format!("{}/offers", api.record_path(acme, &record));
    let refused = api.call("PUT", &format!("{path}/other"), &acme.release, Value::Null).await;
    assert_eq!(pointers(&refused.expect_problem(422, "invalid_field")), ["/type"]);
    assert_eq!(api.get(&path, &acme.read).await.expect(200).json(), json!([]));
    api.get(&api.record_path(other, &record), &other.read).await.expect_problem(404, "not_found");
    assert_eq!(content(api, other, "/pool").await, [Value::Null; 0]);
}

#[tokio::test]
async fn an_offer_needs_another_partner_that_exists() {
    let sharing = Sharing::start().await;
    let refused = sharing.offer("acme").await.expect_problem(422, "invalid_field");
    assert_eq!(pointers(&refused), ["/partnerId"]);
    sharing.offer("nobody").await.expect_problem(404, "not_found");
    for bad in ["Other", "a_b", "-a", &"a".repeat(64)] {
        sharing.offer(bad).await.expect_problem(400, "invalid_parameter");
        sharing.withdraw(bad).await.expect_problem(400, "invalid_parameter");
    }
    assert_eq!(sharing.receivers().await, [""; 0]);
    for unknown in ["nobody", "acme", "other"] {
        sharing.withdraw(unknown).await.expect_problem(404, "not_found");
    }
}

#[tokio::test]
async fn only_what_is_ones_own_can_be_offered() {
    let sharing = Sharing::start().await;
    let Sharing { api, acme, other, radio } = &sharing;
    api.tenant("third").await;
    sharing.offer("other").await.expect(204);
    // The receiver cannot pass it on, list its offers or take them back.
    let theirs = format!("{}/offers", api.record_path(other, radio));
    for (method, path) in
        [("PUT", format!("{theirs}/third")), ("DELETE", format!("{theirs}/other")), ("GET", theirs.clone())]
    {
        api.call(method, &path, &other.release, Value::Null).await.expect_problem(404, "not_found");
    }
    assert_eq!(sharing.receivers().await, ["other"]);
    let missing = acme.path("/pool/types/3/versionNumbers/2/offers");
    for (method, path) in [
        ("GET", missing.clone()),
        ("PUT", format!("{missing}/other")),
        ("DELETE", format!("{missing}/other")),
    ] {
        api.call(method, &path, &acme.release, Value::Null).await.expect_problem(404, "not_found");
    }
}

#[tokio::test]
async fn the_giver_sees_nothing_of_what_the_receiver_does_with_it() {
    let sharing = Sharing::start().await;
    let Sharing { api, acme, other, radio } = &sharing;
    sharing.offer("other").await.expect(204);
    api.associate(other, "stapler", radio, "beta").await.expect(201);
    let associations = |tenant: &Tenant| {
        let path = format!("{}/associations", api.record_path(tenant, radio));
        let key = tenant.read.clone();
        async move { api.get(&path, &key).await.expect(200).json() }
    };
    assert_eq!(associations(acme).await, json!([]));
    assert_eq!(associations(other).await[0]["deviceTypeId"], "stapler");
    api.associate(acme, "kettle", radio, "release").await.expect(201);
    let (ours, theirs) = (associations(acme).await, associations(other).await);
    assert_eq!((ours.as_array().unwrap().len(), &ours[0]["deviceTypeId"]), (1, &json!("kettle")));
    assert_eq!((theirs.as_array().unwrap().len(), &theirs[0]["deviceTypeId"]), (1, &json!("stapler")));
    assert_eq!(theirs[0]["partnerId"], "other");
}

#[tokio::test]
async fn an_image_the_receiver_has_associated_is_sealed_for_its_owner() {
    let sharing = Sharing::start().await;
    let Sharing { api, acme, other, radio } = &sharing;
    sharing.offer("other").await.expect(204);
    api.associate(other, "stapler", radio, "beta").await.expect(201);
    sharing.withdraw("other").await.expect(204);
    let path = api.record_path(acme, radio);
    let url = api.upload(acme, b"other bytes").await;
    for body in [with(radio.clone(), "url", url), with(radio.clone(), "url", "")] {
        api.call("PUT", &path, &acme.release, body).await.expect_problem(409, "image_sealed");
    }
    api.call("DELETE", &path, &acme.release, Value::Null).await.expect_problem(409, "image_sealed");
    assert_eq!(api.offers("stapler", "feed=beta&2003=0").await, [(3, "1".to_owned())]);
}

#[tokio::test]
async fn new_words_of_the_owners_reach_the_receivers_devices() {
    let sharing = Sharing::start().await;
    let Sharing { api, acme, other, radio } = &sharing;
    sharing.offer("other").await.expect(204);
    api.associate(other, "stapler", radio, "release").await.expect(201);
    let body = with(radio.clone(), "name", "renamed radio");
    api.call("PUT", &api.record_path(acme, radio), &acme.release, body).await.expect(204);
    let check = api.check("stapler", "2003=0").await.expect(200).json();
    assert_eq!(check["updates"][0]["name"], "renamed radio");
    let seen = api.get(&api.record_path(other, radio), &other.read).await.expect(200).json();
    assert_eq!(seen["name"], "renamed radio");
}
