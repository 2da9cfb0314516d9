//! Device types: models of device, with an empty manifest and an empty index in every feed from the start.

use std::collections::BTreeSet;

use serde_json::json;

use super::context::{Change, deciding};
use super::{Context, Result};
use crate::domain::poll::{PollSeconds, Polling};
use crate::domain::{
    Architecture, Description, DeviceType, DeviceTypeId, FeedName, IndexPointer, Manifest, Name, PartnerId,
    Refusal,
};
use crate::store::{self, Guard};

/// What people may write on a device type.
#[derive(Debug, Clone)]
pub struct Words {
    /// Its name.
    pub name: Name,
    /// What it is.
    pub description: Option<Description>,
    /// What its packages must have been built for.
    pub architecture: Architecture,
    /// Whether devices may report without a token; none leaves it as it was, which is no at first.
    pub anonymous_reports: Option<bool>,
    /// How often its devices should ask; none leaves it as it was, `Some(None)` makes it what is usual.
    pub poll_seconds: Option<Option<PollSeconds>>,
    /// The same while a rollout is on.
    pub rollout_poll_seconds: Option<Option<PollSeconds>>,
}

impl Words {
    fn polling(&self, before: Polling) -> Polling {
        Polling {
            seconds: self.poll_seconds.unwrap_or(before.seconds),
            rollout_seconds: self.rollout_poll_seconds.unwrap_or(before.rollout_seconds),
        }
    }
}

fn shown(this: &DeviceType) -> serde_json::Value {
    let description = this.description.as_ref().map(Description::as_str);
    let mut shown = json!({
        "name": this.name.as_str(),
        "description": description,
        "architecture": this.architecture.as_str(),
    });
    if this.anonymous_reports {
        shown["anonymousReports"] = true.into();
    }
    let Polling { seconds, rollout_seconds } = this.polling;
    for (name, seconds) in [("nextPollSeconds", seconds), ("rolloutPollSeconds", rollout_seconds)] {
        if let Some(seconds) = seconds {
            shown[name] = seconds.get().into();
        }
    }
    shown
}

pub(super) fn subject(id: &DeviceTypeId) -> String {
    format!("deviceType/{id}")
}

/// Creates a device type. Its id is taken for good: only the same partner may use it again after a deletion.
pub async fn create(
    cx: &Context<'_>,
    partner: &PartnerId,
    id: DeviceTypeId,
    words: Words,
) -> Result<DeviceType> {
    deciding(|| async {
        let old = cx.store.device_type(&id).await?;
        if old.as_ref().is_some_and(|old| !old.deleted || old.partner != *partner) {
            return Err(Refusal::DeviceTypeTaken.into());
        }
        let mut this = fresh(cx, partner, &id, &words, old.as_ref());
        this.stopped_with_partner = cx.store.partner_stop(partner).await?;
        let stopped = this.is_stopped();
        let mut tx = cx.tx(Some(partner), "deviceType.created", subject(&id), Change::made(shown(&this)));
        tx.create_device_type(&this, old.as_ref());
        tx.expect_partner_stop(partner, this.stopped_with_partner);
        let own = cx.store.feeds(partner).await?.into_iter().map(|feed| feed.name);
        for feed in FeedName::standard().chain(own) {
            if !feed.is_standard() {
                tx.expect_feed(partner, &feed);
            }
            let key = cx.download_key()?.to_owned();
            let (now, keys) = (cx.now.seconds(), cx.index_keys()?);
            let mut pointer = IndexPointer::empty(id.clone(), feed.clone(), partner.clone(), now, keys);
            let mut manifest = Manifest::empty(id.clone(), feed, partner.clone(), key);
            (pointer.stopped, manifest.stopped) = (stopped, stopped);
            manifest.polling = this.polling;
            tx.put_index(&pointer, None);
            tx.put_manifest(&manifest, None);
        }
        match tx.commit(cx.store).await {
            Err(store::Error::Guard(Guard::AlreadyThere)) => Err(Refusal::DeviceTypeTaken.into()),
            other => Ok(other.map(|()| this)?),
        }
    })
    .await
}

