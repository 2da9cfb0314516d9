//! `POST` and `DELETE` of `/deviceTypes/{deviceTypeId}/stop` and `/stop`.

use serde_json::{Value, json};
use tests::api::Answer;
use tests::ipk::Ipk;
use tests::wire::Fault;

use crate::kettle::Kettle;

impl Kettle {
    async fn stop(&self, method: &str, what: &str) -> Answer {
        let path = self.acme.path(&format!("{what}/stop"));
        let key = if method == "POST" { &self.acme.write } else { &self.acme.release };
        self.api.call(method, &path, key, Value::Null).await
    }

    /// A package in the release feed of the kettle.
    async fn packaged(&self, version: &str) -> Value {
        let bytes = Ipk::new("base", version).build();
        let record = self.api.image(&self.acme, 105, &format!("ipk {version}"), &bytes).await;
        self.api.associate(&self.acme, "kettle", &record, "release").await.expect(201);
        record
    }

    async fn packages(&self) -> String {
        let index = self.api.get("/release/kettle/Packages", "").await.expect(200);
        String::from_utf8(index.bytes).unwrap()
    }
}

#[tokio::test]
async fn a_stopped_device_type_offers_nothing_at_any_door_until_it_is_started() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["release"]).await;
    it.packaged("1.0").await;
    let index = it.packages().await;
    assert_eq!(it.api.device_offers("kettle", "SN-1", &[(105, 0)]).await.len(), 1);
    for _ in 0..2 {
        it.stop("POST", "/deviceTypes/kettle").await.expect(204);
    }
    let check = it.api.check("kettle", "2105=0").await.expect(200).json();
    assert_eq!(
        (&check["updates"], &check["notes"]),
        (&json!([]), &json!([{"type": 105, "reason": "stopped"}]))
    );
    assert!(it.api.device_offers("kettle", "SN-1", &[(105, 0)]).await.is_empty());
    assert_eq!(it.packages().await, "");
    it.api.get("/release/kettle/base", "").await.expect(404);
    assert!(!String::from_utf8_lossy(&it.api.get("/release", "").await.expect(200).bytes).contains("kettle"));
    let busy = json!({"type": 105, "versionNumber": 1, "state": "installing"});
    it.api.status("kettle", "SN-1", &busy).await.expect_problem(409, "update_withdrawn");
    it.api.expect_whole("stopped").await;
    it.stop("DELETE", "/deviceTypes/kettle").await.expect(204);
    assert_eq!(it.api.offers("kettle", "2105=0").await.len(), 1);
    assert_eq!(it.packages().await, index);
    it.api.expect_whole("started").await;
}

#[tokio::test]
async fn what_comes_in_while_it_is_stopped_is_offered_when_it_is_started() {
    let it = Kettle::start().await;
    it.create_feed("lab").await;
    it.stop("POST", "/deviceTypes/kettle").await.expect(204);
    let record = it.image_in("1.0", &["release", "lab"]).await;
    it.packaged("1.0").await;
    for feed in ["release", "lab"] {
        assert!(it.api.offers("kettle", &format!("feed={feed}&2105=0")).await.is_empty());
    }
    assert_eq!(it.packages().await, "");
    it.post_rollout(&record, "pause").await.expect(204);
    it.post_rollout(&record, "resume").await.expect(204);
    assert!(it.offered_to(0).await.is_empty());
    it.stop("DELETE", "/deviceTypes/kettle").await.expect(204);
    for feed in ["release", "lab"] {
        assert_eq!(it.api.offers("kettle", &format!("feed={feed}&2105=0")).await.len(), 1);
    }
    assert!(it.packages().await.contains("Package: base"));
    it.api.expect_whole("started").await;
}

#[tokio::test]
async fn whoever_saw_an_index_before_sees_that_it_is_empty_and_then_all_of_it_again() {
    let it = Kettle::start().await;
    it.packaged("1.0").await;
    it.api.pass(3000).await;
    let since = async |date: &str| it.api.raw("GET", "/release/kettle", &[("if-modified-since", date)]).await;
    let first = it.api.get("/release/kettle", "").await.expect(200);
    it.stop("POST", "/deviceTypes/kettle").await.expect(204);
    it.api.pass(3000).await;
    let empty = since(first.header("last-modified")).await;
    assert_eq!((empty.status, empty.bytes.len()), (200, 0), "not 304");
    let stopped = it.api.get("/release/kettle", "").await.expect(200);
    it.stop("DELETE", "/deviceTypes/kettle").await.expect(204);
    it.api.pass(3000).await;
    let full = since(stopped.header("last-modified")).await;
    assert_eq!((full.status, full.bytes), (200, first.bytes));
}

