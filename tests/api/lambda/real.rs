use std::io::Read as _;
use std::time::Duration;

use flate2::read::GzDecoder;
use serde_json::{Value, json};
use tests::api::{Api, Tenant};
use tests::ipk::Ipk;

use super::options;
use crate::events::{Expected, samples};

/// A service whose device type `dev1` has a package in `release` and in `dev`.
struct World {
    api: Api,
    acme: Tenant,
}

async fn with_packages() -> World {
    options();
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    api.create_device_type(&acme, "dev1").await;
    for feed in ["release", "dev"] {
        let package = Ipk::new("base", "1.0").line("Description: größer, ключ ☕").content(feed.as_bytes());
        let record = api.image(&acme, 3, feed, &package.build()).await;
        api.associate(&acme, "dev1", &record, feed).await.expect(201);
    }
    World { api, acme }
}

#[tokio::test]
#[ignore = "needs functions as Lambda runs them: run by cargo xtask test"]
async fn head_keeps_the_length_that_get_has_at_both_doors() {
    let world = with_packages().await;
    let acme = &world.acme;
    // Of two changes in one second the second is dated ahead, and the present is told until it has come.
    tokio::time::sleep(Duration::from_secs(2)).await;
    for (path, key) in [
        ("/release", ""),
        ("/release/dev1", ""),
        ("/release/dev1/Packages", ""),
        ("/release/dev1/Packages.gz", ""),
        ("/release/dev1/Packages.asc", ""),
        ("/release/dev1/base/1.0/Description", ""),
        ("/release/nothing", ""),
        ("/v1/ota/deviceTypes/dev1/eligibility?2003=0", ""),
        ("/v1/ota/whoami", acme.read.as_str()),
        (&acme.path("/pool"), &acme.read),
        (&acme.path("/types/250"), &acme.read),
        ("/nowhere", ""),
    ] {
        let get = world.api.get(path, key).await;
        let head = world.api.call("HEAD", path, key, Value::Null).await;
        assert_eq!((head.status, head.bytes.len()), (get.status, 0), "{path}");
        assert_eq!(head.header("content-length"), get.bytes.len().to_string(), "{path}");
        assert!(!get.bytes.is_empty(), "{path}");
        for name in ["etag", "content-type", "last-modified", "cache-control"] {
            assert_eq!(head.header(name), get.header(name), "{path}: {name}");
        }
    }
}

#[tokio::test]
#[ignore = "needs functions as Lambda runs them: run by cargo xtask test"]
async fn texts_and_bytes_come_through_as_they_are() {
    let world = with_packages().await;
    let plain = world.api.get("/release/dev1/Packages", "").await.expect(200);
    assert!(String::from_utf8(plain.bytes.clone()).unwrap().contains("größer, ключ ☕"));
    let packed = world.api.get("/release/dev1/Packages.gz", "").await.expect(200);
    let mut unpacked = Vec::new();
    GzDecoder::new(&packed.bytes[..]).read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, plain.bytes);
    // Parts that begin and end inside of a character.
    for (path, whole) in [("Packages", &plain.bytes), ("Packages.gz", &packed.bytes)] {
        for first in 0..whole.len().min(120) {
            let request = world.api.request("GET", &format!("/release/dev1/{path}"));
            let part = world.api.send(request.header("range", format!("bytes={first}-{}", first + 30))).await;
            let last = whole.len().min(first + 31);
            assert_eq!(part.expect(206).bytes, whole[first..last], "{path} from {first}");
        }
    }
}

