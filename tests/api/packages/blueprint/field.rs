//! `/:feed/:devicename/:package/:version/:field`: HEAD and GET.

use tests::ipk::Ipk;

use super::{Story, date, lasting, modified, text};

#[tokio::test]
async fn head_of_a_field_says_when_that_field_last_changed() {
    let story = Story::told().await;
    let times = async |field: &str| {
        modified(
            &story.world.ask("HEAD", &format!("/release/dev1/base/latest/{field}"), &[]).await.expect(200),
        )
    };
    for same in ["Package", "Section", "Architecture"] {
        assert_eq!(times(same).await, story.came[0], "{same} is what it was in 1.0");
    }
    for changed in ["Version", "Description", "Filename", "MD5Sum", "SHA256sum"] {
        assert_eq!(times(changed).await, story.came[2], "{changed}");
    }
}

#[tokio::test]
async fn head_of_a_field_of_one_version_says_when_that_version_came() {
    let story = Story::told().await;
    for (version, came) in [("1.0", story.came[0]), ("1.1", story.came[2])] {
        for field in ["Section", "Description", "filename"] {
            let path = format!("/release/dev1/base/{version}/{field}");
            assert_eq!(modified(&story.world.both(&path, &[]).await.expect(200)), came, "{path}");
        }
    }
}

#[tokio::test]
async fn get_of_a_field_is_the_line_of_the_index() {
    let story = Story::told().await;
    let world = &story.world;
    for version in ["latest", "1.1", "1.0"] {
        let index = world.get(&format!("/release/dev1/base/{version}")).await;
        let mut count = 0;
        for line in text(&index).lines().filter(|line| !line.starts_with(' ') && !line.is_empty()) {
            let (name, _) = line.split_once(':').unwrap();
            let field = world.both(&format!("/release/dev1/base/{version}/{name}"), &[]).await.expect(200);
            assert_eq!(text(&field).lines().next(), Some(line));
            assert_eq!(field.header("content-type"), "text/plain; charset=utf-8");
            let more = if name == "Description" { "\n and\n .\n more\n" } else { "\n" };
            assert_eq!(text(&field), format!("{line}{more}"));
            count += 1;
        }
        assert_eq!(count, 9, "{}", text(&index));
    }
}

#[tokio::test]
async fn a_field_is_found_by_its_name_in_any_case() {
    let story = Story::told().await;
    for names in [
        ["MD5Sum", "md5sum", "MD5SUM"],
        ["Section", "section", "sECTION"],
        ["Filename", "FILENAME", "filename"],
    ] {
        let [first, rest @ ..] = names;
        let expected = story.world.both(&format!("/release/dev1/base/latest/{first}"), &[]).await.expect(200);
        for name in rest {
            let same = story.world.both(&format!("/release/dev1/base/latest/{name}"), &[]).await.expect(200);
            assert_eq!(
                (same.bytes.as_slice(), lasting(&same)),
                (expected.bytes.as_slice(), lasting(&expected)),
                "{name}"
            );
        }
    }
}

#[tokio::test]
async fn a_field_that_the_package_does_not_have_is_not_found() {
    let story = Story::told().await;
    for path in [
        "base/latest/Depends",
        "base/1.0/Sec",
        "base/latest/Section2",
        "base/1.1/and",
        "nosuch/latest/Section",
        "base/9/Section",
        "base/latest/more",
        "base/latest/.",
    ] {
        for method in ["GET", "HEAD"] {
            let answer = story.world.ask(method, &format!("/release/dev1/{path}"), &[]).await;
            // A client that resolves the dot asks for the version.
            assert_eq!(answer.status, if path.ends_with('.') { 200 } else { 404 }, "{path}");
        }
    }
    story.world.get("/release/dev1/base/latest/Section/more").await.expect(404);
    story.world.get("/release/dev1/base/latest/Section/Packages").await.expect(404);
}

#[tokio::test]
async fn a_field_over_several_architectures_has_a_line_for_each() {
    let story = Story::told().await;
    let world = &story.world;
    world.place("release", &Ipk::new("base", "0.9").architecture("maguro").line("Depends: mail")).await;
    let get =
        async |field: &str| world.both(&format!("/release/dev1/base/latest/{field}"), &[]).await.expect(200);
    assert_eq!(text(&get("Version").await), "Version: 1.1\nVersion: 0.9\n");
    assert_eq!(text(&get("Architecture").await), "Architecture: all\nArchitecture: maguro\n");
    assert_eq!(text(&get("Depends").await), "Depends: mail\n");
    assert_eq!(text(&get("Section").await), "Section: core\n");
}

#[tokio::test]
async fn a_field_that_only_one_architecture_has_keeps_its_time_when_another_changes() {
    let story = Story::told().await;
    let world = &story.world;
    world.place("release", &Ipk::new("base", "0.9").architecture("maguro")).await;
    let section = world.both("/release/dev1/base/latest/section", &[]).await.expect(200);
    assert_eq!((text(&section), modified(&section)), ("Section: core\n", story.came[0]));
    world.wait();
    world.place("release", &Ipk::new("base", "0.9.1").architecture("maguro")).await;
    let again = world.both("/release/dev1/base/latest/section", &[]).await.expect(200);
    assert_eq!(lasting(&again), lasting(&section));
    world.wait();
    world.place("release", &Ipk::new("base", "0.9.2").architecture("maguro").line("Section: old")).await;
    let two = world.both("/release/dev1/base/latest/section", &[]).await.expect(200);
    assert_eq!(text(&two), "Section: core\nSection: old\n");
    let came = modified(&two);
    world.wait();
    world.place("release", &Ipk::new("base", "0.9.3").architecture("maguro")).await;
    let one = world.both("/release/dev1/base/latest/section", &[]).await.expect(200);
    assert_eq!(text(&one), "Section: core\n");
    assert!(modified(&one) > came, "a line that went away is a change");
}

#[tokio::test]
async fn if_modified_since_on_a_field_is_all_or_nothing() {
    let story = Story::told().await;
    let path = "/release/dev1/base/latest/Section";
    let field = story.world.get(path).await.expect(200);
    for (since, status) in
        [(story.came[0] - 1, 200), (story.came[0], 304), (story.came[1], 304), (story.came[2], 304)]
    {
        let header = date(since);
        let answer = story.world.both(path, &[("if-modified-since", &header)]).await.expect(status);
        assert_eq!(answer.header("etag"), field.header("etag"));
        assert_eq!(answer.bytes, if status == 200 { field.bytes.clone() } else { Vec::new() });
    }
}
