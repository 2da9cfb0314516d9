//! The order of package versions, as every opkg client and dpkg see it: Debian's algorithm.
//!
//! An epoch before the first `:`, then the version up to the last `-`, then the revision behind it. Works on any
//! text, since it must never be the reason why a feed cannot be built.

use std::cmp::Ordering;

/// Orders `a` and `b` as clients do: a total order for any text, in which versions that are only spelled
/// differently (`1.0`, `1.0-0`, `0:1.0`) are equal. Source: Debian policy 5.6.12.
pub fn compare(a: &str, b: &str) -> Ordering {
    let (a, b) = (Parts::of(a), Parts::of(b));
    compare_numbers(a.epoch, b.epoch)
        .then_with(|| compare_runs(a.version, b.version))
        .then_with(|| compare_runs(a.revision, b.revision))
}

/// `version` with an epoch one greater than that of `current`: what the same contents are built again as, so that
/// clients take them for newer.
pub fn repacked(version: &str, current: &str) -> String {
    let epoch = split_epoch(current).0.parse::<u64>().unwrap_or_default();
    format!("{}:{}", epoch.saturating_add(1), split_epoch(version).1)
}

/// The epoch, empty for none, and what follows it.
fn split_epoch(text: &str) -> (&str, &str) {
    // A colon behind anything but digits belongs to the version, as clients read it.
    let parts = text.split_once(':').filter(|(epoch, _)| epoch.bytes().all(|b| b.is_ascii_digit()));
    parts.unwrap_or(("", text))
}

struct Parts<'a> {
    epoch: &'a [u8],
    version: &'a [u8],
    revision: &'a [u8],
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Self {
        let (epoch, rest) = split_epoch(text);
        let (epoch, rest) = (epoch.as_bytes(), rest.as_bytes());
        let (version, revision) = match rest.iter().rposition(|b| *b == b'-') {
            Some(dash) => (&rest[..dash], &rest[dash + 1..]),
            // Not the same as no revision at all would be: `1.0` equals `1.0-0`, and comes before `1.0-r0`.
            None => (rest, &[][..]),
        };
        Self { epoch, version, revision }
    }
}

/// How many digits `text` begins with.
fn digits(text: &[u8]) -> usize {
    text.iter().take_while(|b| b.is_ascii_digit()).count()
}

