//! Whatever comes and goes: the index is that of what is there, and times go forward for what has changed only.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::domain::{Binary, BinaryKind, Refusal};
use crate::ipkg::stanza::{Field, Stanza};
use crate::secrets::Secret;

fn stanza(package: &str, version: &str, architecture: &str, description: &str) -> Stanza {
    let field = |name: &str, value: &str| Field { name: name.into(), value: value.into() };
    Stanza::new(vec![
        field("Package", package),
        field("Version", version),
        field("Architecture", architecture),
        field("Section", "base"),
        field("Description", description),
    ])
}

fn image(number: i64) -> ImageId {
    ImageId { r#type: 3_u16.try_into().unwrap(), number: number.try_into().unwrap() }
}

fn binary(number: i64) -> Binary {
    let bytes = number.to_be_bytes();
    Binary { sha256: Sha256::of(&bytes), md5: Md5::from_bytes([7; 16]), size: 700, kind: BinaryKind::Package }
}

/// A catalogue, the clock that its pointer would keep, and the images in it by number.
struct World {
    catalogue: Catalogue,
    changed: Seconds,
    there: BTreeMap<i64, Stanza>,
    next: i64,
}

impl World {
    fn new() -> Self {
        let catalogue = Catalogue::empty("dev1".parse().unwrap(), FeedName::release(), 100);
        Self { catalogue, changed: 100, there: BTreeMap::new(), next: 1 }
    }

    fn at(&mut self, now: Seconds) -> Seconds {
        self.changed = now.max(self.changed + 1);
        self.changed
    }

    fn add(&mut self, now: Seconds, stanza: &Stanza) -> Result<Outcome, Refusal> {
        let (number, at) = (self.next, now.max(self.changed + 1));
        let binary = binary(number);
        let outcome = self.catalogue.add(&NewRelease::new(image(number), &binary, stanza)?, at)?;
        self.at(now);
        self.next += 1;
        self.there.insert(number, stanza.clone());
        Ok(outcome)
    }

    fn remove(&mut self, now: Seconds, number: i64) -> Outcome {
        let at = self.at(now);
        self.there.remove(&number);
        self.catalogue.remove(image(number), at)
    }

    fn index(&self, level: &Level) -> Option<String> {
        rendered(&self.catalogue, level)
    }

    fn modified(&self, level: &Level) -> Option<Seconds> {
        self.catalogue.select(level).map(|selection| selection.modified)
    }

    fn rebuilt(&self) -> Catalogue {
        let mut fresh = Catalogue::empty("dev1".parse().unwrap(), FeedName::release(), 100);
        for (number, stanza) in &self.there {
            let binary = binary(*number);
            fresh.put_in(&NewRelease::new(image(*number), &binary, stanza).unwrap(), 101);
        }
        fresh
    }
}

fn rendered(catalogue: &Catalogue, level: &Level) -> Option<String> {
    let secret = Secret::new("d1", vec![1; 32]);
    catalogue.select(level).map(|selection| selection.render(Paths { secret: &secret, key_id: "d1" }))
}

fn package(name: &str) -> Level {
    Level::Package(name.into())
}

fn version(name: &str, version: &str) -> Level {
    Level::Version(name.into(), version.into())
}

#[test]
fn a_version_that_no_client_would_install_is_refused() {
    let mut world = World::new();
    world.add(200, &stanza("base", "1.0", "all", "x")).unwrap();
    for older in ["1.0", "1.0-0", "0:1.0", "0.9", "1.0~rc1"] {
        let refused = world.add(300, &stanza("base", older, "all", "x"));
        assert!(matches!(refused, Err(Refusal::VersionNotNewer { .. })), "{older}");
    }
    world.add(300, &stanza("base", "0.9", "maguro", "x")).expect("another architecture has its own line");
    world.add(300, &stanza("base", "1:0.9", "all", "x")).expect("an epoch goes back");
    assert_eq!(world.catalogue.rows(), 2);
}

#[test]
fn the_index_holds_the_latest_by_package_and_architecture_and_older_ones_stay_by_version() {
    let mut world = World::new();
    for (name, number, architecture) in
        [("b", "1.0", "maguro"), ("b", "1.0", "all"), ("a", "1.0", "all"), ("b", "1.1", "all")]
    {
        world.add(200, &stanza(name, number, architecture, "x")).unwrap();
    }
    let of = |level: &Level| {
        let selection = world.catalogue.select(level)?;
        let line =
            |line: &Line<'_>| format!("{} {} {}", line.package, line.release.version, line.architecture);
        Some(selection.lines.iter().map(line).collect::<Vec<_>>())
    };
    assert_eq!(of(&Level::Device).unwrap(), ["a 1.0 all", "b 1.1 all", "b 1.0 maguro"]);
    assert_eq!(of(&package("b")).unwrap(), ["b 1.1 all", "b 1.0 maguro"]);
    assert_eq!(of(&version("b", "1.0")).unwrap(), ["b 1.0 all", "b 1.0 maguro"]);
    assert_eq!(of(&version("b", "1.0-0")), None, "a version is found as it is spelled");
    assert_eq!(of(&package("c")), None);
}

#[test]
fn a_field_keeps_its_time_over_versions_that_do_not_change_it() {
    let mut world = World::new();
    world.add(200, &stanza("base", "1.0", "all", "first")).unwrap();
    world.add(300, &stanza("base", "1.1", "all", "first")).unwrap();
    world.add(400, &stanza("base", "1.2", "all", "second")).unwrap();
    let time = |level: &Level, name: &str| world.catalogue.select(level).unwrap().field_modified(name);
    assert_eq!(time(&package("base"), "Description"), 400);
    assert_eq!(time(&package("base"), "section"), 200, "names are found in any case");
    assert_eq!(time(&package("base"), "Version"), 400);
    assert_eq!(time(&package("base"), "Filename"), 400);
    assert_eq!(time(&package("base"), "MD5Sum"), 200, "it happens to be the same");
    assert_eq!(time(&version("base", "1.1"), "Description"), 300, "a version is as old as it is here");
}

#[test]
fn going_back_to_an_older_version_changes_the_package_and_only_the_fields_that_differ() {
    let mut world = World::new();
    world.add(200, &stanza("base", "1.0", "all", "first")).unwrap();
    world.add(300, &stanza("base", "1.1", "all", "second")).unwrap();
    assert_eq!(world.remove(400, 2), Outcome::Index);
    let latest = world.catalogue.select(&package("base")).unwrap();
    assert_eq!(latest.modified, 400);
    assert_eq!(latest.shrunk, 0, "the package is still there");
    assert_eq!(latest.field_modified("Description"), 400);
    assert_eq!(latest.field_modified("Section"), 200);
    assert_eq!(world.modified(&version("base", "1.0")), Some(200));
}

#[test]
fn an_older_version_that_goes_changes_nothing_but_its_own_url() {
    let mut world = World::new();
    world.add(200, &stanza("base", "1.0", "all", "x")).unwrap();
    world.add(300, &stanza("base", "1.1", "all", "x")).unwrap();
    assert_eq!(world.remove(400, 1), Outcome::OlderOnly);
    assert_eq!(world.modified(&Level::Device), Some(300));
    assert_eq!(world.modified(&package("base")), Some(300));
    assert_eq!(world.modified(&version("base", "1.0")), None);
}

#[test]
fn what_vanishes_is_known_to_have_vanished_at_every_depth() {
    let mut world = World::new();
    world.add(200, &stanza("base", "1.0", "all", "x")).unwrap();
    world.add(210, &stanza("base", "1.0", "maguro", "x")).unwrap();
    world.add(220, &stanza("mail", "1.0", "all", "x")).unwrap();
    world.remove(300, 2);
    for level in [Level::Device, package("base"), version("base", "1.0")] {
        let selection = world.catalogue.select(&level).unwrap();
        assert_eq!((selection.modified, selection.shrunk), (300, 300), "{level:?}");
    }
    assert_eq!(world.catalogue.select(&version("base", "1.0")).unwrap().field_modified("Section"), 300);
    assert_eq!(world.modified(&package("mail")), Some(220));
    assert_eq!(world.remove(400, 77), Outcome::Nothing);
}

#[test]
fn a_file_is_named_by_what_clients_can_ask_for() {
    let mut world = World::new();
    world.add(200, &stanza("lib+x", "1:1.0~rc1+git:2-r0", "all", "x")).unwrap();
    let index = world.index(&Level::Device).unwrap();
    let name = index.lines().find_map(|line| line.strip_prefix("Filename: ")).unwrap();
    assert!(name.starts_with("by-hash/") && name.ends_with("/lib+x_1.0~rc1+git_2-r0_all.ipk"), "{name}");
    assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || "._~+/-".contains(c)), "{name}");
}

