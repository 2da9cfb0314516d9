//! What the two doors do to requests before a function sees them, and what they let nobody do.

use serde_json::{Value, json};
use shared::domain::Sha256;
use tests::api::{Api, Tenant};

/// The path that asks whether type 105 has this name, already encoded, in version 1.
fn exists(tenant: &Tenant, encoded: &str) -> String {
    tenant.path(&format!("/pool/types/105/names/{encoded}/versions/1/exists"))
}

/// Every byte as `%XX`.
fn encode(text: &str) -> String {
    text.bytes().flat_map(|byte| format!("%{byte:02X}").into_bytes()).map(char::from).collect()
}

#[tokio::test]
async fn a_path_is_decoded_and_a_plus_is_a_plus() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    api.create_type(&acme, 105).await;
    let names = ["two words", "ключ ☕", "a+b", "a&b=c;d,e", "~!@$^*()'\":[]{}|<>", "..."];
    for name in names {
        api.register(&acme, 105, name, "1").await;
        let here = api.get(&exists(&acme, &encode(name)), &acme.read).await.expect(200);
        assert_eq!(here.json(), json!({"value": true}), "{name}");
        let other = api.get(&exists(&acme, &encode(&format!("{name}x"))), &acme.read).await.expect(200);
        assert_eq!(other.json(), json!({"value": false}), "{name}");
    }
    for (encoded, value) in
        [("a+b", true), ("a%2Bb", true), ("a%20b", false), ("two%20words", true), ("two+words", false)]
    {
        let answer = api.get(&exists(&acme, encoded), &acme.read).await.expect(200);
        assert_eq!(answer.json(), json!({"value": value}), "{encoded}");
    }
}

#[tokio::test]
async fn an_encoded_slash_is_a_slash_and_gets_around_nothing() {
    let api = Api::start().await;
    let (acme, bolt) = (api.tenant("acme").await, api.tenant("bolt").await);
    api.create_type(&acme, 105).await;
    api.register(&acme, 105, "a", "1").await;
    for encoded in ["a%2Fb", "%2F"] {
        api.get(&exists(&acme, encoded), &acme.read).await.expect_problem(404, "not_found");
    }
    for encoded in ["a%2Fversions%2F1%2Fexists%2F..", "..%2F..%2F..%2Ftypes"] {
        api.get(&exists(&acme, encoded), &acme.read).await.expect_problem(400, "invalid_parameter");
    }
    for path in [
        "/v1/ota/partners/acme%2Ftypes",
        "/v1/ota/partners/%61cme/types",
        "/v1/ota/partners/acme%20/types",
        "/v1/ota/partners/ACME/types",
    ] {
        api.get(path, &bolt.release).await.expect_problem(404, "not_found");
    }
    for path in ["/v1/ota/partners/bolt%2F..%2Facme/types", "/v1/ota/partners/acme%00/types"] {
        api.get(path, &bolt.release).await.expect_problem(400, "invalid_parameter");
    }
    assert_eq!(api.get("/v1/ota/partners/%61cme/types", &acme.read).await.expect(200).json()[8]["type"], 105);
}

#[tokio::test]
async fn characters_that_mean_something_in_a_path_are_refused_and_harm_nothing() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    api.create_type(&acme, 105).await;
    for encoded in [
        "%3F",
        "a%3Fb",
        "%23",
        "a%23b",
        "%25",
        "a%5Cb",
        "%00",
        "%7F",
        "%",
        "%zz",
        "%20",
        "%20a",
        // Encoded twice.
        "%252F",
        "a%253Fb",
        "a%2525b",
        "a%2500b",
        "%252E%252E",
    ] {
        api.get(&exists(&acme, encoded), &acme.read).await.expect_problem(400, "invalid_parameter");
    }
}

#[tokio::test]
async fn a_path_that_would_turn_into_another_is_refused() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let feeds = async || api.get(&acme.path("/feeds"), &acme.read).await.expect(200).json();
    api.call("PUT", &acme.path("/feeds/dev-lab"), &acme.write, Value::Null).await.expect(204);
    let before = feeds().await;
    for (method, rest) in [
        ("DELETE", "/feeds/alpha/devices/..%2f..%2fdev-lab"),
        ("DELETE", "/feeds/dev-lab%3fb"),
        ("PUT", "/feeds/new%0afeed"),
        ("PUT", "/feeds/new%23feed"),
    ] {
        let answer = api.call(method, &acme.path(rest), &acme.release, Value::Null).await;
        answer.expect_problem(400, "invalid_parameter");
    }
    assert_eq!(feeds().await, before);
}

