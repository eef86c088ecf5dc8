//! Following drafts through the nodes of one flow after another.
//!
//! A value carries where it comes from: a draft, parameters of its flow, or neither. Where a node lets a value out,
//! a draft is a finding, and a parameter is remembered for the callers.

use super::{
    steps,
    trail::{Origin, Says, TrailId, Trails},
};
use crate::{
    consent::{Consent, Givers, is_person},
    order::needed_by_requirements,
};
use flow_diag::Span;
use flow_expr::{Expr, ExprKind, Name, Pattern, UnaryOp, VarId};
use flow_plan::{Block, Flow, MatchArm, Node, NodeKind, Program, Step, every_expression};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What a value may come from: a draft, with its way, and parameters of the flow, by their position.
#[derive(Clone, Debug, Default)]
pub(super) struct Comes {
    draft: Option<TrailId>,
    params: BTreeSet<usize>,
}

impl Comes {
    pub(super) fn is_clean(&self) -> bool {
        self.draft.is_none() && self.params.is_empty()
    }

    pub(super) fn join(&mut self, other: &Self) {
        self.draft = self.draft.or(other.draft);
        self.params.extend(&other.params);
    }
}

/// How a draft is let out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sink<'a> {
    /// It is written to a dataset.
    Write(&'a Name),
    /// It is given to a step with an effect.
    Given(&'a Name),
    /// It decides whether this happens.
    Decides(Span),
}

/// A place where something is let out: in this flow, or in one that it is given to.
#[derive(Clone, Copy, Debug)]
struct Outlet<'a> {
    sink: Sink<'a>,
    at: Span,
    /// The statement around the place, to tell what happens inside a branch.
    around: Span,
}

/// What callers must know of a flow.
#[derive(Debug, Default)]
struct Summary<'a> {
    returns: Comes,
    /// What becomes of parameters: at most one outlet of each kind.
    outlets: BTreeMap<usize, Vec<Outlet<'a>>>,
    /// Something in it that changes the world.
    changes: bool,
}

/// A draft that is let out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Finding<'a> {
    pub(super) sink: Sink<'a>,
    pub(super) at: Span,
    pub(super) around: Span,
    pub(super) trail: TrailId,
    /// Where it is given to a flow that lets it out.
    pub(super) given_at: Option<Span>,
}

