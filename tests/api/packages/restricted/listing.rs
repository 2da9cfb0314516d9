//! `/dev`: lists what the credential opens, and lets nobody see that there is more.

use tests::ipk::Ipk;

use super::{HASH, Lab, WRONG, expect_wall, said};

const LONG_AGO: (&str, &str) = ("if-modified-since", "Mon, 01 Oct 2012 08:05:00 GMT");

#[tokio::test]
async fn a_restricted_feed_lists_what_the_credential_opens() {
    let lab = Lab::start().await;
    lab.grant_at_acme("dev", HASH).await;
    lab.grant(&lab.bolt, "dev", WRONG).await;
    let both = "a".repeat(40);
    lab.grant_at_acme("dev", &both).await;
    let theirs = lab.grant(&lab.bolt, "dev", &both).await;
    for (hash, text, json) in [
        (HASH, "dev1\n", r#"["dev1"]"#),
        (WRONG, "bolt1\n", r#"["bolt1"]"#),
        (&both, "bolt1\ndev1\n", r#"["bolt1","dev1"]"#),
    ] {
        for path in ["/dev", "/dev/"] {
            let plain = lab.ask(path, Some(hash)).await.expect(200);
            assert_eq!((String::from_utf8(plain.bytes).unwrap().as_str(), plain.status), (text, 200));
        }
        let answer = lab.ask_with("/dev", Some(hash), &[("accept", "application/json")]).await.expect(200);
        assert_eq!(String::from_utf8(answer.bytes).unwrap(), json);
        let partial = lab.ask_with("/dev", Some(hash), &[LONG_AGO]).await.expect(200);
        assert_eq!(String::from_utf8(partial.bytes).unwrap(), text);
    }
    lab.revoke(&lab.bolt, "dev", &theirs).await;
    assert_eq!(lab.ask("/dev", Some(&both)).await.expect(200).bytes, b"dev1\n");
    expect_wall(lab.ask("/dev", Some(&"b".repeat(40))).await, "/dev");
}

#[tokio::test]
async fn what_another_partner_does_shows_in_no_header_of_the_list() {
    let lab = Lab::start().await;
    lab.grant_at_acme("dev", HASH).await;
    let before = said(&lab.ask("/dev", Some(HASH)).await.expect(200));
    let date = |said: &(u16, Vec<(String, String)>, String)| {
        said.1.iter().find(|(name, _)| name == "last-modified").unwrap().1.clone()
    };
    let seen = date(&before);
    lab.world.api.server.clock().shift(60_000);
    lab.place_at_bolt("dev", &Ipk::new("secret", "2.0")).await;
    assert_eq!(said(&lab.ask("/dev", Some(HASH)).await.expect(200)), before);
    lab.ask_with("/dev", Some(HASH), &[("if-modified-since", &seen)]).await.expect(304);
    // A change of its own does show.
    lab.world.place("dev", &Ipk::new("base", "2.0")).await;
    let after = said(&lab.ask("/dev", Some(HASH)).await.expect(200));
    assert_ne!(date(&after), seen);
    let partial = lab.ask_with("/dev", Some(HASH), &[("if-modified-since", &seen)]).await.expect(200);
    assert_eq!(partial.bytes, b"dev1\n");
}

#[tokio::test]
async fn a_grant_of_a_partner_without_packages_opens_an_empty_list() {
    let lab = Lab::start().await;
    let api = &lab.world.api;
    let third = api.tenant("third").await;
    api.create_device_type(&third, "third1").await;
    lab.grant(&third, "dev", HASH).await;
    let list = lab.ask("/dev", Some(HASH)).await.expect(200);
    assert_eq!((list.bytes.as_slice(), list.header("content-length")), (&b""[..], "0"));
    let list = lab.ask_with("/dev", Some(HASH), &[("accept", "application/json")]).await.expect(200);
    assert_eq!(list.bytes, b"[]");
}

#[tokio::test]
async fn the_list_of_an_open_feed_names_nothing_of_a_restricted_one() {
    let lab = Lab::start().await;
    lab.grant_at_acme("dev", HASH).await;
    for feed in ["release", "alpha", "beta"] {
        for credential in [None, Some(HASH)] {
            let list = lab.ask(&format!("/{feed}"), credential).await.expect(200);
            assert_eq!(list.bytes, b"", "{feed}");
        }
    }
    lab.world.place("beta", &Ipk::new("open", "1")).await;
    assert_eq!(lab.ask("/beta", None).await.expect(200).bytes, b"dev1\n");
    let index = lab.ask("/beta/dev1", None).await.expect(200);
    assert!(!String::from_utf8(index.bytes).unwrap().contains("Package: base"));
}
