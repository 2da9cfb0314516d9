//! What is offered, in which order, and what is said where nothing is.

use serde_json::{Value, json};
use tests::ipk::Ipk;

use crate::kettle::{Kettle, snapshot};

fn package() -> Vec<u8> {
    Ipk::new("tea", "1.0").build()
}

#[tokio::test]
async fn an_update_is_answered_whole() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["release"]).await;
    let answer = it.api.check("kettle", "2105=0").await.expect(200);
    assert_eq!(answer.header("content-type"), "application/json");
    snapshot!(answer.json());
}

#[tokio::test]
async fn there_is_no_downgrade_and_no_offer_of_what_runs_already() {
    let it = Kettle::start().await;
    for version in ["1", "2", "3"] {
        it.image_in(version, if version == "2" { &["release"] } else { &[] }).await;
    }
    for (running, offered) in
        [("0", true), ("1", true), ("2", false), ("3", false), ("9223372036854775807", false)]
    {
        let offers = it.api.offers("kettle", &format!("2105={running}")).await;
        assert_eq!(offers, if offered { vec![(105, "2".to_owned())] } else { vec![] }, "{running}");
    }
    // Up to date is no reason to say anything.
    let silent = it.api.check("kettle", "2105=2").await.expect(200).json();
    assert!(silent.get("notes").is_none(), "{silent}");
}

#[tokio::test]
async fn of_several_images_of_a_type_the_highest_number_is_offered_whatever_the_order_of_association() {
    let it = Kettle::start().await;
    let mut records = Vec::new();
    for version in ["9.0", "1.0", "5.0"] {
        records.push(it.image(version).await);
    }
    for at in [1, 2, 0] {
        it.api.associate(&it.acme, "kettle", &records[at], "release").await.expect(201);
    }
    for running in ["0", "1", "2"] {
        assert_eq!(it.api.offers("kettle", &format!("2105={running}")).await, [(105, "3".to_owned())]);
    }
    assert_eq!(it.api.offers("kettle", "2105=3").await, []);
}

#[tokio::test]
async fn updates_come_in_install_order() {
    let it = Kettle::start().await;
    it.api.create_type(&it.acme, 101).await;
    for number in [105, 8, 3, 1, 101, 2, 6] {
        let record = it.api.image(&it.acme, number, "1", number.to_string().as_bytes()).await;
        it.api.associate(&it.acme, "kettle", &record, "release").await.expect(201);
    }
    let report = "2105=0&2008=0&2003=0&2001=0&2101=0&2002=0&2006=0";
    let types: Vec<u64> = it.api.offers("kettle", report).await.iter().map(|(number, _)| *number).collect();
    assert_eq!(types, [1, 2, 3, 6, 8, 101, 105]);
    let types: Vec<u64> =
        it.api.offers("kettle", "2101=0&2003=0&2001=0").await.iter().map(|each| each.0).collect();
    assert_eq!(types, [1, 3, 101]);
    let body = it.api.check("kettle", report).await.expect(200).json();
    assert_eq!(
        (&body["updates"][0]["typeName"], &body["updates"][1]["typeName"]),
        (&json!("BOOTLOADER"), &json!("SOFT_DEVICE"))
    );
}

#[tokio::test]
async fn a_type_that_is_not_reported_is_noted_and_nothing_of_it_is_offered() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["release"]).await;
    let app = it.api.image(&it.acme, 3, "1", b"app").await;
    it.api.associate(&it.acme, "kettle", &app, "release").await.expect(201);
    let body = it.api.check("kettle", "2105=0&2007=4").await.expect(200).json();
    assert_eq!(body["updates"].as_array().unwrap().len(), 1);
    assert_eq!(body["notes"], json!([{"type": 3, "reason": "not_reported"}]));
    let none = it.api.check("kettle", "").await.expect(200).json();
    snapshot!(none);
    // What is reported beyond what is there needs no word.
    let all = it.api.check("kettle", "2105=1&2003=1&2007=4").await.expect(200).json();
    assert_eq!((&all["updates"], all.get("notes")), (&json!([]), None));
}

