//! What devices that say who they are are answered from: one call for one of them, or for all that a hub asks for.

use std::collections::BTreeSet;

use super::access::Access;
use super::associations::AssociationRow;
use super::device_types::DeviceTypeRow;
use super::devices::DeviceRow;
use super::keys::{self, Key};
use super::manifests::ManifestRow;
use super::read::{Consistency, Found};
use super::{Error, Store};
use crate::domain::association::Association;
use crate::domain::{Device, DeviceId, DeviceType, DeviceTypeId, FeedName, ImageId, Manifest};

/// What a device that says who it is is answered from, in one call that is the same whatever exists.
#[derive(Debug)]
pub struct Known {
    /// The device, if it has been heard of.
    pub device: Option<Device>,
    /// The manifest of the feed that was named.
    pub manifest: Option<Manifest>,
    /// The device type, tombstones included.
    pub device_type: Option<DeviceType>,
    /// What the credential for that feed opens; nothing if none was shown.
    pub access: Access,
    /// The association that was asked about.
    pub association: Option<Association>,
}

/// What is read beside a device.
#[derive(Debug, Clone, Copy, Default)]
pub struct Beside<'a> {
    /// The manifest of the feed.
    pub manifest: bool,
    /// What this pseudonym opens in the feed.
    pub pseudonym: Option<&'a str>,
    /// The association of this image in the feed.
    pub image: Option<ImageId>,
    /// Whether what was written a moment ago must be seen.
    pub fresh: bool,
}

/// A device, and the feed that it asks in.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The device type.
    pub device_type: &'a DeviceTypeId,
    /// Which unit.
    pub device: &'a DeviceId,
    /// The feed.
    pub feed: &'a FeedName,
    /// What is read beside it.
    pub beside: Beside<'a>,
}

/// What a hub's devices are answered from.
#[derive(Debug)]
pub struct KnownToHub {
    /// The hub's device type, tombstones included.
    pub hub: Option<DeviceType>,
    /// Each device, in the order asked for; a row that cannot be read is that device's matter.
    pub devices: Vec<Result<Known, Error>>,
}

/// The keys of what one device is answered from.
struct Keys {
    device: Key,
    device_type: Key,
    manifest: Option<Key>,
    access: Option<Key>,
    association: Option<Key>,
}

impl Keys {
    fn of(wanted: &Wanted<'_>) -> Self {
        let Wanted { device_type, device, feed, beside } = *wanted;
        Self {
            device: keys::device(device_type, device),
            device_type: keys::device_type(device_type),
            manifest: beside.manifest.then(|| keys::manifest(device_type, feed)),
            access: beside.pseudonym.map(|pseudonym| keys::access(feed, pseudonym)),
            association: beside.image.map(|image| keys::association(device_type, feed, image)),
        }
    }

    fn all(&self) -> impl Iterator<Item = &Key> {
        let Self { device, device_type, manifest, access, association } = self;
        [device, device_type].into_iter().chain([manifest, access, association].into_iter().flatten())
    }

    fn known(&self, found: &Found) -> Result<Known, Error> {
        let mut known = Known {
            device: found.get::<DeviceRow>(&self.device)?.map(DeviceRow::read).transpose()?,
            manifest: None,
            device_type: found.get::<DeviceTypeRow>(&self.device_type)?.map(DeviceType::from),
            access: Access::default(),
            association: None,
        };
        if let Some(key) = &self.manifest {
            known.manifest = found.get::<ManifestRow>(key)?.map(ManifestRow::read).transpose()?;
        }
        if let Some(key) = &self.access {
            known.access = found.get::<Access>(key)?.unwrap_or_default();
        }
        if let Some(key) = &self.association {
            known.association = found.get::<AssociationRow>(key)?.map(AssociationRow::read).transpose()?;
        }
        Ok(known)
    }
}

impl Store {
    /// A device, its device type, and what is asked for beside it of `feed`: one `BatchGetItem`.
    pub async fn known_device(
        &self,
        device_type: &DeviceTypeId,
        device: &DeviceId,
        feed: &FeedName,
        beside: Beside<'_>,
    ) -> Result<Known, Error> {
        let keys = Keys::of(&Wanted { device_type, device, feed, beside });
        let all: Vec<_> = keys.all().cloned().collect();
        let consistency = if beside.fresh { Consistency::Strong } else { Consistency::Eventual };
        keys.known(&self.read_many(&all, consistency).await?)
    }

    /// The same for many devices, none of them fresh, and the device type of the hub that asks for them: one `BatchGetItem`
    /// for each 100 items, of which every one is read once.
    pub async fn known_to_hub(&self, hub: &DeviceTypeId, wanted: &[Wanted<'_>]) -> Result<KnownToHub, Error> {
        let hub = keys::device_type(hub);
        let each: Vec<_> = wanted.iter().map(Keys::of).collect();
        let all: BTreeSet<_> = each.iter().flat_map(Keys::all).chain([&hub]).cloned().collect();
        let all: Vec<_> = all.into_iter().collect();
        let found = self.read_many(&all, Consistency::Eventual).await?;
        Ok(KnownToHub {
            hub: found.get::<DeviceTypeRow>(&hub)?.map(DeviceType::from),
            devices: each.iter().map(|keys| keys.known(&found)).collect(),
        })
    }

    /// The manifests of some device types and feeds, in the order asked for, each read once; as [`Self::known_to_hub`].
    pub async fn manifests_for_hub(
        &self,
        wanted: &[(&DeviceTypeId, &FeedName)],
    ) -> Result<Vec<Result<Option<Manifest>, Error>>, Error> {
        let keys: Vec<_> =
            wanted.iter().map(|(device_type, feed)| keys::manifest(device_type, feed)).collect();
        let all: Vec<_> = keys.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect();
        let found = self.read_many(&all, Consistency::Eventual).await?;
        let manifest = |key: &Key| found.get::<ManifestRow>(key)?.map(ManifestRow::read).transpose();
        Ok(keys.iter().map(manifest).collect())
    }
}
