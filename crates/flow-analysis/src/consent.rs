//! What a person has said yes to before a node of a flow begins.
//!
//! A yes is an answer to a step with the body `ask`, which a node waits for: the graph says so, by values, `after`, and
//! conditions of branches around it. What a person was shown is kept as [`Place`]s, so that a part of what was shown is
//! known as shown too. A no that may be caught (`else`, `fallback`), and an answer in other words than yes and no, are a
//! yes only where something looks at them. Knows neither drafts nor what can be undone: [`crate::trust`] and
//! [`crate::approvals`] do. Tested through these.

use flow_diag::Span;
use flow_expr::{Expr, ExprKind, Name, Type, VarId};
use flow_plan::{APPROVAL, Block, Body, Flow, Node, NodeId, NodeKind, Program, Step, every_expression, meaning_hash};
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
    /// The fields that lead to it.
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
pub(crate) struct Givers<'a>(BTreeMap<&'a Name, (&'a Step, Places)>);

/// A node that asks a person.
#[derive(Debug)]
pub(crate) struct Asking<'a> {
    pub(crate) id: NodeId,
    pub(crate) step: &'a Step,
    pub(crate) at: Span,
    shown: Places,
    /// Whether a no may leave no trace.
    is_caught: bool,
    /// Around it, the outermost first.
    loops: Vec<NodeId>,
}

impl Asking<'_> {
    /// Whether the only answer with which the run goes on is yes.
    fn is_yes(&self) -> bool {
        !self.is_caught && matches!(&self.step.returns, Type::Named(name) if name.as_str() == APPROVAL)
    }
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
}

/// Who has been asked when a node is done, itself included, as bits: by what it uses, and by what it follows too.
#[derive(Clone, Debug, Default)]
struct Before {
    needed: Bits,
    waited_for: Bits,
}

/// A set of questions, by their position.
#[derive(Clone, Debug, Default)]
struct Bits(Vec<u64>);

impl Bits {
    fn add(&mut self, position: usize) {
        self.0.resize(self.0.len().max(position / 64 + 1), 0);
        self.0[position / 64] |= 1 << (position % 64);
    }

    fn join(&mut self, other: &Self) {
        self.0.resize(self.0.len().max(other.0.len()), 0);
        self.0.iter_mut().zip(&other.0).for_each(|(bits, more)| *bits |= more);
    }

