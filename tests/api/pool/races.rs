//! What happens at once on one record: whoever wins, the table is whole and nothing is half-done.

use futures::future::join_all;
use serde_json::{Value, json};
use tests::whole::expect_whole;

use super::offers::Sharing;
use super::{image, with};
use crate::kettle::Kettle;

async fn intending(kettle: &Kettle, version: &str) -> Value {
    let body = with(image(version), "associations", json!({"acme": ["kettle"]}));
    let post = kettle.api.call("POST", &kettle.acme.path("/pool"), &kettle.acme.release, body).await;
    let record = post.expect(201).json();
    let url = kettle.api.upload(&kettle.acme, version.as_bytes()).await;
    with(record, "url", url)
}

#[tokio::test]
async fn intents_fire_once_however_many_bring_the_binary_at_once() {
    let kettle = Kettle::start().await;
    let (api, acme) = (&kettle.api, &kettle.acme);
    let record = intending(&kettle, "1").await;
    let path = api.record_path(acme, &record);
    for answer in join_all((0..4).map(|_| api.call("PUT", &path, &acme.release, record.clone()))).await {
        answer.expect(204);
    }
    assert_eq!(kettle.feeds_of(&record).await, ["release"]);
    assert_eq!(api.offers("kettle", "2105=0").await, [(105, "1".to_owned())]);
    expect_whole(&api.dump().await, "after four writes at once");
}

#[tokio::test]
async fn the_same_rename_sent_twice_at_once_succeeds_twice() {
    let kettle = Kettle::start().await;
    let (api, acme) = (&kettle.api, &kettle.acme);
    let record = api.register(acme, 105, "image", "1").await;
    let path = api.record_path(acme, &record);
    for name in ["a", "b", "c"] {
        let body = with(record.clone(), "name", name);
        for answer in join_all((0..4).map(|_| api.call("PUT", &path, &acme.release, body.clone()))).await {
            answer.expect(204);
        }
        assert_eq!(kettle.record(&record).await["name"], name);
    }
    expect_whole(&api.dump().await, "after renames at once");
}

#[tokio::test]
async fn intents_of_several_records_for_one_device_type_all_take_effect() {
    let kettle = Kettle::start().await;
    let (api, acme) = (&kettle.api, &kettle.acme);
    let mut records = Vec::new();
    for version in ["1", "2", "3", "4"] {
        records.push(intending(&kettle, version).await);
    }
    let puts = records.iter().map(|record| async move {
        api.call("PUT", &api.record_path(acme, record), &acme.release, record.clone()).await.expect(204);
    });
    join_all(puts).await;
    for record in &records {
        assert_eq!(kettle.feeds_of(record).await, ["release"]);
    }
    assert_eq!(api.offers("kettle", "2105=0").await, [(105, "4".to_owned())]);
    expect_whole(&api.dump().await, "after four records at once");
}

#[tokio::test]
async fn a_record_is_deleted_or_associated_and_never_both() {
    let kettle = Kettle::start().await;
    let (api, acme) = (&kettle.api, &kettle.acme);
    for version in ["1", "2", "3", "4"] {
        let record = kettle.image(version).await;
        let path = api.record_path(acme, &record);
        let delete = api.call("DELETE", &path, &acme.release, Value::Null);
        let (deleted, associated) = tokio::join!(delete, api.associate(acme, "kettle", &record, "beta"));
        match (deleted.status, associated.status) {
            (204, 404 | 422) => assert_eq!(kettle.feeds_of(&record).await, [""; 0]),
            (409, 201) => assert_eq!(kettle.feeds_of(&record).await, ["beta"]),
            other => panic!("{other:?}"),
        }
        let there = api.get(&path, &acme.read).await.status;
        assert_eq!(there, if deleted.status == 204 { 404 } else { 200 });
        expect_whole(&api.dump().await, "after a deletion and an association at once");
    }
}

#[tokio::test]
async fn an_offer_is_withdrawn_before_or_after_an_association_and_never_in_the_middle() {
    let sharing = Sharing::start().await;
    let Sharing { api, other, radio, .. } = &sharing;
    for feed in ["alpha", "beta", "release"] {
        sharing.offer("other").await.expect(204);
        let (withdrawn, associated) =
            tokio::join!(sharing.withdraw("other"), api.associate(other, "stapler", radio, feed));
        withdrawn.expect(204);
        assert!([201, 404, 422].contains(&associated.status), "{}", associated.status);
        let offered = api.offers("stapler", &format!("feed={feed}&2003=0")).await;
        assert_eq!(offered.len(), usize::from(associated.status == 201));
        expect_whole(&api.dump().await, "after a withdrawal and an association at once");
    }
}

#[tokio::test]
async fn an_offer_and_a_deletion_at_once_leave_no_offer_of_nothing() {
    let sharing = Sharing::start().await;
    let Sharing { api, acme, other, radio } = &sharing;
    let path = api.record_path(acme, radio);
    let delete = api.call("DELETE", &path, &acme.release, Value::Null);
    let (deleted, offered) = tokio::join!(delete, sharing.offer("other"));
    assert!(
        matches!((deleted.status, offered.status), (204, 404) | (409, 204)),
        "{} {}",
        deleted.status,
        offered.status
    );
    let seen = api.get(&api.record_path(other, radio), &other.read).await.status;
    assert_eq!(seen, if deleted.status == 204 { 404 } else { 200 });
    expect_whole(&api.dump().await, "after an offer and a deletion at once");
}
