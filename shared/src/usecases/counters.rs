//! Raising the counters of version numbers in a table that was restored, so that no number is ever given out twice.
//!
//! A table as it was an hour ago has forgotten the numbers of that hour; devices run images that have them. So each
//! counter goes above whatever is known of its type, and a good deal further.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Error, Result};
use crate::domain::{Timestamp, TypeNumber, VersionNumber};
use crate::store::{self, Audit, Guard, Store, Tx};

/// How far above every known number the counters are raised if nobody says otherwise: registrations at full speed
/// take a quarter of an hour to come so far.
pub const MARGIN: u32 = 1_000_000;

/// How far a counter goes: the other half of all numbers is left for those that are given out afterwards.
const MOST: i64 = 1 << 62;

/// What is known of numbers that the restored table may have forgotten.
#[derive(Debug, Default)]
pub struct Known<'a> {
    /// The table that was lost, if it can still be read.
    pub lost_table: Option<&'a Store>,
    /// The highest number of a type that devices have reported.
    pub reported: BTreeMap<TypeNumber, VersionNumber>,
}

/// One counter before and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Raised {
    /// The type.
    pub number: TypeNumber,
    /// The last number that it had given out; 0 if there was no counter.
    pub before: i64,
    /// The last number that it says now.
    pub after: i64,
}

/// What raising the counters came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Every type, by number.
    pub counters: Vec<Raised>,
    /// The keys of items that tell of numbers which cannot have been given out ([`store::counters::IMPLAUSIBLE`]); they
    /// count for nothing.
    pub implausible: Vec<String>,
}

/// Raises the counter of every type, known or not, to `margin` above the highest number that anything tells of. No
/// counter is ever lowered, whoever runs this beside, and each change is in the audit.
///
/// `run` names this run in the audit. Doing it again raises them once more. An error, and nothing is raised, if a number
/// is `reported` above which too few are left: none like it was ever given out. A counter that stands so high stays.
pub async fn raise(
    store: &Store,
    known: &Known<'_>,
    margin: u32,
    run: &str,
    now: Timestamp,
) -> Result<Outcome> {
    let here = store.version_numbers().await?;
    let lost = match known.lost_table {
        Some(table) => table.version_numbers().await?,
        None => store::counters::Told::default(),
    };
    let mut outcome = Outcome::default();
    outcome.implausible.extend(here.implausible.iter().chain(&lost.implausible).cloned());
    let room = MOST - i64::from(margin);
    if let Some((number, reported)) = known.reported.iter().find(|(_, reported)| reported.get() > room) {
        let why = format!("has {} reported, which was never given out; leave it out", reported.get());
        return Err(Error::field(format!("/{number}"), why));
    }
    for number in (1..=200).filter_map(|number| TypeNumber::try_from(number).ok()) {
        let reported = known.reported.get(&number).map_or(0, |number| number.get());
        let highest = here.highest_of(number).max(lost.highest_of(number)).max(reported);
        let goal = if highest > room { highest } else { highest + i64::from(margin) };
        outcome.counters.push(one(store, number, goal, run, now).await?);
    }
    Ok(outcome)
}

async fn one(store: &Store, number: TypeNumber, goal: i64, run: &str, now: Timestamp) -> Result<Raised> {
    let before = store.last_version_number(number).await?;
    if before >= goal {
        return Ok(Raised { number, before, after: before });
    }
    let mut tx = Tx::new(&Audit {
        partner: None,
        actor: "raise-counters",
        request_id: run,
        at: now,
        action: "counter.raised",
        subject: format!("counter/{number}"),
        before: Some(json!({"number": before})),
        after: Some(json!({"number": goal})),
    });
    tx.raise_counter(number, goal);
    match tx.commit(store).await {
        Ok(()) => Ok(Raised { number, before, after: goal }),
        // Someone else has just raised it further.
        Err(store::Error::Guard(Guard::AlreadyThere)) => {
            Ok(Raised { number, before, after: store.last_version_number(number).await? })
        }
        Err(error) => Err(error.into()),
    }
}
