//! Paths of feeds, and of nothing.

use super::super::Case;
use super::{AUTHORIZATION, DATE, HASH, IF_MODIFIED_SINCE, IMEI, file};

/// Every URL of the blueprint, and the files that opkg fetches.
pub(super) fn urls() -> Vec<Case> {
    let mut all = Vec::new();
    for feed in ["release", "dev"] {
        for below in [
            "",
            "/dev1",
            "/dev1/base",
            "/dev1/base/latest",
            "/dev1/base/1:1.0%2bgit~rc1",
            "/dev1/base/latest/Size",
            "/a/b/c/d/e",
        ] {
            let asked = Case::get(format!("/{feed}{below}")).header(AUTHORIZATION, HASH);
            all.push(asked.clone());
            all.push(asked.header(IF_MODIFIED_SINCE, DATE));
        }
        for file in [
            "Packages",
            "Packages.gz",
            "Packages.asc",
            "Packages.sig",
            "Packages.xz",
            "Packagesx",
            "packages",
            "%50ackages",
            "Packages%2egz",
            "Packages%0a",
        ] {
            for index in ["dev1", "dev1/base", "dev1/base/1.0"] {
                let asked = Case::get(format!("/{feed}/{index}/{file}")).header(AUTHORIZATION, HASH);
                all.push(asked.header(IF_MODIFIED_SINCE, DATE));
            }
        }
        all.push(Case::get(format!("/{feed}/dev1")));
    }
    all
}

pub(super) fn first_segments() -> Vec<Case> {
    let mut all = Vec::new();
    for first in [
        "/dev",
        "/dev-",
        "/dev-lab",
        "//dev",
        "///dev",
        "/%64ev",
        "/d%65v",
        "/%2564ev",
        "/dev%2d%6cab",
        "/DEV",
        "/Dev",
        "/dev-LAB",
        "/dev%2f",
        "/dev%2fdev1",
        "/dev%20",
        "/dev+",
        "/dev;x",
        "/dev.",
        "/.dev",
        "/dev_",
        "/dev%00",
        "/dev%0a",
        "/dev%5c",
        "/dev%3f",
        "/dev\\x",
        "/dev%EF%BC%8F",
        "/dev\u{ff0f}",
        "/devel",
        "/xdev",
        "/-",
        "/0",
        "/release",
        "//release",
        "/%72elease",
        "/v1",
        "/v1/../dev",
        "/v1//ota",
        "/v2",
        "/oauth",
        "/console",
        "/docs",
        "/health",
        "/robots.txt",
        "/favicon.ico",
        "/.",
        "/..",
        "/./dev",
        "/../dev",
        "/%2e/dev",
        "",
    ] {
        all.push(Case::get(format!("{first}/dev1")));
        all.push(Case::get(format!("{first}/dev1/Packages")).header(AUTHORIZATION, HASH));
    }
    for path in [
        "/",
        "//",
        "/release/%64ev%31",
        "/release//%64ev1/Packages",
        "/release/dev%2D1/%6cib/latest",
        "/release/%44ev1",
        "/release/dev%2f1",
        "/release/dev%c3%bc",
        "/release/%",
        "/dev",
        "/dev/",
        "/release",
        "/release/",
        "/favicon.ico",
        "/v1",
        "/oauth",
        "/console",
        "/docs/x",
    ] {
        all.push(Case::get(path));
        all.push(Case::get(path).method("POST"));
    }
    all
}

pub(super) fn spellings() -> Vec<Case> {
    let paths = [
        "/release//dev1",
        "/release///dev1///base//",
        "/release/dev1//Packages.gz/",
        "/release/dev1/%2b%2B+ ",
        "/release/./dev1",
        "/release/../dev/dev1",
        "/release/%2e%2e/dev/dev1",
        "/release/.%2E/dev/dev1",
        "/release/...",
        "/release/dev1/.",
        "/release/dev1/%2E",
        "/release/..%2fdev",
        "/release/..%0a",
        "/dev/../release/dev1",
        "/dev/./dev1",
        "/release/dev1\\base",
        "/release/%5c",
        "/release/dev1#x",
        "/release/dev1?x",
        "/release/%",
        "/release/%zz",
        "/release/%c3%28",
        "/release/\u{fc}",
        "/release/%00",
        "/release/dev1/a%2fb",
        "/release/\u{85}",
        "/release/%85",
        "/dev/%ff/base",
        "/dev/dev1/%ff",
    ];
    paths.into_iter().map(Case::get).collect()
}

pub(super) fn methods() -> Vec<Case> {
    let mut all = Vec::new();
    let package = format!("/release/dev1/by-hash/{}", file("base_1.0_all.ipk"));
    for path in [
        "/release",
        "/release/dev1/Packages",
        "/dev",
        "/dev/dev1",
        "/nosuch/x",
        &package,
        "//release",
        "/release/./x",
    ] {
        for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"] {
            all.push(Case::get(path).method(method));
        }
        all.push(Case::get(path).method("POST").header(AUTHORIZATION, IMEI));
    }
    all
}
