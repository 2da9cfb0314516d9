//! Paths: patterns with `*` and `?`, as CloudFront and IAM have them, and routes with `{…}`, as an HTTP API has them.

/// Whether a text matches a pattern in which `*` stands for any text, also an empty one, and `?` for any one character.
pub fn matches_pattern(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut on) = (0, 0);
    // Where to go on if what follows the last star does not fit: one character further.
    let mut back: Option<(usize, usize)> = None;
    while on < text.len() {
        if pattern.get(at) == Some(&'*') {
            back = Some((at, on));
            at += 1;
        } else if pattern.get(at).is_some_and(|each| *each == '?' || *each == text[on]) {
            (at, on) = (at + 1, on + 1);
        } else if let Some((star, from)) = back {
            back = Some((star, from + 1));
            (at, on) = (star + 1, from + 1);
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(|each| *each == '*')
}

/// What the variables of a route stand for in a path, if the path is the route's. A variable stands for one segment
/// that is not empty, and `{name+}` for all that are left, at least one.
pub(crate) fn variables<'a>(route: &'a str, path: &'a str) -> Option<Vec<(&'a str, &'a str)>> {
    let mut found = Vec::new();
    let (mut routes, mut rest) = (route.split('/').skip(1), path.strip_prefix('/'));
    for segment in routes.by_ref() {
        let whole = rest?;
        let (first, behind) =
            whole.split_once('/').map_or((whole, None), |(first, behind)| (first, Some(behind)));
        match variable(segment) {
            Some((name, true)) if !whole.is_empty() => {
                found.push((name, whole));
                rest = None;
                break;
            }
            Some((name, false)) if !first.is_empty() => found.push((name, first)),
            None if segment == first => {}
            _ => return None,
        }
        rest = behind;
    }
    (rest.is_none() && routes.next().is_none()).then_some(found)
}

/// How exactly a route says what it is for: less is more exact, segment by segment from the left.
pub(crate) fn generality(route: &str) -> Vec<u8> {
    let rank = |segment| match variable(segment) {
        None => 0,
        Some((_, false)) => 1,
        Some((_, true)) => 2,
    };
    route.split('/').map(rank).collect()
}

/// The name of a variable, and whether it takes all that is left.
fn variable(segment: &str) -> Option<(&str, bool)> {
    let name = segment.strip_prefix('{')?.strip_suffix('}')?;
    Some(name.strip_suffix('+').map_or((name, false), |name| (name, true)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything_and_a_question_mark_for_one() {
        for (pattern, yes, no) in [
            ("/dev/*", ["/dev/", "/dev/a/b"], ["/dev", "/devel/a"]),
            ("/dev-*", ["/dev-", "/dev-lab/a"], ["/dev/lab", "x/dev-"]),
            ("*/by-hash/*", ["/a/by-hash/", "/by-hash/by-hash/x"], ["/by-hash", "by-hash/"]),
            ("/v1/*/x?", ["/v1//xy", "/v1/a/x/b/xz"], ["/v1/a/x", "/v1/a/xyz"]),
            ("*", ["", "/anything"], ["", ""]),
        ] {
            for text in yes {
                assert!(matches_pattern(pattern, text), "{pattern} {text}");
            }
            for text in no.into_iter().filter(|_| pattern != "*") {
                assert!(!matches_pattern(pattern, text), "{pattern} {text}");
            }
        }
        assert!(!matches_pattern("", "x") && matches_pattern("", ""));
    }

    #[test]
    fn a_route_names_the_segments_of_its_paths() {
        let route = "/v1/{a}/x/{b}";
        assert_eq!(variables(route, "/v1/1/x/2"), Some(vec![("a", "1"), ("b", "2")]));
        for other in ["/v1/1/x", "/v1/1/x/", "/v1//x/2", "/v1/1/x/2/", "/v1/1/y/2", "v1/1/x/2", "/v1/1/x/2/3"]
        {
            assert_eq!(variables(route, other), None, "{other}");
        }
        assert_eq!(variables("/a/{rest+}", "/a/b/c"), Some(vec![("rest", "b/c")]));
        assert_eq!(variables("/a/{rest+}", "/a"), None);
        assert_eq!(variables("/a", "/a"), Some(vec![]));
    }

    #[test]
    fn a_word_is_more_exact_than_a_variable_and_that_than_all_the_rest() {
        let mut routes = ["/a/{rest+}", "/a/{b}", "/a/b", "/a/{b}/c", "/a/{b}/{c}"];
        routes.sort_by_key(|route| generality(route));
        assert_eq!(routes, ["/a/b", "/a/{b}", "/a/{b}/c", "/a/{b}/{c}", "/a/{rest+}"]);
    }
}
