//! What a person has said yes to before a node of a flow begins.
//!
//! A yes is an answer to a step with the body `ask`, which a node waits for: the graph says so, by values, `after`, and
//! conditions of branches around it. What a person was shown is kept as [`Place`]s, so that a part of what was shown is
//! known as shown too. A no that may be caught (`else`, `fallback`) is a yes only where something looks at it, and an answer
//! in other words than yes and no only where it decides ([`answers`]). Knows neither drafts nor what can be undone:
//! [`crate::trust`] and [`crate::approvals`] do. Tested through these.

mod answers;
mod before;
mod parts;

use crate::bits::Bits;
use answers::Answer;
pub(crate) use answers::{Heard, Words};
use before::{Before, before};
use flow_diag::Span;
use flow_expr::{Expr, ExprKind, Name, Type, VarId};
use flow_plan::{APPROVAL, Block, Body, Flow, Node, NodeId, NodeKind, Program, Step, every_expression, meaning_hash};
pub(crate) use parts::may_be_same;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// How many values in a row are looked through to where they come from.
const DEEPEST: usize = 64;

/// A value by where it comes from: a part of a variable, or something computed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) root: Root,
    /// The fields that lead to it, and marks for [parts of lists](parts).
    pub(crate) path: Vec<Arc<str>>,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Root {
    /// A parameter, an item of a loop, or what a node gives.
    Var(VarId),
    /// What an expression of this meaning gives.
    Computed(Arc<str>),
}

/// All places that were shown, or that a value consists of.
pub(crate) type Places = BTreeSet<Place>;

/// Which flows give a person's answer, and what of their parameters the person was shown.
#[derive(Debug, Default)]
pub(crate) struct Givers<'a>(BTreeMap<&'a Name, Giver<'a>>);

/// The answer that a flow gives.
#[derive(Debug)]
struct Giver<'a> {
    step: &'a Step,
    /// Of its parameters.
    shown: Places,
    answer: Option<Answer>,
}

/// A node that asks a person.
#[derive(Debug)]
pub(crate) struct Asking<'a> {
    pub(crate) id: NodeId,
    pub(crate) step: &'a Step,
    pub(crate) at: Span,
    /// What holds the answer.
    var: VarId,
    shown: Places,
    /// If it is in other words than yes and no.
    answer: Option<Answer>,
    /// Whether a no may leave no trace.
    is_caught: bool,
    /// Around it, the outermost first.
    loops: Vec<NodeId>,
}

impl Asking<'_> {
    /// Whether the only answer with which the run goes on is yes.
    fn is_yes(&self) -> bool {
        !self.is_caught && is_approval(&self.step.returns)
    }

    /// Whether these are all words that may be answered.
    pub(crate) fn is_every(&self, words: &Words) -> bool {
        self.answer.as_ref().is_some_and(|answer| words.len() >= answer.all)
    }
}

/// Whether a type is that of a person's yes.
pub(crate) fn is_approval(ty: &Type) -> bool {
    matches!(ty, Type::Named(name) if name.as_str() == APPROVAL)
}

/// Whether a person answers a step: who sees its arguments and decides.
pub(crate) fn is_person(step: &Step) -> bool {
    matches!(step.body, Body::Ask { .. })
}

/// More questions of one flow than this are not told apart; the others are no yes to anything.
const MOST_ASKED: usize = 4096;

/// What a flow's nodes have before them.
#[derive(Default)]
pub(crate) struct Consent<'a> {
    made: BTreeMap<VarId, Made<'a>>,
    /// The node whose result a variable holds.
    by: BTreeMap<VarId, NodeId>,
    asking: Vec<Asking<'a>>,
    before: BTreeMap<NodeId, Before>,
    /// Under which words of which answers blocks of a node are reached, or what comes after it.
    lets_by: BTreeMap<(NodeId, usize), Vec<(usize, Words)>>,
    /// The requirements among them.
    requirements: Vec<NodeId>,
}

