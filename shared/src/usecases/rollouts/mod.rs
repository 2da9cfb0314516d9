//! Rollouts: how far an associated image has come, halting it, going on, and taking it back.
//!
//! What is set here is decided upon nowhere else: each change rewrites the association and, in the same transaction, the
//! manifest or the index that devices are answered from.

use std::collections::HashMap;

use serde_json::{Value, json};

mod checks;
mod completing;

pub(super) use checks::{check, check_removal};
pub use completing::{Completed, complete_due};

use super::approvals::{Basis, admit, outdate};
use super::associations::subject;
use super::context::{Change, deciding};
use super::device_types::living;
use super::manifests::{built, check_size, load};
use super::stops::not_since;
use super::{Context, Result, catalogues};
use crate::blobs::Blobs;
use crate::domain::approval::Proposed;
use crate::domain::association::Association;
use crate::domain::decision::{Bundle, Stage};
use crate::domain::plan::{Pause, Tally, Wanted, narrows};
use crate::domain::{
    BinaryKind, DeviceType, DeviceTypeId, FeedName, Image, ImageId, Name, PartnerId, Plan, Refusal, Right,
};
use crate::store::associations::Mark;
use crate::store::device_counts::Counts;
use crate::store::{self, Tx};

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

/// Sets how an image is given out from now on; what is left out stays. Of one that was withdrawn it can only be said that
/// devices need not pass through it.
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
        if this.plan.is_withdrawn() {
            let drops = wanted.only_drops_floor();
            let dropped = drops.then(|| Plan { floor: false, ..this.plan.clone() });
            return Ok(vec![(id, dropped.ok_or(Refusal::RolloutWithdrawn)?)]);
        }
        let kind = this.kind;
        let plan =
            wanted.clone().plan(id, kind, &this.plan, fleet, cx.now).map_err(Refusal::InvalidFields)?;
        checks::check_leaving(all, this, &plan)?;
        check(all, id, &plan)?;
        Ok(vec![(id, plan)])
    })
    .await
    .map(drop)
}

/// How many devices of a device type are known, where what is asked for depends on it.
async fn fleet(cx: &Context<'_>, device_type: &DeviceTypeId, wanted: &Wanted) -> Result<u64> {
    if wanted.rate_per_hour.flatten().is_none() {
        return Ok(0);
    }
    Ok(cx.store.known_devices(device_type).await?)
}

/// The plan of an image that is about to be associated: what it `kept` from where it was, and what is wanted beside. It is
/// paused if it was when it was taken out of that feed: going on is for whoever may resume it.
pub(super) async fn planned(
    cx: &Context<'_>,
    device_type: &DeviceTypeId,
    feed: &FeedName,
    image: &Image,
    wanted: Option<&Wanted>,
    mut kept: Plan,
) -> Result<Plan> {
    match cx.store.mark(device_type, feed, image.id).await? {
        Some(Mark::Withdrawn) => return Err(Refusal::RolloutWithdrawn.into()),
        Some(Mark::Halted) => kept.paused = kept.paused.or(Some(Pause { at: cx.now, failures: None })),
        None => {}
    }
    let Some(wanted) = wanted else { return Ok(kept) };
    let fleet = fleet(cx, device_type, wanted).await?;
    let kind = image.binary()?.kind;
    let made = wanted.clone().plan(image.id, kind, &kept, fleet, cx.now);
    Ok(made.map_err(Refusal::InvalidFields)?)
}

fn bundle(plan: &Plan) -> Option<&Name> {
    plan.bundle.as_ref().map(Bundle::name)
}

/// An image, and everything of `all` in its feed that it goes together with.
fn together<'a>(all: &'a [Association], this: &'a Association) -> impl Iterator<Item = (ImageId, &'a Plan)> {
    let with = move |each: &&Association| {
        each.image.id == this.image.id
            || bundle(&this.plan).is_some_and(|name| bundle(&each.plan) == Some(name))
    };
    all.iter().filter(with).map(|each| (each.image.id, &each.plan))
}

