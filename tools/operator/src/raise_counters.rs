//! `raise-counters`: after a restore, lets no version number be given out twice.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context as _, Result, anyhow};
use clap::Args;
use shared::domain::{TypeNumber, VersionNumber};
use shared::http::{Clock, random};
use shared::usecases::counters::{self, Known, MARGIN, Outcome, Raised};

use crate::target::Target;

/// Which table, and what is known of the numbers that it has forgotten.
#[derive(Args)]
pub(crate) struct Raising {
    #[command(flatten)]
    target: Target,
    /// The table that was lost, if it can still be read.
    #[arg(long, value_name = "TABLE")]
    lost_table: Option<String>,
    /// The highest number that devices have reported of a type, for example 105=88; may be given often.
    #[arg(long, value_name = "TYPE=NUMBER", value_parser = reported)]
    reported: Vec<(TypeNumber, VersionNumber)>,
    /// How far above every known number each counter goes.
    #[arg(long, default_value_t = MARGIN)]
    margin: u32,
}

/// Raises the counters, and prints each of them before and after.
pub(crate) async fn run(raising: &Raising) -> Result<()> {
    let store = raising.target.store().await?;
    let lost = raising.lost_table.as_ref().map(|table| store.at_table(table));
    let known = Known { lost_table: lost.as_ref(), reported: highest(&raising.reported) };
    let run = format!("raise-counters-{:016x}", random::number());
    let outcome = counters::raise(&store, &known, raising.margin, &run, Clock::default().now()).await;
    print!(
        "{}",
        text(&outcome.context("the counters are not all raised; mend what is said, and run it again")?)?
    );
    Ok(())
}

/// Reads `105=88`; the type may also be given by its version attribute, as devices report it (`2105=88`).
fn reported(text: &str) -> Result<(TypeNumber, VersionNumber)> {
    let (kind, number) = text.split_once('=').context("must be TYPE=NUMBER, for example 105=88")?;
    let attribute = kind.parse().ok().and_then(|id| TypeNumber::from_version_attribute_id(id).ok());
    let kind = attribute.map_or_else(|| kind.parse(), Ok).map_err(|why| anyhow!("{kind} {why}"))?;
    Ok((kind, number.parse().map_err(|why| anyhow!("{number} {why}"))?))
}

fn highest(reported: &[(TypeNumber, VersionNumber)]) -> BTreeMap<TypeNumber, VersionNumber> {
    let mut highest = BTreeMap::new();
    for (kind, number) in reported {
        let known = highest.entry(*kind).or_insert(*number);
        *known = (*known).max(*number);
    }
    highest
}

/// A line for each type of which anything was known, and one for all others.
fn text(outcome: &Outcome) -> Result<String> {
    let least = outcome.counters.iter().map(|each| each.after).min().unwrap_or_default();
    let untouched = |each: &&Raised| each.before == 0 && each.after == least;
    let mut text = String::new();
    for each in outcome.counters.iter().filter(|each| !untouched(each)) {
        writeln!(text, "type {}: {} → {}", each.number, each.before, each.after)?;
    }
    let others = outcome.counters.iter().filter(untouched).count();
    if others > 0 {
        writeln!(text, "{others} types of which nothing is known: 0 → {least}")?;
    }
    for key in &outcome.implausible {
        writeln!(
            text,
            "not believed: a number beyond all that can have been given out, in {key}; if it is real, --reported names it"
        )?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reported_numbers_are_read_by_type_and_by_attribute_and_the_highest_counts() {
        let read = |texts: &[&str]| {
            let all: Result<Vec<_>> = texts.iter().map(|text| reported(text)).collect();
            highest(&all.unwrap())
                .into_iter()
                .map(|(kind, number)| (kind.get(), number.get()))
                .collect::<Vec<_>>()
        };
        assert_eq!(read(&["105=88", "2105=90", "105=7", "3=1"]), [(3, 1), (105, 90)]);
        for bad in ["105", "105=", "=7", "0=7", "201=7", "2201=7", "105=0", "105=-1", "105=x"] {
            assert!(reported(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn every_type_that_is_known_has_its_line() {
        let raised =
            |number: u16, before, after| Raised { number: number.try_into().unwrap(), before, after };
        let outcome = Outcome {
            counters: vec![raised(1, 0, 1000), raised(2, 0, 1000), raised(3, 7, 1007), raised(4, 0, 1009)],
            implausible: vec!["DEV#kettle#1 / META".to_owned()],
        };
        let text = text(&outcome).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[..2], ["type 3: 7 → 1007", "type 4: 0 → 1009"]);
        assert_eq!(lines[2], "2 types of which nothing is known: 0 → 1000");
        assert!(lines[3].contains("DEV#kettle#1 / META"), "{text}");
    }
}
