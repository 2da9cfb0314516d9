//! Entity tags of indexes: 40 hex digits, the same however it is asked.

use tests::ipk::Ipk;

use super::Story;

fn is_tag(tag: &str) -> bool {
    let bare = tag.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default();
    bare.len() == 40 && bare.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

const FILES: [&str; 5] = ["", "/Packages", "/Packages.gz", "/Packages.asc", "/Packages.sig"];

#[tokio::test]
async fn a_tag_is_strong_has_40_hex_digits_and_is_the_same_on_head_get_and_206() {
    let story = Story::told().await;
    for base in ["/release/dev1", "/release/dev1/base", "/release/dev1/base/1.0", "/beta/dev1"] {
        for file in FILES {
            let path = format!("{base}{file}");
            let tag = story.world.both(&path, &[]).await.expect(200).header("etag").to_owned();
            assert!(is_tag(&tag), "{path}: {tag}");
            if !(base == "/beta/dev1" && matches!(file, "" | "/Packages")) {
                let part = story.world.ask("GET", &path, &[("range", "bytes=1-")]).await.expect(206);
                assert_eq!(part.header("etag"), tag, "{path}");
            }
            let same = story.world.both(&path, &[("if-none-match", &tag)]).await.expect(304);
            assert_eq!(same.header("etag"), tag);
        }
    }
    for path in ["/release", "/release/dev1/base/latest/Section"] {
        assert!(is_tag(story.world.both(path, &[]).await.expect(200).header("etag")), "{path}");
    }
}

#[tokio::test]
async fn a_tag_changes_with_the_bytes_and_with_nothing_else() {
    let story = Story::told().await;
    let world = &story.world;
    let all = async |base: &str| {
        let mut tags = Vec::new();
        for file in FILES {
            tags.push(world.get(&format!("{base}{file}")).await.expect(200).header("etag").to_owned());
        }
        tags
    };
    let (device, mail) = (all("/release/dev1").await, all("/release/dev1/mail").await);
    assert_eq!(all("/release/dev1").await, device);
    world.wait();
    assert_eq!(all("/release/dev1").await, device, "time alone changes nothing");
    world.place("release", &Ipk::new("base", "1.2")).await;
    for (new, old) in all("/release/dev1").await.iter().zip(&device) {
        assert_ne!(new, old);
    }
    let later = all("/release/dev1/mail").await;
    assert_eq!(later[..3], mail[..3], "another package changes nothing");
    assert_eq!(later[4], mail[4], "and a usign signature is the same for the same bytes");
}

#[tokio::test]
async fn a_tag_of_one_form_or_level_is_not_that_of_another() {
    let story = Story::told().await;
    let mut tags = std::collections::BTreeSet::new();
    for base in ["/release/dev1", "/release/dev1/base", "/release/dev1/base/1.0", "/release/dev1/mail"] {
        for file in &FILES[1..] {
            let tag = story.world.get(&format!("{base}{file}")).await.expect(200).header("etag").to_owned();
            assert!(tags.insert(tag), "{base}{file}");
        }
    }
}
