//! What no plan may do: tear a bundle, let devices skip a floor, or wait for ever.
//!
//! Brakes are never refused here: pausing and withdrawing ask nothing of this.

use crate::domain::association::Association;
use crate::domain::decision::{Bundle, Candidate, deadlocked};
use crate::domain::{BinaryKind, ImageId, Name, Plan, Refusal, TypeNumber};
use crate::usecases::{Error, Result};

/// The images under a bundle's name in the feed of `all`, those that were withdrawn apart.
fn members<'a>(all: &'a [Association], name: &'a Name) -> impl Iterator<Item = (ImageId, &'a Bundle)> {
    let bundled = all.iter().filter(|each| !each.plan.is_withdrawn()).filter_map(|each| {
        let bundle = each.plan.bundle.as_ref()?;
        Some((each.image.id, bundle))
    });
    bundled.filter(move |(_, bundle)| bundle.name() == name)
}

/// Refuses to take an image out of a bundle that is there whole: devices may be about to install it. `all` are the
/// associations of its feed.
fn check_bundle_kept(all: &[Association], this: &Association) -> Result<()> {
    let Some(bundle) = this.plan.bundle.as_ref().filter(|_| !this.plan.is_withdrawn()) else { return Ok(()) };
    let parts = members(all, bundle.name()).map(|(id, bundle)| (id.r#type, bundle));
    if Bundle::is_whole(parts) { Err(Refusal::InBundle(bundle.name().to_string()).into()) } else { Ok(()) }
}

/// Refuses to take an image away that others go together with, or that devices must pass through: what is above it would
/// be offered to those that never did. `all` are the associations of the device type.
pub(in crate::usecases) fn check_removal(all: &[Association], gone: &Association) -> Result<()> {
    if gone.plan.floor {
        return Err(Refusal::IsFloor(gone.feed.to_string()).into());
    }
    // What is halted may go: it leaves a halt behind, and nothing of its bundle is offered.
    if gone.plan.paused.is_some() {
        return Ok(());
    }
    let here: Vec<_> = all.iter().filter(|each| each.feed == gone.feed).cloned().collect();
    check_bundle_kept(&here, gone)
}

/// Refuses a change of bundle that leaves a part of one behind. What is halted may go: nothing of its bundle is offered.
pub(super) fn check_leaving(all: &[Association], this: &Association, plan: &Plan) -> Result<()> {
    let stays = match (&this.plan.bundle, &plan.bundle) {
        // Saying which types a bundle has that was kept without them takes nothing apart.
        (Some(before), Some(after)) => {
            before == after || (before.types().is_empty() && before.name() == after.name())
        }
        (None, _) => true,
        (Some(_), None) => false,
    };
    if stays || this.plan.paused.is_some() { Ok(()) } else { check_bundle_kept(all, this) }
}

/// Refuses a plan that no device could ever follow. `all` are the associations of the feed, that of `id` as it was among
/// them if it is there already.
pub(in crate::usecases) fn check(all: &[Association], id: ImageId, plan: &Plan) -> Result<()> {
    let before = all.iter().find(|each| each.image.id == id).map(|each| &each.plan);
    if let Some(bundle) =
        plan.bundle.as_ref().filter(|_| before.and_then(|it| it.bundle.as_ref()) != plan.bundle.as_ref())
    {
        check_joining(all, id, bundle)?;
    }
    let offerable = |each: &&Association| {
        each.kind == BinaryKind::Binary && !each.plan.is_withdrawn() && each.image.id != id
    };
    let mut candidates: Vec<Candidate> = all.iter().filter(offerable).map(Association::candidate).collect();
    let mut old = candidates.clone();
    old.extend(before.map(|before| before.candidate(id)));
    candidates.push(plan.candidate(id));
    let (waited, waiting) = (deadlocked(&old), deadlocked(&candidates));
    // What waits already is not held against a change that is about something else.
    if waiting.iter().all(|id| waited.contains(id)) {
        return Ok(());
    }
    let names: Vec<_> = waiting.iter().map(|id| format!("{}/{}", id.r#type, id.number)).collect();
    let why = format!("could never be met: these wait for each other: {}", names.join(", "));
    Err(Error::field(if plan.requires.is_empty() { "/bundle" } else { "/requires" }, why))
}

/// Refuses to put a second image of a type into a bundle, and two opinions of what types it has.
fn check_joining(all: &[Association], id: ImageId, bundle: &Bundle) -> Result<()> {
    let others = || members(all, bundle.name()).filter(|(other, _)| *other != id);
    if let Some((other, _)) = others().find(|(other, _)| other.r#type == id.r#type) {
        return Err(Error::field(
            "/bundle",
            format!("already holds an image of this type, number {}", other.number),
        ));
    }
    let known = |other: &Bundle| !other.types().is_empty() && other.types() != bundle.types();
    if let Some((other, said)) = others().find(|(_, said)| known(said)) {
        let types: Vec<_> = said.types().iter().map(TypeNumber::to_string).collect();
        let why =
            format!("is of types {} by number {} of type {}", types.join(", "), other.number, other.r#type);
        return Err(Error::field("/bundle", why));
    }
    Ok(())
}
