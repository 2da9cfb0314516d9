//! Indexes made again: those of packages that were associated before there were catalogues, and those that are lost
//! or say something else than the associations.

use std::ops::Deref;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use shared::usecases::reconcile::Report;
use tests::ipk::Ipk;
use tests::whole::expect_whole;

use super::World;
use super::old::{age, believe_a_package, lose, plant};

const PATH: &str = "/release/dev1/Packages";

/// A world that is reconciled.
struct Mended(World);

impl Deref for Mended {
    type Target = World;

    fn deref(&self) -> &World {
        &self.0
    }
}

impl Mended {
    async fn start() -> Self {
        Self(World::start().await)
    }

    async fn text(&self, path: &str) -> String {
        String::from_utf8(self.get(path).await.expect(200).bytes).unwrap()
    }

    /// Reconciles, and again to see that nothing was left to do.
    async fn reconciled(&self) -> Report {
        let report = self.api.reconcile().await.unwrap();
        self.api.expect_whole("reconciled").await;
        let again = self.api.reconcile().await.unwrap();
        assert_eq!((again.drifted, again.indexes_drifted, again.failed), (0, 0, report.failed));
        report
    }

    async fn pointer(&self) -> Value {
        self.api.dump().await.row("DT#dev1", "INDEX#release").clone()
    }

    async fn catalogue_key(&self) -> String {
        format!("catalogues/{}", self.pointer().await["catalogue"].as_str().unwrap())
    }

    async fn three(&self) -> [Value; 3] {
        let mail = Ipk::new("mail", "1.0").line("Homepage: http://mail.example").line("Size-Hint: 7");
        [
            self.place("release", &Ipk::new("base", "1.0")).await,
            self.place("release", &Ipk::new("base", "1.1").tarball()).await,
            self.place("release", &mail).await,
        ]
    }
}

#[tokio::test]
async fn packages_that_were_associated_before_there_were_catalogues_come_into_their_indexes() {
    let world = Mended::start().await;
    let records = world.three().await;
    world.api.associate(&world.acme, "dev1", &records[0], "beta").await.expect(201);
    let beta = world.text("/beta/dev1/Packages").await;
    let (release, before) = (world.text(PATH).await, world.api.dump().await);
    age(&world.api).await;
    assert_eq!(world.text(PATH).await, "");
    assert_eq!(world.text("/release").await, "");
    let report = world.reconciled().await;
    assert_eq!((report.indexes, report.indexes_drifted, report.failed), (4, 4, 0));
    assert_eq!((world.text(PATH).await, world.text("/beta/dev1/Packages").await), (release, beta));
    assert_eq!(world.text("/release").await, "dev1\n");
    let after = world.api.dump().await;
    let blobs = |key: &&String| key.starts_with("PARTNER#acme / BLOB#");
    assert_eq!(before.difference(&after).iter().filter(blobs).count(), 0, "read again as they were");
    for at in ["/release/dev1/base/1.0", "/release/dev1/base/1.1", "/release/dev1/mail/latest/HomePage"] {
        world.get(at).await.expect(200);
    }
}

#[tokio::test]
async fn whatever_changes_before_the_reconciler_comes_takes_old_packages_along() {
    for change in ["place", "remove", "remove the older"] {
        let world = Mended::start().await;
        let records = world.three().await;
        age(&world.api).await;
        let lower = world.record(&Ipk::new("base", "1.0.5")).await;
        let refused = world.api.associate(&world.acme, "dev1", &lower, "release").await;
        refused.expect_problem(409, "version_not_newer");
        let packages = match change {
            "place" => {
                world.place("release", &Ipk::new("base", "1.2")).await;
                "base 1.2, mail 1.0"
            }
            "remove" => {
                world.remove("release", &records[1]).await.expect(204);
                "base 1.0, mail 1.0"
            }
            _ => {
                world.remove("release", &records[0]).await.expect(204);
                "base 1.1, mail 1.0"
            }
        };
        let text = world.text(PATH).await;
        let shown: Vec<String> = text
            .split_terminator("\n\n")
            .map(|stanza| {
                let value = |name: &str| {
                    stanza.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned()
                };
                format!("{} {}", value("Package: "), value("Version: "))
            })
            .collect();
        assert_eq!(shown.join(", "), packages, "{change}");
        assert_eq!(world.text("/release").await, "dev1\n", "{change}");
        let report = world.reconciled().await;
        assert_eq!((report.indexes_drifted, report.failed), (3, 0), "{change}: only feeds without packages");
        assert_eq!(world.text(PATH).await, text, "{change}");
    }
}

