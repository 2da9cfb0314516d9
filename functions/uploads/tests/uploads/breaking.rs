//! Each call of each use case fails in turn, is never sent or loses its reply; the client tries again, as clients do.

use std::time::Duration;

use serde_json::json;
use shared::domain::Sha256;

use crate::world::{Answer, Fault, World};

const BYTES: &str = "application/octet-stream";
const FIRMWARE: &[u8] = b"firmware of the kettle";

/// Tries until it is not told to try again.
async fn insist(mut call: impl AsyncFnMut() -> Answer) -> Answer {
    for _ in 0..3 {
        let answer = call().await;
        if answer.0 != 503 {
            return answer;
        }
        assert_eq!(answer.1["code"], "dependency_unavailable");
    }
    panic!("it is never over");
}

#[tokio::test]
async fn a_move_that_breaks_off_anywhere_is_completed_by_the_next() {
    let mut most = 0;
    for at in 1.. {
        for fault in [Fault::NotSent, Fault::ReplyLost] {
            let world = World::new().await;
            assert_eq!(world.direct(BYTES, FIRMWARE).await.0, 201);
            world.faults.inject(at, fault);
            let first = world.moved(FIRMWARE).await;
            most = most.max(world.faults.clear());
            assert!(first.0 == 200 || first.0 == 503, "call {at}, {fault:?}: {first:?}");
            let owned = world.get("acme", FIRMWARE).await.0 == 200;
            assert!(!owned || world.in_repository(FIRMWARE).await.is_some(), "call {at}, {fault:?}");
            assert_eq!(world.moved(FIRMWARE).await.0, 200, "call {at}, {fault:?}");
            assert_eq!(world.in_repository(FIRMWARE).await.unwrap(), FIRMWARE);
            assert_eq!(world.staged(FIRMWARE).await, None);
            assert_eq!(world.get("acme", FIRMWARE).await.1["kind"], "binary");
        }
        if at > most {
            break;
        }
    }
    // Row, head of staging, beginning, head of repository, copy, transaction, removal from staging.
    assert_eq!(most, 7);
}

#[tokio::test]
async fn an_upload_that_breaks_off_anywhere_is_completed_by_the_next() {
    for at in 1..=4 {
        for fault in [Fault::NotSent, Fault::ReplyLost] {
            let world = World::new().await;
            world.faults.inject(at, fault);
            world.direct(BYTES, FIRMWARE).await;
            world.faults.clear();
            let again = insist(async || world.direct(BYTES, FIRMWARE).await).await;
            assert!(again.0.is_success());
            world.faults.inject(at, fault);
            world.announce(FIRMWARE).await;
            world.faults.clear();
            assert_eq!(world.announce(FIRMWARE).await.0, 200);
            assert_eq!(world.staged(FIRMWARE).await.unwrap(), FIRMWARE);
        }
    }
}

#[tokio::test]
async fn moves_beside_each_other_all_succeed() {
    let world = World::new().await;
    for round in 0..5_u8 {
        let bytes = vec![round; 200_000];
        world.direct(BYTES, &bytes).await;
        let moved = || insist(async || world.moved(&bytes).await);
        let (a, b, c, d) = tokio::join!(moved(), moved(), moved(), moved());
        for answer in [a, b, c, d] {
            assert_eq!(answer.0, 200, "{answer:?}");
        }
        assert_eq!(world.in_repository(&bytes).await.unwrap(), bytes);
    }
}

#[tokio::test]
async fn a_copy_that_is_not_waited_for_is_there_at_the_next_call() {
    let mut world = World::new().await;
    let bytes = vec![7; 3_000_000];
    world.direct(BYTES, &bytes).await;
    let patient = world.blobs.clone();
    world.blobs = patient.clone().with_copy_limit(Duration::ZERO);
    let late = world.moved(&bytes).await;
    assert_eq!((late.0.as_u16(), &late.1["code"]), (503, &json!("dependency_unavailable")));
    assert_eq!(world.get("acme", &bytes).await.0, 404);
    tokio::time::timeout(Duration::from_secs(10), async {
        while !patient
            .in_repository(&Sha256::of(&bytes))
            .await
            .unwrap()
            .is_some_and(|copy| copy.is(&Sha256::of(&bytes)))
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .unwrap();
    // Still not waited for, but done.
    assert_eq!(world.moved(&bytes).await.0, 200);
    assert_eq!(world.in_repository(&bytes).await.unwrap(), bytes);
}
