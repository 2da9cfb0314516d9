//! A reconciliation that has too little time stops in between, says where, and the next one goes on there.

use std::cell::Cell;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;
use shared::domain::Right;
use shared::usecases::reconcile::{Report, reconcile_until};
use shared::usecases::{Context, Standing};
use tests::api::Api;
use tests::ipk::Ipk;
use tests::wire::Fault;

use super::Bench;

const DAY: i64 = 24 * 3600 * 1000;

/// Three partners with three device types each, every manifest of a release feed wrong.
struct Large {
    api: Api,
}

impl Large {
    async fn make() -> Self {
        let api = Api::start().await;
        for partner in ["acme", "globex", "hooli"] {
            let tenant = api.tenant(partner).await;
            let record = api.image(&tenant, 3, "1.0", partner.as_bytes()).await;
            for at in 1..=3 {
                let device_type = format!("{partner}-{at}");
                api.create_device_type(&tenant, &device_type).await;
                api.associate(&tenant, &device_type, &record, "release").await.expect(201);
            }
        }
        let it = Self { api };
        it.spoil().await;
        it
    }

    async fn spoil(&self) {
        for partner in ["acme", "globex", "hooli"] {
            for at in 1..=3 {
                let empty = Some(AttributeValue::L(Vec::new()));
                self.api.alter(&format!("DT#{partner}-{at}"), "MANIFEST#release", "entries", empty).await;
            }
        }
    }

    /// Reconciles until it has been asked `times` whether that is enough.
    async fn for_a_while(&self, times: u32) -> shared::usecases::Result<Report> {
        let app = self.api.server.app();
        let cx = Context {
            store: &app.store,
            config: &app.config,
            secrets: &app.secrets,
            actor: "reconcile",
            right: Right::Operator,
            request_id: "run",
            now: app.clock.now(),
            standing: Standing::default(),
        };
        let asked = Cell::new(0);
        let enough = || {
            asked.set(asked.get() + 1);
            asked.get() > times
        };
        reconcile_until(&cx, self.api.server.blobs(), enough).await
    }

    async fn wrong(&self) -> usize {
        let mut wrong = 0;
        for partner in ["acme", "globex", "hooli"] {
            for at in 1..=3 {
                wrong += usize::from(self.api.offers(&format!("{partner}-{at}"), "2003=0").await.is_empty());
            }
        }
        wrong
    }

    async fn place(&self) -> serde_json::Value {
        self.api.dump().await.row("RECONCILIATION", "PLACE").clone()
    }
}

#[tokio::test]
async fn several_short_runs_together_do_what_a_long_one_does() {
    let it = Large::make().await;
    // Four feeds are compared of each device type.
    for (run, left) in [(1, 7), (2, 5), (3, 3), (4, 1)] {
        let report = it.for_a_while(8).await.unwrap();
        assert_eq!((report.complete, report.drifted, report.manifests), (false, 2, 8), "run {run}");
        assert_eq!(it.wrong().await, left, "run {run}");
    }
    assert_eq!(it.place().await["deviceType"], "hooli-2");
    let last = it.for_a_while(100).await.unwrap();
    assert_eq!((last.complete, last.drifted, last.manifests), (true, 1, 4));
    assert_eq!((it.wrong().await, it.place().await), (0, serde_json::Value::Null));
    it.spoil().await;
    let over = it.for_a_while(100).await.unwrap();
    assert_eq!((over.complete, over.drifted, over.manifests), (true, 9, 36), "from the beginning again");
    it.api.expect_whole("all runs").await;
    let audit = it.api.audit("").await;
    let said: Vec<_> = audit.iter().filter(|row| row.action.starts_with("reconciliation.")).collect();
    assert_eq!(said[0].after, Some(json!({"partner": "acme", "deviceType": "acme-2"})));
    assert_eq!((said.len(), said[4].action.as_str()), (5, "reconciliation.completed"));
}

#[tokio::test]
async fn a_run_with_no_time_at_all_changes_nothing_and_loses_no_place() {
    let it = Large::make().await;
    it.for_a_while(8).await.unwrap();
    let before = it.api.dump().await;
    let report = it.for_a_while(0).await.unwrap();
    assert_eq!((report.complete, report.manifests), (false, 0));
    assert_eq!(before.difference(&it.api.dump().await), Vec::<String>::new());
}

#[tokio::test]
async fn a_device_type_is_left_for_the_next_run_unless_all_of_it_was_compared() {
    let it = Large::make().await;
    it.for_a_while(7).await.unwrap();
    assert_eq!(it.place().await["deviceType"], "acme-1");
    assert_eq!(it.for_a_while(100).await.unwrap().manifests, 32);
}

