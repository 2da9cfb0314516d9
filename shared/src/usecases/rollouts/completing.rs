//! Rollouts that have taken everyone in: made everyone's by the reconciler, so that checks and indexes which know no device
//! see them.

use serde_json::json;

use super::super::associations::subject;
use super::super::context::Change;
use super::changing;
use crate::blobs::Blobs;
use crate::domain::decision::Stage;
use crate::domain::{Plan, Refusal};
use crate::store::due::Due;
use crate::store::{self, Guard};
use crate::usecases::{Context, Error, Result, auto_pause};

/// What became of the rollouts whose end had come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Completed {
    /// How many images are everyone's now.
    pub completed: usize,
    /// How many failed and were passed over; each is logged.
    pub failed: usize,
}

/// Makes everyone's what has taken everyone in by now, those first whose end came first, until `enough` says so. Where there
/// is no such rollout, this is one query of nothing. What is done with is noted no more, so that the next one goes on.
pub async fn complete_due(cx: &Context<'_>, blobs: &Blobs, enough: &impl Fn() -> bool) -> Result<Completed> {
    let mut done = Completed::default();
    let mut place = None;
    loop {
        let (page, next) = cx.store.due(cx.now, place).await?;
        for due in page {
            if enough() {
                return Ok(done);
            }
            end(cx, blobs, &due, &mut done).await?;
        }
        place = next;
        if place.is_none() {
            return Ok(done);
        }
    }
}

/// Does what there is to be done at the end of one rollout.
async fn end(cx: &Context<'_>, blobs: &Blobs, due: &Due, done: &mut Completed) -> Result<()> {
    match complete(cx, blobs, due).await {
        Ok(true) => {
            done.completed += 1;
            Ok(())
        }
        // It ends at another time, or not by itself any more, is gone with its image, or was taken back.
        Ok(false) | Err(Error::Refused(Refusal::NotFound | Refusal::RolloutWithdrawn)) => {
            forget(cx, due).await
        }
        Err(cause) => {
            done.failed += 1;
            let subject = subject(&due.device_type, &due.feed, due.id);
            tracing::error!(subject, %cause, "a rollout could not be completed");
            Ok(())
        }
    }
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
