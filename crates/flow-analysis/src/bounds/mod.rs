//! What bounds a whole system has: how long flows take, how far their starts lie apart, how old datasets get.
//!
//! [`starts`] finds each flow's rhythm, [`ages`] adds up what can make a dataset old. Both go through the flows in an
//! order in which everything that one rests on comes first; flows in a circle (E0301) get no bound. Runs are taken
//! to succeed and to bring a new version each time. Knows nothing of promises being broken: [`crate::deadlines`]
//! and [`crate::freshness`] compare.

mod ages;
mod passed;
mod starts;
mod surely;

use surely::Surely;

pub use ages::{Age, Input, Inputs, Kept};
pub use starts::Rhythm;

use crate::{
    calendar::{Calendars, Horizon},
    path::{Timeline, Ways},
    system::System,
    time,
};
use flow_diag::Span;
use flow_expr::Name;
use flow_plan::{Block, Bounds, Flow, Node, NodeKind, Overlap, Program, StaleAction};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Why something has no bound, and what would give it one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unbounded {
    /// Where.
    pub at: Span,
    /// Why, as a label.
    pub why: String,
    /// What to write.
    pub help: String,
    /// Whether it is that more and more starts wait for each other.
    pub is_backlog: bool,
    /// Whether it is that people start it when they like.
    pub is_by_hand: bool,
}

impl Unbounded {
    /// That people start a flow when they like.
    pub(crate) fn by_hand(flow: &Flow) -> Arc<Self> {
        let name = flow.name.short();
        let why = format!("`{name}` is started by hand, so any time may pass between two runs");
        let help = format!("give `{name}` a `start`, such as `start every day at 06:00 in \"UTC\"`");
        Arc::new(Self { at: flow.at, why, help, is_backlog: false, is_by_hand: true })
    }

    /// The same reason with more that would help.
    pub(crate) fn or(&self, help: &str) -> Arc<Self> {
        Arc::new(Self { help: format!("{}; or, {help}", self.help), ..self.clone() })
    }

    /// A reason with its place and what to write.
    pub(crate) fn new(at: Span, why: impl Into<String>, help: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { at, why: why.into(), help: help.into(), is_backlog: false, is_by_hand: false })
    }
}

/// A bound, or why there is none.
pub type Bounded<T> = Result<T, Arc<Unbounded>>;

/// The bounds of a program, or of the part of it that some promise rests on.
#[derive(Debug)]
pub struct SystemBounds<'a> {
    pub(crate) program: &'a Program,
    pub(crate) calendars: Calendars,
    /// Worst cases of flows and nodes.
    pub durations: BTreeMap<&'a Name, Bounds>,
    /// When nodes begin and end.
    pub timelines: BTreeMap<&'a Name, Timeline>,
    /// How flows start.
    pub rhythms: BTreeMap<&'a Name, Bounded<Rhythm>>,
    /// What each flow reads, and how old that may be then.
    pub inputs: BTreeMap<&'a Name, BTreeMap<&'a Name, Bounded<Arc<Input>>>>,
    /// How old written datasets may get.
    pub ages: BTreeMap<&'a Name, Bounded<Age>>,
}

impl<'a> SystemBounds<'a> {
    /// The bounds of everything.
    #[must_use]
    pub fn of(program: &'a Program, horizon: Horizon) -> Self {
        let all = program.flows.keys().collect();
        Self::of_flows(program, horizon, &all, &Ties::of(program))
    }

    /// The bounds that promises of the program rest on; none if nothing is promised.
    #[must_use]
    pub fn of_promises(program: &'a Program, horizon: Horizon) -> Option<Self> {
        let promised = program.datasets.values().filter(|dataset| dataset.fresh.is_some());
        let writers = promised.filter_map(|dataset| dataset.writer.as_ref());
        let timed = program.flows.values().filter(|flow| flow.finish.is_some() || flow.overlap == Overlap::Queue);
        let mut pending: Vec<&Name> = writers.chain(timed.map(|flow| &flow.name)).collect();
        let arrives = program.datasets.values().any(|dataset| dataset.fresh.is_some() && dataset.arrives.is_some());
        if pending.is_empty() && !arrives {
            return None;
        }
        let ties = Ties::of(program);
        let mut wanted = BTreeSet::new();
        while let Some(name) = pending.pop() {
            if wanted.insert(name) {
                pending.extend(ties.starts.get(name).into_iter().chain(ties.data.get(name)).flatten());
            }
        }
        Some(Self::of_flows(program, horizon, &wanted, &ties))
    }

