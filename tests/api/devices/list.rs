//! `GET …/devices`.

use serde_json::{Value, json};

use super::{Fleet, ids_in};

/// A fleet of devices `SN-00` to `SN-…`, all of whom run 105/1.
async fn fleet_of(count: usize) -> Fleet {
    let it = Fleet::start().await;
    for number in 0..count {
        it.report(&format!("SN-{number:02}"), json!({"2105": "1"})).await;
    }
    it
}

#[tokio::test]
async fn pages_hold_every_device_once_and_in_order() {
    let it = fleet_of(40).await;
    let all: Vec<String> = (0..40).map(|number| format!("SN-{number:02}")).collect();
    assert_eq!(it.ids("").await, all);
    let (mut seen, mut query) = (Vec::new(), "limit=7".to_owned());
    loop {
        let page = it.call("GET", &format!("/devices?{query}"), Value::Null).await.expect(200).json();
        let ids = ids_in(&page);
        assert!(ids.len() == 7 || page["pageToken"].is_null(), "{page}");
        seen.extend(ids);
        let Some(token) = page["pageToken"].as_str() else { break };
        query = format!("limit=7&pageToken={token}");
    }
    assert_eq!(seen, all);
    let exact = it.call("GET", "/devices?limit=40", Value::Null).await.expect(200).json();
    assert!(exact["pageToken"].is_null(), "nothing comes after the last");
}

#[tokio::test]
async fn a_prefix_finds_what_begins_so_and_itself() {
    let it = fleet_of(12).await;
    it.report("SN", json!({})).await;
    it.report("TT-1", json!({})).await;
    assert_eq!(it.ids("prefix=SN-1").await, ["SN-10", "SN-11"]);
    assert_eq!(it.ids("prefix=SN&limit=2").await, ["SN", "SN-00"]);
    assert_eq!(it.ids("prefix=TT").await, ["TT-1"]);
    assert_eq!(it.ids("prefix=X").await, [""; 0]);
    let first = it.call("GET", "/devices?prefix=SN-1&limit=1", Value::Null).await.json();
    let token = first["pageToken"].as_str().unwrap();
    assert_eq!(it.ids(&format!("prefix=SN-1&pageToken={token}")).await, ["SN-11"]);
}

#[tokio::test]
async fn devices_are_found_by_what_they_run_now() {
    let it = fleet_of(3).await;
    it.report("SN-01", json!({"2105": "2"})).await;
    it.report("SN-02", json!({"2105": null})).await;
    it.report("old", json!({"2105": "0"})).await;
    for (version, found) in [("1", "SN-00"), ("2", "SN-01"), ("0", "old")] {
        assert_eq!(it.ids(&format!("type=105&versionNumber={version}")).await, [found]);
    }
    assert_eq!(it.ids("type=105&versionNumber=3").await, [""; 0]);
}

#[tokio::test]
async fn devices_that_something_is_withheld_from_are_found_by_their_flag() {
    let it = fleet_of(1).await;
    it.release("1.0", &["release"]).await;
    it.withhold("stuck").await;
    let page = it.call("GET", "/devices?flag=withheld", Value::Null).await.expect(200).json();
    assert_eq!(ids_in(&page), ["stuck"]);
    assert_eq!(page["devices"][0]["withheld"], json!([{"type": 105, "versionNumber": "1"}]));
}

#[tokio::test]
async fn blocked_and_silent_devices_are_found_by_their_flags() {
    let it = fleet_of(3).await;
    it.release("1.0", &["release"]).await;
    it.release("2.0", &["release"]).await;
    let patch = async |blocked: bool| {
        it.call("PATCH", "/devices/SN-01", json!({"blocked": blocked})).await.expect(204);
        it.ids("flag=blocked").await
    };
    assert_eq!(patch(true).await, ["SN-01"]);
    assert_eq!(patch(false).await, [""; 0]);
    it.report("SN-02", json!({})).await;
    let busy = json!({"type": 105, "versionNumber": 2, "state": "installing"});
    it.api.status("kettle", "SN-02", &busy).await.expect(204);
    let page = it.call("GET", "/devices?flag=silent", Value::Null).await.expect(200).json();
    assert_eq!(ids_in(&page), ["SN-02"]);
    assert!(page["devices"][0]["silentSinceTimestamp"].is_u64(), "{page}");
    it.report("SN-02", json!({})).await;
    assert_eq!(it.ids("flag=silent").await, [""; 0], "it was heard of");
    it.api.status("kettle", "SN-02", &busy).await.expect(204);
    it.call("PATCH", "/devices/SN-02", json!({"blocked": true})).await.expect(204);
    it.call("DELETE", "/devices/SN-02", Value::Null).await.expect(204);
    assert_eq!((it.ids("flag=silent").await, it.ids("flag=blocked").await), (vec![], vec![]));
}

#[tokio::test]
async fn a_row_says_what_is_known() {
    let it = Fleet::start().await;
    it.report("SN-1", json!({"2105": "7", "2003": "0"})).await;
    let page = it.call("GET", "/devices", Value::Null).await.expect(200).json();
    let day = it.api.server.clock().now().date();
    assert_eq!(
        page,
        json!({"devices": [{"deviceId": "SN-1", "feed": "release", "tags": [], "blocked": false,
            "versions": {"2003": "0", "2105": "7"}, "lastSeenDay": day}]})
    );
    it.call("PATCH", "/devices/SN-1", json!({"feed": "beta", "tags": ["b", "a"]})).await.expect(204);
    let row = it.call("GET", "/devices", Value::Null).await.json()["devices"][0].clone();
    assert_eq!((&row["pinnedFeed"], &row["tags"]), (&json!("beta"), &json!(["a", "b"])));
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_refused() {
    let it = fleet_of(1).await;
    for (query, pointer) in [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=x", "limit"),
        ("limit=1&limit=2", "limit"),
        ("prefix=", "prefix"),
        ("prefix=a%20b", "prefix"),
        ("type=105", "versionNumber"),
        ("versionNumber=1", "type"),
        ("type=0&versionNumber=1", "type"),
        ("type=105&versionNumber=-1", "versionNumber"),
        ("flag=broken", "flag"),
        ("prefix=SN&flag=withheld", "prefix"),
        ("prefix=SN&type=105&versionNumber=1", "prefix"),
        ("flag=withheld&type=105&versionNumber=1", "flag"),
        ("pageToken=", "pageToken"),
        ("pageToken=SN-00", "pageToken"),
        ("pageToken=U04tMDA%3D", "pageToken"),
        ("pageToken=YSBi", "pageToken"),
    ] {
        let refused = it.call("GET", &format!("/devices?{query}"), Value::Null).await;
        let body = refused.expect_problem(400, "invalid_parameter").json();
        assert_eq!(body["errors"][0]["pointer"], pointer, "{query}: {body}");
    }
    assert_eq!(it.ids("limit=200&pageToken=U04t").await, ["SN-00"]);
}
