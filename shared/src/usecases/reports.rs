//! Devices that say who they are: what they run, what they should install, and how that goes.
//!
//! A check is one read, and a write only if something is new. Nothing here trusts an authorizer: the token is looked at
//! with what has been read.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use super::context::deciding;
use super::saving::{beyond, save};
use super::showing::{Shown, sent, shown};
use super::{Context, Error, Result, auto_pause, eligibility};
use crate::domain::decision::{Reason, Verdict};
use crate::domain::device::{Checked, Device, Said, Stated, Status, check, state};
use crate::domain::number::ReportedVersion;
use crate::domain::progress::State;
use crate::domain::{
    DeviceCredential, DeviceId, DeviceTypeId, Entry, FeedName, Manifest, Refusal, Timestamp, TypeNumber,
};
use crate::store::device_history::Event;
use crate::store::known::{Beside, Known};

/// The most types whose versions change in one transaction, which takes 100 items: each is listed where it was and where it
/// is.
const MOST_AT_ONCE: usize = 20;

/// Who asks, and by what they show it.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The device type.
    pub device_type: DeviceTypeId,
    /// Which unit.
    pub device: DeviceId,
    /// What was sent as a token, if anything was.
    pub token: Option<String>,
}

/// A check by a device that says who it is.
#[derive(Debug, Clone)]
pub struct Asking {
    /// Who.
    pub caller: Caller,
    /// In which feed; none for what it is on, or `release`.
    pub feed: Option<FeedName>,
    /// What opens a restricted feed.
    pub credential: Option<DeviceCredential>,
    /// What it reports.
    pub said: Said,
}

/// What a device is answered.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The device as it is known now.
    pub device: Device,
    /// The manifest that it was decided upon.
    pub manifest: Manifest,
    /// Every image of it with its reason.
    pub verdicts: Vec<Verdict>,
    /// How many images it has installed since it last asked.
    pub installed: usize,
}

impl Answer {
    /// In how many seconds it should ask again at `now`: in `seconds`, or sooner if what has failed on it is offered again
    /// sooner.
    pub fn next_poll(&self, seconds: u32, now: Timestamp) -> u32 {
        let untils = self.verdicts.iter().filter_map(|verdict| match verdict.reason {
            Reason::BackingOff { until } => Some(until.millis().saturating_sub(now.millis()) / 1000 + 1),
            _ => None,
        });
        let sooner = untils.min().and_then(|wait| u32::try_from(wait).ok());
        sooner.map_or(seconds, |wait| seconds.min(wait))
    }

