//! Dates in the three forms of HTTP, in the future, and broken.

use super::{Story, date, names};

/// The same moment as RFC 850 wrote it.
fn rfc850(seconds: i64) -> String {
    let text = date(seconds);
    let [day, number, month, year, time, zone] = parts(&text);
    let days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
    let day = days.into_iter().find(|each| each.starts_with(day.trim_end_matches(','))).unwrap();
    format!("{day}, {number}-{month}-{} {time} {zone}", &year[2..])
}

/// The same moment as C's `asctime` writes it.
fn asctime(seconds: i64) -> String {
    let text = date(seconds);
    let [day, number, month, year, time, _] = parts(&text);
    format!("{} {month} {:>2} {time} {year}", day.trim_end_matches(','), number.trim_start_matches('0'))
}

fn parts(text: &str) -> [&str; 6] {
    text.split(' ').collect::<Vec<_>>().try_into().unwrap()
}

#[test]
fn the_three_forms_are_those_of_the_standard() {
    let moment = 784_111_777;
    assert_eq!(date(moment), "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_eq!(rfc850(moment), "Sunday, 06-Nov-94 08:49:37 GMT");
    assert_eq!(asctime(moment), "Sun Nov  6 08:49:37 1994");
}

#[tokio::test]
async fn a_date_is_read_in_each_of_its_three_forms() {
    let story = Story::told().await;
    for form in [date, rfc850, asctime] {
        let ask =
            async |path: &str, at: i64| story.world.both(path, &[("if-modified-since", &form(at))]).await;
        let part = ask("/release/dev1", story.came[1]).await.expect(200);
        assert_eq!(
            (names(&part), part.header("cache-control")),
            (vec!["base 1.1 all".to_owned()], "no-store")
        );
        for path in
            ["/release", "/release/dev1", "/release/dev1/Packages", "/release/dev1/base/latest/Version"]
        {
            ask(path, story.came[2]).await.expect(304);
            ask(path, story.came[2] - 1).await.expect(200);
        }
    }
}

#[tokio::test]
async fn a_date_in_the_future_is_ignored() {
    let story = Story::told().await;
    let whole = story.world.get("/release/dev1").await;
    for form in [date, rfc850, asctime] {
        for ahead in [50, 86_400, 20 * 365 * 86_400] {
            let future = form(story.world.now() + ahead);
            for path in ["/release/dev1", "/release/dev1/Packages"] {
                let answer = story.world.both(path, &[("if-modified-since", &future)]).await.expect(200);
                assert_eq!(answer.bytes, whole.bytes, "{future}");
                assert_eq!(answer.header("etag"), whole.header("etag"));
            }
            for path in
                ["/release", "/release/dev1/base", "/release/dev1/base/1.0", "/release/dev1/base/1.0/Section"]
            {
                story.world.both(path, &[("if-modified-since", &future)]).await.expect(200);
            }
        }
    }
}

#[tokio::test]
async fn a_broken_date_is_ignored() {
    let story = Story::told().await;
    let whole = story.world.get("/release/dev1").await;
    let good = date(story.came[2]);
    let seconds = story.came[2].to_string();
    let rfc3339 = "2012-10-01T08:05:00Z";
    let zone = good.replace("GMT", "CEST");
    let day = good.replace(&good[5..7], "32");
    for broken in [
        "",
        "yesterday",
        "0",
        "-1",
        &seconds,
        rfc3339,
        &zone,
        &day,
        &good[..20],
        "Sun, 06 Nov 1994 25:49:37 GMT",
        "Sun, 06 Foo 1994 08:49:37 GMT",
    ] {
        for path in ["/release/dev1", "/release/dev1/Packages"] {
            let answer = story.world.both(path, &[("if-modified-since", broken)]).await.expect(200);
            assert_eq!(answer.bytes, whole.bytes, "{broken:?}");
            assert_ne!(answer.header("cache-control"), "no-store", "{broken:?}");
        }
    }
}

#[tokio::test]
async fn spaces_around_a_date_do_not_matter() {
    let story = Story::told().await;
    let padded = format!("  {}  ", date(story.came[2]));
    story.world.both("/release/dev1", &[("if-modified-since", &padded)]).await.expect(304);
}

#[tokio::test]
async fn a_date_before_1970_is_one_since_which_everything_has_changed() {
    let story = Story::told().await;
    let whole = story.world.get("/release/dev1").await;
    for old in ["Thu, 01 Jan 1970 00:00:00 GMT", "Mon, 01 Jan 1900 00:00:00 GMT", "Thu Jan  1 00:00:00 1970"]
    {
        for path in ["/release/dev1", "/release/dev1/Packages"] {
            let answer = story.world.both(path, &[("if-modified-since", old)]).await.expect(200);
            assert_eq!(answer.bytes, whole.bytes, "{old}");
        }
    }
}
