//! The story of two images: a bad one that must halt itself while hardly anybody has it, and a good one that must reach
//! everyone who is left.

use devserver::{Options, Server, chores};
use serde_json::{Value, json};

use crate::clock::{HOUR, Hand, MINUTE, Moment};
use crate::fates::{Fate, Traits};
use crate::fleet::{Fleet, Make};
use crate::partner::{Image, Partner, Standing};
use crate::summary::Summary;
use crate::tokens;

const DEVICE_TYPE: &str = "simulated-device";
/// How many minutes lie between two samples.
const SAMPLED: Moment = 5;
/// How long devices take for their first check, and whatever comes in between.
const LINKING: Moment = 6 * HOUR + 30 * MINUTE;
/// How long it is watched whether what halted stays halted, behind the step that it never took.
const WATCHED: Moment = HOUR;

/// What story to tell.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// How many devices there are.
    pub devices: usize,
    /// What chance is made of: the same seed makes the same devices.
    pub seed: u64,
    /// What devices suffer anyway.
    pub traits: Traits,
    /// What the first image does.
    pub bad: Fate,
    /// What the second image does.
    pub good: Fate,
    /// Percent of the fleet in each step of both rollouts.
    pub steps: Vec<u8>,
    /// Hours from step to step.
    pub step_hours: u16,
    /// Percent of failures past which an image halts itself.
    pub failure_percent: u8,
    /// After how many ended attempts.
    pub min_reports: u16,
    /// Percent of the fleet that may be exposed to the bad image.
    pub most_exposed: u8,
    /// After how many minutes devices act whose moment has come, and the service does its chores: 1, or 5 for less work.
    pub tick_minutes: u8,
    /// Hours behind the last step within which everyone is to run the good one.
    pub patience_hours: u16,
}

impl Default for Wanted {
    fn default() -> Self {
        Self {
            devices: 100_000,
            seed: 1,
            traits: Traits::default(),
            bad: Fate { fails: 30, dies: 5 },
            good: Fate { fails: 1, dies: 0 },
            steps: vec![1, 10, 100],
            step_hours: 2,
            failure_percent: 10,
            min_reports: 50,
            most_exposed: 1,
            tick_minutes: 1,
            patience_hours: 36,
        }
    }
}

/// How things stood at a moment.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    /// When, in hours from the beginning of its rollout.
    pub(crate) hours: f64,
    /// How the rollout stood.
    pub(crate) standing: Standing,
    /// Attempts that had really failed.
    pub(crate) failed: u64,
    /// Devices that had really died.
    pub(crate) died: u64,
    /// Living devices that really ran it.
    pub(crate) running: usize,
    /// What was offered to those who tell no more than what they run.
    anonymous: Option<u64>,
}

/// A rollout from its beginning to its end.
#[derive(Debug, Clone)]
pub(crate) struct Course {
    pub(crate) number: u64,
    pub(crate) samples: Vec<Sample>,
    /// When it was paused, in hours from its beginning.
    pub(crate) paused: Option<f64>,
}

impl Course {
    pub(crate) fn last(&self) -> Option<&Sample> {
        self.samples.last()
    }

    /// Whether those who tell no more than what they run saw it only while it was everyone's.
    pub(crate) fn was_hidden_until_it_was_everyones(&self) -> bool {
        let seen = |sample: &&Sample| sample.anonymous == Some(self.number);
        self.samples.iter().filter(seen).all(|sample| sample.standing.state == "released")
    }
}

/// Everything that is to be told at the end.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) wanted: Wanted,
    pub(crate) bad: Course,
    pub(crate) good: Course,
    pub(crate) fleet: Fleet,
    /// How many devices the bad image had been offered to when it was seen to be paused.
    pub(crate) offered_at_pause: Option<u64>,
    /// How many hours went by, from the first device on.
    pub(crate) hours: f64,
}

/// Runs the whole of it against a dev server of its own, and sums it up. `say` is told how it goes.
pub async fn tell(wanted: Wanted, say: &(dyn Fn(&str) + Sync)) -> anyhow::Result<Summary> {
    let options = Options { http_client: Some(tokens::without()), ..Options::default() };
    let server = Server::start(options).await?;
    let told = Teller::begin(&server, wanted, say).await;
    let told = match told {
        Ok(teller) => teller.run().await,
        Err(error) => Err(error),
    };
    server.stop().await?;
    Ok(Summary::of(&told?))
}

struct Teller<'a> {
    server: &'a Server,
    say: &'a (dyn Fn(&str) + Sync),
    wanted: Wanted,
    hand: Hand,
    partner: Partner,
    fleet: Fleet,
    bad: Image,
    good: Image,
    /// The minute that goes by.
    minute: Moment,
}

impl<'a> Teller<'a> {
    async fn begin(
        server: &'a Server,
        wanted: Wanted,
        say: &'a (dyn Fn(&str) + Sync),
    ) -> anyhow::Result<Self> {
        let mut partner = Partner::begin(server, DEVICE_TYPE).await?;
        // All of them before the clock is turned: a signed upload is good for minutes, by the clock of the object store.
        let old = partner.image("1.0").await?;
        let bad = partner.image("2.0").await?;
        let good = partner.image("2.1").await?;
        partner.release(old, Value::Null).await?;
        let factory = partner.factory().await?;
        let make =
            Make { devices: wanted.devices, runs: old.number, traits: wanted.traits, seed: wanted.seed };
        let authority = server.base_url().trim_start_matches("http://");
        let mut fleet = Fleet::made(authority, DEVICE_TYPE, &factory, make)?;
        fleet.set_fate(bad.number, wanted.bad);
        fleet.set_fate(good.number, wanted.good);
        let hand = Hand::begin(server);
        Ok(Self { server, say, wanted, hand, partner, fleet, bad, good, minute: 0 })
    }

