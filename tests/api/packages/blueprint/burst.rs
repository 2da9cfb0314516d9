//! Many changes in one second: no two share it, and nothing that is sent lies in the future.

use tests::ipk::Ipk;

use super::super::World;
use super::{date, modified, names};

const MANY: i64 = 12;

/// Registers everything first, and then puts it into the feed as fast as that goes.
async fn burst(world: &World) {
    let mut records = Vec::new();
    for number in 0..MANY {
        records.push(world.record(&Ipk::new(&format!("p{number:02}"), "1.0")).await);
    }
    for record in &records {
        world.api.associate(&world.acme, "dev1", record, "release").await.expect(201);
        // The clock stands still: what this takes is taken back.
        world.api.server.clock().shift(-200);
    }
}

#[tokio::test]
async fn what_is_sent_never_lies_in_the_future() {
    let world = World::start().await;
    burst(&world).await;
    for path in [
        "/release",
        "/release/dev1",
        "/release/dev1/Packages.gz",
        "/release/dev1/Packages.asc",
        "/release/dev1/p11",
        "/release/dev1/p11/1.0",
        "/release/dev1/p11/latest/Size",
    ] {
        let head = world.ask("HEAD", path, &[]).await.expect(200);
        assert!(modified(&head) <= world.now(), "{path}");
    }
    let part = world.since("/release/dev1", 1).await.expect(200);
    assert!(modified(&part) <= world.now());
}

#[tokio::test]
async fn a_client_that_asks_in_the_middle_of_a_burst_misses_nothing() {
    let world = World::start().await;
    let mut known = std::collections::BTreeSet::new();
    let mut seen = 1;
    for number in 0..MANY {
        world.place("release", &Ipk::new(&format!("p{number:02}"), "1.0")).await;
        world.api.server.clock().shift(-600);
        let answer = world.since("/release/dev1", seen).await.expect(200);
        known.extend(names(&answer));
        seen = modified(&answer);
        let plain = world.since("/release/dev1/Packages", seen).await;
        assert_eq!(plain.status, if seen == stored(&world).await { 304 } else { 200 });
    }
    assert_eq!(known.len(), usize::try_from(MANY).unwrap());
}

/// When the index changed, as it is stored.
async fn stored(world: &World) -> i64 {
    let store = &world.api.server.app().store;
    store.index(&"dev1".parse().unwrap(), &"release".parse().unwrap()).await.unwrap().unwrap().modified
}

#[tokio::test]
async fn no_two_changes_share_a_second() {
    let world = World::start().await;
    burst(&world).await;
    world.wait();
    let mut times = Vec::new();
    for number in 0..MANY {
        times.push(modified(
            &world.ask("HEAD", &format!("/release/dev1/p{number:02}"), &[]).await.expect(200),
        ));
    }
    assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "{times:?}");
    assert_eq!(modified(&world.get("/release/dev1").await), *times.last().unwrap());
    // So each of them can be told from the one before.
    for (at, time) in times.iter().enumerate() {
        let answer = world.ask("GET", "/release/dev1", &[("if-modified-since", &date(*time))]).await;
        let later = times.len() - 1 - at;
        match later {
            0 => assert_eq!(answer.status, 304),
            _ => assert_eq!(names(&answer.expect(200)).len(), later),
        }
    }
}

#[tokio::test]
async fn a_clock_that_goes_back_does_not_take_the_index_with_it() {
    let world = World::start().await;
    world.place("release", &Ipk::new("base", "1.0")).await;
    let before = stored(&world).await;
    world.api.server.clock().shift(-500_000);
    world.place("release", &Ipk::new("base", "1.1")).await;
    assert_eq!(stored(&world).await, before + 1);
    let index = world.get("/release/dev1").await.expect(200);
    assert_eq!(names(&index), ["base 1.1 all"]);
    assert!(modified(&index) <= world.now());
    world.api.server.clock().shift(501_000);
    assert_eq!(modified(&world.get("/release/dev1").await), before + 1);
}
