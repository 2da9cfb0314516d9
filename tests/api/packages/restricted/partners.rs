//! A grant belongs to a feed and a partner: it opens that partner's device types there, and nothing else.

use serde_json::{Value, json};
use tests::ipk::Ipk;

use super::shapes;
use super::{HASH, Lab, WRONG, expect_wall, said};

async fn status(lab: &Lab, path: &str, hash: &str) -> u16 {
    let answer = lab.ask(path, Some(hash)).await;
    if answer.status == 401 {
        expect_wall(answer, path);
        return 401;
    }
    answer.status
}

#[tokio::test]
async fn one_partners_grant_never_opens_anothers_device_types() {
    let lab = Lab::start().await;
    lab.grant_at_acme("dev", HASH).await;
    lab.grant(&lab.bolt, "dev", WRONG).await;
    assert_eq!(status(&lab, "/dev/dev1", HASH).await, 200);
    assert_eq!(status(&lab, "/dev/bolt1", WRONG).await, 200);
    for (device_type, hash) in [("bolt1", HASH), ("dev1", WRONG), ("bare1", WRONG), ("gone1", WRONG)] {
        for path in shapes::of("dev", device_type) {
            expect_wall(lab.ask(&path, Some(hash)).await, &path);
        }
    }
}

#[tokio::test]
async fn a_device_that_both_have_granted_reads_both_until_one_takes_it_back() {
    let lab = Lab::start().await;
    let ours = lab.grant_at_acme("dev", HASH).await;
    let theirs = lab.grant(&lab.bolt, "dev", HASH).await;
    for (path, package) in
        [("/dev/dev1/Packages", "Package: base\n"), ("/dev/bolt1/Packages", "Package: secret\n")]
    {
        let answer = lab.ask(path, Some(HASH)).await.expect(200);
        assert!(String::from_utf8(answer.bytes).unwrap().starts_with(package), "{path}");
    }
    lab.revoke(&lab.bolt, "dev", &theirs).await;
    assert_eq!(status(&lab, "/dev/bolt1", HASH).await, 401);
    assert_eq!(status(&lab, "/dev/dev1", HASH).await, 200);
    lab.revoke(&lab.world.acme, "dev", &ours).await;
    assert_eq!(status(&lab, "/dev/dev1", HASH).await, 401);
    assert_eq!(status(&lab, "/dev", HASH).await, 401);
}

#[tokio::test]
async fn a_grant_of_one_restricted_feed_opens_no_other() {
    let lab = Lab::start().await;
    lab.grant_at_acme("dev-lab", HASH).await;
    assert_eq!(status(&lab, "/dev-lab/dev1", HASH).await, 200);
    for path in ["/dev-lab/bolt1", "/dev/dev1", "/dev/bolt1", "/dev", "/dev-lab2/dev1", "/dev-la/dev1"] {
        assert_eq!(status(&lab, path, HASH).await, 401, "{path}");
    }
}

#[tokio::test]
async fn a_restricted_feed_that_another_partner_does_not_have_is_a_wall_there() {
    let lab = Lab::start().await;
    let (api, acme) = (&lab.world.api, &lab.world.acme);
    api.call("PUT", &acme.path("/feeds/dev-mine"), &acme.write, Value::Null).await.expect(204);
    let wall = said(&expect_wall(lab.ask("/dev-mine/bolt1", None).await, "first"));
    let id = lab.grant_at_acme("dev-mine", HASH).await;
    // It was made after the device type and never had a package.
    let empty = lab.ask("/dev-mine/dev1", Some(HASH)).await.expect(200);
    assert_eq!(empty.bytes, b"");
    assert_eq!(lab.ask("/dev-mine", Some(HASH)).await.expect(200).bytes, b"");
    for path in shapes::of("dev-mine", "bolt1") {
        lab.taken();
        assert_eq!(said(&lab.ask(&path, Some(HASH)).await), wall, "{path}");
        assert_eq!(lab.taken(), (vec!["BatchGetItem".to_owned()], vec![]), "{path}");
    }
    lab.world.place("dev-mine", &Ipk::new("mine", "1")).await;
    assert_eq!(lab.ask("/dev-mine", Some(HASH)).await.expect(200).bytes, b"dev1\n");
    assert_eq!(status(&lab, "/dev-mine/bolt1", HASH).await, 401);
    // A feed with grants stays; without one it is a wall again, and then gone behind it.
    let path = acme.path("/feeds/dev-mine");
    api.call("DELETE", &path, &acme.write, Value::Null).await.expect_problem(409, "feed_in_use");
    lab.revoke(acme, "dev-mine", &id).await;
    assert_eq!(status(&lab, "/dev-mine", HASH).await, 401);
    assert_eq!(status(&lab, "/dev-mine/dev1", HASH).await, 401);
}

#[tokio::test]
async fn a_deleted_device_type_is_behind_the_wall_and_a_revived_one_is_open_again() {
    let lab = Lab::start().await;
    let (api, acme) = (&lab.world.api, &lab.world.acme);
    lab.grant_at_acme("dev", HASH).await;
    assert_eq!(status(&lab, "/dev/bare1", HASH).await, 200);
    api.call("DELETE", &acme.path("/deviceTypes/bare1"), &acme.write, Value::Null).await.expect(204);
    for path in shapes::of("dev", "bare1") {
        lab.taken();
        expect_wall(lab.ask(&path, Some(HASH)).await, &path);
        assert_eq!(lab.taken(), (vec!["BatchGetItem".to_owned()], vec![]), "{path}");
    }
    api.create_device_type(acme, "bare1").await;
    assert_eq!(status(&lab, "/dev/bare1", HASH).await, 200);
}

#[tokio::test]
async fn a_package_shared_by_one_partner_is_read_with_the_others_grant_alone() {
    let lab = Lab::start().await;
    let (api, acme) = (&lab.world.api, &lab.world.acme);
    lab.grant_at_acme("dev", HASH).await;
    lab.grant(&lab.bolt, "dev", WRONG).await;
    let record = lab.world.record(&Ipk::new("radio", "1.0")).await;
    let offer = format!("{}/offers/bolt", api.record_path(acme, &record));
    api.call("PUT", &offer, &acme.release, Value::Null).await.expect(204);
    api.associate(&lab.bolt, "bolt1", &record, "dev").await.expect(201);
    assert_eq!(status(&lab, "/dev/bolt1/radio", HASH).await, 401);
    assert_eq!(status(&lab, "/dev/bolt1/radio", WRONG).await, 200);
    assert_eq!(status(&lab, "/dev/dev1/radio", HASH).await, 404);
    assert_eq!(status(&lab, "/dev/dev1/radio", WRONG).await, 401);
}

#[tokio::test]
async fn only_the_release_right_gives_and_takes_access() {
    let lab = Lab::start().await;
    let (api, acme) = (&lab.world.api, &lab.world.acme);
    let path = acme.path("/feeds/dev/devices");
    for (key, code) in [(&acme.read, 403), (&acme.write, 403), (&lab.bolt.release, 404)] {
        api.call("POST", &path, key, json!({"hexSha1": HASH})).await.expect(code);
        assert_eq!(status(&lab, "/dev/dev1", HASH).await, 401);
    }
    let id = lab.grant_at_acme("dev", HASH).await;
    for (key, code) in [(&acme.read, 403), (&acme.write, 403), (&lab.bolt.release, 404)] {
        api.call("DELETE", &format!("{path}/{id}"), key, Value::Null).await.expect(code);
        assert_eq!(status(&lab, "/dev/dev1", HASH).await, 200);
    }
}
