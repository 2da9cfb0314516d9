//! Every partition and sort key of the table, made here and nowhere else (`docs/DATA-MODEL.md`).

mod approvals;
mod audit;
mod devices;

use std::fmt;

use crate::domain::{
    DeviceTypeId, FeedName, ImageId, ImageRef, Name, PartnerId, Sha256, Timestamp, TypeNumber, Version,
};

pub use approvals::*;
pub use audit::*;
pub use devices::*;

/// The key of one item.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Partition key.
    pub pk: String,
    /// Sort key.
    pub sk: String,
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} / {}", self.pk, self.sk)
    }
}

fn key(pk: String, sk: impl Into<String>) -> Key {
    Key { pk, sk: sk.into() }
}

/// `105#0000000000000000007`: sorts by type, then by number.
fn padded(id: ImageId) -> String {
    format!("{:03}#{:019}", id.r#type.get(), id.number.get())
}

/// A key that no item has, for warming connections.
pub fn warm() -> Key {
    key("WARM".into(), "WARM")
}

/// The partition that lists all partners.
pub const PARTNERS: &str = "PARTNERS";
/// The partition of operator keys.
pub const OPERATOR: &str = "OPERATOR";
/// The partition of platform types.
pub const PLATFORM: &str = "PLATFORM";
/// The partition of unfinished effects.
pub const REPAIRS: &str = "REPAIR";

/// The partition of a partner's own things.
pub fn partner_partition(partner: &PartnerId) -> String {
    format!("PARTNER#{partner}")
}

/// A partner.
pub fn partner(partner: &PartnerId) -> Key {
    key(partner_partition(partner), "META")
}

/// Says that a partner is stopped with all that it has.
pub fn partner_stop(partner: &PartnerId) -> Key {
    key(partner_partition(partner), "STOP")
}

/// A partner's place in the list of all.
pub fn partner_listed(partner: &PartnerId) -> Key {
    key(PARTNERS.into(), partner.as_str())
}

/// The partition under which the keys of `partner`, or of the operator, are listed.
pub fn api_keys_partition(partner: Option<&PartnerId>) -> String {
    partner.map_or_else(|| OPERATOR.to_owned(), partner_partition)
}

/// A key's place in its owner's list.
pub fn api_key(partner: Option<&PartnerId>, id: &str) -> Key {
    key(api_keys_partition(partner), format!("KEY#{id}"))
}

/// A key as the authorizer finds it, by its digest.
pub fn api_key_lookup(digest: &Sha256) -> Key {
    key(format!("KEY#{digest}"), "META")
}

/// Says that the first operator key has been made.
pub fn bootstrap() -> Key {
    key(OPERATOR.into(), "BOOTSTRAP")
}

/// A platform type that an operator added or renamed.
pub fn platform_type(number: TypeNumber) -> Key {
    key(PLATFORM.into(), format!("TYPE#{:03}", number.get()))
}

/// A partner's own type.
pub fn partner_type(partner: &PartnerId, number: TypeNumber) -> Key {
    key(partner_partition(partner), format!("TYPE#{:03}", number.get()))
}

/// Where a type of this number lies for this partner.
pub fn firmware_type(partner: &PartnerId, number: TypeNumber) -> Key {
    if number.is_platform() { platform_type(number) } else { partner_type(partner, number) }
}

/// A binary that a partner owns.
pub fn binary(partner: &PartnerId, sha256: &Sha256) -> Key {
    key(partner_partition(partner), format!("BLOB#{sha256}"))
}

/// The counter of a type's version numbers, over all partners.
pub fn counter(number: TypeNumber) -> Key {
    key(format!("COUNTER#{:03}", number.get()), "VERSION")
}

/// How many shards count a partner's images.
pub const QUOTA_SHARDS: u8 = 16;

/// One shard of a partner's count of images.
pub fn image_quota(partner: &PartnerId, shard: u8) -> Key {
    key(partner_partition(partner), format!("QUOTA#IMAGES#{shard:02}"))
}

/// A partner's count of feeds.
pub fn feed_quota(partner: &PartnerId) -> Key {
    key(partner_partition(partner), "QUOTA#FEEDS")
}

/// The partition of a partner's pool.
pub fn pool_partition(partner: &PartnerId) -> String {
    format!("POOL#{partner}")
}

/// The sort-key prefix of an image's list row; of one type, or of all.
pub fn image_prefix(number: Option<TypeNumber>) -> String {
    number.map_or_else(|| "IMG#".to_owned(), |number| format!("IMG#{:03}#", number.get()))
}

/// Where the rows of a record lie: in its owner's pool, or with the device type that a description is of.
fn record_partition(owner: &PartnerId, device_type: Option<&DeviceTypeId>) -> String {
    device_type.map_or_else(|| pool_partition(owner), device_type_partition)
}

/// An image's slim list row.
pub fn image_listed(image: &ImageRef) -> Key {
    let pk = record_partition(&image.owner, image.device_type.as_ref());
    key(pk, format!("IMG#{}", padded(image.id)))
}

/// An image's details.
pub fn image(image: &ImageRef) -> Key {
    let pk = record_partition(&image.owner, image.device_type.as_ref());
    key(pk, format!("DETAIL#{}", padded(image.id)))
}

/// Guards type, name and version of an image within a pool, or of a description under its device type.
pub fn image_name(
    owner: &PartnerId,
    device_type: Option<&DeviceTypeId>,
    number: TypeNumber,
    name: &Name,
    version: &Version,
) -> Key {
    key(record_partition(owner, device_type), format!("NAME#{:03}#{name}#{version}", number.get()))
}

/// The sort-key prefix of offers that a partner has received; of one type, or of all.
pub fn offer_prefix(number: Option<TypeNumber>) -> String {
    number.map_or_else(|| "OFFER#".to_owned(), |number| format!("OFFER#{:03}#", number.get()))
}

/// An offer, as its receiver finds it.
pub fn offer_received(receiver: &PartnerId, id: ImageId) -> Key {
    key(pool_partition(receiver), format!("OFFER#{}", padded(id)))
}

/// The partition that says where an image is.
pub fn image_partition(id: ImageId) -> String {
    format!("IMAGE#{:03}#{}", id.r#type.get(), id.number)
}

/// The sort-key prefix of an image's offers.
pub const OFFER_MADE: &str = "OFFER#";
/// The sort-key prefix of an image's placements.
pub const PLACEMENT: &str = "DT#";

/// An offer, as its giver finds it.
pub fn offer_made(id: ImageId, receiver: &PartnerId) -> Key {
    key(image_partition(id), format!("{OFFER_MADE}{receiver}"))
}

/// Says that an image is in a feed of a device type.
pub fn placement(id: ImageId, device_type: &DeviceTypeId, feed: &FeedName) -> Key {
    key(image_partition(id), format!("{PLACEMENT}{device_type}#{feed}"))
}

/// The partition of a device type.
pub fn device_type_partition(device_type: &DeviceTypeId) -> String {
    format!("DT#{device_type}")
}

/// A device type.
pub fn device_type(device_type: &DeviceTypeId) -> Key {
    key(device_type_partition(device_type), "META")
}

/// The sort-key prefix of the device types that a partner owns.
pub const DEVICE_TYPE_LISTED: &str = "DT#";

/// A device type's place in its partner's list.
pub fn device_type_listed(partner: &PartnerId, device_type: &DeviceTypeId) -> Key {
    key(partner_partition(partner), format!("{DEVICE_TYPE_LISTED}{device_type}"))
}

/// The sort-key prefix of associations; of one feed, or of all.
pub fn association_prefix(feed: Option<&FeedName>) -> String {
    feed.map_or_else(|| "ASSOC#".to_owned(), |feed| format!("ASSOC#{feed}#"))
}

/// An association.
pub fn association(device_type: &DeviceTypeId, feed: &FeedName, id: ImageId) -> Key {
    key(device_type_partition(device_type), format!("ASSOC#{feed}#{}", padded(id)))
}

/// The sort-key prefix of manifests.
pub const MANIFEST: &str = "MANIFEST#";

/// A manifest.
pub fn manifest(device_type: &DeviceTypeId, feed: &FeedName) -> Key {
    key(device_type_partition(device_type), format!("{MANIFEST}{feed}"))
}

/// The sort-key prefix of index pointers.
pub const INDEX: &str = "INDEX#";

/// The pointer to the catalogue of a feed of a device type.
pub fn index(device_type: &DeviceTypeId, feed: &FeedName) -> Key {
    key(device_type_partition(device_type), format!("{INDEX}{feed}"))
}

/// The partition of a feed, over all partners.
pub fn feed_partition(feed: &FeedName) -> String {
    format!("FEED#{feed}")
}

/// A device type's place in a feed.
pub fn listed_in_feed(feed: &FeedName, device_type: &DeviceTypeId) -> Key {
    key(feed_partition(feed), format!("DT#{device_type}"))
}

/// Says that a partner has made a feed of this name.
pub fn feed_made(feed: &FeedName, partner: &PartnerId) -> Key {
    key(feed_partition(feed), format!("PARTNER#{partner}"))
}

/// The sort-key prefix of a partner's own feeds.
pub const FEED: &str = "FEED#";

/// A feed that a partner made.
pub fn feed(partner: &PartnerId, feed: &FeedName) -> Key {
    key(partner_partition(partner), format!("{FEED}{feed}"))
}

/// What a device credential opens, by its pseudonym.
pub fn access(feed: &FeedName, pseudonym: &str) -> Key {
    key(format!("ACCESS#{feed}#{pseudonym}"), "META")
}

/// The sort-key prefix of a partner's grants in a feed.
pub fn grant_prefix(feed: &FeedName) -> String {
    format!("ACCESS#{feed}#")
}

/// A grant in its partner's list.
pub fn grant(partner: &PartnerId, feed: &FeedName, id: &str) -> Key {
    key(partner_partition(partner), format!("ACCESS#{feed}#{id}"))
}

/// The record of an idempotency key.
pub fn idempotency(partner: &PartnerId, given: &str) -> Key {
    // The client's text is hashed: it may hold anything, in any length.
    key(format!("IDEM#{partner}#{}", Sha256::of(given.as_bytes())), "META")
}

/// An effect that has been begun and must be finished.
pub fn repair(subject: &str) -> Key {
    key(REPAIRS.into(), subject)
}

/// The partition of rollouts whose end is known.
pub const DUE: &str = "DUE";
/// The sort key before those of all rollouts whose end is known: those without their end in it, as they once were, come first.
pub const DUE_FIRST: &str = "0";

/// Says that a rollout will have taken everyone in at a moment; sorts by that.
pub fn due(at: Timestamp, device_type: &DeviceTypeId, feed: &FeedName, id: ImageId) -> Key {
    key(DUE.into(), format!("~{:013}#{device_type}#{feed}#{}", at.millis(), padded(id)))
}

/// The sort key after those of all rollouts that have taken everyone in by `at`.
pub fn due_until(at: Timestamp) -> String {
    format!("~{:013}#~", at.millis())
}

/// Where a reconciliation stopped.
pub fn reconciliation() -> Key {
    key("RECONCILIATION".into(), "PLACE")
}

/// The image that a key names, wherever in it.
pub fn image_in(key: &Key) -> Option<ImageId> {
    let (pk, sk): (Vec<&str>, Vec<&str>) = (key.pk.split('#').collect(), key.sk.split('#').collect());
    let ((["IMAGE", kind, number] | ["DEVV", _, kind, number, _], _)
    | ([REPAIRS], ["IMAGE", kind, number])
    | ([DUE], [_, _, kind, number] | [_, _, _, kind, number])
    | (["COUNT", ..], ["IMAGE" | "RUNS", _, kind, number])
    | (_, ["IMG" | "DETAIL" | "OFFER", kind, number] | ["ASSOC", _, kind, number])) =
        (pk.as_slice(), sk.as_slice())
    else {
        return None;
    };
    let plain = |digits: &str| digits.trim_start_matches('0').to_owned();
    Some(ImageId { r#type: plain(kind).parse().ok()?, number: plain(number).parse().ok()? })
}

/// The firmware type that a key names beside no image: that of a counter, and of a guarded name.
pub fn type_in(key: &Key) -> Option<TypeNumber> {
    let kind = key.pk.strip_prefix("COUNTER#").or_else(|| key.sk.strip_prefix("NAME#")?.split('#').next())?;
    kind.trim_start_matches('0').parse().ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Every public function of this file that is given an image, by name.
    fn that_name_an_image() -> BTreeSet<String> {
        let source = include_str!("keys.rs").split("#[cfg(test)]").next().unwrap_or_default();
        let functions = source.split("\npub fn ").skip(1).filter_map(|rest| rest.split_once(" {\n"));
        let given = functions.filter_map(|(head, _)| head.split_once('('));
        given
            .filter(|(_, arguments)| {
                ["ImageId)", "ImageId,", "ImageRef"].iter().any(|it| arguments.contains(it))
            })
            .map(|(name, _)| name.to_owned())
            .collect()
    }

    #[test]
    fn every_key_that_is_made_of_an_image_says_which() {
        let (owner, id): (PartnerId, ImageId) = ("acme".parse().unwrap(), "7105".parse().unwrap());
        let (kettle, beta): (DeviceTypeId, FeedName) = ("kettle".parse().unwrap(), "beta".parse().unwrap());
        let image = ImageRef::pooled(owner.clone(), id);
        let keys = [
            ("image_listed", image_listed(&image)),
            ("image", super::image(&image)),
            ("offer_received", offer_received(&owner, id)),
            ("image_partition", key(image_partition(id), "META")),
            ("offer_made", offer_made(id, &owner)),
            ("placement", placement(id, &kettle, &beta)),
            ("association", association(&kettle, &beta, id)),
            ("due", due(Timestamp::from_millis(7), &kettle, &beta, id)),
        ];
        for (name, key) in &keys {
            assert_eq!(image_in(key), Some(id), "{name}");
        }
        assert_eq!(image_in(&repair("IMAGE#105#7")), Some(id));
        let known: BTreeSet<String> = keys.into_iter().map(|(name, _)| name.to_owned()).collect();
        assert_eq!(that_name_an_image(), known, "a new key is read here as well");
    }

    #[test]
    fn counters_and_guarded_names_say_their_type() {
        let kind = TypeNumber::try_from(4).unwrap();
        let (name, version): (Name, Version) = ("7".parse().unwrap(), "8".parse().unwrap());
        let guard = image_name(&"acme".parse().unwrap(), None, kind, &name, &version);
        assert_eq!([type_in(&counter(kind)), type_in(&guard)], [Some(kind); 2]);
        assert_eq!(image_in(&guard), None);
    }
}