/// Orders two runs of digits by their value, whatever their length; an empty one is 0.
fn compare_numbers(a: &[u8], b: &[u8]) -> Ordering {
    let significant = |run: &[u8]| run.iter().take_while(|b| **b == b'0').count();
    let (a, b) = (&a[significant(a)..], &b[significant(b)..]);
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// Orders two texts by their runs of other characters and of digits in turn.
fn compare_runs(mut a: &[u8], mut b: &[u8]) -> Ordering {
    while !(a.is_empty() && b.is_empty()) {
        loop {
            let (left, right) = (weight(a.first()), weight(b.first()));
            match left.cmp(&right) {
                Ordering::Equal if left == END => break,
                Ordering::Equal => (a, b) = (&a[1..], &b[1..]),
                unequal => return unequal,
            }
        }
        let (left, right) = (digits(a), digits(b));
        match compare_numbers(&a[..left], &b[..right]) {
            Ordering::Equal => (a, b) = (&a[left..], &b[right..]),
            unequal => return unequal,
        }
    }
    Ordering::Equal
}

/// The weight of the end of a run: below every character but `~`.
const END: u16 = 1;

/// The weight of one character of a run: `~`, then the run's end, then letters, then everything else.
fn weight(byte: Option<&u8>) -> u16 {
    match byte {
        Some(b'~') => 0,
        None | Some(b'0'..=b'9') => END,
        Some(letter) if letter.is_ascii_alphabetic() => 2 + u16::from(*letter),
        Some(other) => 2 + 256 + u16::from(*other),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PAIRS: &str = include_str!("../../testdata/ipkg/opkg_version_pairs.tsv");

    fn pairs() -> impl Iterator<Item = (&'static str, &'static str, Ordering)> {
        PAIRS.lines().map(|line| {
            let columns: Vec<&str> = line.split('\t').collect();
            let [a, b, order] = columns[..] else { panic!("three columns: {line:?}") };
            let order = match order {
                "lt" => Ordering::Less,
                "eq" => Ordering::Equal,
                "gt" => Ordering::Greater,
                other => panic!("{other}"),
            };
            (a, b, order)
        })
    }

    #[test]
    fn every_pair_on_which_clients_agree_is_ordered_as_they_do_in_both_directions() {
        assert_eq!(pairs().count(), PAIR_COUNT);
        for (a, b, order) in pairs() {
            assert_eq!(compare(a, b), order, "{a} {b}");
            assert_eq!(compare(b, a), order.reverse(), "{b} {a}");
        }
    }

    const PAIR_COUNT: usize = 60;

    #[test]
    fn the_pairs_agree_with_each_other() {
        let mut all: Vec<&str> = pairs().flat_map(|(a, b, _)| [a, b]).collect();
        all.sort_by(|a, b| compare(a, b));
        for (at, a) in all.iter().enumerate() {
            for b in &all[at..] {
                assert_ne!(compare(a, b), Ordering::Greater, "{a} {b}");
            }
        }
    }

    #[test]
    fn a_version_spelled_differently_is_the_same_version() {
        for same in ["1.0-0", "0:1.0", "00:1.00", "1.0-", ":1.0", "0:1.0-00"] {
            assert_eq!(compare("1.0", same), Ordering::Equal, "{same}");
        }
    }

    #[test]
    fn the_revision_begins_behind_the_last_dash() {
        assert_eq!(compare("1-2", "1-1-9"), Ordering::Less);
        assert_eq!(compare("1-1-", "1-1-0"), Ordering::Equal);
    }

    #[test]
    fn what_is_built_again_is_greater_than_what_is_there() {
        for (version, current, again) in [
            ("1.0", "2.0", "1:1.0"),
            ("1:1.0", "1:2.0", "2:1.0"),
            ("0:1.0", "1.0", "1:1.0"),
            ("1.0-r0", "7:0.1", "8:1.0-r0"),
            ("1:1.0", "2.0:3", "1:1.0"),
        ] {
            assert_eq!(repacked(version, current), again);
            assert_eq!(compare(again, current), Ordering::Greater, "{again} {current}");
        }
    }

    #[test]
    fn a_colon_behind_a_letter_is_no_epoch() {
        assert_eq!(compare("v1:0", "2"), Ordering::Greater);
        assert_eq!(compare("a:9", "1:0"), Ordering::Less);
    }

    #[test]
    fn an_epoch_may_be_longer_than_any_integer() {
        let long = format!("1{}:0", "0".repeat(100));
        assert_eq!(compare(&long, "99999999999999999999:9"), Ordering::Greater);
    }

    /// Texts in which every rule of the order has something to decide.
    fn version() -> impl Strategy<Value = String> {
        prop_oneof![
            "[01a~.:+-]{0,6}",
            "([0-9]{1,2}:)?[0-9a-zA-Z.+~_]{0,8}(-[r0-9.~]{0,4})?",
            "\\PC{0,8}",
            any::<String>(),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2048))]

        #[test]
        fn the_order_is_antisymmetric(a in version(), b in version()) {
            prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
            prop_assert_eq!(compare(&a, &a), Ordering::Equal);
        }

        #[test]
        fn the_order_is_transitive(mut all in prop::array::uniform3(version())) {
            all.sort_by(|a, b| compare(a, b));
            let [a, b, c] = all;
            prop_assert_ne!(compare(&a, &b), Ordering::Greater);
            prop_assert_ne!(compare(&b, &c), Ordering::Greater);
            prop_assert_ne!(compare(&a, &c), Ordering::Greater);
            if compare(&a, &b).is_lt() || compare(&b, &c).is_lt() {
                prop_assert_eq!(compare(&a, &c), Ordering::Less);
            }
        }

        #[test]
        fn leading_zeros_change_nothing(number in 0_u64.., zeros in 0_usize..40) {
            let padded = format!("{}{number}", "0".repeat(zeros));
            prop_assert_eq!(compare(&number.to_string(), &padded), Ordering::Equal);
        }

        #[test]
        fn a_tilde_comes_before_the_end_and_everything_else_after_it(a in "[0-9a-z.+]{1,8}", b in "[a-zA-Z.+_:]") {
            prop_assert_eq!(compare(&format!("{a}~"), &a), Ordering::Less);
            prop_assert_eq!(compare(&format!("{a}x{b}"), &format!("{a}x")), Ordering::Greater);
        }
    }
}