    async fn run(mut self) -> anyhow::Result<Told> {
        while self.minute * MINUTE < LINKING {
            self.pass().await?;
        }
        (self.say)(&format!("{} devices have said who they are", self.fleet.size()));
        let (bad, offered_at_pause) = self.bad_image().await?;
        self.partner.withdraw(self.bad).await?;
        let good = self.good_image().await?;
        let hours = hours(self.minute * MINUTE);
        Ok(Told { wanted: self.wanted, bad, good, fleet: self.fleet, offered_at_pause, hours })
    }

    /// Gives the bad image out, until it has halted and its next step has gone by, or has reached everyone.
    async fn bad_image(&mut self) -> anyhow::Result<(Course, Option<u64>)> {
        let began = self.give_out(self.bad).await?;
        let steps = Moment::try_from(self.wanted.steps.len())?;
        let last = began + steps * self.step();
        let (mut course, mut offered_at_pause) =
            (Course { number: self.bad.number, samples: Vec::new(), paused: None }, None);
        let mut until = last;
        while self.minute * MINUTE < until {
            self.pass().await?;
            let due = self.minute % SAMPLED == 0;
            if !due && offered_at_pause.is_some() {
                continue;
            }
            let standing = self.partner.standing(self.bad).await?;
            if standing.state == "paused" && offered_at_pause.is_none() {
                offered_at_pause = Some(standing.offered);
                let at = standing.paused_at.map(|at| at - self.hand.timestamp(began));
                course.paused = at.map(hours);
                until = (began + self.step() + WATCHED).max(self.minute * MINUTE + WATCHED);
                (self.say)(&format!("2.0 is paused; it was offered to {} devices", standing.offered));
            }
            if due || standing.state == "paused" {
                let sample = self.sample(self.bad, began, standing).await?;
                course.samples.push(sample);
            }
        }
        Ok((course, offered_at_pause))
    }

    /// Gives the good image out, until everyone who lives runs it, or patience has an end.
    async fn good_image(&mut self) -> anyhow::Result<Course> {
        let began = self.give_out(self.good).await?;
        let steps = Moment::try_from(self.wanted.steps.len())? - 1;
        let last = began + steps * self.step() + Moment::from(self.wanted.patience_hours) * HOUR;
        let mut course = Course { number: self.good.number, samples: Vec::new(), paused: None };
        while self.minute * MINUTE < last {
            self.pass().await?;
            if self.minute % SAMPLED != 0 {
                continue;
            }
            let standing = self.partner.standing(self.good).await?;
            if standing.state == "paused" && course.paused.is_none() {
                course.paused = standing.paused_at.map(|at| hours(at - self.hand.timestamp(began)));
            }
            let sample = self.sample(self.good, began, standing).await?;
            let everyone = sample.running == self.fleet.alive() && sample.standing.state == "released";
            let told = sample.standing.installed == self.fleet.tally.of(self.good.number).ran;
            if self.minute % 60 == 0 {
                (self.say)(&format!("{} devices run 2.1 after {:.0} hours", sample.running, sample.hours));
            }
            course.samples.push(sample);
            if everyone && told {
                break;
            }
        }
        Ok(course)
    }

    /// Lets a minute go by, or as many as are wanted at a time.
    async fn pass(&mut self) -> anyhow::Result<()> {
        self.minute += Moment::from(self.wanted.tick_minutes);
        let now = self.minute * MINUTE;
        self.hand.turn(self.server, now);
        self.fleet.pass(now).await?;
        chores::once(self.server).await
    }

    async fn sample(&mut self, image: Image, began: Moment, standing: Standing) -> anyhow::Result<Sample> {
        let made = self.fleet.tally.of(image.number);
        let anonymous = self.partner.anonymous_offer(image.number - 1).await?;
        Ok(Sample {
            hours: hours(self.minute * MINUTE - began),
            standing,
            failed: made.failed,
            died: made.died,
            running: self.fleet.running(image.number),
            anonymous,
        })
    }

    /// Begins the rollout of an image, and answers when that was.
    async fn give_out(&mut self, image: Image) -> anyhow::Result<Moment> {
        let began = self.minute * MINUTE;
        let mut steps = Vec::new();
        for (index, percent) in (0..).zip(&self.wanted.steps).skip(1) {
            let at = self.hand.timestamp(began + index * self.step());
            steps.push(json!({"atTimestamp": at, "percent": percent}));
        }
        let rollout = json!({
            "percent": self.wanted.steps.first().copied().unwrap_or(100),
            "startTimestamp": self.hand.timestamp(began),
            "steps": steps,
            "autoPause": {"failurePercent": self.wanted.failure_percent, "minReports": self.wanted.min_reports},
        });
        self.partner.release(image, rollout).await?;
        Ok(began)
    }

    fn step(&self) -> Moment {
        Moment::from(self.wanted.step_hours) * HOUR
    }
}

/// A span in hours, to the minute.
fn hours(span: Moment) -> f64 {
    i32::try_from(span / MINUTE).map_or(f64::MAX, f64::from) / 60.0
}
