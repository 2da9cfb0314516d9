//! A package must have been built for its device type, or for all.

use tests::ipk::Ipk;

use super::World;

fn built_for(architecture: &str) -> Ipk {
    Ipk::new("base", "1.0").architecture(architecture)
}

#[tokio::test]
async fn a_package_for_another_architecture_is_refused() {
    let world = World::start().await;
    for architecture in ["tuna", "maguro2", "magur", "armv7a-neon", "any", "noarch"] {
        let detail =
            world.expect_kept_out("beta", &built_for(architecture), 422, "architecture_mismatch").await;
        assert!(detail.contains(architecture) && detail.contains("maguro"), "{detail}");
    }
    world.place("beta", &built_for("maguro")).await;
    world.place("beta", &built_for("all")).await;
    assert_eq!(world.latest("beta").await, ["base 1.0 all", "base 1.0 maguro"]);
}

#[tokio::test]
async fn a_device_type_for_all_takes_every_package() {
    let world = World::start().await;
    world.rebuild_for("all").await;
    for architecture in ["tuna", "maguro", "all", "armv7a-neon"] {
        world.place("beta", &built_for(architecture)).await;
    }
    assert_eq!(
        world.latest("beta").await,
        ["base 1.0 all", "base 1.0 armv7a-neon", "base 1.0 maguro", "base 1.0 tuna"]
    );
}

#[tokio::test]
async fn the_architecture_that_a_device_type_has_now_counts() {
    let world = World::start().await;
    let tuna = world.record(&built_for("tuna")).await;
    let maguro = world.record(&built_for("maguro")).await;
    world.put_in("beta", &tuna).await.expect_problem(422, "architecture_mismatch");
    let before = world.index_in("beta").await;
    world.rebuild_for("tuna").await;
    assert_eq!(world.index_in("beta").await, before, "the device type's words are in no index");
    world.put_in("beta", &tuna).await.expect(201);
    world.put_in("beta", &maguro).await.expect_problem(422, "architecture_mismatch");
}

#[tokio::test]
async fn a_plain_binary_has_no_architecture() {
    let world = World::start().await;
    let record = world.api.image(&world.acme, 3, "1", b"firmware").await;
    world.put_in("beta", &record).await.expect(201);
}