#[tokio::test]
async fn a_malformed_old_package_is_left_out_and_everything_else_goes_on() {
    let world = Mended::start().await;
    let mut bytes = Ipk::from_control("Package: broken\n").build();
    bytes.truncate(bytes.len() - 40);
    let body = json!({"value": shared::domain::Sha256::of(&bytes).to_string(), "as": "binary"});
    let posted = world.api.request("POST", &world.acme.path("/binaries")).bearer_auth(&world.acme.write);
    let posted = posted.header("content-type", "application/octet-stream").body(bytes.clone());
    world.api.send(posted).await.expect(201);
    let path = world.acme.path("/binaries/moveToRepository");
    world.api.call("POST", &path, &world.acme.write, body).await.expect(200);
    let broken = world.api.image(&world.acme, 3, "broken", &bytes).await;
    world.api.associate(&world.acme, "dev1", &broken, "release").await.expect(201);
    world.three().await;
    let whole = world.text(PATH).await;
    believe_a_package(&world.api, &broken, &["release"]).await;
    age(&world.api).await;
    let report = world.reconciled().await;
    assert_eq!((report.drifted, report.indexes_drifted, report.failed), (1, 4, 0));
    assert_eq!(world.text(PATH).await, whole);
    world.place("release", &Ipk::new("later", "1")).await;
    assert_eq!(world.text(PATH).await.matches("Package: ").count(), 3);
    world.remove("release", &broken).await.expect(204);
    world.api.expect_whole("the malformed one is gone").await;
}

#[tokio::test]
async fn an_old_package_whose_bytes_are_lost_is_left_out_and_everything_else_goes_on() {
    let world = Mended::start().await;
    let records = world.three().await;
    age(&world.api).await;
    lose(&world.api, &format!("repository/{}", records[2]["sha256"].as_str().unwrap())).await;
    let report = world.reconciled().await;
    assert_eq!((report.indexes_drifted, report.failed), (4, 0));
    let text = world.text(PATH).await;
    assert_eq!(
        (text.matches("Package: ").count(), text.contains("Package: base\nVersion: 1.1\n")),
        (1, true)
    );
    world.remove("release", &records[2]).await.expect(204);
    world.place("release", &Ipk::new("mail", "2.0")).await;
    assert_eq!(world.text(PATH).await.matches("Package: ").count(), 2);
}

#[tokio::test]
async fn of_two_old_packages_with_one_version_the_first_is_shown() {
    let world = Mended::start().await;
    let first = world.place("release", &Ipk::new("base", "1.0")).await;
    let text = world.text(PATH).await;
    world.remove("release", &first).await.expect(204);
    world.place("release", &Ipk::new("base", "1.0-0").content(b"other")).await;
    // As both could be associated before versions were compared.
    let rows = world.api.server.dynamodb_client().query().table_name(world.api.server.table());
    let rows = rows
        .key_condition_expression("PK = :pk AND begins_with(SK, :sk)")
        .expression_attribute_values(":pk", AttributeValue::S("DT#dev1".into()))
        .expression_attribute_values(":sk", AttributeValue::S("ASSOC#release#".into()));
    let [mut row] = <[_; 1]>::try_from(rows.send().await.unwrap().items.unwrap()).unwrap();
    let number = first["versionNumber"].as_str().unwrap();
    row.insert("SK".into(), AttributeValue::S(format!("ASSOC#release#003#{number:0>19}")));
    row.insert("versionNumber".into(), AttributeValue::N(number.to_owned()));
    let put = world.api.server.dynamodb_client().put_item().table_name(world.api.server.table());
    put.set_item(Some(row)).send().await.unwrap();
    age(&world.api).await;
    let report = world.api.reconcile().await.unwrap();
    assert_eq!((report.indexes_drifted, report.failed), (4, 0));
    assert_eq!(world.text(PATH).await, text);
    let again = world.api.reconcile().await.unwrap();
    assert_eq!((again.indexes_drifted, again.failed), (0, 0));
}

#[tokio::test]
async fn a_lost_or_corrupted_catalogue_is_made_again_by_the_reconciler() {
    for corrupted in [false, true] {
        let world = Mended::start().await;
        world.three().await;
        let key = world.catalogue_key().await;
        if corrupted {
            plant(&world.api, &key, b"{}").await;
        } else {
            lose(&world.api, &key).await;
        }
        let broken = world.get(PATH).await;
        assert!(broken.status >= 500, "a real error, or devices would believe it: {}", broken.status);
        assert_eq!(broken.header("cache-control"), "no-store");
        let report = world.reconciled().await;
        assert_eq!((report.indexes_drifted, report.failed), (1, 0));
        assert_eq!(world.text(PATH).await.matches("Package: ").count(), 2);
        world.get("/release/dev1/base/1.0").await.expect(200);
    }
}