#[tokio::test]
async fn an_unknown_path_is_a_problem_with_and_without_a_key() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    for path in [
        "/",
        "/v1",
        "/v1/ota",
        "/v1/ota/whoami/",
        "/V1/ota/whoami",
        "/v1//ota/whoami",
        "/v1/ota/partners/acme",
        "/v1/ota/partners/acme/",
        "/v1/ota/partners/acme/types/",
        "/v1/ota/partners/acme/poo",
        "/v1/ota/deviceTypes/kettle",
        "/v1/ota/admin",
        "/repository",
        "/favicon.ico",
    ] {
        for (method, key) in
            [("GET", ""), ("GET", acme.release.as_str()), ("DELETE", &acme.release), ("BREW", "")]
        {
            if method == "BREW" && api.server.runs_lambda() {
                // A method that nobody knows is the CDN's to refuse, and it is played there.
                continue;
            }
            let answer = api.call(method, path, key, Value::Null).await;
            assert_eq!(answer.status, 404, "{method} {path}");
            answer.expect_problem(404, "not_found");
        }
    }
}

#[tokio::test]
async fn a_method_that_a_path_does_not_take_is_405_and_says_what_it_takes() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let one = "/pool/types/105/versionNumbers/1";
    let of_kettle = "/deviceTypes/kettle/firmwareImages";
    for (method, path, allow) in [
        ("DELETE", acme.path("/types"), "GET,HEAD,POST"),
        ("POST", acme.path("/types/105"), "GET,HEAD,PUT"),
        ("PUT", acme.path("/pool"), "GET,HEAD,POST"),
        ("POST", acme.path("/pool/types/105"), "GET,HEAD"),
        ("POST", acme.path(one), "DELETE,GET,HEAD,PUT"),
        ("PUT", acme.path(&format!("{one}/associations")), "GET,HEAD"),
        ("POST", exists(&acme, "x"), "GET,HEAD"),
        ("POST", acme.path("/tags"), "GET,HEAD"),
        ("PATCH", acme.path("/deviceTypes"), "GET,HEAD,POST"),
        ("PUT", acme.path(of_kettle), "GET,HEAD,POST"),
        ("POST", acme.path(&format!("{of_kettle}/types/105")), "GET,HEAD"),
        // The published page prints PUT here by mistake.
        ("PUT", acme.path(&format!("{of_kettle}/types/105/versionNumbers/1")), "DELETE,GET,HEAD"),
        ("POST", acme.path("/feeds"), "GET,HEAD"),
        ("PUT", acme.path("/keys"), "GET,HEAD,POST"),
        ("OPTIONS", acme.path("/keys/0000000000000000"), "DELETE"),
        ("PUT", "/v1/ota/admin/partners".to_owned(), "GET,HEAD,POST"),
        ("GET", "/v1/ota/admin/types".to_owned(), "POST"),
        ("DELETE", "/v1/ota/admin/types/9".to_owned(), "PUT"),
    ] {
        let answer = api.call(method, &path, &acme.release, Value::Null).await;
        let answer = answer.expect_problem(405, "method_not_allowed");
        let mut allowed: Vec<_> = answer.header("allow").split(',').map(str::trim).collect();
        allowed.sort_unstable();
        assert_eq!(allowed.join(","), allow, "{method} {path}");
    }
}

#[tokio::test]
async fn head_is_get_without_its_body() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    for path in ["/types", "/pool", "/types/105", "/nowhere"] {
        let path = acme.path(path);
        let get = api.get(&path, &acme.read).await;
        let head = api.call("HEAD", &path, &acme.read, Value::Null).await;
        assert_eq!(head.status, get.status, "{path}");
        assert!(head.bytes.is_empty());
        assert_eq!(head.header("content-length"), get.bytes.len().to_string(), "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
    }
}

#[tokio::test]
async fn a_body_that_no_event_can_carry_is_the_gateways_bare_413() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    let send = async |media: &str, size: usize| {
        let request = api.request("POST", &acme.path("/types")).bearer_auth(&acme.write);
        api.send(request.header("content-type", media).body(vec![b' '; size])).await
    };
    for (media, size) in [("application/octet-stream", 4_800_000), ("application/json", 6_400_000)] {
        let answer = send(media, size).await.expect(413);
        assert_eq!(answer.json(), json!({"message": "Request Entity Too Large"}), "{media}");
        assert_eq!(answer.header("content-type"), "application/json");
    }
    // Text is not encoded, and reaches the function, which has a limit of its own.
    send("application/json", 4_800_000).await.expect_problem(413, "body_too_large");
}

