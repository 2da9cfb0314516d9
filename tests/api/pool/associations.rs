//! `GET /pool/types/{type}/versionNumbers/{versionNumber}/associations`.

use serde_json::{Value, json};

use crate::kettle::{Kettle, snapshot};

async fn associations(kettle: &Kettle, record: &Value) -> Value {
    let path = format!("{}/associations", kettle.api.record_path(&kettle.acme, record));
    kettle.api.get(&path, &kettle.acme.read).await.expect(200).json()
}

#[tokio::test]
async fn every_device_type_is_listed_with_its_feeds() {
    let kettle = Kettle::start().await;
    kettle.api.create_device_type(&kettle.acme, "teapot").await;
    kettle.api.create_device_type(&kettle.acme, "unused").await;
    let record = kettle.image("1").await;
    assert_eq!(associations(&kettle, &record).await, json!([]));
    for (device_type, feed) in [("teapot", "release"), ("kettle", "beta"), ("kettle", "alpha")] {
        kettle.api.associate(&kettle.acme, device_type, &record, feed).await.expect(201);
    }
    // Another image's associations are none of its own.
    kettle.image_in("2", &["dev"]).await;
    snapshot!(associations(&kettle, &record).await);

    kettle.remove(&record, "beta").await.expect(204);
    let left = associations(&kettle, &record).await;
    assert_eq!((&left[0]["deviceTypeId"], &left[0]["feeds"]), (&json!("kettle"), &json!(["alpha"])));
    kettle.remove(&record, "alpha").await.expect(204);
    let left = associations(&kettle, &record).await;
    assert_eq!((left.as_array().unwrap().len(), &left[0]["deviceTypeId"]), (1, &json!("teapot")));
}

#[tokio::test]
async fn the_partner_is_shown_with_its_email() {
    let kettle = Kettle::start().await;
    let body = json!({"partnerId": "initech", "name": "Initech Inc.", "email": "ota@initech.example"});
    let admin = "/v1/ota/admin/partners";
    kettle.api.call("POST", admin, kettle.api.server.operator_key(), body).await.expect(201);
    let initech = kettle.api.tenant("initech").await;
    kettle.api.create_type(&initech, 105).await;
    kettle.api.create_device_type(&initech, "stapler").await;
    let record = kettle.api.image(&initech, 105, "1", b"staples").await;
    kettle.api.associate(&initech, "stapler", &record, "release").await.expect(201);
    let path = format!("{}/associations", kettle.api.record_path(&initech, &record));
    snapshot!(kettle.api.get(&path, &initech.read).await.expect(200).json());
}

#[tokio::test]
async fn device_types_show_their_name_of_today() {
    let kettle = Kettle::start().await;
    let record = kettle.image_in("1", &["release"]).await;
    let path = kettle.acme.path("/deviceTypes/kettle");
    kettle.api.call("PUT", &path, &kettle.acme.write, json!({"name": "Kettle II"})).await.expect(204);
    assert_eq!(associations(&kettle, &record).await[0]["deviceTypeName"], "Kettle II");
}