#[tokio::test]
async fn a_lost_catalogue_is_made_again_by_the_next_change_and_clients_are_told_everything() {
    for change in ["place", "remove", "promote"] {
        let world = Mended::start().await;
        let records = world.three().await;
        let old = world.get("/release/dev1").await.expect(200);
        let since = old.header("last-modified").to_owned();
        let promoted = world.place("beta", &Ipk::new("late", "1")).await;
        lose(&world.api, &world.catalogue_key().await).await;
        world.api.server.clock().shift(10_000);
        match change {
            "place" => drop(world.place("release", &Ipk::new("late", "2")).await),
            "remove" => drop(world.remove("release", &records[2]).await.expect(204)),
            _ => {
                let number = promoted["versionNumber"].as_str().unwrap();
                let path =
                    format!("/deviceTypes/dev1/firmwareImages/types/3/versionNumbers/{number}/promote");
                let body = json!({"from": "beta", "to": "release"});
                let (path, key) = (world.acme.path(&path), &world.acme.release);
                world.api.call("POST", &path, key, body).await.expect(201);
            }
        }
        world.api.expect_whole(change).await;
        let request = world.api.request("GET", "/release/dev1").header("if-modified-since", since);
        let told = world.api.send(request).await.expect(200);
        assert!(told.headers.contains_key("etag"), "{change}: all of it, since it may have shrunk");
        assert_eq!(String::from_utf8(told.bytes).unwrap(), world.text(PATH).await);
        let report = world.reconciled().await;
        assert_eq!((report.indexes_drifted, report.failed), (0, 0), "{change}");
    }
}

#[tokio::test]
async fn an_index_that_has_drifted_is_made_again() {
    let world = Mended::start().await;
    let before = world.place("release", &Ipk::new("base", "1.0")).await;
    let older = world.pointer().await;
    world.place("release", &Ipk::new("mail", "1.0")).await;
    let text = world.text(PATH).await;
    let number = |value: i64| Some(AttributeValue::N(value.to_string()));
    let digest = Some(AttributeValue::S(older["catalogue"].as_str().unwrap().to_owned()));
    let world = &world;
    let alter = async |name: &str, value| world.api.alter("DT#dev1", "INDEX#release", name, value).await;
    for drift in ["an older catalogue", "another count", "a listing lost", "a listing behind", "no pointer"] {
        match drift {
            "an older catalogue" => alter("catalogue", digest.clone()).await,
            "another count" => alter("packages", number(7)).await,
            "a listing lost" => world.api.erase("FEED#release", "DT#dev1").await,
            "a listing behind" => world.api.alter("FEED#release", "DT#dev1", "packages", number(0)).await,
            _ => world.api.erase("DT#dev1", "INDEX#release").await,
        }
        assert!(!world.api.faults().await.is_empty(), "{drift} is noticed");
        let report = world.reconciled().await;
        assert_eq!((report.indexes_drifted, report.failed), (1, 0), "{drift}");
        assert_eq!(world.text(PATH).await, text, "{drift}");
        assert_eq!(world.text("/release").await, "dev1\n", "{drift}");
    }
    world.remove("release", &before).await.expect(204);
}

#[tokio::test]
async fn a_feed_that_was_made_before_makers_were_listed_is_found_again() {
    let world = Mended::start().await;
    for feed in ["field", "used"] {
        let path = world.acme.path(&format!("/feeds/{feed}"));
        world.api.call("PUT", &path, &world.acme.write, Value::Null).await.expect(204);
    }
    world.place("used", &Ipk::new("base", "1")).await;
    age(&world.api).await;
    world.get("/field").await.expect_problem(404, "not_found");
    let report = world.reconciled().await;
    assert_eq!((report.indexes_drifted, report.failed), (6, 0));
    assert_eq!((world.text("/field").await, world.text("/used").await), (String::new(), "dev1\n".to_owned()));
}

#[tokio::test]
async fn one_broken_row_keeps_nothing_else_from_being_mended() {
    for (sk, name) in [("INDEX#beta", "modified"), ("MANIFEST#beta", "entries")] {
        let world = Mended::start().await;
        world.three().await;
        let text = world.text(PATH).await;
        let good = world.api.dump().await.row("DT#dev1", sk)[name].clone();
        world.api.erase("DT#dev1", "INDEX#release").await;
        world.api.alter("DT#dev1", sk, name, Some(AttributeValue::S("broken".into()))).await;
        let report = world.api.reconcile().await.unwrap();
        assert_eq!((report.indexes_drifted, report.failed), (1, 1), "{sk}");
        assert_eq!(world.text(PATH).await, text, "{sk}");
        let mended = match good.as_i64() {
            Some(number) => AttributeValue::N(number.to_string()),
            None => AttributeValue::L(Vec::new()),
        };
        world.api.alter("DT#dev1", sk, name, Some(mended)).await;
        expect_whole(&world.api.dump().await, sk);
    }
}
