//! Rollouts: how far an associated image has come, halting it, going on, and taking it back.
//!
//! What is set here is decided upon nowhere else: each change rewrites the association and, in the same transaction, the
//! manifest or the index that devices are answered from.

use serde_json::{Value, json};

use super::associations::subject;
use super::context::{Change, deciding};
use super::device_types::living;
use super::manifests::{built, check_size, load};
use super::{Context, Error, Result, auto_pause, catalogues};
use crate::blobs::Blobs;
use crate::domain::association::Association;
use crate::domain::decision::{Stage, deadlocked};
use crate::domain::plan::{Pause, Tally, Wanted};
use crate::domain::{
    BinaryKind, DeviceType, DeviceTypeId, FeedName, Image, ImageId, PartnerId, Plan, Refusal, Right,
};
use crate::store::device_counts::Counts;
use crate::store::due::Due;
use crate::store::{self, Guard, Tx};

/// An association's plan, and what devices have made of the image in that feed.
#[derive(Debug, Clone)]
pub struct Rollout {
    /// The association.
    pub association: Association,
    /// What devices have reported.
    pub counts: Counts,
}

/// The plan of an image in a feed, with its counts.
pub async fn get(
    cx: &Context<'_>,
    partner: &PartnerId,
    device_type: &DeviceTypeId,
    feed: &FeedName,
    id: ImageId,
) -> Result<Rollout> {
    living(cx, partner, device_type).await?;
    let association = cx.store.association(device_type, feed, id).await?.ok_or(Refusal::NotFound)?;
    let counts = cx.store.image_counts(device_type, feed, id).await?;
    Ok(Rollout { association, counts })
}

/// Sets how an image is given out from now on.
pub async fn set(
    cx: &Context<'_>,
    blobs: &Blobs,
    partner: &PartnerId,
    device_type: &DeviceTypeId,
    feed: &FeedName,
    id: ImageId,
    wanted: Wanted,
) -> Result<()> {
    cx.require(Right::Release)?;
    let fleet = fleet(cx, device_type, &wanted).await?;
    changing(cx, blobs, partner, device_type, feed, id, "rollout.set", |all, this| {
        let kind = this.kind;
        let plan =
            wanted.clone().plan(id, kind, &this.plan, fleet, cx.now).map_err(Refusal::InvalidFields)?;
        check(all, id, &plan)?;
        Ok(vec![(id, plan)])
    })
    .await
    .map(drop)
}

/// How many devices of a device type are known, where what is asked for depends on it.
async fn fleet(cx: &Context<'_>, device_type: &DeviceTypeId, wanted: &Wanted) -> Result<u64> {
    if wanted.rate_per_hour.is_none() {
        return Ok(0);
    }
    Ok(cx.store.known_devices(device_type).await?)
}

/// The plan of an image that is about to be associated: what is wanted, and at least what it `kept` from where it was.
pub(super) async fn planned(
    cx: &Context<'_>,
    device_type: &DeviceTypeId,
    image: &Image,
    wanted: Option<&Wanted>,
    kept: &Plan,
) -> Result<Plan> {
    let Some(wanted) = wanted else { return Ok(kept.clone()) };
    let fleet = fleet(cx, device_type, wanted).await?;
    let kind = image.binary()?.kind;
    let made = wanted.clone().plan(image.id, kind, &Plan::default(), fleet, cx.now);
    let mut plan = made.map_err(Refusal::InvalidFields)?;
    plan.paused = kept.paused;
    plan.floor |= kept.floor;
    plan.bundle = plan.bundle.or_else(|| kept.bundle.clone());
    if plan.requires.is_empty() {
        plan.requires.clone_from(&kept.requires);
    }
    Ok(plan)
}

/// Refuses to leave a part of a bundle behind.
pub(super) fn check_alone(all: &[Association], gone: &Association) -> Result<()> {
    let Some(bundle) = gone.plan.bundle.as_ref().filter(|_| !gone.plan.is_withdrawn()) else { return Ok(()) };
    let with = |each: &Association| {
        each.feed == gone.feed
            && each.image.id != gone.image.id
            && each.plan.bundle.as_ref() == Some(bundle)
            && !each.plan.is_withdrawn()
    };
    if all.iter().any(with) { Err(Refusal::InBundle(bundle.to_string()).into()) } else { Ok(()) }
}