#[tokio::test]
async fn what_is_deleted_between_two_runs_confuses_neither() {
    let it = Large::make().await;
    it.for_a_while(16).await.unwrap();
    assert_eq!(it.place().await["deviceType"], "globex-1");
    it.api.erase("PARTNER#globex", "DT#globex-1").await;
    let report = it.for_a_while(100).await.unwrap();
    assert_eq!((report.complete, report.manifests), (true, 20), "globex-2, globex-3, and three of hooli");
}

#[tokio::test]
async fn a_run_cut_off_anywhere_is_made_good_by_the_next() {
    let it = Large::make().await;
    it.api.wire.take_calls();
    it.for_a_while(8).await.unwrap();
    let calls = it.api.wire.take_calls().len();
    it.for_a_while(100).await.unwrap();
    for broken in (0..calls).step_by(7) {
        it.spoil().await;
        // The process ends while a call is under way.
        it.api.wire.inject(None, broken, 1, Fault::Held);
        tokio::select! {
            _ = it.for_a_while(8) => panic!("{broken} of {calls} calls were made"),
            () = it.api.wire.held() => {}
        }
        it.api.wire.clear();
        while !it.for_a_while(20).await.unwrap().complete {}
        assert_eq!(it.wrong().await, 0, "broken at {broken} of {calls}");
        it.api.expect_whole(&format!("broken at {broken} of {calls}")).await;
    }
}

#[tokio::test]
async fn nothing_is_swept_before_everything_has_been_compared_and_then_all_of_it_over_several_runs() {
    let it = Large::make().await;
    let acme = it.api.tenant("acme").await;
    for version in 1..=4 {
        let bytes = Ipk::new("base", &version.to_string()).build();
        let record = it.api.image(&acme, 3, &format!("p{version}"), &bytes).await;
        it.api.associate(&acme, "acme-1", &record, "beta").await.expect(201);
    }
    it.api.server.clock().shift(2 * DAY);
    assert_eq!(it.api.catalogues().await.len(), 4);
    for _ in 0..4 {
        assert_eq!(it.for_a_while(8).await.unwrap().catalogues_swept, 0);
    }
    // The last device type's feeds, the pointers of nine, and one catalogue.
    let report = it.for_a_while(4 + 9 + 1).await.unwrap();
    assert_eq!((report.complete, report.catalogues_swept), (false, 1));
    assert_eq!(it.place().await["stage"], "compared");
    let rest = it.for_a_while(100).await.unwrap();
    assert_eq!((rest.complete, rest.catalogues_swept, rest.manifests), (true, 2, 0));
    assert_eq!(it.api.catalogues().await.len(), 1);
    it.api.expect_whole("swept").await;
}

#[tokio::test]
async fn what_failed_in_an_earlier_run_is_not_swept_away_by_a_later_one() {
    let it = Large::make().await;
    let acme = it.api.tenant("acme").await;
    for version in 1..=2 {
        let bytes = Ipk::new("base", &version.to_string()).build();
        let record = it.api.image(&acme, 3, &format!("p{version}"), &bytes).await;
        it.api.associate(&acme, "acme-1", &record, "beta").await.expect(201);
    }
    it.api.server.clock().shift(2 * DAY);
    it.api.alter("DT#acme-1", "INDEX#beta", "modified", Some(AttributeValue::S("broken".into()))).await;
    assert_eq!(it.for_a_while(8).await.unwrap().failed, 1);
    let report = it.for_a_while(100).await.unwrap();
    assert_eq!((report.complete, report.failed, report.catalogues_swept), (true, 1, 0));
    assert_eq!(it.api.catalogues().await.len(), 2);
}

#[tokio::test]
async fn the_function_stops_a_minute_before_it_would_be_stopped() {
    let it = Large::make().await;
    let bench = Bench::beside(&it.api).await;
    let chore = json!({"chore": "reconcile"});
    assert_eq!(bench.call_for(chore.clone(), -1000).await.unwrap()["complete"], false);
    assert_eq!(it.wrong().await, 9);
    assert_eq!(bench.metrics()["Drift"], 0);
    // What `cargo lambda` calls a deadline.
    let (it_too, length) = (Large::make().await, 600_000);
    let bench_too = Bench::beside(&it_too.api).await;
    let now = it_too.api.server.clock().now().millis();
    assert_eq!(bench_too.call_for(chore.clone(), length - now).await.unwrap()["complete"], true);
    assert_eq!(bench.call_for(chore, 900_000).await.unwrap()["complete"], true);
    assert_eq!((it.wrong().await, bench.metrics()["Drift"]), (0, 9));
}
