//! Ranges and conditional requests, as RFC 9110, S3 and CloudFront read them: pure.

use http::{HeaderMap, header};

/// What tells one state of an object from another.
#[derive(Debug, Clone, Copy)]
pub struct Validators<'a> {
    /// A strong entity tag with its quotes.
    pub etag: &'a str,
    /// Last modification in whole seconds since the epoch.
    pub modified: i64,
}

/// What the conditions of a request come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Answer it.
    Proceed,
    /// 304.
    NotModified,
    /// 412.
    Failed,
}

/// The part of an object that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    Whole,
    /// From `first` to `last`, both included.
    Bytes {
        /// The first byte.
        first: u64,
        /// The last byte.
        last: u64,
    },
    /// 416.
    Unsatisfiable,
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
}

/// A header that may stand on several lines, which are one list.
fn list(headers: &HeaderMap, name: header::HeaderName) -> Option<String> {
    let lines: Vec<&str> =
        headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).map(str::trim).collect();
    (!lines.is_empty()).then(|| lines.join(","))
}

/// Whether a list of entity tags names `etag`; weak tags count only if `weak` does.
fn names(list: &str, etag: &str, weak: bool) -> bool {
    list == "*"
        || list.split(',').map(str::trim).any(|tag| {
            let bare = if weak { tag.strip_prefix("W/").unwrap_or(tag) } else { tag };
            bare == etag
        })
}

/// Weighs the conditions in the order of RFC 9110, section 13.2.2. `date` reads an HTTP date as seconds.
pub fn weigh(headers: &HeaderMap, now: Validators<'_>, date: impl Fn(&str) -> Option<i64>) -> Verdict {
    let modified_after = |name| text(headers, name).and_then(&date).map(|then| now.modified > then);
    let fails = match list(headers, header::IF_MATCH) {
        Some(list) => !names(&list, now.etag, false),
        None => modified_after(header::IF_UNMODIFIED_SINCE) == Some(true),
    };
    if fails {
        return Verdict::Failed;
    }
    let same = match list(headers, header::IF_NONE_MATCH) {
        Some(list) => names(&list, now.etag, true),
        None => modified_after(header::IF_MODIFIED_SINCE) == Some(false),
    };
    if same { Verdict::NotModified } else { Verdict::Proceed }
}

/// The part of an object of `size` bytes that `Range` and `If-Range` ask for. Several ranges at once get the whole.
pub fn part(headers: &HeaderMap, now: Validators<'_>, size: u64, date: impl Fn(&str) -> Option<i64>) -> Part {
    let stale = match text(headers, header::IF_RANGE) {
        Some(tag) if tag.starts_with('"') || tag.starts_with("W/") => tag != now.etag,
        Some(then) => date(then) != Some(now.modified),
        None => false,
    };
    match text(headers, header::RANGE) {
        Some(range) if !stale => range_of(range, size),
        _ => Part::Whole,
    }
}

fn range_of(range: &str, size: u64) -> Part {
    let Some((unit, set)) = range.split_once('=') else { return Part::Whole };
    if !unit.trim().eq_ignore_ascii_case("bytes") || set.contains(',') {
        return Part::Whole;
    }
    let Some((first, last)) = set.trim().split_once('-') else { return Part::Whole };
    match (number(first), number(last)) {
        (Some(first), _)
            if first >= size && (last.is_empty() || number(last).is_some_and(|last| last >= first)) =>
        {
            Part::Unsatisfiable
        }
        (Some(first), Some(last)) if first <= last => Part::Bytes { first, last: last.min(size - 1) },
        (Some(first), None) if last.is_empty() => Part::Bytes { first, last: size - 1 },
        (None, Some(length)) if first.is_empty() => {
            if length == 0 || size == 0 {
                return Part::Unsatisfiable;
            }
            Part::Bytes { first: size - length.min(size), last: size - 1 }
        }
        _ => Part::Whole,
    }
}

