//! Rollouts that halt themselves.

use serde_json::{Value, json};
use tests::wire::Fault;

use super::state;
use crate::kettle::Kettle;

/// A kettle with a second image, half rolled out, that halts itself.
async fn careful(min_reports: u32) -> (Kettle, Value) {
    let it = Kettle::start().await;
    it.image_in("1.0", &["release"]).await;
    let record = it.image_in("2.0", &["release"]).await;
    let devices: Vec<_> = (0..9).map(|device| format!("SN-{device}")).collect();
    let body = json!({
        "percent": 0,
        "allow": {"devices": devices},
        "autoPause": {"failurePercent": 20, "minReports": min_reports},
    });
    it.set_rollout(&record, body).await.expect(204);
    (it, record)
}

/// A device takes the offer, and it ends well or not.
async fn attempt(it: &Kettle, device: u32, well: bool) {
    let device = format!("SN-{device}");
    let offers = it.api.device_offers("kettle", &device, &[(105, 1)]).await;
    assert_eq!(offers, [(105, "2".to_owned())]);
    if well {
        it.api.device_offers("kettle", &device, &[(105, 2)]).await;
    } else {
        it.api.status("kettle", &device, &state(2, "failed")).await.expect(204);
    }
}

#[tokio::test]
async fn too_many_failures_halt_an_image_and_its_partner_resumes_it() {
    let (it, record) = careful(5).await;
    for (device, well) in [(0, false), (1, true), (2, true), (3, true)] {
        attempt(&it, device, well).await;
    }
    assert_eq!(it.rollout(&record).await["state"], "rolling", "too few have reported");
    attempt(&it, 4, false).await;
    let rollout = it.rollout(&record).await;
    assert_eq!(rollout["state"], "paused");
    assert_eq!(rollout["paused"]["automatic"], true);
    assert_eq!((&rollout["paused"]["failed"], &rollout["paused"]["reports"]), (&json!(2), &json!(5)));
    assert!(it.api.device_offers("kettle", "SN-5", &[(105, 1)]).await.is_empty());
    let last = it.api.audit("acme").await.pop().unwrap();
    assert_eq!((last.action.as_str(), last.actor.as_str()), ("rollout.paused", "auto-pause"));
    it.api.expect_whole("halted").await;
    it.post_rollout(&record, "resume").await.expect(204);
    attempt(&it, 5, false).await;
    assert_eq!(it.rollout(&record).await["state"], "rolling", "what was counted before counts no more");
}

#[tokio::test]
async fn failures_below_the_limit_halt_nothing() {
    let (it, record) = careful(1).await;
    for device in 0..5 {
        attempt(&it, device, true).await;
    }
    attempt(&it, 5, false).await;
    assert_eq!(it.rollout(&record).await["state"], "rolling");
}

#[tokio::test]
async fn the_failure_that_is_lost_on_its_way_is_counted_once_when_it_is_said_again() {
    let (it, record) = careful(2).await;
    for device in [0, 1] {
        let device = format!("SN-{device}");
        it.api.device_offers("kettle", &device, &[(105, 1)]).await;
        for _ in 0..2 {
            it.api.status("kettle", &device, &state(2, "failed")).await.expect(204);
        }
    }
    let rollout = it.rollout(&record).await;
    assert_eq!((&rollout["counts"]["failed"], &rollout["state"]), (&json!(2), &json!("paused")));
}

#[tokio::test]
async fn a_failure_whose_look_breaks_off_halts_an_image_when_it_is_said_again() {
    let (it, record) = careful(2).await;
    attempt(&it, 0, false).await;
    it.api.device_offers("kettle", "SN-1", &[(105, 1)]).await;
    // The failure is written, and the halt is not.
    it.api.wire.inject(Some("TransactWriteItems"), 1, 3, Fault::Lost);
    let broken = it.api.status("kettle", "SN-1", &state(2, "failed")).await;
    broken.expect_problem(503, "dependency_unavailable");
    it.api.wire.clear();
    let rollout = it.rollout(&record).await;
    assert_eq!((&rollout["counts"]["failed"], &rollout["state"]), (&json!(2), &json!("rolling")));
    it.api.status("kettle", "SN-1", &state(2, "failed")).await.expect(204);
    let rollout = it.rollout(&record).await;
    assert_eq!((&rollout["counts"]["failed"], &rollout["state"]), (&json!(2), &json!("paused")));
}

