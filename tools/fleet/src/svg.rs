//! Line charts as SVG, readable on light and on dark. Knows nothing of fleets.

use std::fmt::Write as _;

const WIDTH: f64 = 880.0;
const HEIGHT: f64 = 420.0;
const LEFT: f64 = 78.0;
const RIGHT: f64 = 200.0;
const TOP: f64 = 66.0;
const BOTTOM: f64 = 52.0;
/// How far apart the names of lines are at least.
const NAMES_APART: f64 = 17.0;

const STYLE: &str = "\
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .title { font-size: 16px; font-weight: 600; }
  .quiet { fill: #59636e; font-size: 12px; }
  .grid { stroke: #d1d9e0; stroke-width: 1; }
  .mark { stroke: #59636e; stroke-width: 1; stroke-dasharray: 4 3; }
  .limit { stroke: #d1242f; stroke-width: 1.5; stroke-dasharray: 7 4; }
  .line { fill: none; stroke-width: 2; stroke-linejoin: round; }
  .s0 { stroke: #0969da; } .s1 { stroke: #1a7f37; } .s2 { stroke: #bc4c00; } .s3 { stroke: #8250df; }
  .n0 { fill: #0969da; } .n1 { fill: #1a7f37; } .n2 { fill: #bc4c00; } .n3 { fill: #8250df; } .n9 { fill: #d1242f; }
  .paper { fill: #ffffff; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; }
    .quiet { fill: #9198a1; }
    .grid { stroke: #3d444d; } .mark { stroke: #9198a1; } .limit { stroke: #f85149; }
    .s0 { stroke: #4493f8; } .s1 { stroke: #3fb950; } .s2 { stroke: #f0883e; } .s3 { stroke: #ab7df8; }
    .n0 { fill: #4493f8; } .n1 { fill: #3fb950; } .n2 { fill: #f0883e; } .n3 { fill: #ab7df8; } .n9 { fill: #f85149; }
    .paper { fill: #0d1117; }
  }
";

/// A line with a name.
#[derive(Debug, Clone)]
pub(crate) struct Curve {
    pub(crate) name: String,
    /// In the order of x.
    pub(crate) points: Vec<(f64, f64)>,
}

/// What to draw.
#[derive(Debug, Clone)]
pub(crate) struct Chart {
    pub(crate) title: String,
    pub(crate) below: String,
    /// What x counts.
    pub(crate) x: &'static str,
    /// At most four.
    pub(crate) curves: Vec<Curve>,
    /// Moments with what happened then.
    pub(crate) marks: Vec<(f64, String)>,
    /// A height that must not be passed, with its name.
    pub(crate) limit: Option<(f64, String)>,
}

impl Chart {
    /// The whole file.
    pub(crate) fn draw(&self) -> String {
        let axes = Axes::of(self);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">\n\
             <style>\n{STYLE}</style>\n<rect class=\"paper\" width=\"{WIDTH}\" height=\"{HEIGHT}\"/>\n",
            escaped(&self.title)
        );
        text(&mut svg, LEFT, 26.0, "title", "start", &self.title);
        text(&mut svg, LEFT, 46.0, "quiet", "start", &self.below);
        axes.grid(&mut svg, self.x);
        for ((x, name), row) in self.marks.iter().zip(1_i32..) {
            let (x, y) = (axes.x(*x), TOP + f64::from(row) * NAMES_APART);
            stroke(&mut svg, "mark", (x, TOP), (x, HEIGHT - BOTTOM));
            let (x, anchor) = if x > WIDTH / 2.0 { (x - 5.0, "end") } else { (x + 5.0, "start") };
            text(&mut svg, x, y, "quiet", anchor, name);
        }
        if let Some((height, _)) = &self.limit {
            let y = axes.y(*height);
            stroke(&mut svg, "limit", (LEFT, y), (WIDTH - RIGHT, y));
        }
        for (index, curve) in self.curves.iter().enumerate() {
            let points = curve.points.iter().map(|(x, y)| format!("{:.1},{:.1}", axes.x(*x), axes.y(*y)));
            let points = points.collect::<Vec<_>>().join(" ");
            let _ = writeln!(svg, "<polyline class=\"line s{index}\" points=\"{points}\"/>");
        }
        self.names(&mut svg, &axes);
        svg.push_str("</svg>\n");
        svg
    }

    /// Names at the ends of lines, none over another.
    fn names(&self, svg: &mut String, axes: &Axes) {
        let mut names: Vec<(f64, usize, &str)> = Vec::new();
        for (index, curve) in self.curves.iter().enumerate() {
            names.extend(curve.points.last().map(|(_, y)| (axes.y(*y), index, curve.name.as_str())));
        }
        names.extend(self.limit.as_ref().map(|(height, name)| (axes.y(*height), 9, name.as_str())));
        // From below upwards, since most lines end near the ground.
        names.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut free = HEIGHT - BOTTOM;
        for (y, index, name) in names {
            let y = y.min(free);
            free = y - NAMES_APART;
            text(svg, WIDTH - RIGHT + 8.0, y + 4.0, &format!("n{index}"), "start", name);
        }
    }
}

/// From values to places.
struct Axes {
    x_most: f64,
    y_most: f64,
}

impl Axes {
    fn of(chart: &Chart) -> Self {
        let points = || chart.curves.iter().flat_map(|curve| &curve.points);
        let x_most = points().map(|point| point.0).chain(chart.marks.iter().map(|mark| mark.0));
        let y_most = points().map(|point| point.1).chain(chart.limit.iter().map(|limit| limit.0));
        let most = |all: f64| if all > 0.0 { all } else { 1.0 };
        Self { x_most: most(x_most.fold(0.0, f64::max)), y_most: most(y_most.fold(0.0, f64::max)) * 1.06 }
    }

    fn x(&self, value: f64) -> f64 {
        LEFT + value / self.x_most * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, value: f64) -> f64 {
        HEIGHT - BOTTOM - value / self.y_most * (HEIGHT - BOTTOM - TOP)
    }

    fn grid(&self, svg: &mut String, x_name: &str) {
        for value in ticks(self.y_most) {
            let y = self.y(value);
            stroke(svg, "grid", (LEFT, y), (WIDTH - RIGHT, y));
            text(svg, LEFT - 8.0, y + 4.0, "quiet", "end", &thousands(value));
        }
        for value in ticks(self.x_most) {
            text(svg, self.x(value), HEIGHT - BOTTOM + 20.0, "quiet", "middle", &thousands(value));
        }
        text(svg, WIDTH - RIGHT, HEIGHT - 12.0, "quiet", "end", x_name);
    }
}

/// Round values from 0 up to `most`, six or so.
fn ticks(most: f64) -> Vec<f64> {
    let rough = most / 6.0;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|nice| nice * power).into_iter().find(|step| *step >= rough);
    let step = step.unwrap_or(rough);
    (0..20).map(|index| f64::from(index) * step).take_while(|value| *value <= most).collect()
}

/// A number as people write it.
fn thousands(value: f64) -> String {
    if value.fract() == 0.0 { grouped(&format!("{value:.0}")) } else { format!("{value}") }
}

/// Digits in groups of three.
pub(crate) fn grouped(digits: &str) -> String {
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn stroke(svg: &mut String, class: &str, from: (f64, f64), to: (f64, f64)) {
    let ((x1, y1), (x2, y2)) = (from, to);
    let _ = writeln!(
        svg,
        "<line class=\"{class}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>"
    );
}

fn text(svg: &mut String, x: f64, y: f64, class: &str, anchor: &str, words: &str) {
    let words = escaped(words);
    let _ = writeln!(
        svg,
        "<text class=\"{class}\" text-anchor=\"{anchor}\" x=\"{x:.1}\" y=\"{y:.1}\">{words}</text>"
    );
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(ticks(100_000.0), [0.0, 20_000.0, 40_000.0, 60_000.0, 80_000.0, 100_000.0]);
        assert_eq!(ticks(4.0), [0.0, 1.0, 2.0, 3.0, 4.0]);
        assert!((3..=8).contains(&ticks(0.7).len()));
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([0.0, 100.0, 1000.0, 1_234_567.0].map(thousands), ["0", "100", "1,000", "1,234,567"]);
    }

    #[test]
    fn no_name_stands_over_another_and_no_word_breaks_the_file() {
        let curve = |name: &str| Curve { name: name.to_owned(), points: vec![(0.0, 0.0), (1.0, 0.0)] };
        let chart = Chart {
            title: "a < b & \"c\"".to_owned(),
            below: String::new(),
            x: "hours",
            curves: vec![curve("one"), curve("two")],
            marks: vec![(0.5, "half".to_owned())],
            limit: Some((10.0, "limit".to_owned())),
        };
        let svg = chart.draw();
        assert!(svg.contains("a &lt; b &amp; &quot;c&quot;"));
        let height = |name: &str| -> f64 {
            let line = svg.lines().find(|line| line.ends_with(&format!(">{name}</text>"))).unwrap();
            line.split(" y=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap()
        };
        assert!((height("one") - height("two")).abs() >= NAMES_APART);
    }
}