#[tokio::test]
async fn a_partner_is_stopped_with_all_that_it_has_and_what_was_stopped_alone_stays_so() {
    let it = Kettle::start().await;
    for other in ["toaster", "lamp"] {
        it.api.create_device_type(&it.acme, other).await;
    }
    let record = it.image("1.0").await;
    for device_type in ["kettle", "toaster", "lamp"] {
        it.api.associate(&it.acme, device_type, &record, "release").await.expect(201);
    }
    it.stop("POST", "/deviceTypes/lamp").await.expect(204);
    let offered = async |device_type: &str| it.api.offers(device_type, "2105=0").await.len();
    for _ in 0..2 {
        let progress = it.stop("POST", "").await.expect(202).json();
        assert_eq!(progress, json!({"deviceTypes": 3, "stopped": 3}));
    }
    it.api.create_device_type(&it.acme, "mixer").await;
    it.api.associate(&it.acme, "mixer", &record, "release").await.expect(201);
    it.stop("DELETE", "/deviceTypes/kettle").await.expect(204);
    for device_type in ["kettle", "toaster", "lamp", "mixer"] {
        assert_eq!(offered(device_type).await, 0, "{device_type}");
    }
    let progress = it.stop("DELETE", "").await.expect(202).json();
    assert_eq!(progress, json!({"deviceTypes": 4, "stopped": 0}));
    for (device_type, count) in [("kettle", 1), ("toaster", 1), ("lamp", 0), ("mixer", 1)] {
        assert_eq!(offered(device_type).await, count, "{device_type}");
    }
    assert_eq!(it.api.dump().await.under("REPAIR").count(), 0);
    it.api.expect_whole("started").await;
}

