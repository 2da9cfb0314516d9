//! Every shape that a URL below a restricted feed can have.

/// What may follow a device type.
const BELOW: [&str; 31] = [
    "",
    "/",
    "/Packages",
    "//Packages",
    "/Packages.gz",
    "/Packages.asc",
    "/Packages.sig",
    "/base",
    "/base/",
    "/base/Packages",
    "/base/Packages.gz",
    "/base/latest",
    "/base/latest/Packages.gz",
    "/base/latest/Version",
    "/base/1.0",
    "/base/1.0/Packages",
    "/base/1.0/Packages.sig",
    "/base/1.0/Version",
    "/base/1.0/X-Feed",
    "/base/1.0/Nothing",
    "/base/9",
    "/base/9/Version",
    "/nothing",
    "/nothing/latest",
    "/nothing/latest/Version",
    "/a/b/c/d/e/f",
    "/base/1.0/Version/Packages",
    "/by-hash",
    "/%ff",
    "/base/%ff",
    "/base/%00",
];

/// Paths below `/{feed}` for a device type.
pub(super) fn of(feed: &str, device_type: &str) -> Vec<String> {
    BELOW.iter().map(|below| format!("/{feed}/{device_type}{below}")).collect()
}

/// Some of them, where there is much else to try.
pub(super) fn few(feed: &str, device_type: &str) -> Vec<String> {
    of(feed, device_type).into_iter().step_by(5).collect()
}

/// A restricted feed whose name is too long for any feed.
pub(super) fn too_long() -> String {
    format!("dev-{}", "a".repeat(60))
}

/// Paths of a package's bytes whose signature nobody made, and what only looks like one.
pub(super) fn forged(feed: &str, device_type: &str) -> Vec<String> {
    let sha256 = "0".repeat(64);
    let file = format!("by-hash/{sha256}/k1.0.AAAAAAAAAAAAAAAAAAAAAA/base_1.0_all.ipk");
    let others = ["by-hash/", "by-hash/aa", "by%2dhash/aa", "by-hash/aa/Packages"];
    let paths = ["", "/base", "/base/1.0"].map(|index| format!("/{feed}/{device_type}{index}"));
    let all = |file: &str| paths.iter().map(move |path| format!("{path}/{file}")).collect::<Vec<_>>();
    others.into_iter().flat_map(&all).chain(all(&file)).collect()
}

/// What no device type can be called.
pub(super) const MALFORMED: [&str; 8] =
    ["No_Slug", "DEV1", "-dev1", "dev1%20", "%ff", "a%2fb", "%C3%BC", "dev1%2e"];
