//! `flowc bounds --with-history`: what runs did take, beside what is proved. *Measured* is what the journal says of so
//! many runs, and bounds nothing: the next run may take longer. What passes a bound is said to.

use super::at_most;
use crate::{
    columns::{Cell, columns},
    engine,
    exit::Failure,
    project::Project,
    ui::Style,
};
use flow_compiler::{
    bounds::SystemBounds,
    spell,
    spend::{Measure, Spending},
};
use flow_driver::RunStatus;
use flow_expr::Name;
use flow_plan::{Flow, Provenance, words};
use flow_store::{CostBy, Layout, Reader};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// So many of the newest runs are looked at.
const MOST_RUNS: u32 = 1000;

/// What the journal says of runs that succeeded.
#[derive(Debug, Default)]
pub(super) struct History {
    flows: BTreeMap<String, OfFlow>,
    /// How old each version had become when the next one took its place, milliseconds.
    ages: BTreeMap<String, Vec<u64>>,
}

#[derive(Debug, Default)]
struct OfFlow {
    runs: Vec<u64>,
    /// Nodes of the flow itself that did something, by label.
    nodes: BTreeMap<String, Vec<u64>>,
    asks: Vec<u64>,
    micro_dollars: Vec<u64>,
}

/// Half, nineteen of twenty, and all of so many runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Measured {
    p50: u64,
    p95: u64,
    most: u64,
    runs: usize,
}

impl Measured {
    /// By nearest rank: each is one that was seen.
    fn of(all: &[u64]) -> Option<Self> {
        let mut sorted = all.to_vec();
        sorted.sort_unstable();
        let rank = |percent: usize| sorted.get((sorted.len() * percent).div_ceil(100).saturating_sub(1)).copied();
        Some(Self { p50: rank(50)?, p95: rank(95)?, most: *sorted.last()?, runs: sorted.len() })
    }
}

impl History {
    /// Reads the journal; nothing where there is none yet.
    pub(super) fn of(project: &Project) -> Result<Self, Failure> {
        let failure = |error: flow_store::StoreError| engine::store_failure(&error);
        let mut history = Self::default();
        let Some(reader) = Reader::open(&Layout::new(&project.root)).map_err(failure)? else { return Ok(history) };
        let costs = reader.costs(CostBy::Run).map_err(failure)?;
        let costs: BTreeMap<&str, (u64, u64)> =
            costs.iter().map(|row| (&*row.of, (row.asks, row.micro_dollars))).collect();
        let mut versions: BTreeMap<String, i64> = BTreeMap::new();
        for run in reader.runs(MOST_RUNS).map_err(failure)?.iter().rev() {
            let succeeded = run.end.as_ref().is_some_and(|end| end.status == RunStatus::Succeeded);
            let Some(ended) = run.ended.filter(|_| succeeded && !run.start.dry) else { continue };
            let of_flow = history.flows.entry(run.flow.to_string()).or_default();
            of_flow.runs.push(between(run.start.started, ended));
            let (asks, micro_dollars) = costs.get(&*run.run).copied().unwrap_or_default();
            of_flow.asks.push(asks);
            of_flow.micro_dollars.push(micro_dollars);
            for node in reader.nodes(&run.run).map_err(failure)? {
                let is_own = node.path.bytes().all(|byte| byte.is_ascii_digit());
                if is_own && node.attempts > 0 {
                    let took = between(node.began, node.ended);
                    of_flow.nodes.entry(node.label.to_string()).or_default().push(took);
                }
            }
            for (dataset, version) in reader.versions_of_run(&run.run).map_err(failure)? {
                if !version.written {
                    continue;
                }
                let at = version.at.as_millisecond();
                let data = version.data_time.map_or(at, |time| time.as_millisecond());
                if let Some(before) = versions.insert(dataset.clone(), data) {
                    let age = u64::try_from(at.saturating_sub(before)).unwrap_or(0);
                    history.ages.entry(dataset).or_default().push(age);
                }
            }
        }
        Ok(history)
    }