#[tokio::test]
#[ignore = "needs functions as Lambda runs them: run by cargo xtask test"]
async fn a_challenge_is_lost_at_a_functions_url_and_given_back_by_the_cdn() {
    let world = with_packages().await;
    let wrong = [("authorization", "de9f2c7fd25e1b3afad3e85a0bd17d9b100db4b3")];
    for path in ["/dev", "/dev/dev1/Packages", "/dev-lab/x"] {
        for headers in [&wrong[..], &[]] {
            let refused =
                world.api.raw("GET", path, headers).await.expect_problem(401, "credential_required");
            assert_eq!(refused.header("www-authenticate"), "Basic realm=\"restricted feed\"", "{path}");
        }
    }
    // Nobody asks a person there, so nothing gives it back.
    let check = "/v1/ota/deviceTypes/dev1/eligibility?feed=dev&2003=0";
    let refused = world.api.raw("GET", check, &wrong).await.expect_problem(401, "credential_required");
    assert_eq!(refused.header("www-authenticate"), "");
}

#[tokio::test]
#[ignore = "needs functions as Lambda runs them: run by cargo xtask test"]
async fn a_key_that_is_revoked_opens_nothing_from_then_on() {
    let world = with_packages().await;
    let (api, acme) = (&world.api, &world.acme);
    let made =
        api.call("POST", &acme.path("/keys"), &acme.release, json!({"rights": ["read"], "label": "x"})).await;
    let made = made.expect(201).json();
    let key = made["key"].as_str().unwrap();
    api.get("/v1/ota/whoami", key).await.expect(200);
    let path = acme.path(&format!("/keys/{}", made["keyId"].as_str().unwrap()));
    api.call("DELETE", &path, &acme.release, Value::Null).await.expect(204);
    api.get("/v1/ota/whoami", key).await.expect_problem(401, "key_revoked");
}

#[tokio::test]
#[ignore = "needs functions as Lambda runs them: run by cargo xtask test"]
async fn cargo_lambda_invokes_every_function_with_every_sample_event() {
    let cargo_lambda = options().cargo_lambda;
    let world = with_packages().await;
    let port = world.api.server.invocations().unwrap().port().to_string();
    for sample in samples() {
        let mut invoke = tokio::process::Command::new(&cargo_lambda);
        invoke.args([
            "lambda",
            "invoke",
            "--invoke-address",
            "127.0.0.1",
            "--invoke-port",
            &port,
            &sample.function,
        ]);
        let said = invoke.arg("--data-ascii").arg(sample.event.to_string()).output().await.unwrap();
        let (out, err) = (String::from_utf8(said.stdout).unwrap(), String::from_utf8(said.stderr).unwrap());
        if sample.expected == Expected::Failed {
            assert!(!said.status.success() && err.contains("Fault"), "{}: {out}{err}", sample.title());
            continue;
        }
        assert!(said.status.success(), "{}: {err}", sample.title());
        // The world that the samples are made for is not this one, so that a 404 is as good an answer here.
        let answer: Value = serde_json::from_str(&out).unwrap();
        let status = answer["statusCode"].as_u64();
        let request = sample.function != "authorizer" && !sample.method().is_empty();
        assert_eq!(status.is_some(), request, "{}: {out}", sample.title());
        let failed = status.is_some_and(|status| status >= 500 && sample.expected != Expected::Status(501));
        assert!(!failed, "{}: {out}", sample.title());
    }
}

#[tokio::test]
#[ignore = "needs functions as Lambda runs them: run by cargo xtask test"]
async fn the_reconciler_takes_its_events_and_no_others() {
    let world = with_packages().await;
    let server = &world.api.server;
    let repaired = server.invoke("reconciler", &json!({"chore": "repairs"})).await.unwrap();
    assert_eq!(repaired, json!({"finished": 0, "completed": 0, "failed": 0}));
    world.api.erase("DT#dev1", "INDEX#release").await;
    let mended = server.invoke("reconciler", &json!({"chore": "reconcile"})).await.unwrap();
    assert_eq!((&mended["complete"], &mended["drift"]), (&json!(true), &json!(1)), "{mended}");
    let error = server.invoke("reconciler", &json!({"chore": "sweep the floor"})).await.unwrap_err();
    assert!(error.to_string().contains("errorMessage"), "{error}");
}
