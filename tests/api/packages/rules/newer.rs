//! Only a greater version comes into a feed: no client would ever install another.

use tests::ipk::Ipk;

use super::World;

fn base(version: &str) -> Ipk {
    Ipk::new("base", version)
}

/// The same version around other contents.
fn other(version: &str) -> Ipk {
    base(version).content(b"other")
}

#[tokio::test]
async fn an_equal_a_lower_and_a_differently_spelled_version_is_refused() {
    let world = World::start().await;
    world.place("beta", &base("1.2-r3")).await;
    for version in [
        "1.2-r3",
        "0:1.2-r3",
        "1.02-r3",
        "1.2-r03",
        "1.2-r2",
        "1.2-r",
        "1.2",
        "1.2-0",
        "1.2~rc9-r9",
        "1.1.99-r9",
        "0",
        "~",
    ] {
        let detail = world.expect_kept_out("beta", &other(version), 409, "version_not_newer").await;
        for word in ["base", "1.2-r3", version, "epoch"] {
            assert!(detail.contains(word), "{word} is not in {detail}");
        }
    }
    assert_eq!(world.latest("beta").await, ["base 1.2-r3 all"]);
    for version in ["1.2-r3.1", "1.2-r10", "1.2.0-r0", "1.3", "1:0.1", "2:0"] {
        world.place("beta", &base(version)).await;
        assert_eq!(world.latest("beta").await, [format!("base {version} all")]);
    }
}

#[tokio::test]
async fn spellings_of_one_version_are_one_version() {
    for (first, second) in
        [("1.0", "1.0-0"), ("1.0-0", "1.0"), ("1.0", "0:1.0"), ("1:1.0", "01:1.0"), ("1.0", "1.00")]
    {
        let world = World::start().await;
        world.place("beta", &base(first)).await;
        let detail = world.expect_kept_out("beta", &base(second), 409, "version_not_newer").await;
        assert!(
            detail.contains(&format!("already has base {first}, and {second} is not greater")),
            "{detail}"
        );
        assert_eq!(world.latest("beta").await, [format!("base {first} all")]);
    }
}

#[tokio::test]
async fn the_refusal_says_how_to_build_it_again_and_that_works() {
    let world = World::start().await;
    for (current, version, again) in [
        ("2.0", "1.0", "1:1.0"),
        ("1:2.0", "1:1.0", "2:1.0"),
        ("2:5", "1.0-r0", "3:1.0-r0"),
        ("7:1", "0:1", "8:1"),
    ] {
        let contents = format!("{version} beside {current}");
        let record = world.place("alpha", &base(current).content(contents.as_bytes())).await;
        let refused = base(version).content(contents.as_bytes());
        let detail = world.expect_kept_out("alpha", &refused, 409, "version_not_newer").await;
        assert!(detail.ends_with(&format!("with a greater epoch: {again}")), "{detail}");
        let built = world.place("alpha", &base(again).content(contents.as_bytes())).await;
        assert_eq!(world.latest("alpha").await, [format!("base {again} all")]);
        for record in [record, built] {
            world.remove("alpha", &record).await.expect(204);
        }
    }
}

#[tokio::test]
async fn packages_architectures_and_feeds_have_each_their_own_latest_version() {
    let world = World::start().await;
    world.place("beta", &base("2.0")).await;
    // Another package, another architecture, another feed.
    world.place("beta", &Ipk::new("base-doc", "1.0")).await;
    world.place("beta", &base("1.0").architecture("maguro")).await;
    let older = world.place("alpha", &base("1.5")).await;
    assert_eq!(world.latest("beta").await, ["base 2.0 all", "base 1.0 maguro", "base-doc 1.0 all"]);
    assert_eq!(world.latest("alpha").await, ["base 1.5 all"]);
    for ipk in [base("1.5").content(b"x"), base("0.9").architecture("maguro"), Ipk::new("base-doc", "1.0-0")]
    {
        world.expect_kept_out("beta", &ipk, 409, "version_not_newer").await;
    }
    let refused = world.put_in("beta", &older).await;
    refused.expect_problem(409, "version_not_newer");
    world.place("beta", &base("1.5").architecture("maguro")).await;
    assert_eq!(world.latest("beta").await[1], "base 1.5 maguro");
}

#[tokio::test]
async fn another_device_type_has_its_own_latest_version() {
    let world = World::start().await;
    world.api.create_device_type(&world.acme, "dev2").await;
    world.place("beta", &base("2.0")).await;
    let older = world.record(&base("1.0")).await;
    world.put_in("beta", &older).await.expect_problem(409, "version_not_newer");
    world.api.associate(&world.acme, "dev2", &older, "beta").await.expect(201);
}

#[tokio::test]
async fn a_package_is_one_line_of_versions_whatever_its_records_are_called() {
    let world = World::start().await;
    world.api.create_type(&world.acme, 105).await;
    let first = world.api.image(&world.acme, 105, "99.9", &base("1.0").build()).await;
    world.put_in("beta", &first).await.expect(201);
    // Its record says less, and has another type; the control file says more.
    let second = world.api.image(&world.acme, 3, "0.0", &base("2.0").build()).await;
    world.put_in("beta", &second).await.expect(201);
    let third = world.api.image(&world.acme, 105, "100", &base("1.5").build()).await;
    world.put_in("beta", &third).await.expect_problem(409, "version_not_newer");
    assert_eq!(world.latest("beta").await, ["base 2.0 all"]);
}

#[tokio::test]
async fn after_the_latest_is_gone_the_one_below_counts() {
    let world = World::start().await;
    let first = world.place("beta", &base("1.0")).await;
    let second = world.place("beta", &base("2.0")).await;
    world.remove("beta", &second).await.expect(204);
    assert_eq!(world.latest("beta").await, ["base 1.0 all"]);
    world.expect_kept_out("beta", &base("0.5"), 409, "version_not_newer").await;
    world.expect_kept_out("beta", &other("1.0"), 409, "version_not_newer").await;
    world.place("beta", &base("1.5")).await;
    // The one that was taken out may come back.
    world.put_in("beta", &second).await.expect(201);
    assert_eq!(world.latest("beta").await, ["base 2.0 all"]);
    // An older one that goes changes nothing.
    let before = world.index_in("beta").await;
    world.remove("beta", &first).await.expect(204);
    assert_eq!(world.index_in("beta").await, before);
    world.expect_kept_out("beta", &base("1.7"), 409, "version_not_newer").await;
}

#[tokio::test]
async fn a_feed_without_the_package_takes_any_version() {
    let world = World::start().await;
    let record = world.place("beta", &base("9:9.9")).await;
    world.remove("beta", &record).await.expect(204);
    world.place("beta", &base("0.0.1~alpha")).await;
    assert_eq!(world.latest("beta").await, ["base 0.0.1~alpha all"]);
}

#[tokio::test]
async fn the_same_record_twice_is_associated_already() {
    let world = World::start().await;
    let record = world.place("beta", &base("1.0")).await;
    world.put_in("beta", &record).await.expect_problem(409, "already_associated");
    world.place("beta", &base("2.0")).await;
    world.put_in("beta", &record).await.expect_problem(409, "already_associated");
    // Another record of the same bytes is another image, but no newer version.
    let mut twin = world.api.register(&world.acme, 3, "twin", "1").await;
    twin["url"] = record["url"].clone();
    let path = world.api.record_path(&world.acme, &twin);
    world.api.call("PUT", &path, &world.acme.write, twin.clone()).await.expect(204);
    world.put_in("beta", &twin).await.expect_problem(409, "version_not_newer");
    world.put_in("alpha", &twin).await.expect(201);
}
