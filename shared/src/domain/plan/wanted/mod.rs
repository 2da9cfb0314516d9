//! What a partner asks for when it sets a rollout, and the plan that this makes.

#[cfg(test)]
mod tests;

use super::{AutoPause, MOST_REQUIREMENTS, Plan, Tally};
use crate::domain::decision::{Bundle, Requirement, Stage};
use crate::domain::rollout::{Allow, Rate, Rollout, Schedule, Share, Step, Window, offsets};
use crate::domain::{BinaryKind, Fault, ImageId, Invalid, Timestamp};

/// The most devices that a rollout names: they travel in the manifest that every check reads.
pub const MOST_DEVICES: usize = 200;
/// The most tags that a rollout names.
pub const MOST_TAGS: usize = 20;
/// For how long a window that is asked for again keeps the offsets that were looked up for it, in milliseconds: a year of
/// the three that they reach.
const OFFSETS_KEPT: i64 = 366 * 86_400_000;

/// A rollout as it is asked for: what is none stays as it is, and none inside is what there is without a word.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// How much of the fleet from the start on.
    pub share: Option<Share>,
    /// How much at which later moment.
    pub steps: Option<Vec<Step>>,
    /// When it begins; none inside for at once, or for when it has begun.
    pub start: Option<Option<Timestamp>>,
    /// In which hours of the day.
    pub window: Option<Option<Hours>>,
    /// How many devices an hour at most.
    pub rate_per_hour: Option<Option<u32>>,
    /// Who is taken in from the start.
    pub allow: Option<Allow>,
    /// When it halts by itself.
    pub auto_pause: Option<Option<Limit>>,
    /// What must be installed before it.
    pub requires: Option<Vec<Requirement>>,
    /// What it goes together with.
    pub bundle: Option<Option<Bundle>>,
    /// Whether devices must pass through it.
    pub floor: Option<bool>,
}

/// Hours of the day in some place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours {
    /// The first minute since midnight.
    pub from: u16,
    /// The minute after the last.
    pub to: u16,
    /// What the place's time zone is called.
    pub zone: String,
}

/// When a rollout halts by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// How many of a hundred ends may be failures, 0 to 99.
    pub failure_percent: u8,
    /// How many ends must have been reported before that counts.
    pub min_reports: u32,
}

/// How fast and when, with all that was left out.
struct Pace {
    share: Share,
    steps: Vec<Step>,
    start: Timestamp,
}

impl Wanted {
    /// Whether it asks for nothing but that devices need not pass through the image any more.
    pub fn only_drops_floor(&self) -> bool {
        *self == Self { floor: Some(false), ..Self::default() }
    }

