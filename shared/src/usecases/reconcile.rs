//! Reconciling: finishes what broke off, and compares every manifest with its associations.

use std::collections::HashSet;

use super::{Context, Error, Result, feeds, indexes, manifests, repairs};
use crate::blobs::Blobs;
use crate::domain::{DeviceTypeId, FeedName, PartnerId, Sha256};

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
}

impl Report {
    /// One broken row must not keep everything else from being mended.
    fn pass_over(&mut self, subject: &str, error: &Error) {
        self.failed += 1;
        tracing::error!(subject, cause = %error, "could not be reconciled");
    }
}

/// Finishes every repair, makes every manifest and package index again that does not say what its associations say,
/// and sweeps away the catalogues that nothing points to.
pub async fn reconcile(cx: &Context<'_>, blobs: &Blobs) -> Result<Report> {
    let mut report = Report::default();
    for repair in cx.store.repairs().await? {
        match repairs::finish(cx, &repair).await {
            Ok(()) => report.repairs += 1,
            Err(error) => report.pass_over(&repair.subject.text(), &error),
        }
    }
    let mut referenced = HashSet::new();
    for partner in cx.store.partners().await? {
        if let Err(error) = feeds::list_again(cx, &partner.id).await {
            report.pass_over(partner.id.as_str(), &error);
        }
        for device_type in cx.store.device_type_ids(&partner.id).await? {
            match feeds_of(cx, &partner.id, &device_type).await {
                Ok(feeds) => {
                    for feed in feeds {
                        let place = (&partner.id, &device_type, &feed);
                        one(cx, blobs, &mut report, &mut referenced, place).await;
                    }
                }
                Err(error) => report.pass_over(device_type.as_str(), &error),
            }
        }
    }
    // What was passed over may point to anything.
    if report.failed == 0 {
        report.catalogues_swept = indexes::sweep(cx, blobs, &referenced).await?;
    }
    Ok(report)
}

/// Every feed in which the device type has anything, or should have.
async fn feeds_of(
    cx: &Context<'_>,
    partner: &PartnerId,
    device_type: &DeviceTypeId,
) -> Result<Vec<FeedName>> {
    let mut all = feeds::list(cx, partner).await?;
    match cx.store.manifests(device_type).await {
        Ok(manifests) => all.extend(manifests.into_iter().map(|manifest| manifest.feed)),
        // Met again, and counted, when the manifest of its feed is compared.
        Err(error) => tracing::error!(%device_type, cause = %error, "a manifest cannot be read"),
    }
    all.extend(cx.store.associations(device_type, None).await?.into_iter().map(|each| each.feed));
    all.sort();
    all.dedup();
    Ok(all)
}

async fn one(
    cx: &Context<'_>,
    blobs: &Blobs,
    report: &mut Report,
    referenced: &mut HashSet<Sha256>,
    (partner, device_type, feed): (&PartnerId, &DeviceTypeId, &FeedName),
) {
    report.manifests += 1;
    match manifests::remake(cx, partner, device_type, feed, None).await {
        Ok(remade) => report.drifted += usize::from(remade),
        Err(error) => report.pass_over(&format!("{device_type}/{feed}"), &error),
    }
    report.indexes += 1;
    match indexes::remake(cx, blobs, partner, device_type, feed).await {
        Ok(looked) => {
            report.indexes_drifted += usize::from(looked.remade);
            referenced.extend(looked.catalogue);
        }
        Err(error) => report.pass_over(&format!("{device_type}/{feed}"), &error),
    }
}
