//! What is told at the end: figures, and whether everything was as it must be.

use std::fmt;

use crate::story::{Course, Told};

/// What came out of a story.
#[derive(Debug, Clone)]
pub struct Summary {
    rows: Vec<(&'static str, String)>,
    verdicts: Vec<(String, bool)>,
    plots: Vec<(&'static str, String)>,
}

impl Summary {
    pub(crate) fn of(told: &Told) -> Self {
        Self { rows: rows(told), verdicts: verdicts(told), plots: crate::chart::plots(told) }
    }

    /// Whether everything was as it must be.
    pub fn is_good(&self) -> bool {
        self.verdicts.iter().all(|(_, good)| *good)
    }

    /// What was not as it must be, as sentences of what was expected.
    pub fn broken(&self) -> impl Iterator<Item = &str> {
        self.verdicts.iter().filter(|(_, good)| !good).map(|(sentence, _)| sentence.as_str())
    }

    /// Pictures of it: file names, and what is to stand in them.
    pub fn plots(&self) -> &[(&'static str, String)] {
        &self.plots
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
        for (name, value) in &self.rows {
            writeln!(f, "{name:width$}  {value}")?;
        }
        writeln!(f)?;
        for (sentence, good) in &self.verdicts {
            writeln!(f, "{}  {sentence}", if *good { "yes" } else { "NO " })?;
        }
        Ok(())
    }
}

/// How many devices a bad image was offered to, as the service counts and as the fleet heard, whichever is more.
pub(crate) fn exposed(told: &Told) -> u64 {
    let counted = told.bad.last().map_or(0, |sample| sample.standing.offered);
    counted.max(told.fleet.tally.of(told.bad.number).offered)
}

fn rows(told: &Told) -> Vec<(&'static str, String)> {
    let (bad, good) = (told.fleet.tally.of(told.bad.number), told.fleet.tally.of(told.good.number));
    let tally = &told.fleet.tally;
    let devices = told.fleet.size();
    let steps: Vec<_> = told.wanted.steps.iter().map(|step| format!("{step} %")).collect();
    let plan = format!(
        "{}, a step every {} hours; paused past {} % failures of at least {} ended attempts",
        steps.join(", "),
        told.wanted.step_hours,
        told.wanted.failure_percent,
        told.wanted.min_reports,
    );
    let at = |hours: Option<f64>| {
        hours.map_or_else(|| "never".to_owned(), |hours| format!("after {}", clock(hours)))
    };
    let finished = told.good.last().filter(|sample| sample.running == told.fleet.alive());
    vec![
        ("devices", format!("{devices}, seed {}", told.wanted.seed)),
        ("rollouts", plan),
        (
            "2.0, the bad one",
            format!("fails in {} %, kills in {} % of installs", told.wanted.bad.fails, told.wanted.bad.dies),
        ),
        ("  paused itself", at(told.bad.paused)),
        (
            "  was offered to",
            format!("{} devices, {} of the fleet", exposed(told), share(exposed(told), devices)),
        ),
        ("  was run by", format!("{} devices", bad.ran)),
        ("  failed", format!("{} times", bad.failed)),
        ("  killed", format!("{} devices", bad.died)),
        ("2.1, the good one", format!("fails in {} % of installs", told.wanted.good.fails)),
        ("  failed", format!("{} times, and was tried again", good.failed)),
        ("  was run by everyone", at(finished.map(|sample| sample.hours))),
        (
            "  is run by",
            format!("{} of {} that live", told.fleet.running(told.good.number), told.fleet.alive()),
        ),
        ("requests", format!("{}, of which {} lost their reply", tally.asked, tally.lost)),
        ("time that went by", format!("{} for the fleet", clock(told.hours))),
    ]
}

fn verdicts(told: &Told) -> Vec<(String, bool)> {
    let last = |course: &Course| course.last().map(|sample| sample.standing.clone()).unwrap_or_default();
    let (bad, good) = (last(&told.bad), last(&told.good));
    let tally = &told.fleet.tally;
    let devices = u64::try_from(told.fleet.size()).unwrap_or(u64::MAX);
    let counted =
        bad.installed == tally.of(told.bad.number).ran && good.installed == tally.of(told.good.number).ran;
    let most = u64::from(told.wanted.most_exposed);
    let all = told.fleet.running(told.good.number) == told.fleet.alive() && good.state == "released";
    let hidden = [&told.bad, &told.good].into_iter().all(Course::was_hidden_until_it_was_everyones);
    let refused: Vec<_> =
        tally.refused.iter().map(|(status, times)| format!("{times} times {status}")).collect();
    let all_well = if refused.is_empty() { String::new() } else { format!(" ({})", refused.join(", ")) };
    vec![
        ("the bad image paused itself".to_owned(), bad.state == "paused" && bad.automatic),
        (format!("at most {most} % of the fleet was offered it"), exposed(told) * 100 <= devices * most),
        ("nobody was offered it after it was paused".to_owned(), told.offered_at_pause == Some(bad.offered)),
        ("the good image reached everyone who lives".to_owned(), all && told.good.paused.is_none()),
        ("checks without a name saw neither before it was everyone's".to_owned(), hidden),
        ("the service counted as many installs as there were".to_owned(), counted),
        (format!("no device was answered what none should be{all_well}"), refused.is_empty()),
    ]
}

/// Hours and minutes.
pub(crate) fn clock(hours: f64) -> String {
    format!("{} h {:02} min", hours.floor(), ((hours - hours.floor()) * 60.0).round())
}

fn share(part: u64, whole: usize) -> String {
    let whole = u64::try_from(whole).unwrap_or(u64::MAX).max(1);
    let hundredths = part * 10_000 / whole;
    format!("{}.{:02} %", hundredths / 100, hundredths % 100)
}