    /// The plan that this makes of an image whose plan was `before`, in a fleet of so many known devices. Every fault is
    /// told with its field.
    ///
    /// What is left out stays, and so do a halt and the places of devices; asking for the same again changes nothing. A
    /// rate is turned into a share of the fleet that is known now, and counts from now and from what has been taken in so
    /// far; of a fleet that is not known it is refused. What was withdrawn is for the caller to refuse.
    pub fn plan(
        self,
        id: ImageId,
        kind: BinaryKind,
        before: &Plan,
        fleet: u64,
        now: Timestamp,
    ) -> Result<Plan, Vec<Fault>> {
        let mut faults = self.refused(id, kind);
        // What is halted stands where it stood, however long ago that was.
        let at = before.paused.map_or(now, |pause| pause.at.min(now));
        let pace = self.pace(before, now);
        let window = self.window(before, now).map_err(|fault| faults.push(fault)).ok().flatten();
        let bundle = self.bundle.clone().unwrap_or_else(|| before.bundle.clone());
        let name = |bundle: &Option<Bundle>| bundle.as_ref().map(|bundle| bundle.name().clone());
        let same_bundle = name(&bundle) == name(&before.bundle);
        let stays = self.stays(before, &pace, window.as_ref(), now);
        let rated = match (self.rate_per_hour, &before.stage) {
            (Some(rate), _) => rate,
            (None, Stage::Rolling(_)) => before.rate_per_hour,
            (None, Stage::Released | Stage::Withdrawn) => before.rate_per_hour.filter(|_| stays),
        };
        let schedule = match &before.stage {
            Stage::Rolling(rollout) if stays => Some(rollout.schedule.clone()),
            _ => {
                let rate = self.rate(before, fleet, pace.start, at).map_err(|fault| faults.push(fault));
                Schedule::new(pace.start, pace.share, pace.steps, rate.ok().flatten())
                    .map_err(|why| faults.push(Fault::at("/steps", why)))
                    .ok()
            }
        };
        let (Some(schedule), true) = (schedule, faults.is_empty()) else { return Err(faults) };
        let (salt, allowed) = match &before.stage {
            Stage::Rolling(rollout) if same_bundle => (rollout.salt.clone(), Some(&rollout.allow)),
            Stage::Rolling(rollout) => (salt(id, bundle.as_ref()), Some(&rollout.allow)),
            Stage::Released | Stage::Withdrawn => (salt(id, bundle.as_ref()), None),
        };
        let allow = self.allow.or(allowed.cloned()).unwrap_or_default();
        let rollout = Rollout { salt, schedule, window, allow };
        let whole = rollout.whole_at().is_some_and(|whole| whole <= at);
        let released = whole || (stays && before.stage == Stage::Released);
        let since = before.auto_pause.map_or_else(Tally::default, |before| before.since);
        let limited = |limit: Limit| AutoPause {
            failure_percent: limit.failure_percent,
            min_reports: limit.min_reports,
            since,
        };
        Ok(Plan {
            stage: if released { Stage::Released } else { Stage::Rolling(rollout) },
            paused: before.paused,
            floor: self.floor.unwrap_or(before.floor),
            requires: self.requires.unwrap_or_else(|| before.requires.clone()),
            bundle,
            auto_pause: self.auto_pause.map_or(before.auto_pause, |limit| limit.map(limited)),
            rate_per_hour: rated,
        })
    }

