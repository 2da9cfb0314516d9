//! `DELETE /deviceTypes/{dt}`.

use serde_json::Value;

use crate::kettle::Kettle;

#[tokio::test]
async fn a_deleted_device_type_is_gone_from_every_door() {
    let it = Kettle::start().await;
    let path = it.acme.path("/deviceTypes/kettle");
    let answer = it.api.call("DELETE", &path, &it.acme.write, Value::Null).await.expect(204);
    assert!(answer.bytes.is_empty());
    it.api.get(&path, &it.acme.read).await.expect_problem(404, "not_found");
    it.api.get(&it.images(), &it.acme.read).await.expect_problem(404, "not_found");
    it.api.call("DELETE", &path, &it.acme.write, Value::Null).await.expect_problem(404, "not_found");
    for feed in ["release", "beta", "alpha"] {
        it.api.check("kettle", &format!("feed={feed}&2105=0")).await.expect_problem(404, "not_found");
    }
}

#[tokio::test]
async fn a_device_type_with_an_association_in_any_feed_stays() {
    for feed in ["release", "dev"] {
        let it = Kettle::start().await;
        let record = it.image_in("1.0", &[feed]).await;
        let path = it.acme.path("/deviceTypes/kettle");
        let refused = it.api.call("DELETE", &path, &it.acme.write, Value::Null).await;
        refused.expect_problem(409, "device_type_in_use");
        it.api.get(&path, &it.acme.read).await.expect(200);
        assert_eq!(it.feeds_of(&record).await, [feed]);
        it.remove(&record, feed).await.expect(204);
        it.api.call("DELETE", &path, &it.acme.write, Value::Null).await.expect(204);
    }
}

#[tokio::test]
async fn only_the_last_of_several_associations_lets_it_go() {
    let it = Kettle::start().await;
    let one = it.image_in("1.0", &["alpha", "beta"]).await;
    let two = it.image_in("2.0", &["beta"]).await;
    let path = it.acme.path("/deviceTypes/kettle");
    for (record, feed) in [(&one, "alpha"), (&one, "beta"), (&two, "beta")] {
        let refused = it.api.call("DELETE", &path, &it.acme.write, Value::Null).await;
        refused.expect_problem(409, "device_type_in_use");
        it.remove(record, feed).await.expect(204);
    }
    it.api.call("DELETE", &path, &it.acme.write, Value::Null).await.expect(204);
}

#[tokio::test]
async fn nobody_deletes_what_is_not_there_or_not_theirs() {
    let it = Kettle::start().await;
    let other = it.api.tenant("other").await;
    for (path, key) in [
        (other.path("/deviceTypes/kettle"), &other.release),
        (it.acme.path("/deviceTypes/kettle"), &other.release),
        (it.acme.path("/deviceTypes/nothing"), &it.acme.release),
    ] {
        it.api.call("DELETE", &path, key, Value::Null).await.expect_problem(404, "not_found");
    }
    it.api.get(&it.acme.path("/deviceTypes/kettle"), &it.acme.read).await.expect(200);
    it.api.check("kettle", "2105=0").await.expect(200);
}

#[tokio::test]
async fn an_association_and_a_deletion_at_once_never_both_happen() {
    for _ in 0..3 {
        let it = Kettle::start().await;
        let record = it.image("1.0").await;
        let path = it.acme.path("/deviceTypes/kettle");
        let (made, deleted) = tokio::join!(
            it.api.associate(&it.acme, "kettle", &record, "release"),
            it.api.call("DELETE", &path, &it.acme.write, Value::Null),
        );
        match (made.status, deleted.status) {
            (201, 409) => assert_eq!(it.api.offers("kettle", "2105=0").await.len(), 1),
            (404, 204) => {
                it.api.check("kettle", "2105=0").await.expect_problem(404, "not_found");
                assert_eq!(it.record(&record).await["sealed"], false);
            }
            other => panic!("{other:?}"),
        }
    }
}
