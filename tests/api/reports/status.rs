//! `POST …/status`, and what makes a success.

use serde_json::json;

use super::state;
use crate::kettle::{Kettle, pointers};

/// A kettle with an image in its release feed, which its device has been offered.
async fn offered() -> Kettle {
    let it = Kettle::start().await;
    it.image_in("1.0", &["release"]).await;
    assert_eq!(it.told(0).await, ["1"]);
    it
}

#[tokio::test]
async fn states_go_forward_each_is_counted_once_and_a_repeat_is_no_fault() {
    let it = offered().await;
    for word in ["downloading", "downloading", "installing", "downloading", "installed", "failed"] {
        it.api.status("kettle", "SN-1", &state(1, word)).await.expect(204);
    }
    for (what, expected) in
        [("offered", 1), ("downloading", 1), ("installing", 1), ("installed", 0), ("failed", 0)]
    {
        assert_eq!(it.counted(1, what).await, expected, "{what}");
    }
    assert!(it.told(1).await.is_empty());
    assert_eq!(it.counted(1, "installed").await, 1, "its version says so");
    it.api.status("kettle", "SN-1", &state(1, "failed")).await.expect(204);
    assert_eq!(it.counted(1, "failed").await, 0, "it runs it");
}

#[tokio::test]
async fn a_status_is_one_read_and_one_transaction_and_a_repeat_one_read() {
    let it = offered().await;
    it.api.wire.take_calls();
    for calls in [&["BatchGetItem", "TransactWriteItems"][..], &["BatchGetItem"]] {
        it.api.status("kettle", "SN-1", &state(1, "downloading")).await.expect(204);
        assert_eq!(it.api.wire.take_calls(), calls);
    }
}

#[tokio::test]
async fn a_version_that_changes_without_a_word_is_success_as_well() {
    let it = offered().await;
    it.told(1).await;
    assert_eq!(it.counted(1, "installed").await, 1);
    let row = it.device_row("SN-1").await;
    assert_eq!(row["progress"][0]["passed"], true, "{row}");
}

#[tokio::test]
async fn who_is_busy_with_what_was_withdrawn_is_told_to_stop() {
    let it = offered().await;
    let record = it.image_in("2.0", &["release"]).await;
    assert_eq!(it.told(0).await, ["2"]);
    it.api.status("kettle", "SN-1", &state(2, "downloading")).await.expect(204);
    it.post_rollout(&record, "pause").await.expect(204);
    it.api.status("kettle", "SN-1", &state(2, "installing")).await.expect(204);
    it.post_rollout(&record, "resume").await.expect(204);
    it.post_rollout(&record, "withdraw").await.expect(204);
    let stop = it.api.status("kettle", "SN-1", &state(2, "installed")).await;
    stop.expect_problem(409, "update_withdrawn");
    it.remove(&record, "release").await.expect(204);
    let gone = it.api.status("kettle", "SN-1", &state(2, "installed")).await;
    gone.expect_problem(409, "update_withdrawn");
    assert_eq!(it.told(0).await, ["1"]);
}

#[tokio::test]
async fn a_device_that_is_put_on_another_feed_tells_the_one_that_offered_how_it_goes() {
    let it = offered().await;
    let path = it.acme.path("/deviceTypes/kettle/devices/SN-1");
    it.api.call("PATCH", &path, &it.acme.release, json!({"feed": "beta"})).await.expect(204);
    it.api.status("kettle", "SN-1", &state(1, "downloading")).await.expect(204);
    it.api.status("kettle", "SN-1", &state(1, "failed")).await.expect(204);
    assert_eq!((it.counted(1, "downloading").await, it.counted(1, "failed").await), (1, 1));
    it.api.server.clock().shift(26 * 3_600_000);
    it.told(1).await;
    assert_eq!(it.counted(1, "installed").await, 1, "also once it was answered from its new feed");
}

