//! An index that could not be answered is refused when it is made, not when it is asked for.

use std::io::Read as _;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;
use tests::ipk::Ipk;

use super::World;

/// What an index may have, in bytes.
const MOST: usize = 5 << 20;

/// How long the field of a package is by which others are measured.
const PROBE: usize = 29_000;

/// A package whose stanza has a field of that text.
fn large(name: &str, version: &str, blob: &str) -> Ipk {
    Ipk::new(name, version).line(&format!("X-Blob: {blob}"))
}

/// Puts `p000` with that text into a feed of `dev1`, and `more` of its kind behind it, straight into the catalogue:
/// through the front, so many would take minutes. Answers the record of the first and the length of one stanza.
async fn fill(world: &World, feed: &str, blob: &str, more: impl Fn(usize) -> usize) -> (Value, usize) {
    let record = world.place(feed, &large("p000", "1.0", blob)).await;
    let stanza = world.index_in(feed).await.0.len();
    let (dump, pointer) = (world.api.dump().await, format!("INDEX#{feed}"));
    let sha256 = dump.row("DT#dev1", &pointer)["catalogue"].as_str().unwrap();
    let mut catalogue: Value = serde_json::from_slice(&world.api.catalogue(sha256).await.unwrap()).unwrap();
    let first = catalogue["packages"]["p000"].clone();
    let more = more(stanza);
    for at in 1..=more {
        let (name, mut package) = (format!("p{at:03}"), first.clone());
        let release = &mut package["rows"]["all"]["releases"][0];
        release["head"] = release["head"].as_str().unwrap().replace("p000", &name).into();
        release["image"]["number"] = (1000 + at).into();
        catalogue["packages"][name] = package;
    }
    let kept = world.api.server.blobs().keep_catalogue(catalogue.to_string()).await.unwrap();
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let update = world.api.server.dynamodb_client().update_item().table_name(world.api.server.table());
    update
        .key("PK", text("DT#dev1"))
        .key("SK", text(&pointer))
        .update_expression("SET catalogue = :catalogue, packages = :packages")
        .expression_attribute_values(":catalogue", text(&kept.to_string()))
        .expression_attribute_values(":packages", AttributeValue::N((more + 1).to_string()))
        .send()
        .await
        .unwrap();
    assert_eq!(world.index_in(feed).await.0.len(), (more + 1) * stanza);
    (record, stanza)
}

#[tokio::test]
async fn an_index_of_exactly_5_mib_is_served_and_one_byte_more_is_refused() {
    let world = World::start().await;
    let blob = "x".repeat(64_900);
    let (first, stanza) = fill(&world, "beta", &blob, |stanza| MOST / stanza - 1).await;
    // The same package in another feed shows what its stanza takes beside the field.
    let probe = world.place("alpha", &large("z000", "1.0", &blob[..PROBE])).await;
    let beside = world.index_in("alpha").await.0.len() - PROBE;
    world.remove("alpha", &probe).await.expect(204);
    let fits = MOST % stanza - beside;
    let last = |size: usize| large("z000", "1.0", &blob[..size]);
    let digits = |size: usize| last(size).build().len().to_string().len();
    assert_eq!(digits(fits), digits(PROBE), "Size has as many digits, or this proves nothing");
    let detail = world.expect_kept_out("beta", &last(fits + 1), 422, "index_too_large").await;
    assert!(detail.contains("5 MiB"), "{detail}");
    let last = world.place("beta", &last(fits)).await;

    let answer = world.get("/beta/dev1/Packages").await.expect(200);
    assert_eq!((answer.bytes.len(), answer.header("content-length")), (MOST, "5242880"));
    let head = world.api.call("HEAD", "/beta/dev1/Packages", "", Value::Null).await.expect(200);
    assert_eq!(head.header("content-length"), "5242880");
    let gz = world.get("/beta/dev1/Packages.gz").await.expect(200);
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(&gz.bytes[..]).read_to_end(&mut unpacked).unwrap();
    assert!(unpacked == answer.bytes, "both forms are one index");
    let part = world.api.request("GET", "/beta/dev1/Packages").header("range", "bytes=5242870-");
    assert_eq!(world.api.send(part).await.expect(206).bytes, answer.bytes[5_242_870..]);

    // Full is full, for the smallest package and for promotion; other feeds have room.
    let small = world.record(&Ipk::new("zz", "1.0")).await;
    world.put_in("beta", &small).await.expect_problem(422, "index_too_large");
    world.put_in("alpha", &small).await.expect(201);
    let refused = world.promote_as(&small, &world.acme.write, "alpha", "beta").await;
    refused.expect_problem(422, "index_too_large");
    assert_eq!(world.get("/beta/dev1/Packages").await.expect(200).bytes.len(), MOST);
    // What takes less than what it replaces makes room, and so does what goes.
    let second = world.place("beta", &large("p000", "2.0", &blob[..60_000])).await;
    world.put_in("beta", &small).await.expect(201);
    world.remove("beta", &small).await.expect(204);
    world.remove("beta", &last).await.expect(204);
    world.remove("beta", &second).await.expect(204);
    world.remove("beta", &first).await.expect(204);
    assert_eq!(world.index_in("beta").await.0.len(), (MOST / stanza - 1) * stanza);
    world.put_in("beta", &small).await.expect(201);
}

#[tokio::test]
async fn an_intent_for_a_full_index_is_refused_and_the_record_stays_without_its_binary() {
    let world = World::start().await;
    let record = world.intending("late", "", &["dev1"]).await.expect(201).json();
    let blob = "x".repeat(64_900);
    fill(&world, "release", &blob, |stanza| MOST / stanza - 1).await;
    let refused = world.give(&record, &large("z000", "1.0", &blob)).await;
    refused.expect_problem(422, "index_too_large");
    let now = world.in_pool(&record).await;
    assert_eq!((&now["state"], &now["sealed"]), (&"registered".into(), &false.into()));
}

#[tokio::test]
async fn an_index_that_swells_in_a_lambda_answer_is_refused() {
    let world = World::start().await;
    // A quote and a backslash are two characters each in the JSON of a Lambda's answer, of which there may be 6 MiB.
    let blob = "\"\\".repeat(32_000);
    fill(&world, "beta", &blob, |stanza| 6_000_000 / (2 * stanza)).await;
    let mut refused = None;
    for at in 0..5 {
        let record = world.record(&large(&format!("z{at:03}"), "1.0", &blob)).await;
        let answer = world.put_in("beta", &record).await;
        if answer.status != 201 {
            refused = Some(answer);
            break;
        }
    }
    refused.expect("not all of them").expect_problem(422, "index_too_large");
    let text = world.index_in("beta").await.0;
    let in_json = serde_json::to_string(&text).unwrap().len();
    assert!(in_json > 5_900_000 && in_json < 6_291_456 - 10_000, "{in_json}");
}
