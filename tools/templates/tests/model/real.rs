use std::collections::BTreeSet;
use std::path::PathBuf;

use templates::{Infra, Settings, Target};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn infra() -> Infra {
    let read = Infra::read(&root().join("infra/template.yaml"), Settings::default());
    read.unwrap_or_else(|error| panic!("{}", error.whole()))
}

#[test]
fn every_resource_evaluates() {
    let resources = infra().resources().unwrap_or_else(|error| panic!("{}", error.whole()));
    assert!(resources.len() > 30, "{}", resources.len());
}

#[test]
fn the_functions_are_those_that_have_a_folder() {
    let named: BTreeSet<String> = infra().functions().unwrap().into_iter().map(|each| each.name).collect();
    let folders = std::fs::read_dir(root().join("functions")).unwrap();
    let folders: BTreeSet<String> =
        folders.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(named, folders);
}

#[test]
fn whatever_has_no_route_of_its_own_comes_to_a_function_without_a_key() {
    let api = infra().apis().unwrap().remove(0);
    for path in ["/nowhere", "/v1/ota/partners/acme/types/", "/"] {
        let (route, _) = api.route("BREW", path).unwrap();
        assert!(route.is_default() && route.authorizer.is_none(), "{path}: {route:?}");
    }
}

#[test]
fn each_door_of_the_cdn_leads_to_what_is_behind_it() {
    let infra = infra();
    let cdn = infra.cdns().unwrap().remove(0);
    let functions = infra.functions().unwrap();
    let behind = |path: &str| match &cdn.behaviour(path).unwrap().target {
        Target::Function(id) => functions.iter().find(|each| each.id == *id).unwrap().name.clone(),
        Target::Api(_) => "the API".to_owned(),
        Target::Bucket(id) => id.clone(),
    };
    for (path, expected) in [
        ("/release/dev1/Packages", "feeds"),
        ("/dev/dev1/Packages", "feeds"),
        ("/dev-lab", "feeds"),
        ("/", "feeds"),
        ("/v1/ota/deviceTypes/kettle/eligibility", "eligibility"),
        ("/v1/ota/partners/acme/types", "the API"),
        ("/oauth/token", "the API"),
        ("/repository/x/y/z", "Storage.BinariesBucket"),
        ("/release/dev1/by-hash/x/y/z.ipk", "Storage.BinariesBucket"),
        ("/dev/dev1/by-hash/x/y/z.ipk", "Storage.BinariesBucket"),
        ("/console/index.html", "Storage.ConsoleBucket"),
    ] {
        assert_eq!(behind(path), expected, "{path}");
    }
}