#[tokio::test]
async fn an_empty_answer_and_one_update_are_small() {
    let it = Kettle::start().await;
    let empty = it.api.check("kettle", "2105=0").await.expect(200);
    assert_eq!(empty.json()["updates"], json!([]));
    assert!(empty.bytes.len() <= 200, "{}", empty.bytes.len());
    let long = "d".repeat(63);
    let body = json!({"deviceTypeId": long, "name": "x"});
    it.api.call("POST", &it.acme.path("/deviceTypes"), &it.acme.write, body).await.expect(201);
    let empty = it.api.check(&long, "").await.expect(200);
    assert!(empty.bytes.len() <= 200, "{}", empty.bytes.len());

    let record = it.api.register(&it.acme, 105, &"n".repeat(35), &"v".repeat(64)).await;
    let mut record = record.clone();
    record["url"] = it.api.upload(&it.acme, b"bytes").await.into();
    it.api
        .call("PUT", &it.api.record_path(&it.acme, &record), &it.acme.write, record.clone())
        .await
        .expect(204);
    it.api.associate(&it.acme, &long, &record, "release").await.expect(201);
    let one = it.api.check(&long, "2105=0").await.expect(200);
    assert_eq!(one.json()["updates"].as_array().unwrap().len(), 1);
    assert!(one.bytes.len() <= 700, "{}", one.bytes.len());
    let idle = it.api.check(&long, "2105=1").await.expect(200);
    assert!(idle.bytes.len() <= 200, "{}", idle.bytes.len());
}

#[tokio::test]
async fn packages_are_in_no_check() {
    let it = Kettle::start().await;
    let package = it.api.image(&it.acme, 105, "1.0", &package()).await;
    assert_eq!(package["package"], true, "{package}");
    it.api.associate(&it.acme, "kettle", &package, "release").await.expect(201);
    assert_eq!(it.feeds_of(&package).await, ["release"]);
    let body = it.api.check("kettle", "2105=0").await.expect(200).json();
    assert_eq!((&body["updates"], body.get("notes")), (&json!([]), None));
    // Not even above another image, which stays offered.
    let plain = it.image_in("2.0", &["beta"]).await;
    let above = it.api.image(&it.acme, 105, "3.0", &self::package()).await;
    it.api.associate(&it.acme, "kettle", &above, "beta").await.expect(201);
    let offered = it.api.offers("kettle", "feed=beta&2105=0").await;
    assert_eq!(offered, [(105, plain["versionNumber"].as_str().unwrap().to_owned())]);
    it.promote(&above, &it.acme.release, "beta", "alpha").await.expect(201);
    assert_eq!(it.api.offers("kettle", "feed=alpha&2105=0").await, []);
}

#[tokio::test]
async fn the_second_slot_travels_with_the_offer() {
    let it = Kettle::start().await;
    let mut record = it.api.register(&it.acme, 105, "a/b".replace('/', "-").as_str(), "1.0").await;
    record["url"] = it.api.upload(&it.acme, b"slot a").await.into();
    record["url2"] = it.api.upload(&it.acme, b"slot b, longer").await.into();
    it.api
        .call("PUT", &it.api.record_path(&it.acme, &record), &it.acme.write, record.clone())
        .await
        .expect(204);
    it.api.associate(&it.acme, "kettle", &record, "release").await.expect(201);
    let body = it.api.check("kettle", "2105=0").await.expect(200).json();
    let update = &body["updates"][0];
    let bytes = async |url: &Value| it.api.get(url.as_str().unwrap(), "").await.expect(200).bytes;
    assert_eq!(bytes(&update["url"]).await, b"slot a");
    assert_eq!(bytes(&update["url2"]).await, b"slot b, longer");
    assert_eq!((&update["size"], &update["url2Size"]), (&json!(6), &json!(14)));
    let sha = shared::domain::Sha256::of(b"slot b, longer").to_string();
    assert_eq!(update["url2Sha256"], sha);
    // An image without a second slot says nothing of one.
    it.image_in("2.0", &["release"]).await;
    let body = it.api.check("kettle", "2105=0").await.expect(200).json();
    assert!(body["updates"][0].as_object().unwrap().keys().all(|key| !key.starts_with("url2")), "{body}");
}
