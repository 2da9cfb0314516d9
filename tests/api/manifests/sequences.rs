//! Random operations by two partners, after which every manifest is what its associations alone make it, and every
//! check answers what a model in this test expects. `OTA_TEST_SEQUENCES` sets how many sequences a seed plays.

use serde_json::{Value, json};
use shared::domain::Sha256;
use tests::api::{Answer, Api, Tenant};
use tests::ipk::Ipk;
use tests::whole::expect_whole;

use super::model::{Dice, FEEDS, Image, Model, PARTNERS, sequences, shown};

/// Operations of one sequence.
const STEPS: usize = 30;
/// Sequences of one seed, each going on where the one before ended.
const SEQUENCES: usize = 10;

struct Play {
    api: Api,
    tenants: Vec<Tenant>,
    model: Model,
    dice: Dice,
    log: Vec<String>,
}

impl Play {
    async fn begin(seed: u64) -> Self {
        let api = Api::start().await;
        let mut model = Model::default();
        let mut tenants = Vec::new();
        for (index, (name, device_types)) in PARTNERS.iter().enumerate() {
            let tenant = api.tenant(name).await;
            api.create_type(&tenant, 105).await;
            api.call("PUT", &tenant.path("/feeds/field"), &tenant.write, Value::Null).await.expect(204);
            for id in device_types {
                api.create_device_type(&tenant, id).await;
            }
            model.types.insert((index, 105), "TYPE 105".to_owned());
            model.types.insert((index, 3), "APPLICATION".to_owned());
            model.types.insert((index, 1), "BOOTLOADER".to_owned());
            tenants.push(tenant);
        }
        Self { api, tenants, model, dice: Dice(seed), log: Vec::new() }
    }

    fn expect(&self, answer: &Answer, statuses: &[u16]) {
        let body = String::from_utf8_lossy(&answer.bytes);
        assert!(
            statuses.contains(&answer.status),
            "{statuses:?}, not {} {body}: {:#?}",
            answer.status,
            self.log
        );
    }

    async fn step(&mut self) {
        match self.dice.roll(12) {
            0..3 => self.register().await,
            3..6 => self.associate().await,
            6 => self.promote().await,
            7 => self.remove().await,
            8 => self.edit().await,
            9 => self.rename().await,
            10 => self.offer().await,
            _ => self.delete().await,
        }
    }

    async fn register(&mut self) {
        let owner = self.dice.roll(2);
        let number = [1, 3, 105][self.dice.roll(3)];
        let package = self.dice.roll(5) == 0;
        let version = format!("v{}", self.log.len());
        let bytes = if package {
            // A package of its own, or the feed might have a greater version of it.
            Ipk::new(&format!("package-{version}"), "1.0").build()
        } else {
            format!("firmware {}", self.dice.roll(4)).into_bytes()
        };
        let record = self.api.image(&self.tenants[owner], number, &version, &bytes).await;
        let version_number = record["versionNumber"].as_str().unwrap().parse().unwrap();
        self.log.push(format!("registered {number}/{version_number} of {owner}, package: {package}"));
        self.model.images.push(Image {
            owner,
            number,
            version_number,
            name: format!("image {number}"),
            version,
            package,
            sha256: Sha256::of(&bytes).to_string(),
            sealed: false,
        });
    }

    fn image(&mut self) -> Option<Image> {
        self.dice.pick(&self.model.images).cloned()
    }

    fn place(&mut self) -> (usize, &'static str, &'static str) {
        let partner = self.dice.roll(2);
        (partner, PARTNERS[partner].1[self.dice.roll(2)], FEEDS[self.dice.roll(3)])
    }

    async fn associate(&mut self) {
        let Some(image) = self.image() else { return };
        let (partner, device_type, feed) = self.place();
        let tenant = &self.tenants[partner];
        let path = tenant.path(&format!("/deviceTypes/{device_type}/firmwareImages"));
        let body = json!({"type": image.number, "versionNumber": image.version_number, "feed": feed});
        let answer = self.api.call("POST", &path, &tenant.release, body).await;
        self.log
            .push(format!("associated {}/{} with {device_type} {feed}", image.number, image.version_number));
        let key = (device_type.to_owned(), feed.to_owned(), image.number, image.version_number);
        if !self.model.sees(partner, &image) {
            return self.expect(&answer, &[422]);
        }
        if self.model.associations.insert(key) {
            self.expect(&answer, &[201]);
        } else {
            self.expect(&answer, &[409]);
        }
        self.sealed(&image);
    }

    fn sealed(&mut self, image: &Image) {
        let same =
            |each: &&mut Image| (each.number, each.version_number) == (image.number, image.version_number);
        self.model.images.iter_mut().find(same).unwrap().sealed = true;
    }

    /// One of the associations, and whose it is.
    fn associated(&mut self) -> Option<(usize, String, String, u16, u64)> {
        let all: Vec<_> = self.model.associations.iter().cloned().collect();
        let (device_type, feed, number, version) = self.dice.pick(&all)?.clone();
        let partner = PARTNERS.iter().position(|(_, ids)| ids.contains(&device_type.as_str())).unwrap();
        Some((partner, device_type, feed, number, version))
    }

    async fn promote(&mut self) {
        let Some((partner, device_type, from, number, version)) = self.associated() else { return };
        let to = FEEDS[self.dice.roll(3)];
        let tenant = &self.tenants[partner];
        let image =
            format!("/deviceTypes/{device_type}/firmwareImages/types/{number}/versionNumbers/{version}");
        let body = json!({"from": from, "to": to});
        let answer =
            self.api.call("POST", &tenant.path(&format!("{image}/promote")), &tenant.release, body).await;
        self.log.push(format!("promoted {number}/{version} of {device_type} from {from} to {to}"));
        let new = self.model.associations.insert((device_type, to.to_owned(), number, version));
        self.expect(&answer, if new { &[201] } else { &[409] });
    }