#[tokio::test]
async fn a_device_that_was_never_heard_of_has_no_status() {
    let it = offered().await;
    let answer = it.api.status("kettle", "SN-2", &state(1, "downloading")).await;
    answer.expect_problem(404, "not_found");
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_refused() {
    let it = offered().await;
    for (body, expected) in [
        (json!({}), vec!["/type", "/versionNumber", "/state"]),
        (json!({"type": 105, "versionNumber": 1, "state": "done"}), vec!["/state"]),
        (
            json!({"type": 201, "versionNumber": 0, "state": "failed", "progress": 101}),
            vec!["/type", "/versionNumber", "/progress"],
        ),
    ] {
        let refused = it.api.status("kettle", "SN-1", &body).await.expect_problem(422, "invalid_field");
        assert_eq!(pointers(&refused), expected, "{body}");
    }
}

#[tokio::test]
async fn what_is_offered_in_vain_is_withheld_and_counted_as_failed() {
    let it = offered().await;
    let next = it.image("2.0").await;
    for _ in 0..9 {
        it.api.server.clock().shift(4 * 3_600_000);
        assert_eq!(it.told(0).await, ["1"]);
    }
    it.api.server.clock().shift(4 * 3_600_000);
    let answer = it.api.attributes("kettle", "SN-1", &json!({"attributes": {}})).await.expect(200).json();
    assert_eq!(answer["updates"], json!([]));
    assert_eq!(answer["notes"], json!([{"type": 105, "reason": "withheld"}]));
    assert_eq!((it.counted(1, "offered").await, it.counted(1, "failed").await), (1, 1));
    assert_eq!(it.api.dump().await.under("DEVF#kettle").count(), 1);
    it.api.associate(&it.acme, "kettle", &next, "release").await.expect(201);
    assert_eq!(it.told(0).await, ["2"], "another image is another matter");
    assert_eq!(it.api.dump().await.under("DEVF#kettle").count(), 1, "and the first one is withheld still");
    it.told(2).await;
    assert_eq!(it.api.dump().await.under("DEVF#kettle").count(), 0);
}

#[tokio::test]
async fn a_device_counts_once_however_often_it_fails_and_flips() {
    let it = offered().await;
    for _ in 0..5 {
        it.api.status("kettle", "SN-1", &state(1, "downloading")).await.expect(204);
        it.api.status("kettle", "SN-1", &state(1, "failed")).await.expect(204);
        it.api.status("kettle", "SN-1", &state(1, "downloading")).await.expect(204);
        it.api.status("kettle", "SN-1", &state(1, "failed")).await.expect(204);
        it.told(1).await;
        it.told(0).await;
        it.api.server.clock().shift(86_400_000);
        it.told(0).await;
    }
    for what in ["offered", "downloading", "installed", "failed"] {
        assert_eq!(it.counted(1, what).await, 1, "{what}");
    }
}

#[tokio::test]
async fn a_status_is_taken_only_of_what_the_device_was_offered() {
    let it = offered().await;
    let record = it.image_in("2.0", &["beta", "release"]).await;
    let before = it.api.dump().await;
    for word in ["downloading", "installing", "installed", "failed", "rejected"] {
        let refused = it.api.status("kettle", "SN-1", &state(2, word)).await;
        refused.expect_problem(409, "not_offered");
    }
    assert_eq!(it.api.dump().await.difference(&before), [""; 0]);
    it.set_rollout(&record, json!({"percent": 0, "allow": {"devices": ["SN-1"]}})).await.expect(204);
    assert_eq!(it.told(0).await, ["2"]);
    it.api.status("kettle", "SN-1", &state(2, "failed")).await.expect(204);
}

#[tokio::test]
async fn a_late_download_begins_nothing_and_an_offer_does() {
    let it = offered().await;
    for word in ["downloading", "failed", "downloading"] {
        it.api.status("kettle", "SN-1", &state(1, word)).await.expect(204);
    }
    let row = it.device_row("SN-1").await;
    assert_eq!(row["progress"][0]["attempt"], 1, "{row}");
    it.api.server.clock().shift(7_200_000);
    assert_eq!(it.told(0).await, ["1"]);
    it.api.status("kettle", "SN-1", &state(1, "downloading")).await.expect(204);
    assert_eq!(it.device_row("SN-1").await["progress"][0]["attempt"], 2);
}

#[tokio::test]
async fn who_failed_is_told_when_to_come_back_and_is_offered_it_again_then() {
    let it = offered().await;
    let failed = json!({"type": 105, "versionNumber": 1, "state": "failed", "code": "battery_low"});
    it.api.status("kettle", "SN-1", &failed).await.expect(204);
    assert_eq!((it.counted(1, "failed").await, it.counted(1, "deferred").await), (0, 1));
    let answer = it.api.attributes("kettle", "SN-1", &json!({"attributes": {}})).await.expect(200).json();
    assert_eq!(answer["updates"], json!([]));
    assert_eq!(answer["notes"], json!([{"type": 105, "reason": "backing_off"}]));
    let wait = answer["nextPollSeconds"].as_i64().unwrap();
    assert!((3_590..=4_501).contains(&wait), "{wait}");
    it.api.server.clock().shift(wait * 1000);
    assert_eq!(it.told(0).await, ["1"]);
}

#[tokio::test]
async fn what_did_not_start_is_withheld_at_once_and_other_failures_after_three() {
    for (code, times) in [("boot_failed", 1), ("install_failed", 3), ("E7", 3), ("no_space", 7)] {
        let it = offered().await;
        let failed = json!({"type": 105, "versionNumber": 1, "state": "failed", "code": code});
        for turn in 0..times {
            assert!(it.api.dump().await.under("DEVF#kettle").next().is_none(), "{code} {turn}");
            it.api.status("kettle", "SN-1", &failed).await.expect(204);
            it.api.server.clock().shift(40 * 3_600_000);
            let offered = turn + 1 < times || code == "no_space";
            assert_eq!(it.told(0).await.len(), usize::from(offered), "{code} {turn}");
        }
        let failures = u64::from(code != "no_space");
        assert_eq!(it.counted(1, "failed").await, failures, "{code}");
    }
}

#[tokio::test]
async fn who_declines_is_offered_it_as_before_and_never_given_up() {
    let it = offered().await;
    for _ in 0..12 {
        it.api.status("kettle", "SN-1", &state(1, "rejected")).await.expect(204);
        it.api.server.clock().shift(4 * 3_600_000);
        assert_eq!(it.told(0).await, ["1"]);
    }
    assert_eq!((it.counted(1, "rejected").await, it.counted(1, "failed").await), (1, 0));
}

#[tokio::test]
async fn the_history_tells_what_happened() {
    let it = offered().await;
    let body = json!({"type": 105, "versionNumber": 1, "state": "failed", "code": "E7", "message": "no space", "progress": 40});
    it.api.status("kettle", "SN-1", &state(1, "downloading")).await.expect(204);
    it.api.status("kettle", "SN-1", &body).await.expect(204);
    it.told(1).await;
    let dump = it.api.dump().await;
    let events: Vec<_> = dump
        .under("DEV#kettle#SN-1")
        .filter(|(_, sk, _)| sk.starts_with("EVT#"))
        .map(|(_, _, row)| row.clone())
        .collect();
    let what: Vec<_> = events.iter().map(|row| row["what"].as_str().unwrap()).collect();
    assert_eq!(what, ["checked", "stated", "stated", "checked"]);
    assert_eq!(events[0]["offered"], json!(["105/1"]));
    assert_eq!((&events[2]["code"], &events[2]["percent"]), (&json!("E7"), &json!(40)));
    assert_eq!((&events[3]["installed"], &events[3]["reported"]), (&json!(["105/1"]), &json!({"2105": 1})));
}