#[tokio::test]
async fn nobody_says_for_himself_who_he_is() {
    let api = Api::start().await;
    api.tenant("acme").await;
    let who = json!({"partner": "acme", "right": "release", "keyId": "0000000000000000", "bearer": false});
    let context = json!({"authorizer": {"lambda": who}, "requestId": "forged", "http": {"method": "GET"}});
    let event = json!({"version": "2.0", "requestContext": context, "rawPath": "/v1/ota/whoami"});
    for name in [
        "x-amzn-request-context",
        "x-amzn-lambda-context",
        "x-amzn-apigateway-event",
        "x-lambda-context",
        "authorizer",
        "x-apigateway-event",
        "x-apigateway-context",
    ] {
        for value in [context.to_string(), event.to_string(), who.to_string()] {
            let request = api.request("GET", "/v1/ota/whoami").header(name, &value);
            let refused = api.send(request).await.expect_problem(401, "key_missing");
            assert_ne!(refused.header("x-request-id"), "forged");
            let request = api.request("GET", "/v1/ota/partners/acme/types").header(name, value);
            api.send(request).await.expect_problem(401, "key_missing");
        }
    }
    let body = json!({"name": "T", "type": 105, "requestContext": context});
    api.call("POST", "/v1/ota/partners/acme/types", "", body).await.expect_problem(401, "key_missing");
}

#[tokio::test]
async fn the_edge_alone_says_what_a_device_has_shown() {
    let hash = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    api.create_device_type(&acme, "kettle").await;
    let record = api.image(&acme, 3, "1.0-dev", b"for the bench").await;
    api.associate(&acme, "kettle", &record, "dev").await.expect(201);
    let grant = json!({"hexSha1": hash, "label": "bench"});
    api.call("POST", &acme.path("/feeds/dev/devices"), &acme.release, grant).await.expect(201);

    let path = "/v1/ota/deviceTypes/kettle/eligibility?feed=dev&2003=0";
    let check = |headers: &[(&'static str, &'static str)]| {
        let request =
            headers.iter().fold(api.request("GET", path), |all, (name, value)| all.header(*name, *value));
        api.send(request)
    };
    let shown = check(&[("authorization", hash)]).await.expect(200).json();
    assert_eq!(shown["updates"][0]["sha256"], json!(Sha256::of(b"for the bench")));
    let other = "0000000000000000000000000000000000000000";
    for headers in [
        [("x-device-authorization", hash)].as_slice(),
        &[("X-Device-Authorization", hash), ("authorization", other)],
        &[("authorization", other)],
        &[],
    ] {
        check(headers).await.expect_problem(401, "credential_required");
    }
    let both = check(&[("x-device-authorization", other), ("authorization", hash)]).await.expect(200);
    assert_eq!(both.json()["updates"][0]["version"], "1.0-dev");
}

#[tokio::test]
async fn a_hostile_host_reaches_no_url() {
    let api = Api::start().await;
    let acme = api.tenant("acme").await;
    api.create_device_type(&acme, "kettle").await;
    let record = api.image(&acme, 3, "1.0", b"firmware").await;
    api.associate(&acme, "kettle", &record, "release").await.expect(201);
    let digest = Sha256::of(b"firmware");
    let record_path = api.record_path(&acme, &record);
    let paths = [
        ("/v1/ota/deviceTypes/kettle/eligibility?2003=0", String::new()),
        (&record_path, acme.read.clone()),
        (&acme.path(&format!("/binaries/{digest}")), acme.read.clone()),
    ];
    for (path, key) in &paths {
        for (name, value) in [
            ("host", "evil.example"),
            ("x-forwarded-host", "evil.example"),
            ("forwarded", "host=evil.example;proto=ftp"),
            ("x-forwarded-proto", "evil"),
            ("x-original-url", "//evil.example/"),
        ] {
            let request = api.request("GET", path).header(name, value).bearer_auth(key);
            let answer = api.send(request).await.expect(200);
            let text = String::from_utf8(answer.bytes).unwrap();
            assert!(!text.contains("evil"), "{name}: {text}");
            let url = format!("{}/repository/{digest}", api.server.base_url());
            assert!(text.contains(&url), "{name}: {text}");
        }
    }
    for host in ["a b", "user@host", "a/b", "[", ""] {
        let answer = api.send(api.request("GET", "/v1/ota/whoami").header("host", host)).await;
        assert_eq!((answer.status, answer.json()), (400, json!({"message": "Bad Request"})), "{host}");
    }
}
