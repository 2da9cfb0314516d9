//! `GET /deviceTypes`.

use serde_json::{Value, json};
use tests::api::Api;

use crate::kettle::snapshot;

#[tokio::test]
async fn a_partner_lists_its_own_device_types_by_id() {
    let api = Api::start().await;
    let (acme, other) = (api.tenant("acme").await, api.tenant("other").await);
    assert_eq!(api.get(&acme.path("/deviceTypes"), &acme.read).await.expect(200).json(), json!([]));
    for id in ["toaster", "kettle", "lamp"] {
        api.create_device_type(&acme, id).await;
    }
    api.create_device_type(&other, "hairdryer").await;
    snapshot!(api.get(&acme.path("/deviceTypes"), &acme.read).await.expect(200).json());
    let theirs = api.get(&other.path("/deviceTypes"), &other.read).await.expect(200).json();
    assert_eq!(theirs.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_deleted_device_type_is_listed_no_more() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    for id in ["kettle", "lamp"] {
        api.create_device_type(&acme, id).await;
    }
    api.call("DELETE", &acme.path("/deviceTypes/kettle"), &acme.write, Value::Null).await.expect(204);
    let left = api.get(&acme.path("/deviceTypes"), &acme.read).await.expect(200).json();
    assert_eq!((left.as_array().unwrap().len(), &left[0]["deviceTypeId"]), (1, &json!("lamp")));
}

#[tokio::test]
async fn more_device_types_than_one_read_holds_are_all_listed() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let expected: Vec<String> = (0..101).map(|number| format!("model-{number:03}")).collect();
    futures::future::join_all(expected.iter().map(|id| api.create_device_type(&acme, id))).await;
    let all = api.get(&acme.path("/deviceTypes"), &acme.read).await.expect(200).json();
    let ids: Vec<_> =
        all.as_array().unwrap().iter().map(|each| each["deviceTypeId"].as_str().unwrap()).collect();
    assert_eq!(ids, expected);
}
