//! The main job, end to end: register, upload, associate, check, download.

use shared::domain::Sha256;
use tests::api::Api;

#[tokio::test]
async fn a_device_gets_exactly_the_bytes_that_were_uploaded() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    api.create_type(&acme, 105).await;
    api.create_device_type(&acme, "kettle").await;
    let bytes = b"firmware of a kettle".repeat(1000);
    let record = api.image(&acme, 105, "1.0.0", &bytes).await;
    api.associate(&acme, "kettle", &record, "release").await.expect(201);

    let answer = api.check("kettle", "2105=0").await.expect(200).json();
    let update = &answer["updates"][0];
    assert_eq!(update["sha256"], Sha256::of(&bytes).to_string());
    assert_eq!(update["size"], bytes.len());
    let download = api.get(update["url"].as_str().unwrap(), "").await.expect(200);
    assert_eq!(Sha256::of(&download.bytes), Sha256::of(&bytes));
}
