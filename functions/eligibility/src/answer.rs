//! The answer of a check, small enough for a modem; in which form it is sent, others know.

use serde::Serialize;
use shared::domain::decision::{Reason, Verdict};
use shared::domain::poll::{Poll, Usual};
use shared::domain::{Binary, Entry, Manifest, Timestamp, download};
use shared::http::{App, Problem};

/// What a device is told.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Check<'a> {
    pub(crate) device_type_id: &'a str,
    pub(crate) feed: &'a str,
    pub(crate) revision: String,
    pub(crate) next_poll_seconds: u32,
    pub(crate) poll_jitter_seconds: u32,
    pub(crate) updates: Vec<Update<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) notes: Vec<Note>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Update<'a> {
    pub(crate) r#type: u8,
    pub(crate) type_name: &'a str,
    pub(crate) version_attribute_id: u16,
    pub(crate) version_number: String,
    pub(crate) version: &'a str,
    pub(crate) name: &'a str,
    pub(crate) size: u64,
    pub(crate) sha256: String,
    pub(crate) md5: String,
    pub(crate) url: String,
    /// The second slot of an A/B image, with its size and digests: all four or none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url2: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url2_size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url2_sha256: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url2_md5: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct Note {
    pub(crate) r#type: u8,
    pub(crate) reason: &'static str,
}

/// What a decision comes to. The same manifest and the same report give the same all day.
pub(crate) fn check<'a>(
    app: &App,
    manifest: &'a Manifest,
    offers: &[&'a Entry],
    verdicts: &[Verdict],
    poll: Poll,
) -> Result<Check<'a>, Problem> {
    let expires = manifest.feed.is_restricted().then(|| end_of_next_day(app.clock.now()));
    let (secret, base) = (app.secrets.download()?, app.config.base_url()?);
    let url = |binary: &Binary, name: String| {
        let path = download::path(secret, &manifest.download_key, &binary.sha256, expires, &name);
        format!("{base}{path}")
    };
    let update = |entry: &&'a Entry| {
        let (kind, number) = (entry.id().r#type, entry.id().number);
        let second = entry.second.as_ref();
        Update {
            r#type: kind.get(),
            type_name: entry.type_name.as_str(),
            version_attribute_id: kind.version_attribute_id(),
            version_number: number.to_string(),
            version: entry.version.as_str(),
            name: entry.name.as_str(),
            size: entry.binary.size,
            sha256: entry.binary.sha256.to_string(),
            md5: entry.binary.md5.to_string(),
            url: url(&entry.binary, format!("{kind}-{number}.bin")),
            url2: second.map(|second| url(second, format!("{kind}-{number}-2.bin"))),
            url2_size: second.map(|second| second.size),
            url2_sha256: second.map(|second| second.sha256.to_string()),
            url2_md5: second.map(|second| second.md5.to_string()),
        }
    };
    Ok(Check {
        device_type_id: manifest.device_type.as_str(),
        feed: manifest.feed.as_str(),
        revision: manifest.revision.to_string(),
        next_poll_seconds: poll.seconds,
        poll_jitter_seconds: poll.jitter_seconds,
        updates: offers.iter().map(update).collect(),
        notes: notes(verdicts),
    })
}

/// How often devices are to ask that nobody said anything of.
pub(crate) fn usual(app: &App) -> Usual {
    Usual { seconds: app.config.poll_seconds, jitter_seconds: app.config.poll_jitter_seconds }
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
            | Reason::BackingOff { .. }
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