fn fresh(
    cx: &Context<'_>,
    partner: &PartnerId,
    id: &DeviceTypeId,
    words: &Words,
    old: Option<&DeviceType>,
) -> DeviceType {
    DeviceType {
        id: id.clone(),
        partner: partner.clone(),
        name: words.name.clone(),
        description: words.description.clone(),
        architecture: words.architecture.clone(),
        // Not from the start again for one that is revived: tokens of before were ended with it.
        epoch: old.map_or(1, |old| old.epoch.saturating_add(2)),
        anonymous_reports: words.anonymous_reports.unwrap_or_default(),
        // Or deleting it and making it again would be a way to start it without the right to.
        stopped: old.and_then(|old| old.stopped),
        stopped_with_partner: None,
        polling: words.polling(Polling::default()),
        created: cx.now,
        updated: cx.now,
        revision: old.map_or(1, |old| old.revision + 1),
        associations: 0,
        deleted: false,
    }
}

/// A living device type of the partner.
pub(super) async fn living(cx: &Context<'_>, partner: &PartnerId, id: &DeviceTypeId) -> Result<DeviceType> {
    let found = cx.store.device_type(id).await?.filter(|this| this.partner == *partner && !this.deleted);
    Ok(found.ok_or(Refusal::NotFound)?)
}

/// A device type of the partner.
pub async fn get(cx: &Context<'_>, partner: &PartnerId, id: &DeviceTypeId) -> Result<DeviceType> {
    living(cx, partner, id).await
}

/// The partner's device types, by id.
pub async fn list(cx: &Context<'_>, partner: &PartnerId) -> Result<Vec<DeviceType>> {
    let ids = cx.store.device_type_ids(partner).await?;
    if ids.is_empty() { Ok(Vec::new()) } else { Ok(cx.store.device_types(&ids).await?) }
}

/// Changes what a device type is called and built for, and how often its devices should ask.
///
/// The latter stands in the manifests, which are written in the same transaction: at most one for each feed.
pub async fn update(cx: &Context<'_>, partner: &PartnerId, id: &DeviceTypeId, words: Words) -> Result<()> {
    deciding(|| async {
        let before = living(cx, partner, id).await?;
        let after = DeviceType {
            name: words.name.clone(),
            description: words.description.clone(),
            architecture: words.architecture.clone(),
            anonymous_reports: words.anonymous_reports.unwrap_or(before.anonymous_reports),
            polling: words.polling(before.polling),
            updated: cx.now.max(before.updated),
            revision: before.revision + 1,
            ..before.clone()
        };
        let change = Change::from_to(shown(&before), shown(&after));
        let mut tx = cx.tx(Some(partner), "deviceType.updated", subject(id), change);
        tx.replace_device_type(&after, before.revision);
        let manifests =
            if after.polling == before.polling { Vec::new() } else { cx.store.manifests(id).await? };
        for old in manifests {
            let revision = old.revision;
            let new = Manifest { polling: after.polling, revision: revision + 1, ..old };
            tx.put_manifest(&new, Some(revision));
        }
        Ok(tx.commit(cx.store).await?)
    })
    .await
}

/// Deletes a device type that has no associations and no devices, and leaves a tombstone.
///
/// A device that is heard of for the first time meanwhile stays, and is refused from then on.
pub async fn delete(cx: &Context<'_>, partner: &PartnerId, id: &DeviceTypeId) -> Result<()> {
    deciding(|| async {
        let this = living(cx, partner, id).await?;
        if this.associations > 0 || cx.store.known_devices(id).await? > 0 {
            return Err(Refusal::DeviceTypeInUse.into());
        }
        let (manifests, pointers) = (cx.store.manifests(id).await?, cx.store.indexes(id).await?);
        let mut before = shown(&this);
        before["feeds"] = feeds_of(&manifests, &pointers).into();
        let mut tx = cx.tx(Some(partner), "deviceType.deleted", subject(id), Change::gone(before));
        tx.bury_device_type(&this);
        for manifest in &manifests {
            tx.delete_manifest(manifest);
        }
        for pointer in &pointers {
            tx.delete_index(pointer);
        }
        Ok(tx.commit(cx.store).await?)
    })
    .await
}

/// The feeds that answer for a device type, for the audit: the CDN must forget those answers.
pub(super) fn feeds_of(manifests: &[Manifest], pointers: &[IndexPointer]) -> Vec<String> {
    let all = manifests.iter().map(|each| &each.feed).chain(pointers.iter().map(|each| &each.feed));
    all.collect::<BTreeSet<_>>().into_iter().map(FeedName::to_string).collect()
}