/// Decimal digits as a number; more than fits is more than any object has.
fn number(digits: &str) -> Option<u64> {
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};
    use proptest::prelude::*;

    use super::*;

    const NOW: Validators<'_> = Validators { etag: "\"abc\"", modified: 100 };

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap())).collect()
    }

    // Dates are plain seconds here.
    fn date(text: &str) -> Option<i64> {
        text.parse().ok()
    }

    #[test]
    fn a_range_is_read_as_s3_reads_it() {
        for (range, expected) in [
            ("bytes=0-0", Part::Bytes { first: 0, last: 0 }),
            ("bytes=2-", Part::Bytes { first: 2, last: 9 }),
            ("bytes=2-99", Part::Bytes { first: 2, last: 9 }),
            ("bytes=-3", Part::Bytes { first: 7, last: 9 }),
            ("bytes=-99", Part::Bytes { first: 0, last: 9 }),
            ("bytes=10-", Part::Unsatisfiable),
            ("bytes=99999999999999999999-", Part::Unsatisfiable),
            ("bytes=-0", Part::Unsatisfiable),
            ("bytes=5-2", Part::Whole),
            ("bytes=12-11", Part::Whole),
            ("bytes=0-1,3-4", Part::Whole),
            ("bytes=", Part::Whole),
            ("bytes=a-b", Part::Whole),
            ("bytes=+1-2", Part::Whole),
            ("lines=1-2", Part::Whole),
            ("nonsense", Part::Whole),
        ] {
            assert_eq!(part(&headers(&[(header::RANGE, range)]), NOW, 10, date), expected, "{range}");
        }
        assert_eq!(part(&headers(&[(header::RANGE, "bytes=0-")]), NOW, 0, date), Part::Unsatisfiable);
    }

    #[test]
    fn a_range_of_something_else_by_now_gets_the_whole() {
        let with = |value| headers(&[(header::RANGE, "bytes=1-2"), (header::IF_RANGE, value)]);
        let some = Part::Bytes { first: 1, last: 2 };
        assert_eq!(part(&with("\"abc\""), NOW, 10, date), some);
        assert_eq!(part(&with("100"), NOW, 10, date), some);
        for stale in ["\"old\"", "W/\"abc\"", "99", "101", "never"] {
            assert_eq!(part(&with(stale), NOW, 10, date), Part::Whole, "{stale}");
        }
    }

    #[test]
    fn conditions_are_weighed_in_order() {
        for (pairs, expected) in [
            (vec![(header::IF_NONE_MATCH, "\"abc\"")], Verdict::NotModified),
            (vec![(header::IF_NONE_MATCH, "\"x\", W/\"abc\"")], Verdict::NotModified),
            (vec![(header::IF_NONE_MATCH, "*")], Verdict::NotModified),
            (vec![(header::IF_NONE_MATCH, "\"x\""), (header::IF_MODIFIED_SINCE, "100")], Verdict::Proceed),
            (vec![(header::IF_MODIFIED_SINCE, "100")], Verdict::NotModified),
            (vec![(header::IF_MODIFIED_SINCE, "99")], Verdict::Proceed),
            (vec![(header::IF_MODIFIED_SINCE, "never")], Verdict::Proceed),
            (vec![(header::IF_MATCH, "\"x\"")], Verdict::Failed),
            (vec![(header::IF_MATCH, "W/\"abc\"")], Verdict::Failed),
            (vec![(header::IF_MATCH, "\"abc\""), (header::IF_UNMODIFIED_SINCE, "1")], Verdict::Proceed),
            (vec![(header::IF_UNMODIFIED_SINCE, "99")], Verdict::Failed),
            (vec![], Verdict::Proceed),
        ] {
            assert_eq!(weigh(&headers(&pairs), NOW, date), expected, "{pairs:?}");
        }
    }

    proptest! {
        #[test]
        fn a_part_always_lies_inside_the_object(range in "bytes=[0-9]{0,4}-[0-9]{0,4}", size in 0_u64..3000) {
            if let Part::Bytes { first, last } = range_of(&range, size) {
                prop_assert!(first <= last && last < size);
            }
        }
    }
}
