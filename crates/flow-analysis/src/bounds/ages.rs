//! How old a dataset may get: the time between runs of its writer, the path to the write, the oldest that was read.
//!
//! All ages are counted from the instant that a run goes back to. What a reader sees is found by laying its calendar
//! beside the writer's: at a start, the newest version that is surely there is the one whose run has surely ended.

use super::{Bounded, Rhythm, SystemBounds, Unbounded, passed::Callers, starts::only_sometimes, writes};
use crate::{
    calendar::moment,
    path::Leg,
    spell,
    time::{in_order, waits},
};
use flow_diag::Span;
use flow_expr::{Expr, ExprKind, Name, VarId};
use flow_plan::{
    Block, DataTimeSource, Dataset, Flow, Node, NodeId, NodeKind, Provenance, Schedule, StaleAction, Step,
    every_expression,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Flows that call flows are followed so far for what their steps keep.
const MOST_CALLS: u32 = 8;

/// How old a dataset that a flow writes may get, term by term.
#[derive(Clone, Debug)]
pub struct Age {
    /// The sum.
    pub total_ms: u64,
    /// How its writer starts.
    pub rhythm: Rhythm,
    /// The worst case of the path from the start to the write.
    pub path_ms: u64,
    /// The nodes of that path.
    pub path: Vec<Leg>,
    /// The oldest of what it is made from; none if that has no age.
    pub input: Option<Arc<Input>>,
    /// Results that are kept on the way; none if none are.
    pub kept: Option<Kept>,
    /// The weakest ground that a term stands on.
    pub provenance: Provenance,
}

/// A result of a step that is used again (`cache for`), though the world may have changed.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The step, or the last of several.
    pub step: Name,
    /// For how long, all together.
    pub ms: u64,
    /// The clause.
    pub at: Span,
}

/// How old a dataset may be when a flow reads it, counted at the flow's start.
#[derive(Clone, Debug)]
pub struct Input {
    /// The dataset.
    pub dataset: Name,
    /// Its age.
    pub ms: u64,
    /// The clause that bounds it.
    pub at: Span,
    /// Why it is so old, if its own clause does not say it.
    pub because: Option<String>,
    /// What the age stands on.
    pub provenance: Provenance,
}

/// What the value of a node is made from: the oldest input, what has no bound, what comes from a version before.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    worst: Option<Arc<Input>>,
    unbounded: Option<Arc<Unbounded>>,
    previous: Option<Arc<Unbounded>>,
    kept: Option<Kept>,
}

impl Inputs {
    fn add(&mut self, other: &Self) {
        if let Some(new) = &other.kept
            && self.kept.as_ref().is_none_or(|old| new.ms > old.ms)
        {
            self.kept = Some(new.clone());
        }
        if let Some(new) = &other.worst
            && self.worst.as_ref().is_none_or(|old| new.ms > old.ms)
        {
            self.worst = Some(new.clone());
        }
        let first = |one: &mut Option<Arc<Unbounded>>, other: &Option<Arc<Unbounded>>| {
            if one.is_none() {
                one.clone_from(other);
            }
        };
        first(&mut self.unbounded, &other.unbounded);
        first(&mut self.previous, &other.previous);
    }

    /// A step keeps what it gives, behind what was kept before.
    fn keep(&mut self, step: &Step) {
        let Some(ms) = step.kept_for_ms() else { return };
        let at = step.clause_at("cache").unwrap_or(step.at);
        if ms == u64::MAX {
            let why = format!("a result of `{}` may be used again however old it is", step.name.short());
            let none = Unbounded::new(at, why, "say for how long it is kept: `cache for 1h`");
            self.add(&Self { unbounded: Some(none), ..Self::default() });
        } else {
            let before = self.kept.as_ref().map_or(0, |kept| kept.ms);
            self.kept = Some(Kept { step: step.name.clone(), ms: before.saturating_add(ms), at });
        }
    }

    pub(super) fn add_previous(&mut self, why: &Arc<Unbounded>) {
        self.add(&Self { previous: Some(why.clone()), ..Self::default() });
    }

    pub(super) fn add_read(&mut self, read: &Bounded<Arc<Input>>) {
        match read {
            Ok(input) => self.add(&Self { worst: Some(input.clone()), ..Self::default() }),
            Err(unbounded) => self.add(&Self { unbounded: Some(unbounded.clone()), ..Self::default() }),
        }
    }
}

