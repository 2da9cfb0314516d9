//! `/{feed}/{deviceTypeId}/…`: indexes at their three depths, and single fields.

use std::sync::Arc;

use axum::response::Response;
use shared::domain::catalogue::{Level, Paths, Selection};
use shared::domain::time::Seconds;
use shared::domain::{Catalogue, IndexPointer, Sha256};
use shared::http::Problem;
use shared::needs::NotGiven;
use shared::usecases::feed_reads;

use crate::Feeds;
use crate::answer::{Conditions, Keep, Whole};
use crate::keys::Keys;
use crate::path::Form;
use crate::rendered::Rendered;

/// What a pointer shows, with its catalogue at hand.
pub(crate) struct Shown<'a> {
    feeds: &'a Feeds,
    pointer: IndexPointer,
    catalogue: Arc<Catalogue>,
}

impl Feeds {
    /// The index of a level in a form.
    pub(crate) async fn index(
        &self,
        pointer: IndexPointer,
        level: &Level,
        form: Form,
        conditions: Conditions<'_>,
    ) -> Result<Response, Problem> {
        let keep = self.keep(&pointer, form);
        let in_part = form == Form::Bare && conditions.since().is_some_and(|since| pointer.modified > since);
        if *level == Level::Device
            && !in_part
            && let Some(rendered) = self.remembered(&pointer)
        {
            let modified = pointer.modified;
            let whole =
                rendered.form(form, &pointer, modified, self.keys()?)?.ok_or_else(Problem::not_found)?;
            return Ok(conditions.answer(whole, keep));
        }
        self.shown(pointer).await?.index(level, form, conditions, keep)
    }

    /// The lines of one field.
    pub(crate) async fn field(
        &self,
        pointer: IndexPointer,
        level: &Level,
        name: &str,
        conditions: Conditions<'_>,
    ) -> Result<Response, Problem> {
        let keep = self.keep(&pointer, Form::Bare);
        let shown = self.shown(pointer).await?;
        let selection = shown.catalogue.select(level).ok_or_else(Problem::not_found)?;
        let text = selection.render_field(shown.paths()?, name).ok_or_else(Problem::not_found)?;
        let mut modified = selection.field_modified(name);
        if name.eq_ignore_ascii_case("filename") {
            modified = modified.max(shown.pointer.rekeyed);
        }
        Ok(conditions.answer(Whole::text(text, modified), keep))
    }

    fn keep(&self, pointer: &IndexPointer, form: Form) -> Keep {
        if pointer.feed.is_restricted() {
            Keep::Restricted
        } else if form != Form::Bare && self.keys().is_ok_and(Keys::sign) {
            Keep::Signed
        } else {
            Keep::Open
        }
    }

    fn remembered(&self, pointer: &IndexPointer) -> Option<Arc<Rendered>> {
        let catalogue = pointer.catalogue.filter(|_| !pointer.stopped)?;
        self.cache.rendered(&catalogue, &pointer.keys.download)
    }