/// Halts an image in a feed with everything that it goes together with there, until it is resumed: devices that have the
/// rest of a bundle already would be offered what is left of it. Halting what is halted changes nothing, but for proposals to
/// let it go on: they were made before whatever made somebody halt it again.
pub async fn pause(
    cx: &Context<'_>,
    blobs: &Blobs,
    partner: &PartnerId,
    device_type: &DeviceTypeId,
    feed: &FeedName,
    id: ImageId,
) -> Result<()> {
    cx.require(Right::Release)?;
    let outdated = outdate_resumes(cx, partner, device_type, feed, id).await;
    changing(cx, blobs, partner, device_type, feed, id, "rollout.paused", |all, this| {
        let pause = Pause { at: cx.now, failures: None };
        let halted = |plan: &Plan| Plan { paused: plan.paused.or(Some(pause)), ..plan.clone() };
        let parts = together(all, this).filter(|(_, plan)| !plan.is_withdrawn());
        Ok(parts.map(|(id, plan)| (id, halted(plan))).collect())
    })
    .await?;
    outdated
}

/// Ends the proposals to let an image go on, or what it goes together with. Before the halt, so that one that is carried out
/// meanwhile is halted by it.
async fn outdate_resumes(
    cx: &Context<'_>,
    partner: &PartnerId,
    device_type: &DeviceTypeId,
    feed: &FeedName,
    id: ImageId,
) -> Result<()> {
    let all = cx.store.associations(device_type, Some(feed)).await?;
    let this = all.iter().find(|each| each.image.id == id);
    let parts: Vec<_> = this.into_iter().flat_map(|this| together(&all, this)).map(|(id, _)| id).collect();
    let resumes =
        |change: &Proposed| matches!(change, Proposed::Resume { image, .. } if parts.contains(image));
    outdate(cx, partner, |it| {
        it.feed == *feed && it.change.device_type() == Some(device_type) && resumes(&it.change)
    })
    .await
}

/// Lets a halted image go on where it stood, with everything that it goes together with there; what has been counted so far
/// is not held against it again. [`Refusal::HaltedSince`] if it was halted after this was asked for.
pub async fn resume(
    cx: &Context<'_>,
    blobs: &Blobs,
    partner: &PartnerId,
    device_type: &DeviceTypeId,
    feed: &FeedName,
    id: ImageId,
) -> Result<()> {
    cx.require(Right::Release)?;
    let all = cx.store.associations(device_type, Some(feed)).await?;
    let mut tallies = HashMap::new();
    for (id, _) in all.iter().find(|each| each.image.id == id).into_iter().flat_map(|it| together(&all, it)) {
        tallies.insert(id, cx.store.image_counts(device_type, feed, id).await?.tally(cx.now));
    }
    changing(cx, blobs, partner, device_type, feed, id, "rollout.resumed", |all, this| {
        // Against what has joined since, everything counts.
        let tally = |id| tallies.get(&id).copied().unwrap_or_default();
        let parts = together(all, this).filter(|(_, plan)| !plan.is_withdrawn());
        let resumed = |(id, plan): (ImageId, &Plan)| {
            not_since(cx, plan.paused.map(|pause| pause.at))?;
            Ok((id, resumed(plan, tally(id), cx)))
        };
        parts.map(resumed).collect()
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
        let back = |plan: &Plan| Plan { stage: Stage::Withdrawn, paused: None, ..plan.clone() };
        Ok(together(all, this).map(|(id, plan)| (id, back(plan))).collect())
    })
    .await
    .map(drop)
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
        // Each of these knows what is left to be said of one that was taken back.
        if this.plan.is_withdrawn() && !["rollout.set", "rollout.withdrawn"].contains(&action) {
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
        let (upon, change) = (before.to_string(), Change::from_to(before, after));
        let mut tx = cx.tx(Some(partner), action, subject(device_type, feed, id), change);
        for (before, after) in &changed {
            tx.replace_association(after);
            tx.note_due(partner, Some(before), after);
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
        // What is written for the first time is what no stop has rewritten: it expects that none came meanwhile.
        let appears = |(before, after): &(Plan, Association)| {
            after.kind == BinaryKind::Package && !before.is_everyones() && after.plan.is_everyones()
        };
        if revision.is_none() || changed.iter().any(appears) {
            tx.touch_device_type(&owner);
        }
        tx.put_manifest(&manifest, revision);
        let asks = ["rollout.set", "rollout.resumed"].contains(&action);
        let widens = |(before, after): &(Plan, Association)| !narrows(before, &after.plan, cx.now);
        if asks && (cx.standing.carrying.is_some() || changed.iter().any(widens)) {
            admit(cx, &mut tx, partner, feed, Basis::of(None, &upon)).await?;
        }
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