/// The state of the analysis.
pub(super) struct Walk<'a> {
    program: &'a Program,
    pub(super) trails: Trails<'a>,
    pub(super) findings: Vec<Finding<'a>>,
    flows: BTreeMap<&'a Name, Summary<'a>>,
    pub(super) values: HashMap<VarId, Comes>,
    current: Summary<'a>,
    /// Which flows give a person's answer.
    givers: Givers<'a>,
    /// What people have said yes to in the flow that is looked at.
    pub(super) consent: Consent<'a>,
    /// The nodes around the block that is looked at.
    pub(super) around: Vec<(&'a Node, usize)>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(program: &'a Program) -> Self {
        Self {
            program,
            trails: Trails::default(),
            findings: vec![],
            flows: BTreeMap::new(),
            values: HashMap::new(),
            current: Summary::default(),
            givers: Givers::default(),
            consent: Consent::default(),
            around: vec![],
        }
    }

    /// Looks at a flow; what it calls has been looked at.
    pub(super) fn flow(&mut self, name: &'a Name) {
        let Some(flow) = self.program.flows.get(name) else { return };
        self.values.clear();
        self.current = Summary::default();
        self.consent = Consent::default();
        if flow.nodes().any(|node| self.givers.is_asked(self.program, node)) {
            self.consent = Consent::of(self.program, flow, &self.givers);
            self.givers.learn(name, flow, &self.consent);
        }
        self.params(flow);
        self.current.returns = self.block(&flow.body);
        self.current.changes = self.changing(&flow.body).is_some();
        for handler in &flow.handlers {
            self.block(&handler.body);
        }
        let summary = std::mem::take(&mut self.current);
        self.flows.insert(name, summary);
    }

    fn params(&mut self, flow: &'a Flow) {
        for (position, param) in flow.params.iter().enumerate() {
            self.values.insert(param.var, Comes { draft: None, params: BTreeSet::from([position]) });
        }
    }

    /// The nodes of a block; gives what its result comes from. Blocks nest at most as deeply as the parser allows (256).
    fn block(&mut self, block: &'a Block) -> Comes {
        let mut gate = Comes::default();
        for node in &block.nodes {
            let comes = self.node(node, &mut gate);
            if !comes.is_clean() {
                self.values.insert(node.var, comes);
            }
        }
        if !gate.is_clean() {
            self.gate(block, &gate);
        }
        self.result(block)
    }

    /// A block of a node: its `index`-th.
    fn inside(&mut self, node: &'a Node, index: usize, block: &'a Block) -> Comes {
        self.around.push((node, index));
        let comes = self.block(block);
        self.around.pop();
        comes
    }

    /// What an expression comes from: all that it mentions.
    pub(super) fn expr(&self, expr: &Expr) -> Comes {
        let mut comes = Comes::default();
        if !self.values.is_empty() {
            for part in every_expression(expr) {
                if let ExprKind::Var(var) = &part.kind
                    && let Some(value) = self.values.get(var)
                {
                    comes.join(value);
                }
            }
        }
        comes
    }

    fn all<'e>(&self, exprs: impl IntoIterator<Item = &'e Expr>) -> Comes {
        exprs.into_iter().fold(Comes::default(), |mut comes, expr| {
            comes.join(&self.expr(expr));
            comes
        })
    }

    fn hop(&mut self, comes: &Comes, at: Span, says: Says<'a>) -> Comes {
        let draft = comes.draft.map(|trail| self.trails.then(trail, at, says));
        Comes { draft, params: comes.params.clone() }
    }

    fn node(&mut self, node: &'a Node, gate: &mut Comes) -> Comes {
        match &node.kind {
            NodeKind::Read { partition, .. } => self.all(partition),
            NodeKind::Compute { expr, .. } => {
                let comes = self.let_out(node, expr);
                self.hop(&comes, node.at, Says::MadeOf(&node.label))
            }
            NodeKind::Call { step, args, recover } => {
                let mut comes = self.call(node, step, args);
                recover.iter().for_each(|block| comes.join(&self.inside(node, 0, block)));
                comes
            }
            NodeKind::Flow { flow, args, recover } => {
                let mut comes = self.call_flow(node, flow, args);
                recover.iter().for_each(|block| comes.join(&self.inside(node, 0, block)));
                comes
            }
            NodeKind::If { condition, then, otherwise } => {
                let mut comes = self.expr(condition);
                self.decides(node, &[condition], &[then, otherwise]);
                comes.join(&self.inside(node, 0, then));
                comes.join(&self.inside(node, 1, otherwise));
                comes
            }
            NodeKind::Match { subject, arms } => self.match_node(node, subject, arms),
            NodeKind::For { item, items, body, .. } => {
                let mut comes = self.expr(items);
                if !comes.is_clean() {
                    self.values.insert(*item, comes.clone());
                }
                self.decides(node, &[items], &[body]);
                comes.join(&self.inside(node, 0, body));
                comes
            }
            NodeKind::Write { dataset, value, partition } => {
                for expr in std::iter::once(value).chain(partition) {
                    let comes = self.let_out(node, expr);
                    self.out(&comes, Outlet { sink: Sink::Write(dataset), at: expr.at, around: node.at });
                }
                Comes::default()
            }
            NodeKind::Require { condition, warn: false, .. } => {
                let comes = self.let_out(node, condition);
                gate.join(&comes);
                Comes::default()
            }
            NodeKind::Require { .. } | NodeKind::RequireFresh { .. } | NodeKind::Wait { .. } => Comes::default(),
        }
    }

    fn match_node(&mut self, node: &'a Node, subject: &'a Expr, arms: &'a [MatchArm]) -> Comes {
        let looked_at = self.expr(subject);
        if is_check(subject, arms) {
            // What has passed is checked; what stands for a value that has not is what it is made of.
            let fails = |arm: &MatchArm| arm.body.result.as_ref().is_some_and(|result| is_same(result, subject));
            let passing = arms.iter().enumerate().filter(|(_, arm)| !fails(arm));
            return passing.fold(Comes::default(), |mut comes, (index, arm)| {
                comes.join(&self.inside(node, index, &arm.body));
                comes
            });
        }
        let mut comes = looked_at.clone();
        for arm in arms {
            if !looked_at.is_clean() {
                self.values.extend(arm.pattern.variables().into_iter().map(|var| (var, looked_at.clone())));
            }
            arm.condition.iter().for_each(|condition| comes.join(&self.expr(condition)));
        }
        let bodies: Vec<&Block> = arms.iter().map(|arm| &arm.body).collect();
        let conditions = arms.iter().filter_map(|arm| arm.condition.as_ref());
        let deciding: Vec<&Expr> = std::iter::once(subject).chain(conditions).collect();
        self.decides(node, &deciding, &bodies);
        for (index, body) in bodies.into_iter().enumerate() {
            comes.join(&self.inside(node, index, body));
        }
        comes
    }

    fn call(&mut self, node: &'a Node, name: &'a Name, args: &'a [Expr]) -> Comes {
        let Some(step) = self.program.steps.get(name) else { return Comes::default() };
        if steps::changes(step) {
            for arg in args {
                let comes = self.let_out(node, arg);
                self.out(&comes, Outlet { sink: Sink::Given(name), at: arg.at, around: node.at });
            }
        }
        if steps::gives_draft(self.program, step) {
            let trail = self.trails.begin(Origin { call: node.at, step: name }, node.at, Says::Asked);
            return Comes { draft: Some(trail), params: BTreeSet::new() };
        }
        if steps::is_checked(self.program, step) {
            let comes = self.fallback(step, args);
            return self.hop(&comes, node.at, Says::FellBack(name));
        }
        if is_person(step) || steps::changes(step) {
            return Comes::default();
        }
        let comes = self.all(args);
        self.hop(&comes, node.at, Says::PassedThrough(name))
    }

    /// What a checked step's fallbacks come from, through the parameters that they mention.
    fn fallback(&self, step: &Step, args: &[Expr]) -> Comes {
        let mentioned: BTreeSet<VarId> = steps::fallbacks(step)
            .flat_map(every_expression)
            .filter_map(|part| if let ExprKind::Var(var) = part.kind { Some(var) } else { None })
            .collect();
        let given = step.params.iter().zip(args).filter(|(param, _)| mentioned.contains(&param.var));
        self.all(given.map(|(_, arg)| arg))
    }

    fn call_flow(&mut self, node: &'a Node, name: &'a Name, args: &'a [Expr]) -> Comes {
        let given: Vec<Comes> = args.iter().map(|arg| self.expr(arg)).collect();
        let Some(summary) = self.flows.get(name) else { return Comes::default() };
        let mut returns = Comes { draft: summary.returns.draft, params: BTreeSet::new() };
        let mut outlets = vec![];
        for (position, comes) in given.iter().enumerate().filter(|(_, comes)| !comes.is_clean()) {
            if summary.returns.params.contains(&position) {
                returns.join(comes);
            }
            let arg = &args[position];
            let let_out = summary.outlets.get(&position).map(|outlets| (self.let_out(node, arg), outlets));
            let known =
                let_out.into_iter().flat_map(|(comes, known)| known.iter().map(move |one| (comes.clone(), *one)));
            outlets.extend(known.map(|(comes, outlet)| (comes, outlet, arg.at)));
        }
        for (comes, outlet, at) in outlets {
            self.out_through(&comes, outlet, Some(at));
        }
        self.hop(&returns, node.at, Says::Returned(name))
    }

    fn out(&mut self, comes: &Comes, outlet: Outlet<'a>) {
        self.out_through(comes, outlet, None);
    }

    fn out_through(&mut self, comes: &Comes, outlet: Outlet<'a>, given_at: Option<Span>) {
        if let Some(trail) = comes.draft {
            let Outlet { sink, at, around } = outlet;
            self.findings.push(Finding { sink, at, around, trail, given_at });
        }
        for param in &comes.params {
            let known = self.current.outlets.entry(*param).or_default();
            if known.iter().all(|one| std::mem::discriminant(&one.sink) != std::mem::discriminant(&outlet.sink)) {
                known.push(outlet);
            }
        }
    }

    /// Values decide which of a node's blocks run, or how often; the first is where it is said.
    fn decides(&mut self, node: &'a Node, deciding: &[&'a Expr], blocks: &[&'a Block]) {
        if let (Some(first), Some((comes, changed))) = (deciding.first(), self.decided(node, deciding, blocks)) {
            self.out(&comes, Outlet { sink: Sink::Decides(changed), at: first.at, around: node.at });
        }
    }

    /// Requirements decide whether the rest of their block runs; all that they do not need themselves waits for them.
    fn gate(&mut self, block: &'a Block, gate: &Comes) {
        let free = needed_by_requirements(block);
        let waiting = block.nodes.iter().filter(|node| !free.contains(&node.id));
        let Some(changed) = waiting.clone().find_map(|node| self.change(node)) else { return };
        let decided_by = block.nodes.iter().find_map(|node| match &node.kind {
            NodeKind::Require { condition, warn: false, .. } if !self.let_out(node, condition).is_clean() => {
                Some(condition.at)
            }
            _ => None,
        });
        let Some(at) = decided_by else { return };
        let around =
            waiting.fold(at, |around, node| if node.at.file == at.file { cover(around, node.at) } else { around });
        self.out(gate, Outlet { sink: Sink::Decides(changed), at, around });
    }

    /// Something in a block, or in the blocks inside it, that changes the world.
    fn changing(&self, block: &Block) -> Option<Span> {
        block.all_nodes().find_map(|node| self.changes_itself(node).then_some(node.at))
    }

    fn change(&self, node: &Node) -> Option<Span> {
        if self.changes_itself(node) {
            return Some(node.at);
        }
        node.blocks().into_iter().find_map(|block| self.changing(block))
    }

    pub(super) fn changes_itself(&self, node: &Node) -> bool {
        match &node.kind {
            NodeKind::Write { .. } => true,
            NodeKind::Call { step, .. } => self.program.steps.get(step).is_some_and(steps::changes),
            NodeKind::Flow { flow, .. } => self.flows.get(flow).is_some_and(|summary| summary.changes),
            _ => false,
        }
    }
}