#[test]
fn a_catalogue_reads_back_as_it_was_written() {
    let mut world = World::new();
    world.add(200, &stanza("base", "1.0", "all", "one\ntwo\n\nthree")).unwrap();
    world.add(300, &stanza("base", "1.1", "all", "one\ntwo\n\nthree")).unwrap();
    let text = world.catalogue.to_text().unwrap();
    assert_eq!(Catalogue::from_text(text.as_bytes()).unwrap(), world.catalogue);
}

#[derive(Debug, Clone)]
enum Step {
    Add { package: usize, version: usize, architecture: usize, description: usize },
    Remove(usize),
}

fn steps() -> impl Strategy<Value = Vec<(Seconds, Step)>> {
    let add = (0..3_usize, 0..6_usize, 0..2_usize, 0..2_usize).prop_map(
        |(package, version, architecture, description)| Step::Add {
            package,
            version,
            architecture,
            description,
        },
    );
    let step = prop_oneof![3 => add, 2 => (0..20_usize).prop_map(Step::Remove)];
    prop::collection::vec((0..3_i64, step), 1..40)
}

const PACKAGES: [&str; 3] = ["base", "mail", "mail-2"];
const VERSIONS: [&str; 6] = ["1.0", "1.0-r1", "1.1~rc1", "1.1", "1:0.9", "2:0.1"];
const ARCHITECTURES: [&str; 2] = ["all", "maguro"];
const FIELDS: [&str; 6] = ["Package", "Version", "Section", "Description", "Filename", "Size"];

