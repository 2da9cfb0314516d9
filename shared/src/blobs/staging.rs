//! How long uploads have waited in staging.

use super::{Blobs, Error, keys};
use crate::domain::time::Seconds;

/// The most pages of a thousand uploads that are looked at.
const PAGES: usize = 10;

impl Blobs {
    /// When the oldest upload in staging was written; none if there is none. Looks at the first 10,000 by key.
    pub async fn oldest_staged(&self) -> Result<Option<Seconds>, Error> {
        let mut oldest = None;
        let list = self.client.list_objects_v2().bucket(&self.bucket).prefix(keys::STAGING);
        let mut pages = list.into_paginator().send();
        for _ in 0..PAGES {
            let Some(page) = pages.next().await else { break };
            let page = page.map_err(|error| Error::unavailable("ListObjectsV2", &error))?;
            let written = page.contents().iter().filter_map(|object| Some(object.last_modified()?.secs()));
            oldest = oldest.into_iter().chain(written).min();
        }
        Ok(oldest)
    }
}
