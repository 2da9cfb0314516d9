//! Random operations, after each of which every feed shows what a model made from nothing shows, and times go forward
//! for what has changed, and for nothing else. `OTA_TEST_SEQUENCES` sets how many sequences a seed plays.

mod observe;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use tests::api::{Answer, Api, Tenant};
use tests::table::Dump;

use self::observe::Url;
use super::model::{Pack, latest};
use crate::manifests::model::{Dice, sequences};

/// Operations of one sequence.
const STEPS: usize = 30;
/// Sequences of one seed, each going on where the one before ended.
const SEQUENCES: usize = 2;
/// Device types, and the architectures that they may be for.
const DEVICE_TYPES: [&str; 2] = ["phone", "tablet"];
const FEEDS: [&str; 3] = ["release", "beta", "field"];
const ARCHITECTURES: [&str; 3] = ["all", "maguro", "armv7"];
const PACKAGES: [&str; 3] = ["base", "base-files", "mail"];
const VERSIONS: [&str; 8] = ["1.0~rc1", "1.0", "1.0-0", "0:1.0-r1", "1.9+git", "1.10", "2:0.1", "2:0.1-r0"];
const ASKED: [&str; 4] = ["Version", "Section", "Description", "Filename"];

/// `(device type, feed)`.
type Place = (String, String);

struct Play {
    api: Api,
    acme: Tenant,
    packs: Vec<Pack>,
    plain: Value,
    /// Packages by place; indices into `packs`.
    associations: BTreeSet<(Place, usize)>,
    /// Places of the plain image.
    plain_places: BTreeSet<Place>,
    device_types: BTreeMap<String, Option<&'static str>>,
    has_field: bool,
    urls: BTreeMap<String, Url>,
    dump: Dump,
    dice: Dice,
    log: Vec<String>,
}

