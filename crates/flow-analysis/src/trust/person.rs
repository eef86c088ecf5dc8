//! What a person has said yes to is no draft any more: where that yes is waited for, and of what was shown.

use super::walk::{Comes, Walk};
use crate::consent::{Asking, Heard, Place, Root, Spot, visit_block};
use flow_diag::Span;
use flow_expr::{Expr, ExprKind, VarId};
use flow_plan::{Block, Node, NodeKind, subexpressions};

/// How many values in a row are looked through to what they are made of.
const DEEPEST: usize = 64;

impl<'a> Walk<'a> {
    /// What an expression of a node comes from, without what a person has seen who had to say yes before the node begins.
    pub(super) fn let_out(&self, node: &'a Node, expr: &'a Expr) -> Comes {
        self.without_seen(expr, || heard(self.consent.before(Spot { node, around: &self.around })))
    }

    /// What a block's result comes from, without what a person has seen who had to say yes before there is one.
    pub(super) fn result(&self, block: &'a Block) -> Comes {
        let Some(result) = &block.result else { return Comes::default() };
        self.without_seen(result, || heard(self.consent.before_result(block, &self.around)))
    }

    /// The first place in blocks of a node that changes the world by a decision that nobody has seen who must say yes
    /// before it does.
    pub(super) fn decided(
        &mut self,
        node: &'a Node,
        deciding: &[&'a Expr],
        blocks: &[&'a Block],
    ) -> Option<(Comes, Span)> {
        if all(deciding, |expr| self.let_out(node, expr)).is_clean() {
            return None;
        }
        // Who says yes to what is done for an item has seen what decides of that.
        let item = match &node.kind {
            NodeKind::For { item, .. } => Some(*item),
            _ => None,
        };
        let mut found = None;
        let mut around = std::mem::take(&mut self.around);
        for (index, block) in blocks.iter().enumerate() {
            around.push((node, index));
            visit_block(block, &mut around, &mut |spot| {
                if found.is_none()
                    && self.changes_itself(spot.node)
                    && !item.is_some_and(|item| self.is_seen(item, spot))
                {
                    let unseen = all(deciding, |expr| self.without_seen(expr, || heard(self.consent.before(spot))));
                    found = (!unseen.is_clean()).then_some((unseen, spot.node.at));
                }
            });
            around.pop();
        }
        self.around = around;
        found
    }

    /// Whether somebody has said yes to an item before a node begins.
    fn is_seen(&self, item: VarId, spot: Spot<'_, 'a>) -> bool {
        let places = [Place { root: Root::Var(item), path: vec![] }].into();
        heard(self.consent.before(spot)).iter().any(|asking| self.consent.has_seen(asking, &places))
    }

    fn without_seen<'s>(&'s self, expr: &'a Expr, heard: impl FnOnce() -> Vec<&'s Asking<'a>>) -> Comes {
        let comes = self.expr(expr);
        if comes.is_clean() || !self.consent.asks_somebody() {
            return comes;
        }
        let heard = heard();
        if heard.is_empty() { comes } else { self.unseen(&heard, expr) }
    }

    fn unseen(&self, heard: &[&Asking<'a>], expr: &'a Expr) -> Comes {
        let mut comes = Comes::default();
        let mut pending = vec![expr];
        let mut left = DEEPEST;
        while let Some(expr) = pending.pop() {
            let places = self.consent.places(expr);
            if heard.iter().any(|asking| self.consent.has_seen(asking, &places)) {
                continue;
            }
            let ExprKind::Var(var) = &expr.kind else {
                pending.extend(subexpressions(expr));
                continue;
            };
            match self.consent.made_of(*var) {
                Some(made) if left > 0 => {
                    left -= 1;
                    pending.push(made);
                }
                _ => self.values.get(var).into_iter().for_each(|value| comes.join(value)),
            }
        }
        comes
    }
}

fn heard<'s, 'a>(asked: Vec<(&'s Asking<'a>, Heard)>) -> Vec<&'s Asking<'a>> {
    asked.into_iter().filter_map(|(asking, heard)| (heard == Heard::Yes).then_some(asking)).collect()
}

fn all<'a>(exprs: &[&'a Expr], comes_of: impl Fn(&'a Expr) -> Comes) -> Comes {
    exprs.iter().fold(Comes::default(), |mut comes, expr| {
        comes.join(&comes_of(expr));
        comes
    })
}
