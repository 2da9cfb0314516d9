//! How much one feed of one device type can hold.

use serde_json::json;
use shared::domain::association::Association;
use shared::domain::image::{Image, Slots, Words};
use shared::domain::{
    Binary, FirmwareType, ImageId, Md5, Name, PartnerId, Sha256, Timestamp, TypeNumber, VersionNumber,
};
use shared::store::{Audit, Tx};

use super::descriptions::description;
use crate::kettle::Kettle;

/// How long the words of a record and a type can be, in bytes: four to a character.
fn long_name() -> Name {
    "𝕹".repeat(35).parse().unwrap()
}

/// An image of a type that is as large in a manifest as any can be.
fn large(owner: &PartnerId, number: u16) -> (FirmwareType, Image) {
    let (at, number) = (Timestamp::from_millis(1), TypeNumber::try_from(number).unwrap());
    let binary = Binary {
        sha256: Sha256::of(b"bytes"),
        md5: "0".repeat(32).parse::<Md5>().unwrap(),
        size: 2 << 30,
        kind: shared::domain::BinaryKind::Binary,
    };
    let image = Image {
        owner: owner.clone(),
        device_type: None,
        device_profile: None,
        id: ImageId { r#type: number, number: VersionNumber::try_from(i64::MAX).unwrap() },
        words: Words {
            name: long_name(),
            version: "𝖁".repeat(64).parse().unwrap(),
            description: None,
            tags: Vec::new(),
        },
        slots: Slots { first: Some(binary.clone()), second: Some(binary) },
        sealed: true,
        warnings: Vec::new(),
        intents: Vec::new(),
        created: at,
        updated: at,
        revision: 1,
        quota_shard: 0,
    };
    let partner = (!number.is_platform()).then(|| owner.clone());
    let this = FirmwareType {
        id: 1,
        number,
        name: long_name(),
        description: None,
        partner,
        created: at,
        updated: at,
        revision: 1,
    };
    (this, image)
}

impl Kettle {
    /// Writes types, images and their associations with `release` straight into the table: a thousand requests less.
    async fn fill(&self, numbers: std::ops::RangeInclusive<u16>) {
        let owner: PartnerId = self.acme.id.parse().unwrap();
        let numbers: Vec<u16> = numbers.collect();
        for some in numbers.chunks(16) {
            let mut tx = Tx::new(&Audit {
                partner: Some(&owner),
                actor: "test",
                request_id: &format!("fill-{}", some[0]),
                at: Timestamp::from_millis(1),
                action: "filled",
                subject: String::new(),
                before: None,
                after: None,
            });
            for number in some {
                let (this, image) = large(&owner, *number);
                tx.create_firmware_type(&this);
                tx.create_image(&image);
                let association = Association {
                    device_type: "kettle".parse().unwrap(),
                    feed: "release".parse().unwrap(),
                    image: image.reference(),
                    kind: shared::domain::BinaryKind::Binary,
                    created: Timestamp::from_millis(1),
                    plan: shared::domain::Plan::default(),
                };
                tx.create_association(&association, &owner);
            }
            tx.commit(&self.api.server.app().store).await.unwrap();
        }
    }

    async fn offered(&self) -> usize {
        let all: Vec<String> = (2009..=2200).map(|attribute| format!("{attribute}=0")).collect();
        self.api.offers("kettle", &all.join("&")).await.len()
    }
}

/// What a device reads in one answer is bounded: at 150 kB of manifest the association is refused, whole.
#[tokio::test]
async fn a_manifest_that_would_grow_too_large_refuses_the_association() {
    let it = Kettle::start().await;
    it.fill(9..=100).await;
    let first = it.image_in("1.0", &["release"]).await;
    assert_eq!(it.offered().await, 93);

    it.fill(106..=200).await;
    let second = it.image("2.0").await;
    let before = it.api.check("kettle", "").await.expect(200).bytes;
    let refused = it.api.associate(&it.acme, "kettle", &second, "release").await;
    refused.expect_problem(422, "manifest_too_large");
    assert_eq!(it.record(&second).await["sealed"], false);
    assert_eq!(it.feeds_of(&second).await, [""; 0]);
    assert_eq!(it.api.check("kettle", "").await.expect(200).bytes, before);

    // An intent is refused the same way, and nothing of the registration stays.
    let body = json!({
        "name": "n", "type": 105, "version": "3.0", "url": second["url"], "associations": {"acme": ["kettle"]},
    });
    let refused = it.api.call("POST", &it.acme.path("/pool"), &it.acme.release, body).await;
    refused.expect_problem(422, "manifest_too_large");
    let path = it.acme.path("/pool/types/105/names/n/versions/3.0/exists");
    assert_eq!(it.api.get(&path, &it.acme.read).await.expect(200).json(), json!({"value": false}));

    // A new description is, too: no record without its association.
    let url = second["url"].as_str().unwrap();
    it.describe(description("1", url)).await.expect_problem(422, "manifest_too_large");
    let mut elsewhere = description("1", url);
    elsewhere["feed"] = "beta".into();
    it.describe(elsewhere).await.expect(201);

    // Another feed has room, and this one can still be emptied.
    it.api.associate(&it.acme, "kettle", &second, "beta").await.expect(201);
    it.promote(&second, &it.acme.release, "beta", "release").await.expect_problem(422, "manifest_too_large");
    it.remove(&first, "release").await.expect(204);
}

/// Refusing growth must not keep what is there from being taken away or corrected.
#[tokio::test]
async fn a_manifest_that_is_too_large_already_can_still_be_emptied_and_edited() {
    let it = Kettle::start().await;
    it.fill(9..=104).await;
    let mut record = it.image_in("1.0", &["release"]).await;
    it.fill(106..=200).await;
    record["name"] = "renamed".into();
    it.api
        .call("PUT", &it.api.record_path(&it.acme, &record), &it.acme.release, record.clone())
        .await
        .expect(204);
    let body = it.api.check("kettle", "2105=0").await.expect(200).json();
    assert_eq!((&body["updates"][0]["name"], it.offered().await), (&json!("renamed"), 192));
    it.remove(&record, "release").await.expect(204);
    assert_eq!(it.api.offers("kettle", "2105=0").await, []);
}