#[tokio::test]
async fn turning_it_on_needs_less_than_turning_it_off_and_others_can_do_neither() {
    let it = Kettle::start().await;
    let other = it.api.tenant("other").await;
    for what in ["/deviceTypes/kettle", ""] {
        let path = it.acme.path(&format!("{what}/stop"));
        let call = async |method: &str, key: &str| it.api.call(method, &path, key, Value::Null).await;
        call("POST", &it.acme.read).await.expect_problem(403, "right_missing");
        call("DELETE", &it.acme.write).await.expect_problem(403, "right_missing");
        call("POST", &other.release).await.expect_problem(404, "not_found");
    }
    it.stop("POST", "/deviceTypes/nothing").await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn a_stop_that_broke_off_holds_for_what_is_written_and_is_gone_on_with() {
    let it = Kettle::start().await;
    it.api.create_device_type(&it.acme, "lamp").await;
    let record = it.image_in("1.0", &["beta"]).await;
    let offered = async |feed: &str| it.api.offers("kettle", &format!("feed={feed}&2105=0")).await.len();
    for (method, stopped) in [("POST", true), ("DELETE", false)] {
        // The stop itself is written, and none of what it is to reach.
        it.api.wire.inject(Some("TransactWriteItems"), 1, 100, Fault::ServerError);
        it.stop(method, "").await.expect_problem(503, "dependency_unavailable");
        it.api.wire.clear();
        let progress = it.api.get(&it.acme.path("/stop"), &it.acme.read).await.expect(200).json();
        assert_eq!(progress["stopped"], if stopped { 0 } else { 2 });
        assert_eq!((&progress["deviceTypes"], progress["stoppedTimestamp"].is_i64()), (&json!(2), stopped));
        if stopped {
            it.api.associate(&it.acme, "kettle", &record, "release").await.expect(201);
            it.packaged("1.0").await;
            assert_eq!((offered("release").await, it.packages().await.as_str()), (0, ""));
            assert_eq!(offered("beta").await, 1, "not reached yet");
        }
        it.api.reconcile().await.unwrap();
        for feed in ["release", "beta"] {
            assert_eq!(offered(feed).await, usize::from(!stopped), "{method} {feed}");
        }
        assert_eq!(it.packages().await.is_empty(), stopped);
        assert_eq!(it.api.dump().await.under("REPAIR").count(), 0);
        it.api.expect_whole(method).await;
    }
    // Started before it was reached: what was written as stopped in between is started as well.
    it.api.wire.inject(Some("TransactWriteItems"), 1, 100, Fault::ServerError);
    it.stop("POST", "").await.expect_problem(503, "dependency_unavailable");
    it.api.wire.clear();
    let path = format!(
        "/deviceTypes/kettle/firmwareImages/types/105/versionNumbers/{}",
        record["versionNumber"].as_str().unwrap()
    );
    it.api
        .call("DELETE", &it.acme.path(&format!("{path}?feed=release")), &it.acme.release, Value::Null)
        .await
        .expect(204);
    it.api.associate(&it.acme, "kettle", &record, "release").await.expect(201);
    assert_eq!(offered("release").await, 0);
    it.stop("DELETE", "").await.expect(202);
    assert_eq!(offered("release").await, 1);
    it.api.expect_whole("started").await;
}

#[tokio::test]
async fn a_device_type_says_that_it_is_stopped_and_how() {
    let it = Kettle::start().await;
    let seen =
        async || it.api.get(&it.acme.path("/deviceTypes/kettle"), &it.acme.read).await.expect(200).json();
    assert!(seen().await["stoppedTimestamp"].is_null());
    it.stop("POST", "/deviceTypes/kettle").await.expect(204);
    it.stop("POST", "").await.expect(202);
    let said = seen().await;
    assert!(said["stoppedTimestamp"].is_i64() && said["partnerStoppedTimestamp"].is_i64(), "{said}");
    // Words can be changed meanwhile, and say nothing of the stop.
    it.api
        .call("PUT", &it.acme.path("/deviceTypes/kettle"), &it.acme.release, json!({"name": "Better"}))
        .await
        .expect(204);
    it.stop("DELETE", "/deviceTypes/kettle").await.expect(204);
    let said = seen().await;
    assert!(said["stoppedTimestamp"].is_null() && said["partnerStoppedTimestamp"].is_i64(), "{said}");
}

#[tokio::test]
async fn a_feed_that_is_made_while_it_is_stopped_shows_nothing_whatever_comes_into_it() {
    let it = Kettle::start().await;
    it.stop("POST", "/deviceTypes/kettle").await.expect(204);
    it.create_feed("lab").await;
    it.api.reconcile().await.unwrap();
    let package = it.api.image(&it.acme, 105, "1", &Ipk::new("base", "1").build()).await;
    it.api.associate(&it.acme, "kettle", &package, "lab").await.expect(201);
    it.image_in("1.0", &["lab"]).await;
    let index = async || it.api.get("/lab/kettle/Packages", "").await.expect(200).bytes;
    let offered = async || it.api.offers("kettle", "feed=lab&2105=0").await.len();
    assert_eq!((index().await.len(), offered().await), (0, 0));
    it.stop("DELETE", "/deviceTypes/kettle").await.expect(204);
    assert!(!index().await.is_empty());
    assert_eq!(offered().await, 1);
    it.api.expect_whole("started").await;
}

#[tokio::test]
async fn an_association_that_meets_a_stop_on_its_way_into_a_new_feed_is_stopped() {
    let it = Kettle::start().await;
    it.create_feed("lab").await;
    let record = it.image("1.0").await;
    it.api.wire.inject(Some("TransactWriteItems"), 0, 1, Fault::Held);
    let associate = it.api.associate(&it.acme, "kettle", &record, "lab");
    let stop = async {
        it.api.wire.held().await;
        it.stop("POST", "/deviceTypes/kettle").await.expect(204);
        it.api.wire.release();
    };
    let (associated, ()) = tokio::join!(associate, stop);
    associated.expect(201);
    assert_eq!(it.api.offers("kettle", "feed=lab&2105=0").await.len(), 0);
    it.api.expect_whole("stopped").await;
}

#[tokio::test]
async fn a_start_that_is_still_on_its_way_does_not_undo_a_stop_that_came_after_it() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["release"]).await;
    it.stop("POST", "").await.expect(202);
    // The start itself is written; what it does to the device type is held until the stop is through.
    it.api.wire.inject(Some("TransactWriteItems"), 1, 1, Fault::Held);
    let stop = async {
        it.api.wire.held().await;
        it.stop("POST", "").await.expect(202);
        it.api.wire.release();
    };
    let (started, ()) = tokio::join!(it.stop("DELETE", ""), stop);
    assert!([202, 409, 503].contains(&started.status), "{}", started.status);
    assert_eq!(it.api.offers("kettle", "2105=0").await.len(), 0);
    let said = it.api.get(&it.acme.path("/stop"), &it.acme.read).await.expect(200).json();
    assert!(said["stoppedTimestamp"].is_i64() && said["stopped"] == 1, "{said}");
    it.api.reconcile().await.unwrap();
    assert_eq!(it.api.offers("kettle", "2105=0").await.len(), 0);
    it.api.expect_whole("stopped").await;
}