    fn has(&self, position: usize) -> bool {
        self.0.get(position / 64).is_some_and(|bits| bits & (1 << (position % 64)) != 0)
    }
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
            consent.before = before(flow, &consent.asking);
        }
        consent
    }

    /// Whether anybody is asked in the flow at all.
    pub(crate) fn asks_somebody(&self) -> bool {
        !self.asking.is_empty()
    }

    fn asks(&self, program: &'a Program, givers: &Givers<'a>, spot: Spot<'_, 'a>) -> Option<Asking<'a>> {
        let node = spot.node;
        let (step, shown, is_caught) = match &node.kind {
            NodeKind::Call { step, args, recover } => {
                let step = program.steps.get(step).filter(|step| matches!(step.body, Body::Ask { .. }))?;
                (step, args.iter().flat_map(|arg| self.places(arg)).collect(), recover.is_some())
            }
            NodeKind::Flow { flow, args, recover } => {
                let (step, shown) = givers.0.get(flow)?;
                let params = &program.flows.get(flow)?.params;
                let given = shown.iter().flat_map(|place| {
                    let position = params.iter().position(|param| place.root == Root::Var(param.var));
                    position.and_then(|position| args.get(position)).map(|arg| self.part(arg, &place.path))
                });
                (*step, given.flatten().collect(), recover.is_some())
            }
            _ => return None,
        };
        let loops = spot.around.iter().filter(|(node, _)| matches!(node.kind, NodeKind::For { .. }));
        let loops = loops.map(|(node, _)| node.id).collect();
        Some(Asking { id: node.id, step, at: node.at, shown, is_caught: is_caught || step.fallback.is_some(), loops })
    }

    /// Those who have been asked when a node begins, and whether it begins only if they did not say no.
    pub(crate) fn before(&self, spot: Spot<'_, 'a>) -> Vec<(&Asking<'a>, bool)> {
        self.asked(&spot.node.needs, &spot.node.after, spot.around)
    }

    /// The same for a block's result, which comes when all in the block has been done.
    pub(crate) fn before_result(&self, block: &Block, around: &[(&'a Node, usize)]) -> Vec<(&Asking<'a>, bool)> {
        let result = block.result.iter().flat_map(|result| every_expression(result));
        let needs: Vec<NodeId> = result
            .filter_map(|expr| match &expr.kind {
                ExprKind::Var(var) => self.by.get(var).copied(),
                _ => None,
            })
            .collect();
        let done: Vec<NodeId> = block.nodes.iter().map(|node| node.id).collect();
        self.asked(&needs, &done, around)
    }

    fn asked(&self, needs: &[NodeId], after: &[NodeId], around: &[(&'a Node, usize)]) -> Vec<(&Asking<'a>, bool)> {
        let deciding = || around.iter().flat_map(|(node, _)| &node.needs);
        let ordering = || around.iter().flat_map(|(node, _)| node.needs.iter().chain(&node.after));
        let looked_at = self.reach(deciding(), |before| &before.waited_for);
        let needed = self.reach(needs.iter().chain(deciding()), |before| &before.needed);
        let waited_for = self.reach(needs.iter().chain(after).chain(ordering()), |before| &before.waited_for);
        let asked = self.asking.iter().enumerate().filter(|(position, _)| waited_for.has(*position));
        let heard = asked.map(|(position, asking)| {
            let is_used = !asking.is_caught && needed.has(position);
            (asking, asking.is_yes() || looked_at.has(position) || is_used)
        });
        heard.collect()
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
                (ExprKind::IntToDecimal(inner), _) => pending.push((inner, path)),
                (ExprKind::Field { base, name }, _) => {
                    let path = std::iter::once(name.clone()).chain(path).collect();
                    pending.push((base, path));
                }
                (ExprKind::Const(_), _) => {}
                (ExprKind::Record { base, fields, .. }, _) => {
                    // Of a field that is named here, all of the record: more than is asked for, so never too little.
                    pending.extend(base.as_deref().map(|base| (base, vec![])));
                    pending.extend(fields.iter().map(|(_, value)| (value, vec![])));
                }
                (ExprKind::List(items), _) => pending.extend(items.iter().map(|item| (item, vec![]))),
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

    /// The same values with the lists that they are items of in their place.
    pub(crate) fn with_lists(&self, places: &Places) -> Places {
        let mut found = Places::new();
        let mut pending: Vec<Place> = places.iter().cloned().collect();
        for _ in 0..DEEPEST {
            let Some(place) = pending.pop() else { break };
            match place.root {
                Root::Var(var) if matches!(self.made.get(&var), Some(Made::ItemOf(_))) => {
                    let Some(Made::ItemOf(items)) = self.made.get(&var) else { continue };
                    pending.extend(self.places(items));
                }
                _ => drop(found.insert(place)),
            }
        }
        found.extend(pending);
        found
    }

    /// Whether a variable stands for an expression, and for which.
    pub(crate) fn made_of(&self, var: VarId) -> Option<&'a Expr> {
        match self.made.get(&var) {
            Some(Made::Of(expr)) => Some(expr),
            _ => None,
        }
    }
}

impl<'a> Givers<'a> {
    /// Whether a node asks a person, itself or by a flow.
    pub(crate) fn is_asked(&self, program: &Program, node: &Node) -> bool {
        match &node.kind {
            NodeKind::Call { step, .. } => {
                program.steps.get(step).is_some_and(|step| matches!(step.body, Body::Ask { .. }))
            }
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
            let gives = |asking: &&Asking<'a>| consent.by.get(&var) == Some(&asking.id);
            if let Some(asking) = consent.asking.iter().find(gives).filter(|asking| asking.is_yes()) {
                let shown = asking.shown.iter().filter(|place| params.contains(&place.root)).cloned().collect();
                self.0.insert(name, (asking.step, shown));
            }
        }
    }
}

/// Who has been asked when each node is done. Of nodes in a circle (E0305) some are left out.
fn before(flow: &Flow, asking: &[Asking<'_>]) -> BTreeMap<NodeId, Before> {
    let nodes: BTreeMap<NodeId, &Node> = flow.nodes().map(|node| (node.id, node)).collect();
    let positions: BTreeMap<NodeId, usize> = (0..).zip(asking).map(|(position, one)| (one.id, position)).collect();
    let mut found: BTreeMap<NodeId, Before> = BTreeMap::new();
    let mut entered: BTreeSet<NodeId> = BTreeSet::new();
    for root in nodes.keys() {
        let mut pending = vec![(*root, false)];
        while let Some((id, leave)) = pending.pop() {
            let Some(node) = nodes.get(&id) else { continue };
            let ties = || node.needs.iter().chain(&node.after);
            if leave {
                let mut own = Before::default();
                for other in node.needs.iter().filter_map(|id| found.get(id)) {
                    own.needed.join(&other.needed);
                    own.waited_for.join(&other.waited_for);
                }
                for other in node.after.iter().filter_map(|id| found.get(id)) {
                    own.waited_for.join(&other.waited_for);
                }
                if let Some(position) = positions.get(&id) {
                    own.needed.add(*position);
                    own.waited_for.add(*position);
                }
                found.insert(id, own);
            } else if entered.insert(id) {
                pending.push((id, true));
                pending.extend(ties().filter(|id| !entered.contains(id)).map(|id| (*id, false)));
            }
        }
    }
    found
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