fn cover(one: Span, other: Span) -> Span {
    Span::new(one.file, one.start.min(other.start), one.end.max(other.end))
}

/// Whether a `match` is what `check x { guard … }` became: it asks the guards in their order, and where all of them
/// hold, once more as requirements, its value is `x`.
fn is_check(subject: &Expr, arms: &[MatchArm]) -> bool {
    let Some((last, broken)) = arms.split_last() else { return false };
    let is_guard = |arm: &MatchArm| {
        let negated = arm.condition.as_ref().is_some_and(|expr| matches!(expr.kind, ExprKind::Unary(UnaryOp::Not, _)));
        matches!(arm.pattern, Pattern::Any) && negated
    };
    let is_requirement = |node: &Node| matches!(node.kind, NodeKind::Require { .. });
    matches!(last.pattern, Pattern::Any)
        && last.condition.is_none()
        && last.body.nodes.iter().all(is_requirement)
        && last.body.nodes.iter().any(|node| guards(node, subject))
        && last.body.result.as_ref().is_some_and(|result| is_same(result, subject))
        && broken.iter().all(is_guard)
}

/// Whether a node requires something of a value.
fn guards(node: &Node, subject: &Expr) -> bool {
    match &node.kind {
        NodeKind::Require { condition, warn: false, .. } => {
            every_expression(condition).any(|part| is_same(part, subject))
        }
        _ => false,
    }
}

fn is_same(one: &Expr, other: &Expr) -> bool {
    matches!((&one.kind, &other.kind), (ExprKind::Var(one), ExprKind::Var(other)) if one == other)
}