    async fn remove(&mut self) {
        let Some((partner, device_type, feed, number, version)) = self.associated() else { return };
        let everywhere = self.dice.roll(3) == 0;
        let tenant = &self.tenants[partner];
        let image =
            format!("/deviceTypes/{device_type}/firmwareImages/types/{number}/versionNumbers/{version}");
        let query = if everywhere { String::new() } else { format!("?feed={feed}") };
        let answer =
            self.api.call("DELETE", &tenant.path(&(image + &query)), &tenant.release, Value::Null).await;
        self.log
            .push(format!("removed {number}/{version} from {device_type} {feed}, everywhere: {everywhere}"));
        self.expect(&answer, &[204]);
        self.model.associations.retain(|(at, in_feed, t, n)| {
            (at, *t, *n) != (&device_type, number, version) || !(everywhere || *in_feed == feed)
        });
    }

    async fn edit(&mut self) {
        let Some(image) = self.image() else { return };
        let tenant = &self.tenants[image.owner];
        let path =
            tenant.path(&format!("/pool/types/{}/versionNumbers/{}", image.number, image.version_number));
        let mut record = self.api.get(&path, &tenant.read).await.expect(200).json();
        let (name, version) = (format!("edited {}", self.log.len()), format!("e{}", self.log.len()));
        record["name"] = name.clone().into();
        record["version"] = version.clone().into();
        let answer = self.api.call("PUT", &path, &tenant.release, record).await;
        self.log.push(format!("edited {}/{}", image.number, image.version_number));
        self.expect(&answer, &[204]);
        let same =
            |each: &&mut Image| (each.number, each.version_number) == (image.number, image.version_number);
        let kept = self.model.images.iter_mut().find(same).unwrap();
        (kept.name, kept.version) = (name, version);
    }

    async fn rename(&mut self) {
        let partner = self.dice.roll(2);
        let name = format!("TYPE {}", self.log.len());
        let tenant = &self.tenants[partner];
        let body = json!({"name": name});
        let answer = self.api.call("PUT", &tenant.path("/types/105"), &tenant.release, body).await;
        self.log.push(format!("renamed type 105 of {partner}"));
        self.expect(&answer, &[204]);
        self.model.types.insert((partner, 105), name);
    }

    async fn offer(&mut self) {
        let Some(image) = self.image() else { return };
        let withdraw = self.dice.roll(3) == 0;
        let (tenant, other) = (&self.tenants[image.owner], PARTNERS[1 - image.owner].0);
        let record = format!("/pool/types/{}/versionNumbers/{}", image.number, image.version_number);
        let method = if withdraw { "DELETE" } else { "PUT" };
        let answer = self
            .api
            .call(method, &tenant.path(&format!("{record}/offers/{other}")), &tenant.write, Value::Null)
            .await;
        self.log.push(format!("offered {}/{}, withdrawn: {withdraw}", image.number, image.version_number));
        let key = (image.number, image.version_number);
        if withdraw {
            let was = self.model.offers.remove(&key);
            self.expect(&answer, if was { &[204] } else { &[404] });
        } else if image.number > 100 {
            self.expect(&answer, &[422]);
        } else {
            self.model.offers.insert(key);
            self.expect(&answer, &[204]);
        }
    }

    async fn delete(&mut self) {
        let Some(image) = self.image() else { return };
        let tenant = &self.tenants[image.owner];
        let path =
            tenant.path(&format!("/pool/types/{}/versionNumbers/{}", image.number, image.version_number));
        let answer = self.api.call("DELETE", &path, &tenant.write, Value::Null).await;
        self.log.push(format!("deleted {}/{}", image.number, image.version_number));
        if image.sealed || self.model.offers.contains(&(image.number, image.version_number)) {
            return self.expect(&answer, &[409]);
        }
        self.expect(&answer, &[204]);
        self.model
            .images
            .retain(|each| (each.number, each.version_number) != (image.number, image.version_number));
    }

    async fn compare(&self) {
        for (partner, (_, device_types)) in PARTNERS.iter().enumerate() {
            for device_type in device_types {
                for feed in FEEDS {
                    let query = format!("feed={feed}&2001=0&2003=0&2105=0");
                    let body = self.api.check(device_type, &query).await.expect(200).json();
                    let wanted = self.model.updates(partner, device_type, feed);
                    assert_eq!(shown(&body), wanted, "{device_type} {feed}: {:#?}", self.log);
                }
            }
        }
        expect_whole(&self.api.dump().await, "after the sequence");
        let report = self.api.reconcile().await.unwrap();
        assert_eq!((report.repairs, report.drifted), (0, 0), "{:#?}", self.log);
    }
}

async fn play(seed: u64) {
    let mut play = Play::begin(seed).await;
    for _ in 0..sequences(SEQUENCES) {
        for _ in 0..STEPS {
            play.step().await;
        }
        play.compare().await;
    }
    assert!(!play.model.associations.is_empty() && play.model.images.iter().any(|image| image.package));
}

#[tokio::test]
async fn every_manifest_is_what_its_associations_make_it_first_seed() {
    play(1).await;
}

#[tokio::test]
async fn every_manifest_is_what_its_associations_make_it_second_seed() {
    play(20_260_301).await;
}