impl<'a> SystemBounds<'a> {
    /// The ages of all that a flow reads, and of all that it writes.
    pub(super) fn find_ages(&mut self, name: &'a Name, callers: &Callers<'a>) {
        let Some(flow) = self.program.flows.get(name) else { return };
        let mut read: BTreeMap<&'a Name, Bounded<Arc<Input>>> = BTreeMap::new();
        for node in flow.nodes() {
            if let NodeKind::Read { dataset, previous: false, .. } | NodeKind::RequireFresh { dataset, .. } = &node.kind
                && !read.contains_key(dataset)
                && let Some(declared) = self.program.datasets.get(dataset)
                && declared.writer.as_ref() != Some(name)
            {
                let input = self.input(flow, declared).map(Arc::new);
                read.insert(dataset, input);
            }
        }
        self.inputs.insert(name, read);
        let passed = self.passed_to(flow, callers);
        let made = self.made_from(flow, &passed);
        for (dataset, written) in writes(self.program, flow) {
            let Some(declared) = self.program.datasets.get(dataset) else { continue };
            let age = match written.always {
                true => self.written(flow, declared, &written.places, &made),
                false => Err(only_sometimes(self.program, dataset, flow)),
            };
            self.ages.insert(dataset, age);
        }
    }

    fn written(&self, flow: &Flow, dataset: &Dataset, places: &[usize], made: &[Inputs]) -> Bounded<Age> {
        let rhythm = self.rhythm(&flow.name)?.clone();
        let timeline = self.timelines.get(&flow.name);
        let end = |place: &usize| timeline.map_or(0, |timeline| timeline.end(*place));
        let last = places.iter().copied().max_by_key(|place| end(place)).unwrap_or(0);
        let path = match (timeline, self.durations.get(&flow.name)) {
            (Some(timeline), Some(bounds)) => timeline.path(self.ways(), flow, bounds, last),
            _ => vec![],
        };
        let mut inputs = Inputs::default();
        places.iter().filter_map(|place| made.get(*place)).for_each(|made| inputs.add(made));
        let by = dataset.fresh.as_ref().map(|fresh| &fresh.by);
        let kept = inputs.kept.take().filter(|_| !matches!(by, Some(DataTimeSource::Modified)));
        let input = match by {
            // As old as its file.
            Some(DataTimeSource::Modified) => None,
            Some(DataTimeSource::Column(_)) => inputs.unbounded.map_or(Ok(inputs.worst), Err)?,
            Some(DataTimeSource::Derived) | None => {
                inputs.unbounded.or(inputs.previous).map_or(Ok(inputs.worst), Err)?
            }
        };
        let path_ms = end(&last);
        let (input_ms, kept_ms) = (input.as_ref().map_or(0, |input| input.ms), kept.as_ref().map_or(0, |kept| kept.ms));
        let terms = [rhythm.gap.ms(), rhythm.delay_ms, path_ms, input_ms, kept_ms];
        let grounds = path.iter().map(|leg| leg.provenance).chain(input.as_ref().map(|input| input.provenance));
        // That the newest value of the column is that of what it is made from is for the query to keep.
        let by_column = matches!(by, Some(DataTimeSource::Column(_))).then_some(Provenance::Assumed);
        let provenance = grounds.chain(by_column).max().unwrap_or(Provenance::Declared);
        let total_ms = terms.into_iter().fold(0, u64::saturating_add);
        Ok(Age { total_ms, rhythm, path_ms, path, input, kept, provenance })
    }

    /// What each node of a flow's body is made from. `passed` is what its parameters are.
    fn made_from(&self, flow: &Flow, passed: &Inputs) -> Vec<Inputs> {
        let params: BTreeSet<VarId> = flow.params.iter().map(|param| param.var).collect();
        let is_param = |expr: &Expr| matches!(&expr.kind, ExprKind::Var(var) if params.contains(var));
        let ties = waits(&flow.body, gives_data);
        let mut made: Vec<Inputs> = vec![Inputs::default(); flow.body.nodes.len()];
        for place in in_order(&ties) {
            let mut inputs = Inputs::default();
            ties[place].iter().for_each(|earlier| inputs.add(&made[*earlier as usize]));
            let top = &flow.body.nodes[place];
            let inside = top.blocks().into_iter().flat_map(Block::all_nodes);
            for node in std::iter::once(top).chain(inside) {
                self.add_source(flow, node, &mut inputs);
                if !params.is_empty() && node.expressions().into_iter().flat_map(every_expression).any(is_param) {
                    inputs.add(passed);
                }
            }
            made[place] = inputs;
        }
        made
    }