#[tokio::test]
async fn devices_that_fall_back_without_a_word_halt_an_image_as_well() {
    let (it, record) = careful(2).await;
    for _ in 0..10 {
        for device in ["SN-0", "SN-1"] {
            it.api.device_offers("kettle", device, &[(105, 1)]).await;
        }
        it.api.server.clock().shift(4 * 3_600_000);
    }
    let rollout = it.rollout(&record).await;
    assert_eq!((&rollout["counts"]["failed"], &rollout["state"]), (&json!(2), &json!("paused")));
}

/// A device takes the offer, says that it installs it, and is not heard of again.
async fn falls_silent(it: &Kettle, device: u32) {
    let device = format!("SN-{device}");
    let offers = it.api.device_offers("kettle", &device, &[(105, 1)]).await;
    assert_eq!(offers, [(105, "2".to_owned())]);
    for word in ["downloading", "installing", "installed"] {
        it.api.status("kettle", &device, &state(2, word)).await.expect(204);
    }
}

#[tokio::test]
async fn devices_that_begin_and_fall_silent_are_held_against_an_image_after_a_day() {
    let (it, record) = careful(4).await;
    for device in 0..4 {
        falls_silent(&it, device).await;
    }
    assert_eq!(it.rollout(&record).await["counts"]["silent"], 0);
    it.api.server.clock().shift(31 * 3_600_000);
    assert_eq!(it.rollout(&record).await["counts"]["silent"], 4);
    // One of them was only switched off for long.
    it.api.device_offers("kettle", "SN-0", &[(105, 2)]).await;
    let rollout = it.rollout(&record).await;
    let (counts, state) = (&rollout["counts"], &rollout["state"]);
    assert_eq!((&counts["silent"], &counts["installed"], state), (&json!(3), &json!(1), &json!("rolling")));
    it.api.status("kettle", "SN-0", &super::state(2, "failed")).await.expect(204);
    attempt(&it, 5, false).await;
    let paused = it.rollout(&record).await["paused"].clone();
    assert_eq!((&paused["failed"], &paused["reports"], &paused["silent"]), (&json!(1), &json!(2), &json!(3)));
    // Those that somebody has looked at are not held against it again.
    it.post_rollout(&record, "resume").await.expect(204);
    for (device, well) in [(6, true), (7, true), (8, false)] {
        attempt(&it, device, well).await;
    }
    assert_eq!(it.rollout(&record).await["state"], "rolling", "1 of 3 since, of 4 at least");
}

#[tokio::test]
async fn what_silenced_devices_is_halted_by_the_offers_that_follow() {
    let (it, record) = careful(4).await;
    let wide = json!({"percent": 99.99, "autoPause": {"failurePercent": 20, "minReports": 4}});
    it.set_rollout(&record, wide).await.expect(204);
    for device in 0..4 {
        falls_silent(&it, device).await;
    }
    it.api.server.clock().shift(31 * 3_600_000);
    let mut reached = 0;
    for device in 100..300 {
        let offers = it.api.device_offers("kettle", &format!("SN-{device}"), &[(105, 1)]).await;
        reached += offers.len();
    }
    assert_eq!(it.rollout(&record).await["state"], "paused");
    assert!(reached < 100, "{reached}");
}

#[tokio::test]
async fn what_was_halted_is_halted_wherever_it_is_promoted_to() {
    let (it, record) = careful(1).await;
    attempt(&it, 0, false).await;
    assert_eq!(it.rollout(&record).await["state"], "paused");
    it.promote(&record, &it.acme.release, "release", "beta").await.expect(201);
    assert!(it.api.offers("kettle", "feed=beta&2105=0").await.is_empty());
}

#[tokio::test]
async fn what_halts_itself_halts_everything_in_its_bundle() {
    let (it, stack, application) = Kettle::bundled().await;
    it.set_rollout(&stack, json!({"autoPause": {"failurePercent": 20, "minReports": 1}})).await.expect(204);
    assert_eq!(it.api.device_offers("kettle", "SN-0", &[(105, 1), (106, 0)]).await, [(106, "1".to_owned())]);
    assert_eq!(it.api.device_offers("kettle", "SN-1", &[(105, 0), (106, 0)]).await.len(), 2);
    it.api.status("kettle", "SN-1", &state(1, "failed")).await.expect(204);
    for record in [&stack, &application] {
        let rollout = it.rollout(record).await;
        assert_eq!((&rollout["state"], &rollout["paused"]["automatic"]), (&json!("paused"), &json!(true)));
    }
    assert_eq!(it.api.device_offers("kettle", "SN-0", &[(105, 1), (106, 0)]).await, []);
    it.api.expect_whole("halted as one").await;
}
