//! The pictures of a story: what the bad image did before it halted, and how the good one came to everyone.

use crate::story::{Course, Sample, Told};
use crate::summary::clock;
use crate::svg::{Chart, Curve, grouped};

/// File names, and what is to stand in them.
pub(crate) fn plots(told: &Told) -> Vec<(&'static str, String)> {
    vec![("bad-image.svg", bad(told).draw()), ("good-image.svg", good(told).draw())]
}

fn bad(told: &Told) -> Chart {
    let course = &told.bad;
    let devices = number(told.fleet.size());
    let most = f64::from(told.wanted.most_exposed);
    let mut marks: Vec<_> = course.paused.map(|at| (at, "paused itself".to_owned())).into_iter().collect();
    let second = f64::from(told.wanted.step_hours);
    let reached = course.last().is_some_and(|sample| sample.hours >= second);
    if let Some(percent) = told.wanted.steps.get(1).filter(|_| reached) {
        marks.push((second, format!("{percent} % would begin")));
    }
    Chart {
        title: format!("A bad image among {} devices", grouped(&told.fleet.size().to_string())),
        below: format!(
            "fails in {} % and kills in {} % of installs; begins with {} %",
            told.wanted.bad.fails,
            told.wanted.bad.dies,
            told.wanted.steps.first().copied().unwrap_or(100)
        ),
        x: "hours from the beginning of the rollout",
        curves: vec![
            curve(course, "devices it was offered to", |sample| counted(sample.standing.offered)),
            curve(course, "devices that run it", |sample| number(sample.running)),
            curve(course, "attempts that failed", |sample| counted(sample.failed)),
            curve(course, "devices killed", |sample| counted(sample.died)),
        ],
        marks,
        limit: Some((devices * most / 100.0, format!("{most} % of the fleet"))),
    }
}

fn good(told: &Told) -> Chart {
    let course = &told.good;
    let devices = number(told.fleet.size());
    let mut marks: Vec<(f64, String)> = (1..)
        .zip(told.wanted.steps.iter().skip(1))
        .map(|(index, percent)| {
            (f64::from(index) * f64::from(told.wanted.step_hours), format!("{percent} %"))
        })
        .collect();
    let alive = told.fleet.alive();
    if let Some(sample) = course.samples.iter().find(|sample| sample.running == alive) {
        marks.push((sample.hours, "everyone".to_owned()));
    }
    let through = marks.last().map_or_else(String::new, |(at, _)| format!(", through after {}", clock(*at)));
    Chart {
        title: format!("A good image among the {} that are left", grouped(&alive.to_string())),
        below: format!("fails in {} % of installs and is tried again{through}", told.wanted.good.fails),
        x: "hours from the beginning of the rollout",
        curves: vec![
            curve(course, "devices that run it", |sample| number(sample.running)),
            curve(course, "may have it", |sample| sample.standing.percent / 100.0 * devices),
            curve(course, "attempts that failed", |sample| counted(sample.failed)),
        ],
        marks,
        limit: None,
    }
}

fn curve(course: &Course, name: &str, height: impl Fn(&Sample) -> f64) -> Curve {
    let from = (0.0, 0.0);
    let points = course.samples.iter().map(|sample| (sample.hours, height(sample)));
    Curve { name: name.to_owned(), points: std::iter::once(from).chain(points).collect() }
}

fn number(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}

fn counted(count: u64) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}