    /// The catalogue of a pointer: from memory, or one read of the bucket.
    async fn shown(&self, pointer: IndexPointer) -> Result<Shown<'_>, Problem> {
        if pointer.stopped {
            return Ok(self.emptied(pointer));
        }
        let Some(sha256) = pointer.catalogue else { return Ok(self.emptied(pointer)) };
        if let Some(catalogue) = self.catalogue(&sha256).await? {
            return Ok(Shown { feeds: self, pointer, catalogue });
        }
        // The pointer was read a moment late, and its catalogue has been swept since.
        let pointer = feed_reads::again(&self.app.store, &pointer).await?;
        let Some(sha256) = pointer.catalogue.filter(|_| !pointer.stopped) else {
            return Ok(self.emptied(pointer));
        };
        let lost = || Problem::internal(format!("the catalogue {sha256} is not in the bucket"));
        let catalogue = self.catalogue(&sha256).await?.ok_or_else(lost)?;
        Ok(Shown { feeds: self, pointer, catalogue })
    }

    /// What a pointer shows that no package has ever been behind, or whose device type is stopped: then everything that was
    /// there is gone since.
    fn emptied(&self, pointer: IndexPointer) -> Shown<'_> {
        let (device_type, feed) = (pointer.device_type.clone(), pointer.feed.clone());
        let mut catalogue = Catalogue::empty(device_type, feed, pointer.modified);
        if pointer.stopped {
            catalogue.shrunk = pointer.modified;
        }
        // Or what is rendered of nothing would be remembered as that of its catalogue.
        let pointer = IndexPointer { catalogue: None, ..pointer };
        Shown { feeds: self, pointer, catalogue: Arc::new(catalogue) }
    }

    async fn catalogue(&self, sha256: &Sha256) -> Result<Option<Arc<Catalogue>>, Problem> {
        if let Some(known) = self.cache.catalogue(sha256) {
            return Ok(Some(known));
        }
        let bytes = self.blobs.catalogue(sha256).await.map_err(shared::usecases::Error::from)?;
        let Some(bytes) = bytes else { return Ok(None) };
        let catalogue = Catalogue::from_text(&bytes)
            .map_err(|error| Problem::internal(format!("the catalogue {sha256} does not parse: {error}")))?;
        let catalogue = Arc::new(catalogue);
        self.cache.keep_catalogue(*sha256, Arc::clone(&catalogue), bytes.len());
        Ok(Some(catalogue))
    }
}

impl Shown<'_> {
    fn paths(&self) -> Result<Paths<'_>, NotGiven> {
        let secret = self.feeds.app.secrets.download()?;
        Ok(Paths { secret, key_id: &self.pointer.keys.download })
    }

    fn index(
        &self,
        level: &Level,
        form: Form,
        conditions: Conditions<'_>,
        keep: Keep,
    ) -> Result<Response, Problem> {
        let selection = self.catalogue.select(level).ok_or_else(Problem::not_found)?;
        // With another key every file has another name.
        let rekeyed = self.pointer.rekeyed;
        let modified = match level {
            // An index that nothing was ever in has its time in the pointer alone.
            Level::Device => self.pointer.modified,
            _ => selection.modified.max(rekeyed),
        };
        if form == Form::Bare
            && let Some(since) = conditions.since()
            && let Some(text) = self.changed(&selection, modified, since)?
        {
            return Ok(conditions.partial(text, "text/plain; charset=utf-8", modified, keep));
        }
        let rendered = match level {
            Level::Device => self.whole(&selection)?,
            _ => Arc::new(Rendered::new(selection.render(self.paths()?))),
        };
        let whole = rendered.form(form, &self.pointer, modified, self.feeds.keys()?)?;
        Ok(conditions.answer(whole.ok_or_else(Problem::not_found)?, keep))
    }

    /// The index of the latest versions, remembered or rendered.
    fn whole(&self, selection: &Selection<'_>) -> Result<Arc<Rendered>, NotGiven> {
        if let Some(known) = self.feeds.remembered(&self.pointer) {
            return Ok(known);
        }
        let rendered = Arc::new(Rendered::new(selection.render(self.paths()?)));
        if let Some(sha256) = self.pointer.catalogue {
            self.feeds.cache.keep_rendered(sha256, &self.pointer.keys.download, Arc::clone(&rendered));
        }
        Ok(rendered)
    }

    /// The stanzas that have changed since, if they are some but not all, and none has vanished.
    fn changed(
        &self,
        selection: &Selection<'_>,
        modified: Seconds,
        since: Seconds,
    ) -> Result<Option<String>, NotGiven> {
        let newer = |time: Seconds| time.max(self.pointer.rekeyed) > since;
        let some = modified > since && selection.shrunk <= since;
        let all = selection.lines.iter().all(|line| newer(line.modified));
        let paths = self.paths()?;
        Ok((some && !all).then(|| selection.render_where(paths, |line| newer(line.modified))))
    }
}