    /// What a node brings in from outside of its flow.
    fn add_source(&self, flow: &Flow, node: &Node, inputs: &mut Inputs) {
        let previous = |dataset: &Name| {
            let name = dataset.short();
            Unbounded::new(
                node.at,
                format!("what an earlier version of `{name}` was made from is never younger"),
                format!("say what dates `{name}`: `fresh within D by COLUMN`, or `by modified`"),
            )
        };
        match &node.kind {
            NodeKind::Read { dataset, previous: true, .. } => {
                inputs.add(&Inputs { previous: Some(previous(dataset)), ..Inputs::default() });
            }
            NodeKind::Read { dataset, partition, .. } => match self.read_by(&flow.name, dataset) {
                Some(read) => inputs.add_read(read),
                // The flow's own: of this run if it is read behind the write, else of an earlier one.
                None if node.after.is_empty() && node.needs.is_empty() || !partition.is_empty() => {
                    inputs.add(&Inputs { previous: Some(previous(dataset)), ..Inputs::default() });
                }
                None => {}
            },
            NodeKind::Call { step, .. } => {
                self.program.steps.get(step).into_iter().for_each(|step| inputs.keep(step));
            }
            NodeKind::Flow { flow: called, .. } => {
                self.keep_inside(called, inputs, MOST_CALLS);
                self.inputs.get(called).into_iter().flatten().for_each(|(_, read)| inputs.add_read(read));
            }
            _ => {}
        }
    }

    /// What the steps of a flow keep that is called, one behind the other.
    fn keep_inside(&self, flow: &Name, inputs: &mut Inputs, calls: u32) {
        for node in self.program.flows.get(flow).into_iter().flat_map(Flow::nodes) {
            match &node.kind {
                NodeKind::Call { step, .. } => {
                    self.program.steps.get(step).into_iter().for_each(|step| inputs.keep(step));
                }
                NodeKind::Flow { flow, .. } if calls > 0 => self.keep_inside(flow, inputs, calls - 1),
                _ => {}
            }
        }
    }

    /// How old a dataset may be when a flow reads it.
    fn read_by(&self, flow: &Name, dataset: &Name) -> Option<&Bounded<Arc<Input>>> {
        self.inputs.get(flow)?.get(dataset)
    }

    /// The best of what bounds the age of a dataset that a flow reads.
    pub(super) fn input(&mut self, flow: &Flow, dataset: &Dataset) -> Bounded<Input> {
        let required = required(flow, dataset);
        let promised = dataset.fresh.as_ref().map(|fresh| Input {
            dataset: dataset.name.clone(),
            ms: fresh.within_ms,
            at: fresh.at,
            because: None,
            // What a flow writes is as fresh as promised only if that is proved.
            provenance: if dataset.writer.is_some() { Provenance::Assumed } else { Provenance::Declared },
        });
        let found = match dataset.writer {
            Some(_) => self.of_written(flow, dataset),
            None => self.of_arrival(flow, dataset),
        };
        let (found, why) = match found {
            Ok(found) => (Some(found), None),
            Err(why) => (None, Some(why)),
        };
        let best = [required, promised, found].into_iter().flatten().min_by_key(|input| input.ms);
        let name = dataset.name.short();
        best.ok_or_else(|| {
            let why = why.unwrap_or_else(|| self.circle(&dataset.name));
            why.or(&format!("in `{}`: `require {name} fresh within D else fail \"…\"`", flow.name.short()))
        })
    }

    /// What another flow has written.
    fn of_written(&self, flow: &Flow, dataset: &Dataset) -> Bounded<Input> {
        let age = self.age(&dataset.name)?;
        let there_after_ms = age.rhythm.late_ms().saturating_add(age.path_ms);
        let input_ms = age.input.as_ref().map_or(0, |input| input.ms);
        if self.follows(flow, dataset) {
            let (name, flow) = (dataset.name.short(), flow.name.short());
            let because =
                Some(format!("each new version of `{name}` starts `{flow}`, so only what it is made from counts"));
            let (at, provenance) = (age.rhythm.at, age.provenance);
            return Ok(Input { dataset: dataset.name.clone(), ms: input_ms, at, because, provenance });
        }
        let reader = self.rhythm(&flow.name).ok().filter(|_| age.rhythm.keeps_all);
        let seen = reader.and_then(|reader| age.rhythm.calendar.seen_by(&reader.calendar, there_after_ms));
        let (ms, because) = match (seen, reader) {
            (Some(seen), Some(reader)) => {
                let (name, writer) = (dataset.name.short(), dataset.writer.as_ref().map_or("", Name::short));
                let (read, begun) = (moment(seen.to, &reader.zone), moment(seen.from, &reader.zone));
                let after = spell::length(there_after_ms);
                let made_from = match input_ms {
                    0 => String::new(),
                    ms => format!(", from data that was up to {} old", spell::length(ms)),
                };
                let because = format!(
                    "a run of `{writer}` may need {after} to write `{name}`: who reads it on {read} surely sees only what was begun on {begun}{made_from}"
                );
                (seen.ms().saturating_add(input_ms), Some(because))
            }
            _ => (age.total_ms, None),
        };
        Ok(Input { dataset: dataset.name.clone(), ms, at: age.rhythm.at, because, provenance: age.provenance })
    }