impl Play {
    async fn begin(seed: u64) -> Self {
        let api = Api::start().await;
        let acme = api.tenant("acme").await;
        api.create_type(&acme, 105).await;
        let plain = api.image(&acme, 105, "plain", b"no package").await;
        let mut play = Self {
            api,
            acme,
            packs: Vec::new(),
            plain,
            associations: BTreeSet::new(),
            plain_places: BTreeSet::new(),
            device_types: BTreeMap::new(),
            has_field: false,
            urls: BTreeMap::new(),
            dump: Dump::default(),
            dice: Dice(seed),
            log: Vec::new(),
        };
        for id in DEVICE_TYPES {
            play.device_types.insert(id.to_owned(), None);
            play.device_type(id).await;
        }
        for _ in 0..12 {
            play.register().await;
        }
        play.dump = play.api.dump().await;
        play.observe(true).await;
        play
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> Answer {
        self.api.call(method, &self.acme.path(path), &self.acme.release, body).await
    }

    #[track_caller]
    fn expect(&self, answer: &Answer, status: u16, code: &str) {
        let body = String::from_utf8_lossy(&answer.bytes);
        assert_eq!(answer.status, status, "{body}: {:#?}", self.log);
        assert_eq!(answer.json()["code"].as_str().unwrap_or_default(), code, "{body}: {:#?}", self.log);
    }

    async fn step(&mut self) {
        self.api.server.clock().shift(i64::try_from(self.dice.roll(4)).unwrap() * 1000);
        match self.dice.roll(20) {
            0 => self.register().await,
            1..8 => self.associate().await,
            8..11 => self.promote().await,
            11..13 => self.remove(false).await,
            13 => self.remove(true).await,
            14 => self.edit().await,
            15 => self.associate_plain().await,
            16 => self.architecture().await,
            17..19 => self.feed().await,
            _ => {
                let id = DEVICE_TYPES[self.dice.roll(2)];
                self.device_type(id).await;
            }
        }
        self.dump = self.api.dump().await;
        let all = self.dice.roll(10) == 0;
        self.observe(all).await;
    }

    async fn register(&mut self) {
        let roll = |dice: &mut Dice, of: &[&'static str]| of[dice.roll(of.len())];
        let dice = &mut self.dice;
        let pack = Pack {
            package: roll(dice, &PACKAGES),
            version: roll(dice, &VERSIONS),
            architecture: roll(dice, &ARCHITECTURES),
            section: roll(dice, &["net", "base"]),
            description: roll(dice, &["one", "two"]),
            number: [3, 105][dice.roll(2)],
            version_number: String::new(),
            bytes: Vec::new(),
            lines: Vec::new(),
        };
        let secret = self.api.server.app().secrets.download().unwrap();
        let mut pack = pack.build(secret, secret.current().0);
        let record =
            self.api.image(&self.acme, pack.number, &format!("v{}", self.packs.len()), &pack.bytes).await;
        record["versionNumber"].as_str().unwrap().clone_into(&mut pack.version_number);
        self.log.push(format!(
            "registered {}: {} {} {}",
            self.packs.len(),
            pack.package,
            pack.version,
            pack.architecture
        ));
        self.packs.push(pack);
    }

    fn exists(&self, (device_type, feed): &Place) -> bool {
        self.device_types[device_type].is_some() && (feed != "field" || self.has_field)
    }

    fn place(&mut self) -> Place {
        (DEVICE_TYPES[self.dice.roll(2)].to_owned(), FEEDS[self.dice.roll(3)].to_owned())
    }

    /// The packages of a place.
    fn packs_in(&self, place: &Place) -> Vec<&Pack> {
        self.associations.iter().filter(|(at, _)| at == place).map(|(_, pack)| &self.packs[*pack]).collect()
    }

    /// What the rules say of one more package in a place.
    fn verdict(&self, place: &Place, pack: usize, missing_feed: (u16, &'static str)) -> (u16, &'static str) {
        let this = &self.packs[pack];
        let Some(wanted) = self.device_types[&place.0] else { return (404, "not_found") };
        if !self.exists(place) {
            return missing_feed;
        }
        if self.associations.contains(&(place.clone(), pack)) {
            return (409, "already_associated");
        }
        if this.architecture != "all" && wanted != "all" && this.architecture != wanted {
            return (422, "architecture_mismatch");
        }
        let newest = latest(self.packs_in(place));
        let mut same = newest.iter();
        match same.find(|each| (each.package, each.architecture) == (this.package, this.architecture)) {
            Some(best) if shared::ipkg::version::compare(this.version, best.version).is_le() => {
                (409, "version_not_newer")
            }
            _ => (201, ""),
        }
    }

    async fn associate(&mut self) {
        let (place, pack) = (self.place(), self.dice.roll(self.packs.len()));
        let this = &self.packs[pack];
        let body = json!({"type": this.number, "versionNumber": this.version_number, "feed": place.1});
        let path = format!("/deviceTypes/{}/firmwareImages", place.0);
        let verdict = self.verdict(&place, pack, (422, "invalid_field"));
        let answer = self.call("POST", &path, body).await;
        self.log.push(format!("associated {pack} with {place:?}: {verdict:?}"));
        self.expect(&answer, verdict.0, verdict.1);
        if verdict.0 == 201 {
            self.associations.insert((place, pack));
        }
    }

    fn placed(&self, device_type: &str, pack: usize) -> String {
        let Pack { number, version_number, .. } = &self.packs[pack];
        format!("/deviceTypes/{device_type}/firmwareImages/types/{number}/versionNumbers/{version_number}")
    }

    fn associated(&mut self) -> Option<(Place, usize)> {
        let all: Vec<_> = self.associations.iter().cloned().collect();
        self.dice.pick(&all).cloned()
    }

    async fn promote(&mut self) {
        let Some(((device_type, from), pack)) = self.associated() else { return };
        let to = (device_type.clone(), FEEDS[self.dice.roll(3)].to_owned());
        let verdict = self.verdict(&to, pack, (422, "invalid_field"));
        let body = json!({"from": from, "to": to.1});
        let answer = self.call("POST", &format!("{}/promote", self.placed(&device_type, pack)), body).await;
        self.log.push(format!("promoted {pack} of {device_type} from {from} to {}: {verdict:?}", to.1));
        self.expect(&answer, verdict.0, verdict.1);
        if verdict.0 == 201 {
            self.associations.insert((to, pack));
        }
    }

    async fn remove(&mut self, everywhere: bool) {
        let Some(((device_type, feed), pack)) = self.associated() else { return };
        let query = if everywhere { String::new() } else { format!("?feed={feed}") };
        let path = self.placed(&device_type, pack) + &query;
        let answer = self.call("DELETE", &path, Value::Null).await;
        self.log.push(format!("removed {pack} of {device_type} from {feed}, everywhere: {everywhere}"));
        self.expect(&answer, 204, "");
        self.associations
            .retain(|((at, of), each)| (at, *each) != (&device_type, pack) || !(everywhere || *of == feed));
    }

    async fn edit(&mut self) {
        let pack = self.dice.roll(self.packs.len());
        let Pack { number, version_number, .. } = &self.packs[pack];
        let path = format!("/pool/types/{number}/versionNumbers/{version_number}");
        let mut record = self.call("GET", &path, Value::Null).await.expect(200).json();
        record["name"] = format!("edited {}", self.log.len()).into();
        record["version"] = format!("e{}", self.log.len()).into();
        let answer = self.call("PUT", &path, record).await;
        self.log.push(format!("edited {pack}"));
        self.expect(&answer, 204, "");
    }

    async fn associate_plain(&mut self) {
        let place = self.place();
        let number = self.plain["versionNumber"].as_str().unwrap();
        let path = format!("/deviceTypes/{}/firmwareImages", place.0);
        let there = self.plain_places.contains(&place);
        self.log.push(format!("plain image of {place:?}, there: {there}"));
        if there {
            let path = format!("{path}/types/105/versionNumbers/{number}?feed={}", place.1);
            let answer = self.call("DELETE", &path, Value::Null).await;
            self.expect(&answer, 204, "");
            self.plain_places.remove(&place);
        } else if self.exists(&place) {
            let body = json!({"type": 105, "versionNumber": number, "feed": place.1});
            let answer = self.call("POST", &path, body).await;
            self.expect(&answer, 201, "");
            self.plain_places.insert(place);
        }
    }

    async fn architecture(&mut self) {
        let id = DEVICE_TYPES[self.dice.roll(2)];
        let architecture = ARCHITECTURES[self.dice.roll(5).saturating_sub(2)];
        let body = json!({"name": "Changed", "architecture": architecture});
        let answer = self.call("PUT", &format!("/deviceTypes/{id}"), body).await;
        self.log.push(format!("{id} is for {architecture}"));
        if self.device_types[id].is_none() {
            return self.expect(&answer, 404, "not_found");
        }
        self.expect(&answer, 204, "");
        self.device_types.insert(id.to_owned(), Some(architecture));
    }

    async fn feed(&mut self) {
        self.log.push(format!("field, there: {}", self.has_field));
        if !self.has_field {
            let answer = self.call("PUT", "/feeds/field", Value::Null).await;
            self.expect(&answer, 204, "");
            self.has_field = true;
            return;
        }
        let used = self.associations.iter().any(|((_, feed), _)| feed == "field")
            || self.plain_places.iter().any(|(_, feed)| feed == "field");
        let answer = self.call("DELETE", "/feeds/field", Value::Null).await;
        if used {
            return self.expect(&answer, 409, "feed_in_use");
        }
        self.expect(&answer, 204, "");
        self.has_field = false;
    }

    /// Creates or revives a device type that is not there; one that is, is emptied and deleted.
    async fn device_type(&mut self, id: &str) {
        self.log.push(format!("device type {id}, there: {:?}", self.device_types[id]));
        if self.device_types[id].is_none() {
            let architecture = ARCHITECTURES[self.dice.roll(5).saturating_sub(2)];
            let body = json!({"deviceTypeId": id, "name": "Model", "architecture": architecture});
            let answer = self.call("POST", "/deviceTypes", body).await;
            assert_eq!(answer.status, 201, "{:#?}", self.log);
            self.device_types.insert(id.to_owned(), Some(architecture));
            return;
        }
        let here = |(at, _): &Place| at == id;
        if self.associations.iter().any(|(place, _)| here(place)) || self.plain_places.iter().any(here) {
            let answer = self.call("DELETE", &format!("/deviceTypes/{id}"), Value::Null).await;
            self.expect(&answer, 409, "device_type_in_use");
            let packs: BTreeSet<usize> =
                self.associations.iter().filter(|(place, _)| here(place)).map(|(_, pack)| *pack).collect();
            for pack in packs {
                self.call("DELETE", &self.placed(id, pack), Value::Null).await.expect(204);
            }
            self.associations.retain(|(place, _)| !here(place));
            if self.plain_places.iter().any(here) {
                let number = self.plain["versionNumber"].as_str().unwrap();
                let path = format!("/deviceTypes/{id}/firmwareImages/types/105/versionNumbers/{number}");
                self.call("DELETE", &path, Value::Null).await.expect(204);
                self.plain_places.retain(|place| !here(place));
            }
            return;
        }
        let answer = self.call("DELETE", &format!("/deviceTypes/{id}"), Value::Null).await;
        self.expect(&answer, 204, "");
        self.device_types.insert(id.to_owned(), None);
    }
}

async fn play(seed: u64) {
    let mut play = Play::begin(seed).await;
    for _ in 0..sequences(SEQUENCES) {
        for _ in 0..STEPS {
            play.step().await;
        }
        play.reconcile().await;
    }
    let count = |words: [&str; 2]| {
        play.log.iter().filter(|line| line.starts_with(words[0]) && line.contains(words[1])).count()
    };
    let (placed, promoted) = (count(["associated", "(201"]), count(["promoted", "(201"]));
    let removed = count(["removed", ""]);
    assert!(placed > 4 && promoted > 0 && removed > 1, "{placed}, {promoted}, {removed}: {:#?}", play.log);
}

#[tokio::test]
async fn every_index_is_what_its_associations_make_it_first_seed() {
    play(1).await;
}

#[tokio::test]
async fn every_index_is_what_its_associations_make_it_second_seed() {
    play(20_261_122).await;
}