#[tokio::test]
async fn starting_a_device_type_does_not_let_it_out_of_a_stop_of_its_partner_that_has_not_reached_it() {
    let it = Kettle::start().await;
    let record = it.image_in("1.0", &["beta"]).await;
    it.api.wire.inject(Some("TransactWriteItems"), 1, 100, Fault::ServerError);
    it.stop("POST", "").await.expect_problem(503, "dependency_unavailable");
    it.api.wire.clear();
    it.api.associate(&it.acme, "kettle", &record, "release").await.expect(201);
    it.stop("DELETE", "/deviceTypes/kettle").await.expect(204);
    for feed in ["release", "beta"] {
        assert_eq!(it.api.offers("kettle", &format!("feed={feed}&2105=0")).await.len(), 0, "{feed}");
    }
    it.api.expect_whole("stopped").await;
}

#[tokio::test]
async fn a_stop_that_overtakes_a_start_on_its_way_is_not_undone_by_it() {
    for what in ["", "/deviceTypes/kettle"] {
        let it = Kettle::start().await;
        it.image_in("1.0", &["release"]).await;
        let done = it.stop("POST", what).await.status;
        it.api.wire.inject(Some("TransactWriteItems"), 0, 1, Fault::Held);
        let overtaking = async {
            it.api.wire.held().await;
            it.stop("DELETE", what).await.expect(done);
            it.api.server.clock().shift(1000);
            it.stop("POST", what).await.expect(done);
            it.api.wire.release();
        };
        let (started, ()) = tokio::join!(it.stop("DELETE", what), overtaking);
        started.expect_problem(409, "halted_since");
        assert_eq!(it.api.offers("kettle", "2105=0").await.len(), 0, "{what}");
        it.stop("DELETE", what).await.expect(done);
        assert_eq!(it.api.offers("kettle", "2105=0").await.len(), 1, "{what}");
        it.api.expect_whole("started again").await;
    }
}

#[tokio::test]
async fn a_package_that_meets_a_stop_on_its_way_into_its_first_index_is_not_served() {
    let it = Kettle::start().await;
    it.create_feed("lab").await;
    let mut package = it.api.image(&it.acme, 105, "1", &Ipk::new("base", "1").build()).await;
    package["rollout"] = json!({"percent": 0});
    it.api.associate(&it.acme, "kettle", &package, "lab").await.expect(201);
    it.api.wire.inject(Some("TransactWriteItems"), 0, 1, Fault::Held);
    let stop = async {
        it.api.wire.held().await;
        it.stop("POST", "/deviceTypes/kettle").await.expect(204);
        it.api.wire.release();
    };
    let path = it.rollout_path(&package, "", "lab");
    let everyone = it.api.call("PUT", &path, &it.acme.release, json!({"percent": 100}));
    let (set, ()) = tokio::join!(everyone, stop);
    set.expect(204);
    assert_eq!(it.api.get("/lab/kettle/Packages", "").await.expect(200).bytes.len(), 0);
    it.api.expect_whole("stopped").await;
}

#[tokio::test]
async fn a_stopped_device_type_that_is_made_again_is_still_stopped() {
    let it = Kettle::start().await;
    let record = it.image("1.0").await;
    it.stop("POST", "/deviceTypes/kettle").await.expect(204);
    let path = it.acme.path("/deviceTypes/kettle");
    it.api.call("DELETE", &path, &it.acme.write, Value::Null).await.expect(204);
    let again = json!({"deviceTypeId": "kettle", "name": "Kettle"});
    it.api.call("POST", &it.acme.path("/deviceTypes"), &it.acme.write, again).await.expect(201);
    it.api.associate(&it.acme, "kettle", &record, "beta").await.expect(201);
    assert_eq!(it.api.offers("kettle", "feed=beta&2105=0").await.len(), 0);
    it.stop("DELETE", "/deviceTypes/kettle").await.expect(204);
    assert_eq!(it.api.offers("kettle", "feed=beta&2105=0").await.len(), 1);
    it.api.expect_whole("made again").await;
}
