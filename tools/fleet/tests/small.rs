//! A small fleet, in every run of the tests: that the tool tells a good end from a bad one, and the service passes.

use fleet::{Wanted, tell};

/// Some devices, of which a tenth come first.
fn small() -> Wanted {
    Wanted {
        devices: 200,
        steps: vec![10, 50, 100],
        step_hours: 4,
        min_reports: 5,
        most_exposed: 20,
        tick_minutes: 5,
        ..Wanted::default()
    }
}

#[tokio::test]
async fn a_bad_image_halts_itself_and_a_good_one_reaches_everyone() {
    let summary = tell(small(), &|_| ()).await.unwrap();
    assert!(summary.is_good(), "{summary}");
    assert_eq!(summary.plots().len(), 2);
}

#[tokio::test]
async fn a_bad_image_that_nothing_halts_is_told_of() {
    // It may halt itself past 99 % of failures, which is as good as never.
    let wanted = Wanted { devices: 60, failure_percent: 99, step_hours: 2, ..small() };
    let summary = tell(wanted, &|_| ()).await.unwrap();
    let broken: Vec<_> = summary.broken().collect();
    assert!(broken.contains(&"the bad image paused itself"), "{summary}");
    assert!(broken.contains(&"at most 20 % of the fleet was offered it"), "{summary}");
}
