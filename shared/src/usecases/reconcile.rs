//! Reconciling: finishes what broke off, compares every manifest and package index with its associations, and sweeps
//! the bucket.
//!
//! Safe to break off anywhere, and to run twice at once: each thing is made again in a transaction of its own, and what
//! is right already is left alone. Who has little time stops in between and goes on another time.

use serde_json::json;

use super::context::Change;
use super::{Context, Error, Result, feeds, indexes, manifests, repairs};
use crate::blobs::Blobs;
use crate::domain::{DeviceTypeId, FeedName, PartnerId};
use crate::store::reconciliation::Place;

/// What a reconciliation found and did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// Repairs that had broken off and are finished now.
    pub repairs: usize,
    /// Manifests compared with their associations.
    pub manifests: usize,
    /// Manifests that said something else, and were made again.
    pub drifted: usize,
    /// Package indexes compared with their associations.
    pub indexes: usize,
    /// Package indexes that said something else, or were missing, and were made again.
    pub indexes_drifted: usize,
    /// Catalogues that nothing pointed to any more, and are gone.
    pub catalogues_swept: usize,
    /// What failed and was passed over; each is logged.
    pub failed: usize,
    /// True if it came to its end; if not, the next one goes on where it stopped.
    pub complete: bool,
}

impl Report {
    /// One broken row must not keep everything else from being mended.
    fn pass_over(&mut self, subject: &str, error: &Error) {
        self.failed += 1;
        tracing::error!(subject, cause = %error, "could not be reconciled");
    }
}

/// Finishes every repair, makes every manifest and package index again that does not say what its associations say,
/// and sweeps away the catalogues that nothing points to; from the beginning to the end, however long that takes.
pub async fn reconcile(cx: &Context<'_>, blobs: &Blobs) -> Result<Report> {
    let mut run = Run { cx, blobs, enough: || false, report: Report::default(), place: None };
    run.all().await?;
    Ok(run.report)
}

/// The same from where the last one stopped, until `enough` says so: asked before each feed of a device type is
/// compared, and before each catalogue is removed.
pub async fn reconcile_until(cx: &Context<'_>, blobs: &Blobs, enough: impl Fn() -> bool) -> Result<Report> {
    let from = cx.store.reconciliation().await?;
    let mut run = Run { cx, blobs, enough, report: Report::default(), place: from.clone() };
    run.all().await?;
    let at = run.place.filter(|_| !run.report.complete);
    if at != from {
        let (before, after) = (from.as_ref().map(shown), at.as_ref().map(shown));
        let action = if at.is_some() { "reconciliation.stopped" } else { "reconciliation.completed" };
        let mut tx = cx.tx(None, action, "reconciliation".to_owned(), Change::of(before, after));
        tx.put_reconciliation(at.as_ref());
        tx.commit(cx.store).await?;
    }
    Ok(run.report)
}

/// The age of the oldest upload in staging, in seconds; 0 if there is none. Where there are more than a few thousand,
/// it is that of the oldest among those.
pub async fn staging_age(cx: &Context<'_>, blobs: &Blobs) -> Result<u64> {
    let oldest = blobs.oldest_staged().await?;
    Ok(oldest.map_or(0, |written| u64::try_from(cx.now.seconds() - written).unwrap_or_default()))
}

fn shown(place: &Place) -> serde_json::Value {
    match place {
        Place::After { partner, device_type } => {
            json!({"partner": partner.as_str(), "deviceType": device_type.as_str()})
        }
        Place::Compared => json!({"compared": true}),
    }
}

/// One reconciliation.
struct Run<'a, Enough> {
    cx: &'a Context<'a>,
    blobs: &'a Blobs,
    enough: Enough,
    report: Report,
    /// How far it has come.
    place: Option<Place>,
}