#[derive(Clone, Copy)]
enum Made<'a> {
    /// The same value.
    Of(&'a Expr),
    /// An item of it.
    ItemOf(&'a Expr),
}

/// A node together with what stands around it: each block's node, and which of its blocks it is, the outermost first.
#[derive(Clone, Copy)]
pub(crate) struct Spot<'n, 'a> {
    pub(crate) node: &'a Node,
    pub(crate) around: &'n [(&'a Node, usize)],
}

impl<'a> Consent<'a> {
    /// Of a flow; what it calls has been asked for [`Givers`] before.
    pub(crate) fn of(program: &'a Program, flow: &'a Flow, givers: &Givers<'a>) -> Self {
        let mut consent = Self::default();
        for node in flow.nodes() {
            consent.by.insert(node.var, node.id);
            match &node.kind {
                NodeKind::Compute { expr, .. } => drop(consent.made.insert(node.var, Made::Of(expr))),
                NodeKind::For { item, items, .. } => drop(consent.made.insert(*item, Made::ItemOf(items))),
                _ => {}
            }
        }
        visit(flow, &mut |spot| consent.asking.extend(consent.asks(program, givers, spot)));
        consent.asking.truncate(MOST_ASKED);
        if consent.asks_somebody() {
            consent.look_at_answers(flow);
            consent.before = before(flow, &consent.asking, &consent.requirements);
        }
        consent
    }

    fn look_at_answers(&mut self, flow: &'a Flow) {
        let asked = self.asking.iter().enumerate().filter(|(_, asking)| asking.answer.is_some());
        let answers: BTreeMap<VarId, usize> = asked.map(|(position, asking)| (asking.var, position)).collect();
        if answers.is_empty() {
            return;
        }
        for node in flow.nodes() {
            let found = self.lets_by(node, &answers);
            if !found.is_empty() && matches!(node.kind, NodeKind::Require { .. }) {
                self.requirements.push(node.id);
            }
            for (block, position, words) in found {
                self.lets_by.entry((node.id, block)).or_default().push((position, words));
            }
        }
    }

    /// Whether anybody is asked in the flow at all.
    pub(crate) fn asks_somebody(&self) -> bool {
        !self.asking.is_empty()
    }