/// Everything that can be asked for.
fn levels() -> Vec<Level> {
    let of = |name: &str| {
        let versions = VERSIONS.map(|text| version(name, text));
        std::iter::once(package(name)).chain(versions).collect::<Vec<_>>()
    };
    std::iter::once(Level::Device).chain(PACKAGES.iter().flat_map(|name| of(name))).collect()
}

/// What a URL gives, and when that last changed.
type Given = BTreeMap<String, (Option<String>, Option<Seconds>)>;

fn given(catalogue: &Catalogue) -> Given {
    let secret = Secret::new("d1", vec![1; 32]);
    let paths = Paths { secret: &secret, key_id: "d1" };
    let mut all = Given::new();
    for level in levels() {
        let selection = catalogue.select(&level);
        let modified = selection.as_ref().map(|selection| selection.modified);
        all.insert(format!("{level:?}"), (rendered(catalogue, &level), modified));
        for name in FIELDS {
            let lines = selection.as_ref().and_then(|selection| selection.render_field(paths, name));
            let time = lines.is_some().then(|| selection.as_ref().unwrap().field_modified(name));
            all.insert(format!("{level:?}/{name}"), (lines, time));
        }
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_index_is_one_rebuilt_from_nothing_and_times_follow_what_changes(steps in steps()) {
        let mut world = World::new();
        let mut now = 200;
        let mut last: BTreeMap<String, Seconds> = BTreeMap::new();
        let mut before = given(&world.catalogue);
        for (wait, step) in steps {
            now += wait;
            let earlier = world.changed;
            match step {
                Step::Add { package, version, architecture, description } => {
                    let text = stanza(
                        PACKAGES[package],
                        VERSIONS[version],
                        ARCHITECTURES[architecture],
                        ["first", "second"][description],
                    );
                    let _ = world.add(now, &text);
                }
                Step::Remove(place) => {
                    let Some(number) = world.there.keys().nth(place).copied() else { continue };
                    world.remove(now, number);
                }
            }
            let after = given(&world.catalogue);
            let fresh = given(&world.rebuilt());
            for (url, (text, time)) in &after {
                prop_assert_eq!(text, &fresh[url].0, "{} is not what is there", url);
                let (old_text, old_time) = &before[url];
                if text == old_text {
                    prop_assert_eq!(time, old_time, "{} has not changed", url);
                } else if let Some(time) = time {
                    prop_assert!(*time > earlier, "{}: no two changes share a second", url);
                }
                if let Some(time) = time {
                    let highest = last.entry(url.clone()).or_insert(*time);
                    prop_assert!(*time >= *highest, "{} goes back", url);
                    *highest = *time;
                }
            }
            before = after;
        }
    }
}
