//! Where the warnings of a package are seen, and for how long.

use serde_json::{Value, json};

use super::{World, control, expect_readable, ipk, warned};

const WARNING: &str = "Package-Type was dropped: clients would take it for Package.";

fn odd(package: &str) -> Vec<u8> {
    ipk(control(package, "Package-Type: x\n").as_bytes())
}

impl World {
    async fn read_record(&self, record: &Value) -> Value {
        let path = self.api.record_path(&self.acme, record);
        self.api.get(&path, &self.acme.read).await.expect(200).json()
    }

    async fn point(&self, record: &Value, url: &Value) {
        let mut body = record.clone();
        body["url"] = url.clone();
        let path = self.api.record_path(&self.acme, record);
        self.api.call("PUT", &path, &self.acme.release, body).await.expect(204);
    }
}

#[tokio::test]
async fn warnings_stand_on_the_record_wherever_it_is_shown() {
    let world = World::start().await;
    let (api, acme) = (&world.api, &world.acme);
    let record = world.expect_taken(&odd("p"), true).await;
    assert_eq!(warned(&record), [WARNING]);
    let made = api.associate(acme, "dev1", &record, "beta").await.expect(201).json();
    let number = record["versionNumber"].as_str().unwrap();
    let images = acme.path("/deviceTypes/dev1/firmwareImages");
    let lists = [acme.path("/pool"), acme.path("/pool/types/3"), images.clone(), format!("{images}/types/3")];
    let mut shown = vec![made, world.read_record(&record).await];
    shown.push(
        api.get(&format!("{images}/types/3/versionNumbers/{number}"), &acme.read).await.expect(200).json(),
    );
    for path in lists {
        let page = api.get(&path, &acme.read).await.expect(200).json();
        assert_eq!(page["numberOfElements"], 1, "{path}");
        shown.push(page["content"][0].clone());
    }
    for each in shown {
        assert_eq!(warned(&each), [WARNING], "{each}");
    }
}

#[tokio::test]
async fn warnings_go_with_the_binary_that_they_are_about() {
    let world = World::start().await;
    let clean = world.expect_taken(&ipk(control("clean", "").as_bytes()), true).await["url"].clone();
    let other = world.expect_taken(&ipk(control("other", "Size: 1\n").as_bytes()), true).await["url"].clone();
    let plain: Value = world.api.upload(&world.acme, b"plain").await.into();
    let record = world.expect_taken(&odd("p"), true).await;
    let computed = "Size was dropped: it is computed from the package itself.";
    let url = record["url"].clone();
    for (url, warnings) in [
        (&clean, vec![]),
        (&url, vec![WARNING]),
        (&other, vec![computed]),
        (&url, vec![WARNING]),
        (&plain, vec![]),
        (&other, vec![computed]),
        (&json!(""), vec![]),
        (&url, vec![WARNING]),
    ] {
        world.point(&record, url).await;
        assert_eq!(warned(&world.read_record(&record).await), warnings, "{url}");
    }
    // Sealed, they stay.
    world.api.associate(&world.acme, "dev1", &record, "beta").await.expect(201);
    world.remove("beta", &record).await.expect(204);
    assert_eq!(warned(&world.read_record(&record).await), [WARNING]);
}

#[tokio::test]
async fn two_records_of_one_package_both_warn() {
    let world = World::start().await;
    let bytes = odd("p");
    let first = world.expect_taken(&bytes, true).await;
    let second = world.api.register(&world.acme, 3, "second", "2").await;
    world.point(&second, &first["url"]).await;
    for record in [&first, &second] {
        assert_eq!(warned(&world.read_record(record).await), [WARNING]);
    }
}

#[tokio::test]
async fn a_thousand_faults_are_a_short_list_of_warnings() {
    let world = World::start().await;
    let lines: String = (0..1000)
        .flat_map(|at| ["Package-Type-".into(), at.to_string(), "-".into(), "n".repeat(20), ": x\n".into()])
        .collect();
    let (record, _) = world.expect_indexed(&ipk(control("p", &lines).as_bytes()), "p").await;
    let warnings = warned(&record);
    assert_eq!(warnings.len(), 51);
    assert_eq!(warnings[50], "and 950 more");
    for warning in &warnings {
        expect_readable(warning);
        assert!(warning.chars().count() <= 200, "{warning}");
    }
}

#[tokio::test]
async fn what_a_package_says_of_itself_stands_in_a_warning_without_harm() {
    let world = World::start().await;
    let nasty = "Package-<script>\u{202e}\u{1b}[2J\t".to_owned() + &"x".repeat(500);
    let (record, _) =
        world.expect_indexed(&ipk(control("p", &format!("{nasty}: x\n")).as_bytes()), "p").await;
    let warnings = warned(&record);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    expect_readable(&warnings[0]);
    assert!(warnings[0].chars().count() <= 200);
}
