//! Following labels through the nodes of one flow after another.
//!
//! Functions, judges, steps and flows are each looked at once, callees first; what they do with their parameters is
//! kept for the calls. Knows neither what a step's body does ([`super::steps`]) nor what is said of a finding.

use super::{
    annotated::{Site, given_by},
    declared::Declared,
    marks::{LabelId, Labels, Marks, Places, Source},
    passed::Frame,
    shape::{ALONE, COUNT, Shape},
    sink::{Held, Kept, Noted, Sink, Summary},
    trail::{Origin, Says, Trails, What},
};
use crate::{
    order::{callees_first, needed_by_requirements},
    sql::Queries,
};
use flow_diag::Span;
use flow_expr::{Expr, ExprKind, Name, VarId};
use flow_plan::{Block, Body, Dataset, Flow, Location, Node, NodeKind, Param, Program, Step, every_expression};
use flow_sema::Annotations;
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    rc::Rc,
};

/// How often the program is looked at anew, because a dataset holds more than its type says.
const MOST_ROUNDS: usize = 8;

/// By name, what callers must know.
type Summaries<'a> = HashMap<&'a Name, Rc<Summary<'a>>>;

/// What the text says besides the program: its queries, and types that the program does not keep.
pub(super) type Texts<'a> = (&'a Queries, &'a Annotations);

/// A summary, what it was filled with, and what that gave.
pub(super) type Filled<'a> = (Rc<Summary<'a>>, Vec<Shape>, Shape);

/// The state of the analysis.
pub(super) struct Walk<'a> {
    pub(super) program: &'a Program,
    pub(super) queries: &'a Queries,
    pub(super) annotations: &'a Annotations,
    /// Whether a choice by labelled data is labelled.
    pub(super) strict: bool,
    /// Whether the places that data comes by are kept.
    pub(super) keeps_ways: bool,
    /// What the last call of each step, flow or function was given here, and gave.
    pub(super) filled: HashMap<*const Summary<'a>, Filled<'a>>,
    pub(super) labels: Labels<'a>,
    pub(super) declared: Declared<'a>,
    pub(super) places: Places,
    pub(super) trails: Trails<'a>,
    pub(super) noted: Noted<'a>,
    held: Held<'a>,
    pub(super) functions: Summaries<'a>,
    pub(super) judges: Summaries<'a>,
    pub(super) steps: Summaries<'a>,
    flows: Summaries<'a>,
    pub(super) values: HashMap<VarId, Shape>,
    /// Functions that were passed to the one that is being looked at, and the frames in which they are written.
    pub(super) passed: HashMap<VarId, (&'a Expr, usize)>,
    pub(super) frames: Vec<Frame<'a>>,
    /// How many calls were looked at by themselves.
    pub(super) inlined: usize,
    pub(super) current: Summary<'a>,
    /// What decides whether that is done which is being looked at.
    pub(super) deciding: Marks,
    /// Functions in functions that are looked at for what they bring themselves.
    pub(super) captures: u32,
}

impl<'a> Walk<'a> {
    /// Looks at the whole program. The ways of all data through it are kept only where there is something to say of one.
    pub(super) fn over(program: &'a Program, texts: Texts<'a>, strict: bool) -> Self {
        let (walk, held) = Self::settled(program, texts, strict);
        if walk.noted.findings.is_empty() { walk } else { Self::with(program, texts, (strict, true), held) }
    }

    /// Once more where a dataset is given what its type does not have, until all that read it have been looked at with
    /// it; and what datasets then hold.
    fn settled(program: &'a Program, texts: Texts<'a>, strict: bool) -> (Self, Held<'a>) {
        let mut held = Held::default();
        for _ in 0..MOST_ROUNDS {
            let walk = Self::with(program, texts, (strict, false), held.clone());
            if walk.noted.held.is_subset(&held) {
                return (walk, held);
            }
            held.extend(walk.noted.held);
        }
        // Through that many datasets one after another it is told apart no more.
        let each = program.datasets.values().filter(|dataset| dataset.writer.is_some());
        let mut labels = numbered(program, texts.1);
        for dataset in each {
            held.extend(dataset.accepts.iter().map(|label| (&dataset.name, vec![], labels.id(label))));
        }
        (Self::with(program, texts, (strict, false), held.clone()), held)
    }

