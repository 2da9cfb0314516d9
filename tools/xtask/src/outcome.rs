//! How a check ended, and the table that closes a run.

use std::fmt::Write as _;
use std::time::Duration;

/// How one check ended; the text says what was found, what failed, or why it could not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The check ran and found nothing wrong.
    Passed(String),
    /// The check ran and found something wrong.
    Failed(String),
    /// The check could not run.
    Skipped(String),
}

impl Outcome {
    /// `Passed` with nothing to add.
    pub(crate) fn passed() -> Self {
        Self::Passed(String::new())
    }

    /// `Passed` with nothing to add, or `Failed` with `what`.
    pub(crate) fn of(success: bool, what: &str) -> Self {
        if success { Self::passed() } else { Self::Failed(what.to_owned()) }
    }

    /// What is printed for it.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Passed(_) => "OK",
            Self::Failed(_) => "FAILED",
            Self::Skipped(_) => "SKIPPED",
        }
    }

    /// What was found, what failed, or why it could not run; may be empty or of several lines.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Passed(text) | Self::Failed(text) | Self::Skipped(text) => text,
        }
    }
}

/// One line of the closing table.
pub(crate) struct Row {
    /// The step's name, as `--only` takes it.
    pub(crate) name: String,
    /// How it ended.
    pub(crate) outcome: Outcome,
    /// How long it took.
    pub(crate) took: Duration,
    /// Whether the run may be green although this could not run, even with `CI=true`.
    pub(crate) excused: bool,
}

/// Whether the whole run failed: something failed or, where `strict`, could not run and is not excused.
pub(crate) fn failed(rows: &[Row], strict: bool) -> bool {
    rows.iter().any(|row| match row.outcome {
        Outcome::Passed(_) => false,
        Outcome::Failed(_) => true,
        Outcome::Skipped(_) => strict && !row.excused,
    })
}

/// The closing table: name, result, seconds, and the first line of what there is to say.
pub(crate) fn table(rows: &[Row]) -> String {
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for row in rows {
        let seconds = row.took.as_secs_f64();
        let first = row.outcome.text().lines().next().unwrap_or_default();
        let line = format!("{:width$}  {:<7}  {seconds:>7.1} s  {first}", row.name, row.outcome.word());
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, outcome: Outcome, excused: bool) -> Row {
        Row { name: name.to_owned(), outcome, took: Duration::from_millis(1250), excused }
    }

    fn skipped() -> Outcome {
        Outcome::Skipped("npm is missing\nsecond line".to_owned())
    }

    #[test]
    fn the_table_lines_its_columns_up() {
        let rows = [
            row("fmt", Outcome::passed(), false),
            row("dynamodb", skipped(), false),
            row("deny", Outcome::Failed("licences".to_owned()), false),
        ];
        let expected = "fmt       OK           1.2 s\n\
                        dynamodb  SKIPPED      1.2 s  npm is missing\n\
                        deny      FAILED       1.2 s  licences\n";
        assert_eq!(table(&rows), expected);
    }

    #[test]
    fn a_failure_fails_the_run_everywhere() {
        let rows = [row("a", Outcome::passed(), false), row("b", Outcome::Failed(String::new()), true)];
        assert!(failed(&rows, false));
        assert!(failed(&rows, true));
    }

    #[test]
    fn a_skipped_check_fails_only_a_strict_run_and_only_if_not_excused() {
        assert!(!failed(&[row("a", skipped(), false)], false));
        assert!(failed(&[row("a", skipped(), false)], true));
        assert!(!failed(&[row("a", skipped(), true)], true));
    }

    #[test]
    fn a_run_of_passed_checks_is_green() {
        assert!(!failed(&[row("a", Outcome::passed(), false)], true));
    }
}
