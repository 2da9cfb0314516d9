//! What a test knows of two partners' things, kept beside the service and told by nobody else.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

/// The partners, each with two device types of its own.
pub const PARTNERS: [(&str, [&str; 2]); 2] = [("acme", ["kettle", "oven"]), ("globex", ["phone", "tablet"])];
/// The feeds in play; `field` is made by both partners.
pub const FEEDS: [&str; 3] = ["release", "beta", "field"];

/// An image.
#[derive(Debug, Clone)]
pub struct Image {
    /// Whose it is.
    pub owner: usize,
    /// Its type.
    pub number: u16,
    /// Its version number.
    pub version_number: u64,
    /// Its name.
    pub name: String,
    /// Its version for people.
    pub version: String,
    /// Whether feeds deliver it, and no check.
    pub package: bool,
    /// SHA-256 of its bytes.
    pub sha256: String,
    /// Whether it was ever associated.
    pub sealed: bool,
}

/// What there is.
#[derive(Debug, Default)]
pub struct Model {
    /// Images, the deleted left out.
    pub images: Vec<Image>,
    /// `(device type, feed, type, version number)`.
    pub associations: BTreeSet<(String, String, u16, u64)>,
    /// `(type, version number)` of images offered by their owner to the other partner.
    pub offers: BTreeSet<(u16, u64)>,
    /// Names of types by partner and number.
    pub types: BTreeMap<(usize, u16), String>,
}

impl Model {
    /// Whether `partner` may associate an image.
    pub fn sees(&self, partner: usize, image: &Image) -> bool {
        image.owner == partner || self.offers.contains(&(image.number, image.version_number))
    }

    /// The `updates` of a check of a device that runs nothing, without sizes, MD5s and URLs.
    pub fn updates(&self, partner: usize, device_type: &str, feed: &str) -> Vec<Value> {
        let mut highest = BTreeMap::<u16, &Image>::new();
        for image in self.images.iter().filter(|image| !image.package) {
            let key = (device_type.to_owned(), feed.to_owned(), image.number, image.version_number);
            if self.associations.contains(&key)
                && highest.get(&image.number).is_none_or(|best| best.version_number < image.version_number)
            {
                highest.insert(image.number, image);
            }
        }
        let update = |image: &Image| {
            json!({
                "type": image.number,
                "typeName": self.types[&(partner, image.number)],
                "versionNumber": image.version_number.to_string(),
                "name": image.name,
                "version": image.version,
                "sha256": image.sha256,
            })
        };
        highest.into_values().map(update).collect()
    }
}

/// The same members of the `updates` that the service answered.
pub fn shown(body: &Value) -> Vec<Value> {
    let update = |each: &Value| {
        let mut kept = json!({});
        for name in ["type", "typeName", "versionNumber", "name", "version", "sha256"] {
            kept[name] = each[name].clone();
        }
        kept
    };
    body["updates"].as_array().unwrap().iter().map(update).collect()
}

/// A small generator, so that a seed names a sequence for ever.
#[derive(Debug)]
pub struct Dice(pub u64);

impl Dice {
    /// A number below `sides`.
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % sides as u64).unwrap()
    }

    /// One of several.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        if of.is_empty() { None } else { of.get(self.roll(of.len())) }
    }
}

/// How many sequences a seed plays: what `OTA_TEST_SEQUENCES` says, or as many as usual.
pub fn sequences(usual: usize) -> usize {
    std::env::var("OTA_TEST_SEQUENCES").ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}
