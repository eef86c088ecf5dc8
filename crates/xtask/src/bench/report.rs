//! The table: what was done, by whom, how long it took, what the pairs say, and whether the bar is reached.
//!
//! Knows nothing of the contests. A bar is held against the median.

use super::pairs::{Pairs, Quartiles};
use std::fmt;

/// What must be reached.
#[derive(Clone, Copy, Debug)]
pub(super) enum Bar {
    /// flowc takes at most so many times as long.
    Times(f64),
    /// flowc is at least so many times as fast.
    Faster(f64),
    /// flowc takes at most so many seconds longer.
    Longer(f64),
    /// flowc takes at most so many seconds.
    Seconds(f64),
    /// flowc takes at most so many megabytes (10⁶ bytes).
    Megabytes(f64),
    /// No bar: the other side is there for comparison.
    None,
}

/// One row.
#[derive(Clone, Debug)]
pub(super) struct Row {
    work: String,
    ours: String,
    other: String,
    theirs: String,
    says: String,
    bar: String,
    reached: &'static str,
}

impl Row {
    /// Times in turn with another side.
    pub(super) fn pairs(work: &str, other: &str, pairs: &Pairs, bar: Bar) -> Self {
        let times = pairs.map(|ours, theirs| ours / theirs);
        let (says, value) = match bar {
            Bar::Longer(_) => {
                let more = pairs.map(|ours, theirs| ours - theirs);
                (format!("{} longer", spread(more, seconds)), more)
            }
            Bar::Times(_) => (format!("{} × the time", spread(times, number)), times),
            // Without a bar it is said in the way in which the number is above 1.
            Bar::None if times.median > 1.0 => (format!("{} × the time", spread(times, number)), times),
            Bar::Faster(_) | Bar::Seconds(_) | Bar::Megabytes(_) | Bar::None => {
                let ratio = pairs.map(|ours, theirs| theirs / ours);
                (format!("{} × as fast", spread(ratio, number)), ratio)
            }
        };
        let ours = Quartiles::of(pairs.ours.clone());
        let held = if matches!(bar, Bar::Seconds(_)) { ours.median } else { value.median };
        Self {
            work: work.into(),
            ours: seconds(ours.median),
            other: other.into(),
            theirs: seconds(Quartiles::of(pairs.theirs.clone()).median),
            says: format!("{says}, {} pairs", pairs.ours.len()),
            ..Self::judged(bar, held)
        }
    }

    /// Times of flowc alone.
    pub(super) fn alone(work: &str, times: &[f64], bar: Bar) -> Self {
        let time = Quartiles::of(times.to_vec());
        Self {
            work: work.into(),
            ours: format!("{}, {} runs", spread(time, seconds), times.len()),
            ..Self::judged(bar, time.median)
        }
    }

    /// Memory, ours and perhaps somebody else's, in megabytes.
    pub(super) fn memory(work: &str, ours: f64, theirs: Option<(&str, f64)>, bar: Bar) -> Self {
        let megabytes = |value: f64| format!("{} MB", number(value));
        let (other, theirs) =
            theirs.map_or((String::new(), String::new()), |(other, theirs)| (other.into(), megabytes(theirs)));
        Self { work: work.into(), ours: megabytes(ours), other, theirs, ..Self::judged(bar, ours) }
    }

    /// What could not be compared, and why.
    pub(super) fn missing(work: &str, other: &str, reason: &anyhow::Error) -> Self {
        // A line of the table is one line.
        let reason = format!("{reason:#}").split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "/");
        let says = format!("not measured: {}", reason.chars().take(200).collect::<String>());
        Self { work: work.into(), other: other.into(), says, ..Self::judged(Bar::None, f64::NAN) }
    }

    fn judged(bar: Bar, value: f64) -> Self {
        let (text, reached) = match bar {
            Bar::Times(most) => (format!("≤ {} ×", number(most)), value <= most),
            Bar::Faster(least) => (format!("≥ {} × as fast", number(least)), value >= least),
            Bar::Longer(most) => (format!("≤ {} longer", seconds(most)), value <= most),
            Bar::Seconds(most) => (format!("≤ {}", seconds(most)), value <= most),
            Bar::Megabytes(most) => (format!("≤ {} MB", number(most)), value <= most),
            Bar::None => (String::new(), true),
        };
        let reached = match bar {
            Bar::None => "",
            _ if reached => "yes",
            _ => "no",
        };
        let empty = String::new;
        Self { work: empty(), ours: empty(), other: empty(), theirs: empty(), says: empty(), bar: text, reached }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { work, ours, other, theirs, says, bar, reached } = self;
        write!(f, "| {work} | {ours} | {other} | {theirs} | {says} | {bar} | {reached} |")
    }
}

/// All rows.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) rows: Vec<Row>,
}

impl Report {
    /// As Markdown.
    pub(super) fn table(&self) -> String {
        let head = "| work | flowc | against | its figure | median (quartiles) | bar | reached |\n\
                    | --- | --- | --- | --- | --- | --- | --- |\n";
        self.rows.iter().fold(head.to_owned(), |table, row| format!("{table}{row}\n"))
    }
}

/// `1.05 (0.98–1.10)`.
fn spread(values: Quartiles, text: impl Fn(f64) -> String) -> String {
    format!("{} ({}–{})", text(values.median), text(values.low), text(values.high))
}

/// A time in the unit that suits it.
fn seconds(value: f64) -> String {
    let (factor, unit) = match value.abs() {
        size if size < 1e-3 => (1e6, "µs"),
        size if size < 1.0 => (1e3, "ms"),
        _ => (1.0, "s"),
    };
    format!("{} {unit}", number(value * factor))
}

/// Three digits that count, or all before the point.
fn number(value: f64) -> String {
    let text = match value.abs() {
        size if size < 1.0 => format!("{value:.3}"),
        size if size < 10.0 => format!("{value:.2}"),
        size if size < 100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    };
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_held_against_the_median_of_the_pairs() {
        let pairs = Pairs { ours: vec![2.0, 3.0, 4.0], theirs: vec![1.0, 2.0, 4.0] };
        let row = Row::pairs("work", "other", &pairs, Bar::Times(1.4)).to_string();
        assert_eq!(row, "| work | 3 s | other | 2 s | 1.5 (1.25–1.75) × the time, 3 pairs | ≤ 1.4 × | no |");
        let row = Row::pairs("work", "other", &pairs, Bar::Faster(0.5)).to_string();
        assert!(row.ends_with("| 0.667 (0.583–0.833) × as fast, 3 pairs | ≥ 0.5 × as fast | yes |"), "{row}");
        let row = Row::pairs("work", "other", &pairs, Bar::Longer(0.5)).to_string();
        assert!(row.contains("| 1 s (500 ms–1 s) longer") && row.ends_with("| ≤ 500 ms longer | no |"), "{row}");
    }

    #[test]
    fn what_is_missing_is_one_line_with_its_reason() {
        let row = Row::missing("work", "other", &anyhow::anyhow!("a\n | b")).to_string();
        assert_eq!(row, "| work |  | other |  | not measured: a / b |  |  |");
    }

    #[test]
    fn times_have_their_unit() {
        assert_eq!(["12.3 µs", "1.5 ms", "100 s"].map(str::to_owned), [1.23e-5, 1.5e-3, 100.0].map(seconds));
    }
}