    fn of_flows(program: &'a Program, horizon: Horizon, wanted: &BTreeSet<&'a Name>, ties: &Ties<'a>) -> Self {
        let durations = if wanted.is_empty() { BTreeMap::new() } else { time::all_bounds(program) };
        let timeline = |name: &&'a Name| {
            let timeline = Timeline::of(program.flows.get(*name)?, durations.get(*name)?);
            Some((*name, timeline))
        };
        let timelines = wanted.iter().filter_map(timeline).collect();
        let mut bounds = Self {
            program,
            calendars: Calendars::new(horizon),
            durations,
            timelines,
            rhythms: BTreeMap::new(),
            inputs: BTreeMap::new(),
            ages: BTreeMap::new(),
        };
        for name in in_order(wanted, &ties.starts) {
            bounds.find_rhythm(name, ties);
        }
        for name in in_order(wanted, &ties.data) {
            bounds.find_ages(name, &ties.callers);
        }
        bounds
    }

    /// Where paths lead.
    pub(crate) fn ways(&self) -> Ways<'a, '_> {
        Ways { program: self.program, durations: &self.durations }
    }

    /// The program that it is about.
    #[must_use]
    pub fn program(&self) -> &'a Program {
        self.program
    }

    /// How a flow starts.
    ///
    /// # Errors
    /// Nothing bounds it.
    pub fn rhythm(&self, flow: &Name) -> Bounded<&Rhythm> {
        match self.rhythms.get(flow) {
            Some(found) => found.as_ref().map_err(Arc::clone),
            None => Err(self.circle(flow)),
        }
    }

    /// How old a dataset that a flow writes may get.
    ///
    /// # Errors
    /// Nothing bounds it.
    pub fn age(&self, dataset: &Name) -> Bounded<&Age> {
        match self.ages.get(dataset) {
            Some(found) => found.as_ref().map_err(Arc::clone),
            None => {
                let writer = self.program.datasets.get(dataset).and_then(|dataset| dataset.writer.as_ref());
                Err(self.circle(writer.unwrap_or(dataset)))
            }
        }
    }

    fn circle(&self, flow: &Name) -> Arc<Unbounded> {
        let at = self.program.flows.get(flow).map_or_else(Span::default, |flow| flow.at);
        Unbounded::new(at, format!("`{}` is in a circle with itself", flow.short()), "break the circle first")
    }
}

/// Which flows the bounds of a flow rest on.
#[derive(Debug, Default)]
pub(crate) struct Ties<'a> {
    /// For when it starts: writers of what it waits for, and its callers.
    pub(crate) starts: BTreeMap<&'a Name, Vec<&'a Name>>,
    /// For how old its data is: writers of what it reads, and of what it is given, and the flows that it calls.
    pub(crate) data: BTreeMap<&'a Name, Vec<&'a Name>>,
    /// Of flows with parameters.
    callers: passed::Callers<'a>,
    /// Of flows that another one runs where it finds too old what they write: which, and where.
    refreshed: BTreeMap<&'a Name, (&'a Name, Span)>,
}

impl<'a> Ties<'a> {
    fn of(program: &'a Program) -> Self {
        use crate::system::How;
        let mut ties = Self { callers: passed::callers(program), ..Self::default() };
        for name in ties.callers.keys() {
            let writers = passed::writers(program, &ties.callers, name);
            ties.data.entry(name).or_default().extend(writers);
        }
        for (flow, node) in program.flows.values().flat_map(|flow| flow.nodes().map(move |node| (flow, node))) {
            if let NodeKind::RequireFresh { dataset, action: StaleAction::Refresh, .. } = &node.kind
                && let Some(writer) = program.datasets.get(dataset).and_then(|dataset| dataset.writer.as_ref())
            {
                ties.refreshed.entry(writer).or_insert((&flow.name, node.at));
            }
        }
        for link in System::of(program).uses {
            let flow = &link.flow.name;
            let writer = || program.datasets.get(link.target).and_then(|dataset| dataset.writer.as_ref());
            match link.how {
                How::StartsWhen => ties.starts.entry(flow).or_default().extend(writer()),
                How::Calls => {
                    ties.starts.entry(link.target).or_default().push(flow);
                    ties.data.entry(flow).or_default().push(link.target);
                }
                How::Reads => ties.data.entry(flow).or_default().extend(writer().filter(|writer| *writer != flow)),
                How::Requires | How::Writes => {}
            }
        }
        ties
    }
}

/// The flows, each after those that it rests on. Flows of a circle, and what rests on them, are left out.
fn in_order<'a>(wanted: &BTreeSet<&'a Name>, rests_on: &BTreeMap<&'a Name, Vec<&'a Name>>) -> Vec<&'a Name> {
    let names: Vec<&Name> = wanted.iter().copied().collect();
    let place = |name: &&Name| u32::try_from(names.binary_search(name).ok()?).ok();
    let waits = |name: &&Name| rests_on.get(*name).into_iter().flatten().filter_map(place).collect();
    let waits: Vec<Vec<u32>> = names.iter().map(waits).collect();
    time::in_order(&waits).into_iter().map(|place| names[place]).collect()
}

/// Where a flow writes a dataset, and whether each run does.
pub(crate) struct Writes {
    /// Positions in the flow's body of the nodes that write it, or hold such a node.
    pub(crate) places: Vec<usize>,
    /// The first place in the text.
    pub(crate) at: Span,
    /// Whether each run that succeeds writes it.
    pub(crate) always: bool,
}

/// The writes of a flow, by dataset.
pub(crate) fn writes<'a>(program: &'a Program, flow: &'a Flow) -> BTreeMap<&'a Name, Writes> {
    let mut found: BTreeMap<&Name, Writes> = BTreeMap::new();
    let surely = Surely::of(program, flow);
    for (place, top) in flow.body.nodes.iter().enumerate() {
        let inside = top.blocks().into_iter().flat_map(Block::all_nodes);
        for node in std::iter::once(top).chain(inside) {
            let NodeKind::Write { dataset, .. } = &node.kind else { continue };
            let new = || Writes { places: vec![], at: node.at, always: false };
            let writes = found.entry(dataset).or_insert_with(new);
            if writes.places.last() != Some(&place) {
                writes.places.push(place);
                let is_write =
                    |node: &Node| matches!(&node.kind, NodeKind::Write { dataset: written, .. } if written == dataset);
                writes.always |= surely.does(&flow.body, top, &is_write);
            }
        }
    }
    // What only a handler writes is written now and then.
    for node in flow.handlers.iter().flat_map(|handler| handler.body.all_nodes()) {
        if let NodeKind::Write { dataset, .. } = &node.kind {
            found.entry(dataset).or_insert_with(|| Writes { places: vec![], at: node.at, always: false });
        }
    }
    found
}
