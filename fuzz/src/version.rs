//! Versions: a total order, and the one that Debian policy 5.6.12 describes.

use std::cmp::Ordering;

use shared::ipkg::names::PackageVersion;
use shared::ipkg::version::compare;

/// Checks the order of the first three lines of `data`; bytes that are no UTF-8 are replaced.
pub fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.split('\n');
    let all = [(); 3].map(|()| lines.next().unwrap_or_default());
    for a in all {
        assert_eq!(compare(a, a), Ordering::Equal, "{a:?}");
        if let Ok(version) = a.parse::<PackageVersion>() {
            assert_eq!(version.as_str(), a);
        }
        for b in all {
            assert_eq!(compare(a, b), compare(b, a).reverse(), "{a:?} {b:?}");
            assert_eq!(compare(a, b), restated(a, b), "{a:?} {b:?}");
            for c in all {
                let (first, second) = (compare(a, b), compare(b, c));
                if first.is_eq() || first == second {
                    assert_eq!(compare(a, c), second, "{a:?} {b:?} {c:?}");
                }
            }
        }
    }
}

/// The same order by sorting keys: each part of a version becomes a row of numbers, compared one by one.
fn restated(a: &str, b: &str) -> Ordering {
    let ((a_epoch, a), (b_epoch, b)) = (split_epoch(a), split_epoch(b));
    let ((a_version, a_revision), (b_version, b_revision)) = (split_revision(a), split_revision(b));
    [(a_epoch, b_epoch), (a_version, b_version), (a_revision, b_revision)]
        .into_iter()
        .map(|(a, b)| compare_keys(key(a), key(b)))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

fn split_epoch(text: &str) -> (&str, &str) {
    text.split_once(':').filter(|(epoch, _)| epoch.chars().all(|c| c.is_ascii_digit())).unwrap_or(("", text))
}

fn split_revision(text: &str) -> (&str, &str) {
    text.rsplit_once('-').unwrap_or((text, ""))
}

/// A row of pairs of runs: the ranks of characters that are no digits and the rank of their end, then how many digits
/// a number has and the digits.
fn key(text: &str) -> Vec<usize> {
    let mut bytes = text.bytes().peekable();
    let mut key = Vec::new();
    while bytes.peek().is_some() {
        while let Some(byte) = bytes.next_if(|byte| !byte.is_ascii_digit()) {
            key.push(match byte {
                b'~' => 0,
                b'A'..=b'Z' | b'a'..=b'z' => 1000 + usize::from(byte),
                _ => 2000 + usize::from(byte),
            });
        }
        key.push(END);
        let digits: String =
            std::iter::from_fn(|| bytes.next_if(u8::is_ascii_digit)).map(char::from).collect();
        let number = digits.trim_start_matches('0');
        key.push(number.len());
        key.extend(number.bytes().map(usize::from));
    }
    key
}

const END: usize = 1;

/// Compares two keys as if each went on for ever with empty runs.
fn compare_keys(mut a: Vec<usize>, mut b: Vec<usize>) -> Ordering {
    let length = a.len().max(b.len()) + 2;
    for key in [&mut a, &mut b] {
        while key.len() < length {
            key.extend([END, 0]);
        }
    }
    a.cmp(&b)
}
