//! What this process remembers: catalogues, and the indexes of the latest versions as they are served.
//!
//! Everything is found by digest and key, so nothing in it is ever out of date; only room is a reason to forget.

use std::sync::{Arc, Mutex, PoisonError};

use shared::domain::{Catalogue, Sha256};

use crate::rendered::Rendered;

/// How much is remembered, in bytes of stored catalogues and rendered indexes. What is newest of each is always kept,
/// and a function with 256 MB of memory has room for the largest of both.
const MAX_BYTES: usize = 8 << 20;

/// One thing that is remembered.
#[derive(Debug, Clone)]
enum Kept {
    Catalogue(Sha256, Arc<Catalogue>),
    Rendered(Sha256, String, Arc<Rendered>),
}

impl Kept {
    fn kind(&self) -> std::mem::Discriminant<Self> {
        std::mem::discriminant(self)
    }

    /// True if both are the same thing, perhaps made twice at once.
    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Catalogue(a, _), Self::Catalogue(b, _)) => a == b,
            (Self::Rendered(a, key, _), Self::Rendered(b, other, _)) => (a, key) == (b, other),
            _ => false,
        }
    }
}

/// What is remembered, newest last.
#[derive(Debug, Default)]
pub(crate) struct Cache(Mutex<Vec<(usize, Kept)>>);

impl Cache {
    /// A catalogue by its digest.
    pub(crate) fn catalogue(&self, wanted: &Sha256) -> Option<Arc<Catalogue>> {
        self.find(|kept| match kept {
            Kept::Catalogue(sha256, catalogue) if sha256 == wanted => Some(Arc::clone(catalogue)),
            _ => None,
        })
    }

    /// Remembers a catalogue that takes `bytes` in store.
    pub(crate) fn keep_catalogue(&self, sha256: Sha256, catalogue: Arc<Catalogue>, bytes: usize) {
        self.keep(bytes, Kept::Catalogue(sha256, catalogue));
    }

    /// The rendered index of a catalogue, with paths signed by the key `key_id`.
    pub(crate) fn rendered(&self, wanted: &Sha256, key_id: &str) -> Option<Arc<Rendered>> {
        self.find(|kept| match kept {
            Kept::Rendered(sha256, key, rendered) if sha256 == wanted && key == key_id => {
                Some(Arc::clone(rendered))
            }
            _ => None,
        })
    }

    /// Remembers a rendered index.
    pub(crate) fn keep_rendered(&self, sha256: Sha256, key_id: &str, rendered: Arc<Rendered>) {
        self.keep(rendered.bytes(), Kept::Rendered(sha256, key_id.to_owned(), rendered));
    }

    fn find<T>(&self, wanted: impl Fn(&Kept) -> Option<T>) -> Option<T> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (place, found) =
            all.iter().enumerate().find_map(|(place, (_, kept))| Some((place, wanted(kept)?)))?;
        let used = all.remove(place);
        all.push(used);
        Some(found)
    }

    fn keep(&self, bytes: usize, kept: Kept) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(_, other)| !other.is(&kept));
        all.push((bytes, kept));
        let mut room = all.iter().map(|(bytes, _)| bytes).sum::<usize>();
        // Of each kind the newest stays: a feed is asked for both.
        while room > MAX_BYTES {
            let newer = |place: usize| {
                let kind = all[place].1.kind();
                all[place + 1..].iter().any(|(_, each)| each.kind() == kind)
            };
            let Some(place) = (0..all.len()).find(|place| newer(*place)) else { break };
            room -= all.remove(place).0;
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::domain::FeedName;

    use super::*;

    #[test]
    fn the_newest_of_each_kind_stays_and_the_oldest_go_first() {
        let cache = Cache::default();
        let catalogue = Arc::new(Catalogue::empty("dev1".parse().unwrap(), FeedName::release(), 1));
        let digest = |number: u8| Sha256::of(&[number]);
        for number in 0..3 {
            cache.keep_catalogue(digest(number), Arc::clone(&catalogue), MAX_BYTES / 2);
            cache.keep_rendered(digest(number), "d1", Arc::new(Rendered::new("x".repeat(MAX_BYTES / 2))));
        }
        let there = |number: u8| {
            (cache.catalogue(&digest(number)).is_some(), cache.rendered(&digest(number), "d1").is_some())
        };
        assert_eq!([there(0), there(1), there(2)], [(false, false), (false, false), (true, true)]);
        assert!(cache.rendered(&digest(2), "d2").is_none(), "another key signs other paths");
    }
}