    /// What it should install, in install order.
    pub fn offers(&self) -> impl Iterator<Item = &Entry> {
        let eligible = self.verdicts.iter().filter(|verdict| verdict.reason == Reason::Eligible);
        eligible.filter_map(|verdict| {
            let pushed = self.device.pushes.get(&verdict.id.r#type).map(|pushed| &pushed.entry);
            self.manifest.entry(verdict.id).or_else(|| pushed.filter(|entry| entry.id() == verdict.id))
        })
    }
}

/// Stores what a device reports, and says what it should install. One read where nothing is new; a second one if the
/// partner put it on another feed than it asks for, or pushed an image to it that its feed's manifest does not hold.
pub async fn answer(cx: &Context<'_>, asking: &Asking) -> Result<Answer> {
    answer_upon(cx, asking, None).await
}

/// The same upon what was read already, unless that has changed since.
pub(super) async fn answer_upon(cx: &Context<'_>, asking: &Asking, read: Option<Read>) -> Result<Answer> {
    let (again, read) = (AtomicBool::new(false), Mutex::new(read));
    let (answer, offered, given_up) = deciding(|| async {
        let before = read.lock().ok().and_then(|mut read| read.take());
        let read = found(cx, asking, before, again.swap(true, Ordering::Relaxed)).await?;
        let (mut known, mut left, mut installed) = (read.known, asking.said.clone(), 0);
        left.beyond = beyond(cx, left.doubtful(known.as_ref(), &read.manifest), &left).await?;
        // What does not fit into one transaction is stored first, and offered nothing.
        while changes(known.as_ref(), &left) > MOST_AT_ONCE {
            let some = split(known.as_ref(), &mut left);
            let empty = Manifest { entries: Vec::new(), ..read.manifest.clone() };
            let checked = decided(cx, known.as_ref(), &read.first, &some, &empty).await?;
            installed += checked.installed.len();
            known = Some(checked.device);
        }
        let checked = decided(cx, known.as_ref(), &read.first, &left, &read.manifest).await?;
        installed += checked.installed.len();
        let Checked { device, verdicts, offered, given_up, .. } = checked;
        Ok((Answer { device, manifest: read.manifest, verdicts, installed }, offered, given_up))
    })
    .await?;
    let (device, feed) = (&answer.device, &answer.manifest.feed);
    for id in given_up {
        auto_pause::look(cx, &device.partner, &device.device_type, feed, id).await?;
    }
    for entry in offered.into_iter().filter_map(|id| answer.manifest.entry(id)) {
        auto_pause::after_an_offer(cx, device, entry, feed).await?;
    }
    Ok(answer)
}

/// What was read of a device before it is answered.
pub(super) struct Read {
    /// As [`Store::known_device`](crate::store::Store::known_device) has it, of the feed that it asks for.
    pub(super) known: Known,
    /// The manifest of the feed that its partner put it on, if that is another one.
    pub(super) pinned: Pinned,
}

/// A manifest that is read after a device, or not yet.
pub(super) enum Pinned {
    Unread,
    /// None if it was never written.
    Read(Option<Manifest>),
}

/// What a check is decided upon.
struct Found {
    known: Option<Device>,
    /// The device as it would be heard of for the first time.
    first: Device,
    manifest: Manifest,
}

/// By what the credential that was shown is looked up, if it is needed.
pub(super) fn pseudonym(cx: &Context<'_>, asking: &Asking) -> Result<Option<String>> {
    let restricted = asking.feed.as_ref().is_some_and(FeedName::is_restricted);
    match &asking.credential {
        Some(credential) if restricted => Ok(Some(credential.pseudonym(cx.secrets.pepper()?.current().1))),
        _ => Ok(None),
    }
}

async fn found(cx: &Context<'_>, asking: &Asking, before: Option<Read>, fresh: bool) -> Result<Found> {
    let Caller { device_type, device, .. } = &asking.caller;
    let token = sent(cx.secrets, &asking.caller)?;
    let asked = asking.feed.clone().unwrap_or_default();
    let Read { known: read, pinned: read_pinned } = if let Some(before) = before {
        before
    } else {
        let pseudonym = pseudonym(cx, asking)?;
        let beside = Beside { manifest: true, pseudonym: pseudonym.as_deref(), image: None, fresh };
        Read {
            known: cx.store.known_device(device_type, device, &asked, beside).await?,
            pinned: Pinned::Unread,
        }
    };
    let Known { device: mut known, manifest, device_type: found, access, .. } = read;
    let this = found.filter(|this| !this.deleted).ok_or(Refusal::DeviceTokenInvalid)?;
    let shown = shown(token.as_ref(), &this)?;
    let pinned = known.as_ref().and_then(|known| known.pinned.clone());
    let opened = pinned.is_some() || access.opens(&this.partner);
    let feed = pinned.unwrap_or_else(|| asked.clone());
    if feed.is_restricted() && (shown == Shown::Nothing || !opened) {
        return Err(Refusal::FeedClosed.into());
    }
    let manifest = match read_pinned {
        _ if feed == asked => manifest,
        Pinned::Read(manifest) => manifest,
        Pinned::Unread => cx.store.manifest_for_check(device_type, &feed).await?,
    };
    let manifest = match manifest {
        Some(manifest) => manifest,
        None => eligibility::never_written(cx.store, &this, &feed).await?,
    };
    if let Some(known) = &mut known {
        refresh(cx, known, &manifest).await?;
    }
    let mut first = Device::first_heard_of(
        this.partner.clone(),
        device_type.clone(),
        device.clone(),
        feed.clone(),
        cx.now,
    );
    first.provisional = shown == Shown::Nothing;
    Ok(Found { known, first, manifest })
}

/// Brings what was pushed to a device up to what has become of it since: halted, taken back, or gone.
async fn refresh(cx: &Context<'_>, known: &mut Device, manifest: &Manifest) -> Result<()> {
    let mut gone = Vec::new();
    for (number, pushed) in known.pushes.iter_mut().filter(|(_, pushed)| cx.now < pushed.until) {
        let id = pushed.entry.id();
        if let Some(entry) = manifest.entry(id) {
            pushed.entry.candidate = entry.candidate.clone();
            continue;
        }
        match cx.store.association(&known.device_type, &pushed.feed, id).await? {
            Some(association) => pushed.entry.candidate = association.candidate(),
            None => gone.push(*number),
        }
    }
    for number in gone {
        known.pushes.remove(&number);
    }
    Ok(())
}

fn changes(known: Option<&Device>, said: &Said) -> usize {
    said.attributes.iter().filter(|each| is_new(known, each)).count()
}

fn is_new(known: Option<&Device>, (number, version): &(&TypeNumber, &Option<ReportedVersion>)) -> bool {
    known.and_then(|known| known.reported.get(number)) != version.as_ref()
}

/// Takes as many changes out of what was said as fit into one transaction.
fn split(known: Option<&Device>, left: &mut Said) -> Said {
    let some: Vec<_> = left
        .attributes
        .iter()
        .filter(|each| is_new(known, each))
        .take(MOST_AT_ONCE)
        .map(|(number, version)| (*number, *version))
        .collect();
    left.attributes.retain(|number, _| some.iter().all(|(taken, _)| taken != number));
    Said { attributes: some.into_iter().collect(), beyond: left.beyond.clone() }
}

/// Decides, and stores what is new.
async fn decided(
    cx: &Context<'_>,
    known: Option<&Device>,
    first: &Device,
    said: &Said,
    manifest: &Manifest,
) -> Result<Checked> {
    let spacing = i64::from(cx.config.poll_seconds) / 2;
    let mut checked = check(known, first.clone(), said, manifest, spacing, cx.now);
    if checked.changed {
        // Also nothing is offered then: a device that flips without end is not one to try something on.
        if known.is_some_and(|known| known.is_used_up(cx.now)) {
            return Err(Refusal::TooManyReports.into());
        }
        let event = Event::checked(&checked);
        checked.device = save(cx, known, checked.device, &event).await?;
    } else if known.is_some_and(|known| known.seen_day < checked.device.seen_day) {
        cx.store.note_seen(&checked.device).await?;
    }
    Ok(checked)
}

/// Takes in how far a device has come with an update, and says whether that was new; [`Refusal::UpdateWithdrawn`] if it is
/// to stop, and [`Refusal::NotOffered`] if it was not offered that image.
///
/// One read and one transaction; another read if the device is not on `release`. A failure of the image also looks at how
/// others have fared, and halts the image if its partner wanted that; so does one that is said again, since the look may be
/// what broke off the first time.
pub async fn report(cx: &Context<'_>, caller: &Caller, status: &Status) -> Result<bool> {
    let again = AtomicBool::new(false);
    let (changed, suspect) = deciding(|| async {
        let fresh = again.swap(true, Ordering::Relaxed);
        let found = match about(cx, caller, status, fresh).await {
            // What was written a moment ago may not have been seen; a device must not be stopped for that.
            Err(Error::Refused(Refusal::NotFound | Refusal::UpdateWithdrawn | Refusal::NotOffered))
                if !fresh =>
            {
                about(cx, caller, status, true).await?
            }
            other => other?,
        };
        let (device, feed, stated) = found;
        let changed = stated.changed;
        let again = status.state == State::Failed && !changed && stated.device.has_failed_with(status.id);
        let suspicious = stated.against || again;
        if changed {
            if device.is_used_up(cx.now) {
                return Err(Refusal::TooManyReports.into());
            }
            let event = said(&feed, status, &stated);
            save(cx, Some(&device), stated.device, &event).await?;
        }
        Ok((changed, suspicious.then_some((device.partner, feed))))
    })
    .await?;
    if let Some((partner, feed)) = suspect {
        auto_pause::look(cx, &partner, &caller.device_type, &feed, status.id).await?;
    }
    Ok(changed)
}

/// The device and the feed that a status is about, and what the status makes of the device.
async fn about(
    cx: &Context<'_>,
    caller: &Caller,
    status: &Status,
    fresh: bool,
) -> Result<(Device, FeedName, Stated)> {
    let Caller { device_type, device, .. } = caller;
    let token = sent(cx.secrets, caller)?;
    let release = FeedName::release();
    let beside = Beside { manifest: false, pseudonym: None, image: Some(status.id), fresh };
    let read = cx.store.known_device(device_type, device, &release, beside).await?;
    let this = read.device_type.filter(|this| !this.deleted).ok_or(Refusal::DeviceTokenInvalid)?;
    shown(token.as_ref(), &this)?;
    let known = read.device.ok_or(Refusal::NotFound)?;
    let pushed = known.pushes.get(&status.id.r#type).filter(|pushed| pushed.entry.id() == status.id);
    let feed = pushed.map_or_else(|| known.told_in(status.id), |pushed| &pushed.feed).clone();
    let association = if feed == release {
        read.association
    } else {
        cx.store.association(device_type, &feed, status.id).await?
    };
    let withdrawn = association.is_none_or(|association| association.plan.is_withdrawn());
    if withdrawn || this.is_stopped() {
        return Err(Refusal::UpdateWithdrawn.into());
    }
    let stated = state(&known, &feed, status, cx.now)?;
    Ok((known, feed, stated))
}

fn said(feed: &FeedName, status: &Status, stated: &Stated) -> Event {
    Event::Stated {
        feed: feed.clone(),
        number: status.id.r#type,
        version_number: status.id.number,
        state: status.state,
        attempt: stated.attempt,
        percent: status.percent,
        code: status.code.clone(),
        message: status.message.clone(),
        held: stated.held,
    }
}

/// The day on which a moment lies, for what is told of when a device was seen.
pub fn day_of(day: i64) -> Timestamp {
    Timestamp::from_millis(0).plus_seconds(day.saturating_mul(86_400))
}