    fn with(
        program: &'a Program,
        (queries, annotations): Texts<'a>,
        (strict, keeps_ways): (bool, bool),
        held: Held<'a>,
    ) -> Self {
        let mut labels = numbered(program, annotations);
        let declared = Declared::new(&program.types, &mut labels);
        let mut walk = Self {
            program,
            queries,
            annotations,
            strict,
            keeps_ways,
            filled: HashMap::new(),
            labels,
            declared,
            places: Places::default(),
            trails: Trails::default(),
            noted: Noted::default(),
            held,
            functions: HashMap::new(),
            judges: HashMap::new(),
            steps: HashMap::new(),
            flows: HashMap::new(),
            values: HashMap::new(),
            passed: HashMap::new(),
            frames: vec![],
            inlined: 0,
            current: Summary::default(),
            deciding: Marks::default(),
            captures: 0,
        };
        walk.all_functions();
        walk.all_steps();
        walk.all_flows();
        walk
    }

    /// A step or judge of that name.
    pub(super) fn step_named(&self, name: &Name) -> Option<&'a Step> {
        self.program.steps.get(name).or_else(|| self.program.judges.get(name))
    }

    fn all_functions(&mut self) {
        let program = self.program;
        let order = callees_first(program.functions.keys(), |name| {
            let called = every_expression(&program.functions.get(name)?.body).filter_map(|part| match &part.kind {
                ExprKind::Call(name, _) => Some(name),
                _ => None,
            });
            Some(called.collect())
        });
        for name in order {
            let Some(function) = program.functions.get(name) else { continue };
            self.begin();
            for (position, var) in function.params.iter().enumerate() {
                let mut shape = self.said_at(Site::Param(name, position));
                shape.join(&self.place(position));
                self.set(*var, shape);
            }
            let returns = self.expr(&function.body);
            self.current.returns = self.put(returns, Site::Result(name), given_by(&function.body).at);
            let summary = self.end();
            self.functions.insert(name, summary);
        }
    }

    fn all_steps(&mut self) {
        let program = self.program;
        for (name, judge) in &program.judges {
            let summary = self.step(judge);
            self.judges.insert(name, summary);
        }
        let order = callees_first(program.steps.keys(), |name| match &program.steps.get(name)?.body {
            Body::Ai(body) => Some(body.tools.iter().collect()),
            _ => Some(vec![]),
        });
        for name in order {
            let Some(step) = program.steps.get(name) else { continue };
            let summary = self.step(step);
            self.steps.insert(name, summary);
        }
    }

    fn all_flows(&mut self) {
        let program = self.program;
        let called: BTreeSet<&Name> = program
            .flows
            .values()
            .flat_map(flow_plan::Flow::nodes)
            .filter_map(|node| match &node.kind {
                NodeKind::Flow { flow, .. } => Some(flow),
                _ => None,
            })
            .collect();
        for name in crate::trust::callees_first(program) {
            let Some(flow) = program.flows.get(name) else { continue };
            self.begin();
            self.params(name, &flow.params, called.contains(name));
            if called.contains(name) {
                self.deciding = self.place(flow.params.len()).own;
            }
            self.starts(flow);
            let returns = self.block(&flow.body);
            let at = flow.body.result.as_ref().map_or(flow.at, |result| result.at);
            self.current.returns = self.put(returns, Site::Result(name), at);
            let returns = self.current.returns.clone();
            self.out(&returns, Sink::Kept(Kept::Flow(name)), at, &mut vec![], None);
            for handler in &flow.handlers {
                self.block(&handler.body);
            }
            let summary = self.end();
            self.flows.insert(name, summary);
        }
    }

    /// Begins with a function, step or flow.
    pub(super) fn begin(&mut self) {
        self.values.clear();
        self.filled.clear();
        self.current = Summary::default();
        self.deciding = Marks::default();
    }

    /// What its callers must know.
    pub(super) fn end(&mut self) -> Rc<Summary<'a>> {
        // No more is added.
        self.current.known = HashSet::new();
        Rc::new(std::mem::take(&mut self.current))
    }

    /// What a caller gives.
    pub(super) fn place(&mut self, position: usize) -> Shape {
        let mut shape = Shape::default();
        let trail = self.trails.begin(Origin { what: What::Caller }, Span::default(), Says::Begins);
        shape.own.insert(self.places.param(position), trail);
        shape
    }

    /// Parameters carry what their types and labels say, and, if there are callers, what those give.
    pub(super) fn params(&mut self, owner: &'a Name, params: &'a [Param], has_callers: bool) {
        for (position, param) in params.iter().enumerate() {
            let mut shape = self.said_at(Site::Param(owner, position));
            if has_callers {
                shape.join(&self.place(position));
            }
            self.set(param.var, shape);
        }
    }

    /// What a flow is given where it starts by itself, and where a caller leaves a parameter out.
    fn starts(&mut self, flow: &'a Flow) {
        for (position, param) in flow.params.iter().enumerate() {
            let with = flow.starts.iter().flat_map(|start| &start.with);
            let given = with.filter(|(name, _)| *name == param.name).map(|(_, value)| value);
            for value in given.chain(&param.default) {
                let shape = self.expr(value);
                if shape.is_clean() {
                    continue;
                }
                let mut shape = self.admitted(shape, Site::Param(&flow.name, position), value.at);
                self.hop(&mut shape, value.at, Says::GivenTo(&flow.name));
                if let Some(known) = self.values.get(&param.var) {
                    shape.join(known);
                }
                self.set(param.var, shape);
            }
        }
    }

    /// The value comes by this place.
    pub(super) fn hop(&mut self, shape: &mut Shape, at: Span, says: Says<'a>) {
        if self.keeps_ways && !shape.is_clean() {
            let trails = &mut self.trails;
            shape.each_trail(&mut |trail| trails.then(trail, at, says));
        }
    }

    /// The nodes of a block; gives what its result carries. Blocks nest at most as deeply as the parser allows (256).
    ///
    /// What a block requires decides whether anything else in it is done, wherever it stands, and whether the block has a
    /// result.
    fn block(&mut self, block: &'a Block) -> Shape {
        let free = needed_by_requirements(block);
        let (first, then): (Vec<&Node>, Vec<&Node>) = block.nodes.iter().partition(|node| free.contains(&node.id));
        let mut required = vec![];
        for node in first {
            if let NodeKind::Require { condition, warn: false, message, .. } = &node.kind {
                required.push((self.decision(condition), condition.at));
                message.iter().for_each(|message| self.message(message));
            } else {
                self.named(node);
            }
        }
        let before = self.deciding.clone();
        required.iter().for_each(|(by, at)| drop(self.decided(by, *at)));
        then.into_iter().for_each(|node| self.named(node));
        self.deciding = before;
        let mut shape = block.result.as_ref().map_or_else(Shape::default, |result| self.expr(result));
        for (by, at) in required.iter().filter(|(by, _)| !by.is_empty()) {
            let mut by = Shape::of(by.whole());
            self.hop(&mut by, *at, Says::Decides);
            shape.own.join(&by.own);
        }
        shape
    }

    /// A node, whose value has a name.
    fn named(&mut self, node: &'a Node) {
        let mut shape = self.node(node);
        if self.annotations.values.contains_key(&node.at) {
            shape = self.put(shape, Site::Value(node.at), node.at);
        }
        self.set(node.var, shape);
    }

    fn node(&mut self, node: &'a Node) -> Shape {
        match &node.kind {
            NodeKind::Read { dataset, .. } => self.read(dataset, node.at),
            NodeKind::Compute { expr, .. } => {
                let mut shape = self.expr(expr);
                if self.annotations.values.contains_key(&node.at) {
                    shape = self.admitted(shape, Site::Value(node.at), expr.at);
                }
                self.hop(&mut shape, node.at, Says::MadeOf(&node.label));
                shape
            }
            NodeKind::Call { step, args, recover } => {
                let summary = self.steps.get(step).cloned();
                let shape = self.call(summary, (args, node.at), Says::PassedThrough(step));
                self.recovered(shape, recover.as_ref())
            }
            NodeKind::Flow { flow, args, recover } => {
                let summary = self.flows.get(flow).cloned();
                let shape = self.call(summary, (args, node.at), Says::Returned(flow));
                self.recovered(shape, recover.as_ref())
            }
            NodeKind::If { condition, then, otherwise } => {
                let decides = self.decision(condition);
                let before = self.decided(&decides, condition.at);
                let mut shape = self.block(then);
                shape.join(&self.block(otherwise));
                self.deciding = before;
                shape.own.join(&decides);
                shape
            }
            NodeKind::Match { subject, arms } => self.arms(
                subject,
                arms,
                |arm| (&arm.pattern, arm.condition.as_ref()),
                |this, arm| this.block(&arm.body),
            ),
            NodeKind::For { item, items, body, .. } => {
                let at = items.at;
                let items = self.expr(items);
                let (count, alone) = (items.beside(COUNT, &mut self.places), items.beside(ALONE, &mut self.places));
                self.set(*item, items.items());
                let before = self.decided(&count, at);
                let made = self.block(body);
                self.deciding = before;
                made.listed().with(COUNT, count).with(ALONE, alone)
            }
            NodeKind::Write { dataset, value, partition } => {
                self.write(dataset, value, partition);
                Shape::default()
            }
            NodeKind::Wait { .. } | NodeKind::RequireFresh { .. } | NodeKind::Require { .. } => {
                // Nothing comes of them, but something may be taken off in them.
                self.all(node.expressions());
                if let NodeKind::Require { message: Some(message), .. } = &node.kind {
                    self.message(message);
                }
                Shape::default()
            }
        }
    }

    /// What is done from here on is done or not by this; gives what it was before.
    pub(super) fn decided(&mut self, by: &Marks, at: Span) -> Marks {
        let before = self.deciding.clone();
        if !by.is_empty() {
            let mut by = Shape::of(by.whole());
            self.hop(&mut by, at, Says::Decides);
            self.deciding.join(&by.own);
        }
        before
    }

    fn recovered(&mut self, mut shape: Shape, recover: Option<&'a Block>) -> Shape {
        if let Some(block) = recover {
            shape.join(&self.block(block));
        }
        shape
    }

    /// What a version holds: what its type says, and what it is given besides. What others bring and accepts a label
    /// that its type does not have may hold it anywhere.
    pub(super) fn read(&mut self, name: &'a Name, at: Span) -> Shape {
        let Some(dataset) = self.program.datasets.get(name) else { return Shape::default() };
        let mut shape = self.declared.shape(&dataset.ty, &mut self.labels, &mut self.trails);
        let inside = self.declared.inside(&dataset.ty);
        let from = (name, vec![], LabelId(0));
        let held: Vec<_> = self.held.range(from..).take_while(|(of, ..)| *of == name).cloned().collect();
        for (_, path, label) in held {
            let trail = self.trails.begin(Origin { what: What::Dataset(name) }, dataset.at, Says::Begins);
            let mut place = &mut shape;
            for field in path {
                place = place.fields.entry(field).or_default();
            }
            place.own.insert(Source::Label { label, few: true }, trail);
        }
        for label in dataset.accepts.iter().filter(|_| dataset.writer.is_none()) {
            let label = self.labels.id(label);
            if !inside.contains(&label) {
                let trail = self.trails.begin(Origin { what: What::Dataset(name) }, dataset.at, Says::Begins);
                shape.own.insert(Source::Label { label, few: true }, trail);
            }
        }
        self.hop(&mut shape, at, Says::Read(name));
        shape
    }

    /// A call of a step or flow.
    fn call(&mut self, summary: Option<Rc<Summary<'a>>>, (args, at): (&'a [Expr], Span), says: Says<'a>) -> Shape {
        let (Says::PassedThrough(callee) | Says::Returned(callee)) = says else { return Shape::default() };
        let mut given = vec![];
        for (position, arg) in args.iter().enumerate() {
            let shape = self.expr(arg);
            let mut shape = self.admitted(shape, Site::Param(callee, position), arg.at);
            self.hop(&mut shape, arg.at, Says::GivenTo(callee));
            given.push((shape, arg.at));
        }
        // Behind the arguments stands what decides whether it is called at all.
        given.push((Shape::of(self.deciding.clone()), at));
        let Some(summary) = summary else { return Shape::default() };
        let mut shape = self.fill(&summary, &given);
        self.hop(&mut shape, at, says);
        shape
    }

    fn write(&mut self, name: &'a Name, value: &'a Expr, partition: &'a [Expr]) {
        let shape = self.expr(value);
        self.out(&shape, Sink::Dataset(name), value.at, &mut vec![], None);
        // What it carries itself is said of it once.
        let deciding = Shape::of(self.deciding.beyond(&shape.flat()));
        self.out_flat(&deciding, Sink::Version(name), value.at);
        for key in partition {
            let shape = self.expr(key);
            self.out_flat(&shape, Sink::Dataset(name), key.at);
        }
        if let Some(Dataset { location: Location::Table { connection, .. }, .. }) = self.program.datasets.get(name) {
            self.out_flat(&shape, Sink::Connection(connection), value.at);
            self.out_flat(&deciding, Sink::Connection(connection), value.at);
        }
    }
}

/// The labels of a program, under the same numbers each time.
fn numbered<'a>(program: &'a Program, annotations: &'a Annotations) -> Labels<'a> {
    let mut labels = Labels::default();
    let steps = program.steps.values().chain(program.judges.values()).map(|step| &step.params);
    let params = steps.chain(program.flows.values().map(|flow| &flow.params)).flatten().map(|param| &param.labels);
    let datasets = program.datasets.values().map(|dataset| &dataset.accepts);
    // Those of `let`s and constants in the order of the text, since a map has none.
    let mut values: Vec<_> = annotations.values.iter().map(|(at, value)| (*at, &value.labels)).collect();
    values.sort_unstable();
    let values = values.into_iter().map(|(_, labels)| labels);
    let written = annotations.params.values().flatten().map(|param| &param.labels).chain(values);
    params.chain(datasets).chain(written).flatten().for_each(|label| {
        labels.id(label);
    });
    labels
}
