//! Reconciling: finishes what broke off, and compares every manifest with its associations.

use super::{Context, Error, Result, manifests, repairs};

/// What a reconciliation found and did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// Repairs that had broken off and are finished now.
    pub repairs: usize,
    /// Manifests compared with their associations.
    pub manifests: usize,
    /// Manifests that said something else, and were made again.
    pub drifted: usize,
    /// Repairs and manifests that failed, and were passed over; each is logged.
    pub failed: usize,
}

impl Report {
    /// One broken row must not keep everything else from being mended.
    fn pass_over(&mut self, subject: &str, error: &Error) {
        self.failed += 1;
        tracing::error!(subject, cause = %error, "could not be reconciled");
    }
}

/// Finishes every repair, then makes every manifest again that does not say what its associations say.
pub async fn reconcile(cx: &Context<'_>) -> Result<Report> {
    let mut report = Report::default();
    for repair in cx.store.repairs().await? {
        match repairs::finish(cx, &repair).await {
            Ok(()) => report.repairs += 1,
            Err(error) => report.pass_over(&repair.subject.text(), &error),
        }
    }
    for partner in cx.store.partners().await? {
        for device_type in cx.store.device_type_ids(&partner.id).await? {
            let mut feeds: Vec<_> =
                cx.store.manifests(&device_type).await?.into_iter().map(|manifest| manifest.feed).collect();
            feeds.extend(cx.store.associations(&device_type, None).await?.into_iter().map(|each| each.feed));
            feeds.sort();
            feeds.dedup();
            for feed in feeds {
                report.manifests += 1;
                report.drifted +=
                    usize::from(manifests::remake(cx, &partner.id, &device_type, &feed, None).await?);
            }
        }
    }
    Ok(report)
}
