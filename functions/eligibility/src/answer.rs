//! The answer of a check, small enough for a modem.

use serde::Serialize;
use shared::domain::decision::{Reason, Verdict};
use shared::domain::{Binary, Entry, Manifest, Timestamp, download};
use shared::http::{App, Problem};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    device_type_id: &'a str,
    feed: &'a str,
    revision: String,
    next_poll_seconds: u32,
    poll_jitter_seconds: u32,
    updates: Vec<Update<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<Note>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Update<'a> {
    r#type: u8,
    type_name: &'a str,
    version_attribute_id: u16,
    version_number: String,
    version: &'a str,
    name: &'a str,
    size: u64,
    sha256: String,
    md5: String,
    url: String,
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    second: Option<Second>,
}

/// The second slot of an A/B image.
#[derive(Serialize)]
struct Second {
    url2: String,
    #[serde(rename = "url2Size")]
    size: u64,
    #[serde(rename = "url2Sha256")]
    sha256: String,
    #[serde(rename = "url2Md5")]
    md5: String,
}

#[derive(Serialize)]
struct Note {
    r#type: u8,
    reason: &'static str,
}

/// The JSON body for a decision. The same manifest and the same report give the same bytes all day.
pub(crate) fn body(
    app: &App,
    manifest: &Manifest,
    offers: &[&Entry],
    verdicts: &[Verdict],
    poll: Poll,
) -> Result<Vec<u8>, Problem> {
    let expires = manifest.feed.is_restricted().then(|| end_of_next_day(app.clock.now()));
    let (secret, base) = (app.secrets.download()?, app.config.base_url()?);
    let url = |binary: &Binary, name: String| {
        let path = download::path(secret, &manifest.download_key, &binary.sha256, expires, &name);
        format!("{base}{path}")
    };
    let update = |entry: &'_ Entry| {
        let (kind, number) = (entry.id().r#type, entry.id().number);
        (
            url(&entry.binary, format!("{kind}-{number}.bin")),
            entry.second.as_ref().map(|second| Second {
                url2: url(second, format!("{kind}-{number}-2.bin")),
                size: second.size,
                sha256: second.sha256.to_string(),
                md5: second.md5.to_string(),
            }),
        )
    };
    let answer = Answer {
        device_type_id: manifest.device_type.as_str(),
        feed: manifest.feed.as_str(),
        revision: manifest.revision.to_string(),
        next_poll_seconds: poll.seconds,
        poll_jitter_seconds: poll.jitter_seconds,
        updates: offers.iter().map(|entry| offered(entry, update(entry))).collect(),
        notes: notes(verdicts),
    };
    serde_json::to_vec(&answer).map_err(|error| Problem::internal(error.to_string()))
}

fn offered(entry: &Entry, (url, second): (String, Option<Second>)) -> Update<'_> {
    Update {
        r#type: entry.id().r#type.get(),
        type_name: entry.type_name.as_str(),
        version_attribute_id: entry.id().r#type.version_attribute_id(),
        version_number: entry.id().number.to_string(),
        version: entry.version.as_str(),
        name: entry.name.as_str(),
        size: entry.binary.size,
        sha256: entry.binary.sha256.to_string(),
        md5: entry.binary.md5.to_string(),
        url,
        second,
    }
}

/// When to ask again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Poll {
    /// After how many seconds.
    pub(crate) seconds: u32,
    /// How many seconds more at most, by dice of the device's.
    pub(crate) jitter_seconds: u32,
}

impl Poll {
    /// For devices that do not say who they are.
    pub(crate) fn of_strangers(app: &App) -> Self {
        Self { seconds: app.config.poll_seconds, jitter_seconds: app.config.poll_jitter_seconds }
    }
}

/// The entries that are offered, in install order.
pub(crate) fn offers<'a>(manifest: &'a Manifest, verdicts: &'a [Verdict]) -> impl Iterator<Item = &'a Entry> {
    let eligible = verdicts.iter().filter(|verdict| verdict.reason == Reason::Eligible);
    eligible.filter_map(|verdict| manifest.entry(verdict.id))
}

/// What a device cannot know by itself: why it gets nothing of a type, if not because it is up to date. What is on its way
/// to others is not told.
fn notes(verdicts: &[Verdict]) -> Vec<Note> {
    let mut notes: Vec<Note> = Vec::new();
    for verdict in verdicts {
        let r#type = verdict.id.r#type.get();
        let held = match verdict.reason {
            Reason::NotReported
            | Reason::Withheld
            | Reason::Blocked
            | Reason::Stopped
            | Reason::Paused
            | Reason::Requires(_)
            | Reason::Bundle => true,
            Reason::Eligible
            | Reason::UpToDate
            | Reason::Superseded
            | Reason::PushedOther { .. }
            | Reason::Floor { .. }
            | Reason::NotEveryones
            | Reason::LeftOut(_)
            | Reason::Withdrawn => false,
        };
        let note = held.then(|| Note { r#type, reason: verdict.reason.code() });
        // Of several images of a type the highest one counts.
        if note.is_some() {
            notes.retain(|other| other.r#type != r#type);
        }
        notes.extend(note);
    }
    let offered = |note: &Note| {
        verdicts
            .iter()
            .any(|verdict| verdict.id.r#type.get() == note.r#type && verdict.reason == Reason::Eligible)
    };
    notes.retain(|note| !offered(note));
    notes
}

/// The end of the next whole day, UTC: the same for every check of a day.
fn end_of_next_day(now: Timestamp) -> Timestamp {
    Timestamp::from_millis(0).plus_seconds((now.day() + 2) * 86_400)
}