    /// What could be asked for of no image like this one.
    fn refused(&self, id: ImageId, kind: BinaryKind) -> Vec<Fault> {
        let mut faults = Vec::new();
        if kind == BinaryKind::Package {
            faults.extend(self.beyond_packages().map(|field| {
                Fault::at(format!("/{field}"), "is not for packages: a feed holds one for all or for nobody")
            }));
        }
        if self.requires.as_ref().is_some_and(|requires| requires.len() > MOST_REQUIREMENTS) {
            faults.push(Fault::at("/requires", "must hold at most 10"));
        }
        let others = |bundle: &Bundle| !bundle.types().contains(&id.r#type);
        if self.bundle.iter().flatten().any(others) {
            faults.push(Fault::at("/bundle", format!("must name type {}, which the image is of", id.r#type)));
        }
        faults
    }

    /// Share, steps and start: those of before where nothing is said of them. Of steps that stay, those which take in no
    /// more than the share by now have nothing left to say.
    fn pace(&self, before: &Plan, now: Timestamp) -> Pace {
        let kept = match &before.stage {
            Stage::Rolling(rollout) => Some(&rollout.schedule),
            Stage::Released | Stage::Withdrawn => None,
        };
        let began = kept.map(Schedule::start);
        let share = self.share.or(kept.map(Schedule::first)).unwrap_or(Share::ALL);
        let left = || kept.into_iter().flat_map(Schedule::steps).filter(|step| step.share > share);
        let start = match self.start {
            Some(Some(start)) => start,
            Some(None) => began.filter(|began| *began <= now).unwrap_or(now),
            None => began.unwrap_or(now),
        };
        Pace { share, steps: self.steps.clone().unwrap_or_else(|| left().copied().collect()), start }
    }

    /// The window that was there if nothing else is said, or the same a short while ago.
    fn window(&self, before: &Plan, now: Timestamp) -> Result<Option<Window>, Fault> {
        let kept = match &before.stage {
            Stage::Rolling(rollout) => rollout.window.as_ref(),
            Stage::Released | Stage::Withdrawn => None,
        };
        let Some(given) = &self.window else { return Ok(kept.cloned()) };
        let Some(hours) = given else { return Ok(None) };
        let recent = |window: &&Window| {
            let since = window.offsets().first().map_or(now, |offset| offset.since);
            now.millis().saturating_sub(since.millis()) < OFFSETS_KEPT
        };
        let same =
            |window: &&Window| window.minutes() == (hours.from, hours.to) && window.zone() == hours.zone;
        if let Some(window) = kept.filter(same).filter(recent) {
            return Ok(Some(window.clone()));
        }
        let offsets = offsets(&hours.zone, now).map_err(|why| Fault::at("/window/timeZone", why))?;
        let made = Window::new(hours.from, hours.to, hours.zone.clone(), offsets);
        made.map(Some).map_err(|why: Invalid| Fault::at("/window", why))
    }

    /// Whether how fast and when stays as it was, so that nothing is counted anew.
    fn stays(&self, before: &Plan, pace: &Pace, window: Option<&Window>, now: Timestamp) -> bool {
        let rate = self.rate_per_hour.is_none_or(|rate| rate == before.rate_per_hour);
        match &before.stage {
            Stage::Rolling(rollout) => {
                let schedule = &rollout.schedule;
                let same = (pace.start, pace.share, pace.steps.as_slice())
                    == (schedule.start(), schedule.first(), schedule.steps());
                same && rate
            }
            Stage::Released => {
                let everyones = pace.share == Share::ALL && pace.steps.is_empty() && window.is_none();
                everyones && pace.start <= now && (rate || self.rate_per_hour == Some(None))
            }
            Stage::Withdrawn => false,
        }
    }

    /// The rate from `at` on. One that is left out goes on as it was, from where the rollout stands.
    fn rate(
        &self,
        before: &Plan,
        fleet: u64,
        start: Timestamp,
        at: Timestamp,
    ) -> Result<Option<Rate>, Fault> {
        let kept = match &before.stage {
            Stage::Rolling(rollout) => Some(&rollout.schedule),
            Stage::Released | Stage::Withdrawn => None,
        };
        let per_hour = match self.rate_per_hour {
            None => kept.and_then(Schedule::rate).map(|rate| rate.per_hour),
            Some(None) => None,
            Some(Some(_)) if fleet == 0 => {
                let why = "cannot be turned into a share of the fleet: no device is known yet; use percent and steps";
                return Err(Fault::at("/ratePerHour", why));
            }
            // Rounded up: a rate that is less than a device of each ten thousand is still a rate.
            Some(Some(rate)) => {
                let whole = u64::from(Share::ALL.hundredths());
                Some(Share::at_most_all((u64::from(rate) * whole).div_ceil(fleet).max(1)))
            }
        };
        let base = kept.map_or(Share::NONE, |schedule| schedule.share_at(at));
        Ok(per_hour.map(|per_hour| Rate { per_hour, since: at.max(start), base }))
    }

    /// The fields that say more than "for all" or "for nobody".
    fn beyond_packages(&self) -> impl Iterator<Item = &'static str> {
        let partly = self.share.is_some_and(|share| share != Share::ALL && share != Share::NONE);
        [
            ("percent", partly),
            ("steps", self.steps.as_ref().is_some_and(|steps| !steps.is_empty())),
            ("startTimestamp", self.start.flatten().is_some()),
            ("window", self.window.iter().flatten().next().is_some()),
            ("ratePerHour", self.rate_per_hour.flatten().is_some()),
            ("allow", self.allow.as_ref().is_some_and(|allow| *allow != Allow::default())),
            ("autoPause", self.auto_pause.flatten().is_some()),
            ("requires", self.requires.as_ref().is_some_and(|requires| !requires.is_empty())),
            ("bundle", self.bundle.iter().flatten().next().is_some()),
            ("floor", self.floor == Some(true)),
        ]
        .into_iter()
        .filter_map(|(field, given)| given.then_some(field))
    }
}

/// Gives a device another place in the rollout of each image, and the same in each of its feeds: who goes first with one
/// does not go first with all. Images that go together share theirs, or the whole would come to a part of a part.
pub(in crate::domain) fn salt(id: ImageId, bundle: Option<&Bundle>) -> String {
    bundle
        .map_or_else(|| format!("{}/{}", id.r#type, id.number), |bundle| format!("bundle/{}", bundle.name()))
}