    fn asks(&self, program: &'a Program, givers: &Givers<'a>, spot: Spot<'_, 'a>) -> Option<Asking<'a>> {
        let node = spot.node;
        let (step, shown, recover, answer) = match &node.kind {
            NodeKind::Call { step, args, recover } => {
                let step = program.steps.get(step).filter(|step| is_person(step))?;
                (step, args.iter().flat_map(|arg| self.places(arg)).collect(), recover, Answer::of(program, step))
            }
            NodeKind::Flow { flow, args, recover } => {
                let giver = givers.0.get(flow)?;
                let params = &program.flows.get(flow)?.params;
                let given = giver.shown.iter().flat_map(|place| {
                    let position = params.iter().position(|param| place.root == Root::Var(param.var));
                    position.and_then(|position| args.get(position)).map(|arg| self.part(arg, &place.path))
                });
                (giver.step, given.flatten().collect(), recover, giver.answer.clone())
            }
            _ => return None,
        };
        let loops = spot.around.iter().filter(|(node, _)| matches!(node.kind, NodeKind::For { .. }));
        let loops = loops.map(|(node, _)| node.id).collect();
        let is_caught = recover.is_some() || step.fallback.is_some();
        let answer = answer.map(|answer| answer.or_else(recover.as_ref()));
        Some(Asking { id: node.id, step, at: node.at, var: node.var, shown, answer, is_caught, loops })
    }

    /// Those who have been asked when a node begins, and whether it begins only if they did not say no.
    pub(crate) fn before(&self, spot: Spot<'_, 'a>) -> Vec<(&Asking<'a>, Heard)> {
        self.asked(&spot.node.needs, &spot.node.after, spot.around)
    }

    /// The words of an answer under which a node begins; none if that is not told by them.
    pub(crate) fn words_before(&self, spot: Spot<'_, 'a>, asking: &Asking<'_>) -> Words {
        let position = self.asking.iter().position(|one| one.id == asking.id).filter(|_| asking.answer.is_some());
        let reached = |position| self.reached(&spot.node.needs, &spot.node.after, spot.around).remove(&position);
        position.and_then(reached).unwrap_or_default()
    }

    /// Whether a choice looks at an answer, so that its branches are for different words.
    pub(crate) fn is_looked_at_by(&self, asking: &Asking<'_>, choice: NodeId) -> bool {
        let looks_at =
            |found: &[(usize, Words)]| found.iter().any(|(position, _)| self.asking[*position].id == asking.id);
        self.lets_by.range((choice, 0)..=(choice, usize::MAX)).any(|(_, found)| looks_at(found))
    }

    /// The same for a block's result, which comes when all in the block has been done.
    pub(crate) fn before_result(&self, block: &Block, around: &[(&'a Node, usize)]) -> Vec<(&Asking<'a>, Heard)> {
        let (needs, done) = self.ties(block);
        self.asked(&needs, &done, around)
    }

    /// What a block's result uses, and what it waits for.
    fn ties(&self, block: &Block) -> (Vec<NodeId>, Vec<NodeId>) {
        let result = block.result.iter().flat_map(|result| every_expression(result));
        let needs = result.filter_map(|expr| match &expr.kind {
            ExprKind::Var(var) => self.by.get(var).copied(),
            _ => None,
        });
        (needs.collect(), block.nodes.iter().map(|node| node.id).collect())
    }

    fn asked(&self, needs: &[NodeId], after: &[NodeId], around: &[(&'a Node, usize)]) -> Vec<(&Asking<'a>, Heard)> {
        let deciding = || around.iter().flat_map(|(node, _)| &node.needs);
        let ordering = || around.iter().flat_map(|(node, _)| node.needs.iter().chain(&node.after));
        let looked_at = self.reach(deciding(), |before| &before.waited_for);
        let needed = self.reach(needs.iter().chain(deciding()), |before| &before.needed);
        let waited_for = self.reach(needs.iter().chain(after).chain(ordering()), |before| &before.waited_for);
        let reached = self.reached(needs, after, around);
        let asked = self.asking.iter().enumerate().filter(|(position, _)| waited_for.has(*position));
        let heard = asked.map(|(position, asking)| {
            let heard = match &asking.answer {
                Some(answer) => answer.heard(reached.get(&position).unwrap_or(&answer.words)),
                None if asking.is_yes() || looked_at.has(position) => Heard::Yes,
                None if !asking.is_caught && needed.has(position) => Heard::Yes,
                None => Heard::Caught,
            };
            (asking, heard)
        });
        heard.collect()
    }

    /// The words of answers under which something is reached; an answer under all words of which it is, is left out.
    fn reached(&self, needs: &[NodeId], after: &[NodeId], around: &[(&'a Node, usize)]) -> BTreeMap<usize, Words> {
        let mut found: BTreeMap<usize, Words> = BTreeMap::new();
        if self.lets_by.is_empty() {
            return found;
        }
        let ordering = around.iter().flat_map(|(node, _)| node.needs.iter().chain(&node.after));
        let held = self.reach(needs.iter().chain(after).chain(ordering), |before| &before.held);
        let held = self.requirements.iter().enumerate().filter(|(position, _)| held.has(*position));
        let choices = around.iter().map(|(node, block)| (node.id, *block)).chain(held.map(|(_, id)| (*id, 0)));
        for (position, words) in choices.filter_map(|choice| self.lets_by.get(&choice)).flatten() {
            match found.get_mut(position) {
                Some(known) => known.retain(|word| words.contains(word)),
                None => drop(found.insert(*position, words.clone())),
            }
        }
        found
    }

    fn reach<'i>(&self, nodes: impl Iterator<Item = &'i NodeId>, of: impl Fn(&Before) -> &Bits) -> Bits {
        nodes.filter_map(|id| self.before.get(id)).fold(Bits::default(), |mut all, before| {
            all.join(of(before));
            all
        })
    }

    /// What a value consists of; nothing for a constant.
    pub(crate) fn places(&self, expr: &Expr) -> Places {
        let mut found = Places::new();
        let mut pending = vec![(expr, vec![])];
        let mut left = DEEPEST;
        while let Some((expr, path)) = pending.pop() {
            let made = match &expr.kind {
                ExprKind::Var(var) => self.made.get(var),
                _ => None,
            };
            match (&expr.kind, made) {
                (_, Some(Made::Of(made))) if left > 0 => {
                    left -= 1;
                    pending.push((made, path));
                }
                (ExprKind::IntToDecimal(inner) | ExprKind::Refined(inner, _), _) => pending.push((inner, path)),
                (ExprKind::Field { base, name }, _) => {
                    let path = std::iter::once(name.clone()).chain(path).collect();
                    pending.push((base, path));
                }
                (ExprKind::Const(_), _) => {}
                (ExprKind::Record { fields, .. }, _) if path.first().is_some_and(|name| names(fields, name)) => {
                    let (name, rest) = (path[0].clone(), path[1..].to_vec());
                    let named = fields.iter().filter(|(field, _)| *field == name);
                    pending.extend(named.map(|(_, value)| (value, rest.clone())));
                }
                (ExprKind::Record { base, fields, .. }, _) => {
                    // Of a field that is named here, all of the record: more than is asked for, so never too little.
                    pending.extend(base.as_deref().map(|base| (base, vec![])));
                    pending.extend(fields.iter().map(|(_, value)| (value, vec![])));
                }
                (ExprKind::List(items), _) => match parts::of_items(items, &path) {
                    Some((items, path)) => pending.extend(items.iter().map(|item| (item, path.clone()))),
                    None => drop(found.insert(Place { root: Root::Computed(meaning_hash(expr)), path })),
                },
                (ExprKind::Builtin(name, args), _) if let Some((list, mark)) = parts::part(name, args) => {
                    let path = std::iter::once(mark).chain(path).collect();
                    pending.push((list, path));
                }
                (ExprKind::Var(var), _) => drop(found.insert(Place { root: Root::Var(*var), path })),
                _ => drop(found.insert(Place { root: Root::Computed(meaning_hash(expr)), path })),
            }
        }
        found
    }

    /// A part of a value.
    pub(crate) fn part(&self, expr: &Expr, path: &[Arc<str>]) -> Places {
        let field = |base: Expr, name: &Arc<str>| {
            let at = base.at;
            Expr::new(ExprKind::Field { base: Box::new(base), name: name.clone() }, at)
        };
        self.places(&path.iter().fold(expr.clone(), field))
    }

    /// Whether who was asked has seen all of these: themselves, what they are parts of, or the list that they are items of.
    pub(crate) fn has_seen(&self, asking: &Asking<'_>, places: &Places) -> bool {
        let mut pending: Vec<Place> = places.iter().cloned().collect();
        for _ in 0..DEEPEST {
            let Some(mut place) = pending.pop() else { return true };
            let root = place.root.clone();
            let is_shown = (0..=place.path.len()).rev().any(|length| {
                place.path.truncate(length);
                asking.shown.contains(&place)
            });
            match &root {
                _ if is_shown => {}
                Root::Var(var) => match self.made.get(var) {
                    Some(Made::ItemOf(items)) => pending.extend(self.places(items)),
                    _ if self.by.get(var) == Some(&asking.id) => {}
                    _ => return false,
                },
                Root::Computed(_) => return false,
            }
        }
        false
    }

    /// The innermost loop around a node that goes around with the same of these values: none of them is its item.
    /// With a question, only loops that are not around that too.
    pub(crate) fn repeats(&self, asking: Option<&Asking<'_>>, spot: Spot<'_, 'a>, places: &Places) -> Option<&'a Node> {
        let is_around = |node: &&'a Node| asking.is_some_and(|asking| asking.loops.contains(&node.id));
        let mut loops = spot.around.iter().rev().map(|(node, _)| *node).filter(|node| !is_around(node));
        loops.find(|node| match &node.kind {
            NodeKind::For { item, .. } => places.iter().all(|place| place.root != Root::Var(*item)),
            _ => false,
        })
    }

    /// The same values as parts of the lists that they are items of.
    pub(crate) fn with_lists(&self, places: &Places) -> Places {
        let mut found = Places::new();
        let mut pending: Vec<Place> = places.iter().cloned().collect();
        for _ in 0..DEEPEST {
            let Some(place) = pending.pop() else { break };
            match &place.root {
                Root::Var(var) if let Some(Made::ItemOf(items)) = self.made.get(var) => {
                    let path: Vec<_> = std::iter::once(parts::each()).chain(place.path.iter().cloned()).collect();
                    pending.extend(self.part(items, &path));
                }
                _ => drop(found.insert(place)),
            }
        }
        found.extend(pending);
        found
    }

    /// Whether an expression is a variable, under whatever name.
    fn is_itself(&self, expr: &Expr, var: VarId) -> bool {
        let mut expr = expr;
        for _ in 0..DEEPEST {
            let ExprKind::Var(found) = &expr.kind else { return false };
            match self.made_of(*found) {
                Some(made) if *found != var => expr = made,
                _ => return *found == var,
            }
        }
        false
    }

    /// Whether a variable stands for an expression, and for which.
    pub(crate) fn made_of(&self, var: VarId) -> Option<&'a Expr> {
        match self.made.get(&var) {
            Some(Made::Of(expr)) => Some(expr),
            _ => None,
        }
    }
}

fn names(fields: &[(Arc<str>, Expr)], name: &Arc<str>) -> bool {
    fields.iter().any(|(field, _)| field == name)
}

impl<'a> Givers<'a> {
    /// Whether a node asks a person, itself or by a flow.
    pub(crate) fn is_asked(&self, program: &Program, node: &Node) -> bool {
        match &node.kind {
            NodeKind::Call { step, .. } => program.steps.get(step).is_some_and(is_person),
            NodeKind::Flow { flow, .. } => self.0.contains_key(flow),
            _ => false,
        }
    }

    /// Keeps a flow whose result is the answer of a person, with what of its parameters that one was shown.
    pub(crate) fn learn(&mut self, name: &'a Name, flow: &'a Flow, consent: &Consent<'a>) {
        let Some(result) = &flow.body.result else { return };
        let params: BTreeSet<Root> = flow.params.iter().map(|param| Root::Var(param.var)).collect();
        for place in consent.places(result) {
            let Root::Var(var) = place.root else { continue };
            let asked = || consent.asking.iter().enumerate();
            let Some((position, asking)) = asked().find(|(_, asking)| asking.var == var) else { continue };
            let answer = match &asking.answer {
                None if asking.is_yes() => None,
                Some(answer) if consent.is_itself(result, var) => {
                    let (needs, done) = consent.ties(&flow.body);
                    let words = consent.reached(&needs, &done, &[]).remove(&position);
                    let words = words.unwrap_or_else(|| answer.words.clone());
                    let stand_ins =
                        answer.stand_ins.as_ref().map(|found| found.intersection(&words).cloned().collect());
                    Some(Answer { words, stand_ins, all: answer.all })
                }
                _ => continue,
            };
            let shown = asking
                .shown
                .iter()
                .filter(|place| params.contains(&place.root) && !place.is_by_a_rule())
                .cloned()
                .collect();
            self.0.insert(name, Giver { step: asking.step, shown, answer });
        }
    }
}

/// Sees each node of a flow with what is around it. Blocks nest at most as deeply as the parser allows (256).
pub(crate) fn visit<'a>(flow: &'a Flow, see: &mut dyn FnMut(Spot<'_, 'a>)) {
    for block in std::iter::once(&flow.body).chain(flow.handlers.iter().map(|handler| &handler.body)) {
        visit_block(block, &mut vec![], see);
    }
}

/// Sees each node of a block, inside of these.
pub(crate) fn visit_block<'a>(
    block: &'a Block,
    around: &mut Vec<(&'a Node, usize)>,
    see: &mut dyn FnMut(Spot<'_, 'a>),
) {
    for node in &block.nodes {
        see(Spot { node, around });
        for (index, inside) in node.blocks().into_iter().enumerate() {
            around.push((node, index));
            visit_block(inside, around, see);
            around.pop();
        }
    }
}
