//! When single fields last changed, kept short: most fields of the latest version are those of the one before.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::time::Seconds;

/// Times of fields, grouped by time: the names that share one, separated by spaces.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FieldTimes(BTreeMap<Seconds, String>);

impl FieldTimes {
    /// Times by field name.
    pub fn new(times: impl IntoIterator<Item = (String, Seconds)>) -> Self {
        let mut grouped = BTreeMap::<Seconds, Vec<String>>::new();
        for (name, time) in times {
            grouped.entry(time).or_default().push(name);
        }
        let joined = grouped.into_iter().map(|(time, mut names)| {
            names.sort();
            (time, names.join(" "))
        });
        Self(joined.collect())
    }

    /// The time of a field, its name in any case.
    pub fn get(&self, name: &str) -> Option<Seconds> {
        self.iter().find(|(each, _)| each.eq_ignore_ascii_case(name)).map(|(_, time)| time)
    }

    /// Every name with its time.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Seconds)> {
        self.0.iter().flat_map(|(time, names)| names.split(' ').map(move |name| (name, *time)))
    }

    /// True if no field has a time of its own.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_grouped_and_found_in_any_case() {
        let times =
            FieldTimes::new([("Section".into(), 5), ("Description".into(), 7), ("Package".into(), 5)]);
        assert_eq!(serde_json::to_string(&times).unwrap(), r#"{"5":"Package Section","7":"Description"}"#);
        assert_eq!(times.get("section"), Some(5));
        assert_eq!(times.get("Descr"), None);
        let read: FieldTimes = serde_json::from_str(&serde_json::to_string(&times).unwrap()).unwrap();
        assert_eq!(read, times);
    }
}
