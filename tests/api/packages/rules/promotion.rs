//! Promotion copies a package into another feed under the rules of that feed.

use tests::ipk::Ipk;

use super::World;

#[tokio::test]
async fn promotion_brings_a_package_into_the_next_feed() {
    let world = World::start().await;
    let record = world.place("alpha", &Ipk::new("base", "1.0")).await;
    let stanza = world.index_in("alpha").await.0;
    for (from, to) in [("alpha", "beta"), ("beta", "release")] {
        world.promote_as(&record, &world.acme.release, from, to).await.expect(201);
        assert_eq!(world.index_in(to).await.0, stanza, "the same package at the same path");
        assert_eq!(world.index_in(from).await.0, stanza, "a copy");
        let again = world.promote_as(&record, &world.acme.release, from, to).await;
        again.expect_problem(409, "already_associated");
    }
}

#[tokio::test]
async fn promotion_is_refused_where_the_version_is_not_newer() {
    let world = World::start().await;
    let old = world.place("alpha", &Ipk::new("base", "1.0")).await;
    let new = world.place("alpha", &Ipk::new("base", "2.0")).await;
    world.promote_as(&new, &world.acme.write, "alpha", "beta").await.expect(201);
    let (index, table) = (world.index_in("beta").await, world.api.dump().await);
    let refused = world.promote_as(&old, &world.acme.write, "alpha", "beta").await;
    let refused = refused.expect_problem(409, "version_not_newer");
    assert!(refused.json()["detail"].as_str().unwrap().contains("1:1.0"));
    assert_eq!(world.api.dump().await.difference(&table), [""; 0]);
    assert_eq!(world.index_in("beta").await, index);
    assert_eq!(world.latest("alpha").await, ["base 2.0 all"]);
    // Once the newer one has gone from there, it may come.
    world.remove("beta", &new).await.expect(204);
    world.promote_as(&old, &world.acme.write, "alpha", "beta").await.expect(201);
    assert_eq!(world.latest("beta").await, ["base 1.0 all"]);
}

#[tokio::test]
async fn promotion_is_refused_where_the_device_type_is_built_for_something_else_by_now() {
    let world = World::start().await;
    let record = world.place("alpha", &Ipk::new("base", "1.0").architecture("maguro")).await;
    world.rebuild_for("tuna").await;
    let refused = world.promote_as(&record, &world.acme.write, "alpha", "beta").await;
    refused.expect_problem(422, "architecture_mismatch");
    assert_eq!(world.latest("beta").await, [""; 0]);
    // What is there stays until it is taken out, which is never refused.
    assert_eq!(world.latest("alpha").await, ["base 1.0 maguro"]);
    world.remove("alpha", &record).await.expect(204);
    assert_eq!(world.latest("alpha").await, [""; 0]);
}

#[tokio::test]
async fn promotion_from_or_to_a_feed_that_is_not_there_changes_nothing() {
    let world = World::start().await;
    let record = world.place("alpha", &Ipk::new("base", "1.0")).await;
    let table = world.api.dump().await;
    let key = &world.acme.release;
    world.promote_as(&record, key, "beta", "release").await.expect_problem(404, "not_found");
    world.promote_as(&record, key, "alpha", "nightly").await.expect_problem(422, "invalid_field");
    world.promote_as(&record, key, "nightly", "beta").await.expect_problem(404, "not_found");
    assert_eq!(world.api.dump().await.difference(&table), [""; 0]);
}

#[tokio::test]
async fn taking_a_package_out_of_all_feeds_empties_each_of_its_indexes() {
    let world = World::start().await;
    let record = world.place("alpha", &Ipk::new("base", "1.0")).await;
    let below = world.place("beta", &Ipk::new("base", "0.5")).await;
    for to in ["beta", "release"] {
        world.promote_as(&record, &world.acme.release, "alpha", to).await.expect(201);
    }
    world.remove("", &record).await.expect(204);
    assert_eq!(world.latest("alpha").await, [""; 0]);
    assert_eq!(world.latest("beta").await, ["base 0.5 all"]);
    assert_eq!(world.latest("release").await, [""; 0]);
    world.remove("", &record).await.expect_problem(404, "not_found");
    world.remove("alpha", &below).await.expect_problem(404, "not_found");
    world.api.expect_whole("after all of it").await;
}