impl<Enough: Fn() -> bool> Run<'_, Enough> {
    async fn all(&mut self) -> Result<()> {
        let repaired = repairs::finish_all(self.cx, &self.enough).await?;
        (self.report.repairs, self.report.failed) = (repaired.finished, repaired.failed);
        if self.place != Some(Place::Compared) {
            if !self.compare().await? {
                return Ok(());
            }
            self.place = Some(Place::Compared);
        }
        self.report.complete = self.sweep().await;
        Ok(())
    }

    /// Answers whether it came to the end.
    async fn compare(&mut self) -> Result<bool> {
        for partner in self.cx.store.partners().await? {
            let partner = &partner.id;
            if matches!(&self.place, Some(Place::After { partner: last, .. }) if partner < last) {
                continue;
            }
            if let Err(error) = feeds::list_again(self.cx, partner).await {
                self.report.pass_over(partner.as_str(), &error);
            }
            let device_types = match self.cx.store.device_type_ids(partner).await {
                Ok(device_types) => device_types,
                Err(error) => {
                    self.report.pass_over(partner.as_str(), &error.into());
                    continue;
                }
            };
            for device_type in device_types {
                let here = Place::After { partner: partner.clone(), device_type };
                if self.place.as_ref().is_some_and(|place| here <= *place) {
                    continue;
                }
                let Place::After { device_type, .. } = &here else { continue };
                if !self.device_type(partner, device_type).await {
                    return Ok(false);
                }
                self.place = Some(here);
            }
        }
        Ok(true)
    }

    /// Answers whether it came to the end.
    async fn device_type(&mut self, partner: &PartnerId, device_type: &DeviceTypeId) -> bool {
        match self.feeds_of(partner, device_type).await {
            Ok(feeds) => {
                for feed in feeds {
                    if (self.enough)() {
                        return false;
                    }
                    self.one(partner, device_type, &feed).await;
                }
            }
            Err(error) => self.report.pass_over(device_type.as_str(), &error),
        }
        true
    }

    /// Every feed in which the device type has anything, or should have.
    async fn feeds_of(&self, partner: &PartnerId, device_type: &DeviceTypeId) -> Result<Vec<FeedName>> {
        let mut all = feeds::list(self.cx, partner).await?;
        match self.cx.store.manifests(device_type).await {
            Ok(manifests) => all.extend(manifests.into_iter().map(|manifest| manifest.feed)),
            // Met again, and counted, when the manifest of its feed is compared.
            Err(error) => tracing::error!(%device_type, cause = %error, "a manifest cannot be read"),
        }
        let associations = self.cx.store.associations(device_type, None).await?;
        all.extend(associations.into_iter().map(|each| each.feed));
        all.sort();
        all.dedup();
        Ok(all)
    }

    async fn one(&mut self, partner: &PartnerId, device_type: &DeviceTypeId, feed: &FeedName) {
        self.report.manifests += 1;
        match manifests::remake(self.cx, partner, device_type, feed, None).await {
            Ok(remade) => self.report.drifted += usize::from(remade),
            Err(error) => self.report.pass_over(&format!("{device_type}/{feed}"), &error),
        }
        self.report.indexes += 1;
        match indexes::remake(self.cx, self.blobs, partner, device_type, feed).await {
            Ok(remade) => self.report.indexes_drifted += usize::from(remade),
            Err(error) => self.report.pass_over(&format!("{device_type}/{feed}"), &error),
        }
    }

    /// Answers whether it came to the end. Sweeps nothing if anything failed: what could not be read may point to
    /// anything.
    async fn sweep(&mut self) -> bool {
        if self.report.failed > 0 {
            return true;
        }
        let swept = async {
            match indexes::referenced(self.cx, &self.enough).await? {
                Some(referenced) => indexes::sweep(self.cx, self.blobs, &referenced, &self.enough).await,
                None => Ok((0, false)),
            }
        };
        match swept.await {
            Ok((swept, all)) => {
                self.report.catalogues_swept = swept;
                all
            }
            Err(error) => {
                self.report.pass_over("catalogues", &error);
                true
            }
        }
    }
}
