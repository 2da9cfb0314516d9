//! Why a device is or is not offered each image: asked of a device that is known, or of one that could be.

use super::device_past::Then;
use super::device_types::living;
use super::{Context, Error, Result, feeds, replay};
use crate::domain::decision::{self, Reported};
use crate::domain::explanation::{Row, explain};
use crate::domain::{DeviceId, DeviceTypeId, FeedName, PartnerId, Refusal, Timestamp};

/// Who is asked about, and when.
#[derive(Debug, Clone)]
pub struct Question {
    /// The device, if it is a certain one; without one, what a check is told that names only versions.
    pub device: Option<DeviceId>,
    /// The feed; none for the one that the device is on, or `release`.
    pub feed: Option<FeedName>,
    /// The versions that it reports; none for what it has reported.
    pub reported: Option<Reported>,
    /// The moment; none for now.
    pub at: Option<Timestamp>,
}

/// Something of a device that no history tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AsOfNow {
    /// Whether it is left alone.
    Blocked,
    /// What it was told to install.
    Pushes,
    /// What its partner calls it.
    Tags,
}

impl AsOfNow {
    /// All of that.
    pub const ALL: &[Self] = &[Self::Blocked, Self::Pushes, Self::Tags];

    /// It as a word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::Pushes => "pushes",
            Self::Tags => "tags",
        }
    }
}

/// An answer to the question why.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// The feed that was decided in.
    pub feed: FeedName,
    /// Whether that feed is there no more, so that checks which ask for it are turned away.
    pub feed_gone: bool,
    /// The moment that was decided for.
    pub at: Timestamp,
    /// The versions that were decided upon.
    pub reported: Reported,
    /// Whether the device had been heard of by then, as far as that is told any more.
    pub known: bool,
    /// Whether it has changed so often that day that its checks are turned away if they bring anything new.
    pub too_many_reports: bool,
    /// What of the device is told as it is now, and may have been otherwise.
    pub as_of_now: &'static [AsOfNow],
    /// Every associated image of the device type, in whatever feed, with what speaks for or against it.
    pub rows: Vec<Row>,
}

/// Explains what a device that has reported is or is not offered.
pub async fn of_device(
    cx: &Context<'_>,
    partner: &PartnerId,
    device_type: &DeviceTypeId,
    device: &DeviceId,
    at: Option<Timestamp>,
) -> Result<Explanation> {
    living(cx, partner, device_type).await?;
    cx.store.device(device_type, device).await?.ok_or(Refusal::NotFound)?;
    let question = Question { device: Some(device.clone()), feed: None, reported: None, at };
    answer(cx, partner, device_type, &question).await
}

/// Explains what a device would or would not be offered. Nothing is written, and nothing counted. For a moment that has gone
/// by, what was associated then and what the device ran then is decided upon.
pub async fn answer(
    cx: &Context<'_>,
    partner: &PartnerId,
    device_type: &DeviceTypeId,
    question: &Question,
) -> Result<Explanation> {
    let this = living(cx, partner, device_type).await?;
    let known = match &question.device {
        Some(device) => cx.store.device(device_type, device).await?,
        None => None,
    };
    if question.at.is_some_and(|at| at < this.created) {
        return Err(Error::field("/at", "is before the device type was made"));
    }
    let past = question.at.filter(|at| *at < cx.now);
    let mut known = known.filter(|device| past.is_none_or(|at| device.created <= at));
    if let (Some(at), Some(known)) = (past, &mut known) {
        known.pushes.retain(|_, push| push.at <= at);
    }
    let changed_since = known.as_ref().zip(past).filter(|(known, at)| *at < known.updated);
    let as_of_now = if changed_since.is_some() { AsOfNow::ALL } else { &[] };
    let then = match changed_since {
        Some((known, at)) => Some(Then::read(cx, known, at).await?),
        None => None,
    };
    let heard_of = then.as_ref().map_or(known.is_some(), |then| then.feed.is_some());
    let on = match &then {
        Some(then) => then.feed.clone(),
        None => known.as_ref().map(|known| known.pinned.clone().unwrap_or_else(|| known.feed.clone())),
    };
    let feed = question.feed.clone().or(on).unwrap_or_default();
    let feed_gone = !feeds::exists(cx, partner, &feed).await?;
    if feed_gone && question.feed.is_some() {
        return Err(Error::field("/feed", "is no feed of yours"));
    }
    let at = question.at.unwrap_or(cx.now);
    let mut seen = known.as_ref().map_or_else(decision::Device::default, |known| known.as_seen(&feed));
    seen.id.clone_from(&question.device);
    if let Some(then) = then {
        seen = then.seen(seen);
    }
    if let Some(reported) = &question.reported {
        seen.reported.clone_from(reported);
    }
    let (associations, stopped) = match past {
        Some(at) => {
            let past = replay::past(cx, partner, &this, at).await?;
            (past.associations, past.stopped)
        }
        None => (cx.store.associations(device_type, None).await?, this.is_stopped()),
    };
    // As a check does: what was pushed is given out as it is by now, or no longer.
    seen.pushes.retain_mut(|push| {
        let found = associations.iter().find(|each| each.feed == feed && each.image.id == push.image.id);
        found.map(|each| push.image = each.candidate()).is_some()
    });
    let too_many_reports = past.is_none() && known.is_some_and(|known| known.is_used_up(at));
    let rows = explain(&associations, &feed, stopped, &seen, at);
    Ok(Explanation {
        feed,
        feed_gone,
        at,
        reported: seen.reported,
        known: heard_of,
        too_many_reports,
        as_of_now,
        rows,
    })
}
