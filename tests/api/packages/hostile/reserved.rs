//! Names that the feed's URLs need for themselves.

use super::{World, control, field, ipk};

#[tokio::test]
async fn a_package_or_version_that_urls_need_is_refused() {
    let world = World::start().await;
    for name in [
        "Packages",
        "Packages.gz",
        "Packages.sig",
        "Packages.asc",
        "Packages.",
        "Packages.x",
        "by-hash",
        "latest",
    ] {
        let package = format!("Package: {name}\nVersion: 1.0\nArchitecture: all\n");
        let version = format!("Package: p\nVersion: {name}\nArchitecture: all\n");
        for text in [package, version] {
            let detail = world.expect_refused(&ipk(text.as_bytes()), "reserved_name", name).await;
            assert_eq!(detail, format!("{name} is a reserved name"));
        }
    }
}

#[tokio::test]
async fn a_field_that_urls_need_is_refused_in_any_case() {
    let world = World::start().await;
    for name in
        ["Packages", "packages", "PACKAGES.gz", "Packages.x", "by-hash", "By-Hash", "Latest", "LATEST"]
    {
        let text = control("p", &format!("{name}: x\n"));
        world.expect_refused(&ipk(text.as_bytes()), "reserved_name", name).await;
    }
}

#[tokio::test]
async fn a_name_that_is_only_like_one_is_found_at_every_url() {
    let world = World::start().await;
    for (package, version) in [
        ("packages", "packages"),
        ("Latest", "By-Hash"),
        ("Packages-1", "latest1"),
        ("Size", "Size"),
        ("release", "dev"),
    ] {
        let text = format!("Package: {package}\nVersion: {version}\nArchitecture: all\nSection: s\n");
        let (_, entry) = world.expect_indexed(&ipk(text.as_bytes()), package).await;
        assert_eq!(field(&entry, "Version"), version);
        for at in [format!("/beta/dev1/{package}"), format!("/beta/dev1/{package}/{version}")] {
            let entries = world.expect_clean_index(&at).await;
            assert_eq!(entries, std::slice::from_ref(&entry), "{at}");
        }
        for name in ["Size", "size", "Section"] {
            let line = world.get(&format!("/beta/dev1/{package}/{version}/{name}")).await.expect(200);
            let line = String::from_utf8(line.bytes).unwrap();
            let name = if name == "size" { "Size" } else { name };
            assert_eq!(line, format!("{name}: {}\n", field(&entry, name)));
        }
    }
}

#[tokio::test]
async fn a_name_of_dots_and_plus_signs_is_found_at_every_url() {
    let world = World::start().await;
    for (package, version, path) in [
        ("libstdc++6", "1:4.7~rc1+git-r0", "libstdc++6/1:4.7~rc1+git-r0"),
        ("libstdc++6", "1:4.7~rc1+git-r1", "libstdc%2b%2b6/1%3A4.7%7erc1%2Bgit-r1"),
        ("a.b..c", "...", "a.b..c/..."),
        ("x", "~", "x/~"),
        ("y", "1:2:3", "y/1:2:3"),
    ] {
        let text = format!("Package: {package}\nVersion: {version}\nArchitecture: all\n");
        let (_, entry) = world.expect_indexed(&ipk(text.as_bytes()), package).await;
        assert_eq!(
            world.expect_clean_index(&format!("/beta/dev1/{path}")).await,
            std::slice::from_ref(&entry)
        );
        let file = world.get(&format!("/beta/dev1/{path}/{}", field(&entry, "Filename"))).await.expect(200);
        assert_eq!(file.bytes.len().to_string(), field(&entry, "Size"));
    }
}