    /// Lines of a flow: what was measured, how often, and what is proved.
    pub(super) fn flow_lines<'a>(
        &self,
        bounds: &SystemBounds<'a>,
        spending: &Spending<'a>,
        flow: &Flow,
        color: bool,
    ) -> String {
        let rows: Vec<Vec<Cell>> = self.of_flow(bounds, spending, flow).iter().map(Row::cells).collect();
        match rows.is_empty() {
            true => "  measured: no run of it has succeeded yet\n".to_owned(),
            false => columns(&rows, color),
        }
    }

    /// The same of the age of a dataset.
    pub(super) fn dataset_lines(&self, bounds: &SystemBounds<'_>, dataset: &Name, color: bool) -> String {
        let rows: Vec<Vec<Cell>> = self.of_dataset(bounds, dataset).iter().map(Row::cells).collect();
        columns(&rows, color)
    }

    fn of_flow<'a>(&self, bounds: &SystemBounds<'a>, spending: &Spending<'a>, flow: &Flow) -> Vec<Row> {
        let Some(seen) = self.flows.get(flow.name.as_str()) else { return vec![] };
        let durations = bounds.durations.get(&flow.name);
        let mut rows = vec![];
        let mut add = |what: String, unit, all: &[u64], proved| {
            rows.extend(Measured::of(all).map(|measured| Row { what, unit, measured, proved }));
        };
        let whole = durations.and_then(|bounds| bounds.flow.as_ref());
        let worst = |bound: &flow_plan::Bound| (bound.worst_ms, bound.provenance);
        add("a run".to_owned(), Unit::Time, &seen.runs, whole.map(worst));
        for node in &flow.body.nodes {
            let bound = durations.and_then(|bounds| bounds.nodes.get(&node.id.0)).filter(|bound| bound.worst_ms > 0);
            if let (Some(bound), Some(all)) = (bound, seen.nodes.get(&*node.label)) {
                add(format!("`{}`", node.label), Unit::Time, all, Some(worst(bound)));
            }
        }
        let run = spending.run(&flow.name).filter(|run| !run.need.is_nothing());
        for (measure, all) in [(Measure::Asks, &seen.asks), (Measure::Dollars, &seen.micro_dollars)] {
            let Some(run) = run else { continue };
            let proved = run.most.of(measure).as_ref().ok().map(|amount| (amount.most, amount.provenance));
            add(if measure == Measure::Asks { "asks" } else { "money" }.to_owned(), Unit::Of(measure), all, proved);
        }
        rows
    }

    fn of_dataset(&self, bounds: &SystemBounds<'_>, dataset: &Name) -> Option<Row> {
        let measured = Measured::of(self.ages.get(dataset.as_str())?)?;
        let proved = bounds.age(dataset).ok().map(|age| (age.total_ms, age.provenance));
        Some(Row { what: "its age".to_owned(), unit: Unit::Time, measured, proved })
    }

    /// For tools.
    pub(super) fn json<'a>(
        &self,
        bounds: &SystemBounds<'a>,
        spending: &Spending<'a>,
        (flows, datasets): (&[&'a Flow], &[&Name]),
    ) -> Json {
        let of_flow = |flow: &&Flow| {
            let rows: Vec<Json> = self.of_flow(bounds, spending, flow).iter().map(Row::json).collect();
            json!({ "flow": flow.name.as_str(), "measured": rows })
        };
        let of_dataset = |name: &&Name| json!({ "dataset": name.as_str(), "measured": self.of_dataset(bounds, name).as_ref().map(Row::json) });
        json!({
            "flows": flows.iter().map(of_flow).collect::<Vec<_>>(),
            "datasets": datasets.iter().map(of_dataset).collect::<Vec<_>>(),
        })
    }
}

#[derive(Clone, Copy, Debug)]
enum Unit {
    Time,
    Of(Measure),
}

/// One thing that was measured, with its bound.
struct Row {
    what: String,
    unit: Unit,
    measured: Measured,
    proved: Option<(u64, Provenance)>,
}

impl Row {
    fn amount(&self, most: u64) -> String {
        match self.unit {
            // Milliseconds are of interest only where there is nothing else.
            Unit::Time if most >= 10_000 => spell::length(most / 1000 * 1000),
            Unit::Time => words::duration(most),
            Unit::Of(measure) => measure.amount(most),
        }
    }

    fn passes(&self) -> bool {
        self.proved.is_some_and(|(most, _)| self.measured.most > most)
    }

    fn cells(&self) -> Vec<Cell> {
        let Measured { p50, p95, most, runs } = self.measured;
        let proved = match (self.proved, self.unit) {
            (Some((most, of)), Unit::Time) => at_most(most, of),
            (Some((most, of)), Unit::Of(measure)) => format!("≤ {} ({})", measure.amount(most), super::provenance(of)),
            (None, _) => "no bound".to_owned(),
        };
        vec![
            Cell::styled(format!("  measured {}", self.what), Style::Dim),
            Cell::new(format!("half ≤ {}", self.amount(p50))),
            Cell::new(format!("95 % ≤ {}", self.amount(p95))),
            Cell::new(format!("most {}", self.amount(most))),
            Cell::styled(format!("of {runs}"), Style::Dim),
            Cell::new(proved),
            if self.passes() { Cell::styled("PASSES ITS BOUND", Style::Bad) } else { Cell::new("") },
        ]
    }

    fn json(&self) -> Json {
        let Measured { p50, p95, most, runs } = self.measured;
        let unit = match self.unit {
            Unit::Time => "ms",
            Unit::Of(Measure::Asks) => "asks",
            Unit::Of(Measure::Tokens) => "tokens",
            Unit::Of(Measure::Dollars) => "micro_dollars",
        };
        json!({
            "what": self.what.trim_matches('`'),
            "unit": unit,
            "p50": p50,
            "p95": p95,
            "most": most,
            "of": runs,
            "bound": self.proved.map(|(most, _)| most),
            "provenance": self.proved.map(|(_, of)| super::provenance(of)),
        })
    }
}

fn between(from: jiff::Timestamp, to: jiff::Timestamp) -> u64 {
    u64::try_from(to.as_millisecond().saturating_sub(from.as_millisecond())).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::Measured;

    #[test]
    fn percentiles_are_values_that_were_seen() {
        let all: Vec<u64> = (1..=100).rev().collect();
        assert_eq!(Measured::of(&all), Some(Measured { p50: 50, p95: 95, most: 100, runs: 100 }));
        assert_eq!(Measured::of(&[7]), Some(Measured { p50: 7, p95: 7, most: 7, runs: 1 }));
        assert_eq!(Measured::of(&[1, 9]), Some(Measured { p50: 1, p95: 9, most: 9, runs: 2 }));
        assert_eq!(Measured::of(&[]), None);
    }
}