/// Refuses a plan that no device could ever follow. `all` are the associations of the feed, that of `id` included or not.
pub(super) fn check(all: &[Association], id: ImageId, plan: &Plan) -> Result<()> {
    let offerable = |each: &&Association| {
        each.kind == BinaryKind::Binary && !each.plan.is_withdrawn() && each.image.id != id
    };
    let others: Vec<&Association> = all.iter().filter(offerable).collect();
    let same = |each: &&&Association| {
        plan.bundle.is_some() && each.plan.bundle == plan.bundle && each.image.id.r#type == id.r#type
    };
    if let Some(other) = others.iter().find(same) {
        let why = format!("already holds an image of this type, number {}", other.image.id.number);
        return Err(Error::field("/bundle", why));
    }
    let mut candidates: Vec<_> = others.iter().map(|each| each.candidate()).collect();
    candidates.push(plan.candidate(id));
    let waiting = deadlocked(&candidates);
    if !plan.requires.is_empty() && waiting.contains(&id) {
        let names: Vec<_> = waiting.iter().map(|id| format!("{}/{}", id.r#type, id.number)).collect();
        let why = format!("could never be met: these wait for each other: {}", names.join(", "));
        return Err(Error::field("/requires", why));
    }
    Ok(())
}

/// Halts an image in a feed, until it is resumed. Halting what is halted changes nothing.
pub async fn pause(
    cx: &Context<'_>,
    blobs: &Blobs,
    partner: &PartnerId,
    device_type: &DeviceTypeId,
    feed: &FeedName,
    id: ImageId,
) -> Result<()> {
    cx.require(Right::Release)?;
    changing(cx, blobs, partner, device_type, feed, id, "rollout.paused", |_, this| {
        let pause = Pause { at: cx.now, failures: None };
        let plan = Plan { paused: this.plan.paused.or(Some(pause)), ..this.plan.clone() };
        Ok(vec![(id, plan)])
    })
    .await
    .map(drop)
}

/// Lets a halted image go on where it stood; what has been counted so far is not held against it again.
pub async fn resume(
    cx: &Context<'_>,
    blobs: &Blobs,
    partner: &PartnerId,
    device_type: &DeviceTypeId,
    feed: &FeedName,
    id: ImageId,
) -> Result<()> {
    cx.require(Right::Release)?;
    let counts = cx.store.image_counts(device_type, feed, id).await?;
    changing(cx, blobs, partner, device_type, feed, id, "rollout.resumed", |_, this| {
        Ok(vec![(id, resumed(&this.plan, counts.tally(cx.now), cx))])
    })
    .await
    .map(drop)
}

fn resumed(plan: &Plan, tally: Tally, cx: &Context<'_>) -> Plan {
    let Some(pause) = plan.paused else { return plan.clone() };
    let mut plan = Plan { paused: None, ..plan.clone() };
    if let Stage::Rolling(rollout) = &mut plan.stage {
        rollout.schedule = rollout.schedule.after_halt(pause.at, cx.now);
    }
    if let Some(auto) = &mut plan.auto_pause {
        auto.since = tally;
    }
    plan
}

/// Takes an image back from a feed for good, with everything that it goes together with there.
pub async fn withdraw(
    cx: &Context<'_>,
    blobs: &Blobs,
    partner: &PartnerId,
    device_type: &DeviceTypeId,
    feed: &FeedName,
    id: ImageId,
) -> Result<()> {
    cx.require(Right::Release)?;
    changing(cx, blobs, partner, device_type, feed, id, "rollout.withdrawn", |all, this| {
        let with = |each: &&Association| {
            each.image.id == id || (each.plan.bundle.is_some() && each.plan.bundle == this.plan.bundle)
        };
        let back = |each: &Association| {
            (each.image.id, Plan { stage: Stage::Withdrawn, paused: None, ..each.plan.clone() })
        };
        Ok(all.iter().filter(with).map(back).collect())
    })
    .await
    .map(drop)
}

/// What became of the rollouts whose end had come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Completed {
    /// How many images are everyone's now.
    pub completed: usize,
    /// How many failed and were passed over; each is logged.
    pub failed: usize,
}

/// Makes everyone's what has taken everyone in by now, until `enough` says so. Where there is no rollout, this is one
/// query.
pub async fn complete_due(cx: &Context<'_>, blobs: &Blobs, enough: &impl Fn() -> bool) -> Result<Completed> {
    let mut done = Completed::default();
    for due in cx.store.due().await?.into_iter().filter(|due| due.at <= cx.now) {
        if enough() {
            break;
        }
        match complete(cx, blobs, &due).await {
            Ok(true) => done.completed += 1,
            // It does not end by itself any more, is gone with its image, or was taken back: nothing is left to wait for.
            Ok(false) | Err(Error::Refused(Refusal::NotFound | Refusal::RolloutWithdrawn)) => {
                forget(cx, &due).await?;
            }
            Err(cause) => {
                done.failed += 1;
                let subject = subject(&due.device_type, &due.feed, due.id);
                tracing::error!(subject, %cause, "a rollout could not be completed");
            }
        }
    }
    Ok(done)
}

async fn forget(cx: &Context<'_>, due: &Due) -> Result<()> {
    let subject = subject(&due.device_type, &due.feed, due.id);
    let change = Change::gone(json!({"dueTimestamp": due.at.millis()}));
    let mut tx = cx.tx(Some(&due.partner), "rollout.forgotten", subject, change);
    tx.forget_due(due);
    match tx.commit(cx.store).await {
        // It was set anew meanwhile.
        Ok(()) | Err(store::Error::Guard(Guard::Changed)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Makes an image everyone's whose rollout has taken everyone in; false, and nothing changes, if it has not, or is halted.
async fn complete(cx: &Context<'_>, blobs: &Blobs, due: &Due) -> Result<bool> {
    let Due { partner, device_type, feed, id, .. } = due;
    let id = *id;
    // Strangers get it from then on, who do not say how it goes.
    auto_pause::look(cx, partner, device_type, feed, id).await?;
    changing(cx, blobs, partner, device_type, feed, id, "rollout.completed", |_, this| {
        let whole = match &this.plan.stage {
            Stage::Rolling(rollout) => rollout.whole_at().is_some_and(|whole| whole <= cx.now),
            Stage::Released | Stage::Withdrawn => false,
        };
        let through = whole && this.plan.paused.is_none();
        Ok(through.then(|| (id, Plan { stage: Stage::Released, ..this.plan.clone() })).into_iter().collect())
    })
    .await
}

/// Changes plans in one feed as `decide` says of all that is associated there and of the image that is meant, and what
/// devices are answered from with them; true if anything changed. Plans that stay as they are, are not written.
#[expect(clippy::too_many_arguments, reason = "an association has a name of three parts")]
async fn changing(
    cx: &Context<'_>,
    blobs: &Blobs,
    partner: &PartnerId,
    device_type: &DeviceTypeId,
    feed: &FeedName,
    id: ImageId,
    action: &'static str,
    decide: impl Fn(&[Association], &Association) -> Result<Vec<(ImageId, Plan)>>,
) -> Result<bool> {
    // It is long, and would make the futures of all that await it as large.
    Box::pin(deciding(|| async {
        let owner = living(cx, partner, device_type).await?;
        let loaded = load(cx, device_type, feed).await?;
        let this = loaded.associations.iter().find(|each| each.image.id == id).ok_or(Refusal::NotFound)?;
        if this.plan.is_withdrawn() && action != "rollout.withdrawn" {
            return Err(Refusal::RolloutWithdrawn.into());
        }
        let decided = decide(&loaded.associations, this)?;
        let mut associations = loaded.associations.clone();
        let mut changed = Vec::new();
        for (id, plan) in decided {
            let Some(each) = associations.iter_mut().find(|each| each.image.id == id) else { continue };
            if each.plan != plan {
                let before = std::mem::replace(&mut each.plan, plan);
                changed.push((before, each.clone()));
            }
        }
        if changed.is_empty() {
            return Ok(false);
        }
        let shown = |plan: &Plan, id: ImageId| (format!("{}/{}", id.r#type, id.number), summary(plan));
        let before: Value = changed.iter().map(|(before, after)| shown(before, after.image.id)).collect();
        let after: Value = changed.iter().map(|(_, after)| shown(&after.plan, after.image.id)).collect();
        let change = Change::from_to(before, after);
        let mut tx = cx.tx(Some(partner), action, subject(device_type, feed, id), change);
        for (_, after) in &changed {
            tx.replace_association(after);
            tx.note_due(partner, after);
        }
        for (before, after) in changed.iter().filter(|(_, after)| after.kind == BinaryKind::Package) {
            of_package(cx, blobs, &mut tx, &owner, before, after).await?;
        }
        // Also for packages, which are not in it: its revision guards the plans that were read.
        let (revision, old) = (loaded.revision(), loaded.manifest.as_ref());
        let manifest = built(cx, partner, device_type, feed, old, &associations, None).await?;
        if action == "rollout.set" {
            check_size(&manifest)?;
        }
        tx.put_manifest(&manifest, revision);
        tx.commit(cx.store).await?;
        Ok(true)
    }))
    .await
}

/// Adds to `tx` what takes a package out of its index, or puts it back.
async fn of_package(
    cx: &Context<'_>,
    blobs: &Blobs,
    tx: &mut Tx,
    device_type: &DeviceType,
    before: &Plan,
    after: &Association,
) -> Result<()> {
    match (before.is_everyones(), after.plan.is_everyones()) {
        (true, false) => catalogues::displace(cx, blobs, tx, &device_type.partner, after).await,
        (false, true) => catalogues::restore(cx, blobs, tx, device_type, after).await,
        // Nothing that a feed shows.
        _ => Ok(()),
    }
}

/// A plan as the audit keeps it: whole, so that what was decided in the past can be told.
pub(super) fn summary(plan: &Plan) -> Value {
    store::associations::plan_as_kept(plan).unwrap_or_else(|error| json!({"error": error.to_string()}))
}