    /// Whether a flow only starts for a version of the dataset: each of its runs reads that version, or a later one.
    fn follows(&self, flow: &Flow, dataset: &Dataset) -> bool {
        self.rhythm(&flow.name).is_ok_and(|rhythm| rhythm.follows.as_ref() == Some(&dataset.name))
    }

    /// What others bring, and what starts the flow when it comes: of its age the time between arrivals is counted between
    /// the starts.
    fn of_followed(&mut self, flow: &Flow, dataset: &Dataset, schedule: &Schedule, at: Span) -> Option<Input> {
        let gap_ms = self.calendars.of(schedule)?.longest_gap(0)?.ms();
        let (name, gap) = (dataset.name.short(), spell::length(gap_ms));
        let ms = dataset.fresh.as_ref().map_or(0, |fresh| fresh.within_ms.saturating_sub(gap_ms));
        let because = Some(format!(
            "`{name}` starts `{}` when it comes, which is taken to be at its latest time; {gap} of its age are between the starts",
            flow.name.short()
        ));
        Some(Input { dataset: dataset.name.clone(), ms, at, because, provenance: Provenance::Assumed })
    }

    /// What others bring on a schedule: at a look, what was there at the latest time before may have come right
    /// after the one before that.
    fn of_arrival(&mut self, flow: &Flow, dataset: &Dataset) -> Bounded<Input> {
        let name = dataset.name.short();
        let none = |at, why: String, help: String| Err(Unbounded::new(at, why, help));
        let promise = format!("say how old `{name}` may be: `fresh within D`");
        let Some(arrives) = &dataset.arrives else {
            return none(dataset.at, format!("nobody says when `{name}` arrives"), promise);
        };
        let Some(schedule) = &arrives.schedule else {
            return none(arrives.at, format!("`{name}` arrives now and then, so it may be of any age"), promise);
        };
        if self.follows(flow, dataset)
            && let Some(followed) = self.of_followed(flow, dataset, schedule, arrives.at)
        {
            return Ok(followed);
        }
        if matches!(dataset.fresh.as_ref().map(|fresh| &fresh.by), Some(DataTimeSource::Column(_))) {
            return none(arrives.at, format!("`{name}` may bring data of any age when it arrives"), promise);
        }
        let Some(arrivals) = self.calendars.of(schedule) else {
            return none(arrives.at, format!("`{name}` never arrives"), promise);
        };
        let reader = self.rhythm(&flow.name).ok();
        let seen = reader.and_then(|reader| Some((arrivals.arrived_before(&reader.calendar)?, reader)));
        let (ms, because) = match (seen, arrivals.longest_gap(0)) {
            (Some((gap, reader)), _) => {
                let (read, before) = (moment(gap.to, &reader.zone), moment(gap.from, &reader.zone));
                let because = format!("what is read of `{name}` on {read} may have come at any time since {before}");
                (gap.ms(), because)
            }
            (None, Some(gap)) => {
                let because =
                    format!("`{name}` may come early once and late the next time: twice the time between arrivals");
                (gap.ms().saturating_mul(2), because)
            }
            (None, None) => return none(arrives.at, format!("`{name}` arrives once"), promise),
        };
        let because = Some(because);
        Ok(Input { dataset: dataset.name.clone(), ms, at: arrives.at, because, provenance: Provenance::Declared })
    }
}

/// The strictest `require … fresh within …` of a flow that ends the run otherwise.
fn required(flow: &Flow, dataset: &Dataset) -> Option<Input> {
    let requires = flow.body.nodes.iter().filter_map(|node| match &node.kind {
        NodeKind::RequireFresh { dataset: of, within_ms, action, .. }
            if *of == dataset.name && *action != StaleAction::Warn =>
        {
            Some((*within_ms, node.at))
        }
        _ => None,
    });
    let (ms, at) = requires.min_by_key(|(ms, _)| *ms)?;
    Some(Input { dataset: dataset.name.clone(), ms, at, because: None, provenance: Provenance::Declared })
}

/// The nodes whose results a node, or anything in the blocks inside it, uses; for a read of what the flow itself has
/// written, the write.
fn gives_data(node: &Node) -> impl Iterator<Item = NodeId> {
    let inside = node.blocks().into_iter().flat_map(Block::all_nodes);
    std::iter::once(node)
        .chain(inside)
        .flat_map(|node| {
            let is_read = matches!(node.kind, NodeKind::Read { .. });
            node.needs.iter().chain(node.after.iter().filter(move |_| is_read))
        })
        .copied()
}
