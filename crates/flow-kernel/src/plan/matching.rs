//! `match` as a chain of conditions.

use super::{
    Constant, Node, Op, Why,
    lower::{Bound, Frame, Lower},
};
use crate::kind::Kind;
use flow_expr::{Arm, BinaryOp, Expr, Pattern};
use std::sync::Arc;

impl Lower<'_> {
    pub(super) fn matching(
        &mut self,
        subject: &Expr,
        arms: &[Arm],
        frame: &Frame,
        hint: Option<&Kind>,
    ) -> Result<Arc<Node>, Why> {
        let node = self.operand(subject, frame, None).map_err(|_| "it matches what is not compiled")?;
        let source = super::lower::closed(subject, frame, &"it is very long".to_owned())?;
        let bound = Bound { node: node.clone(), source };
        let mut lowered = Vec::with_capacity(arms.len());
        let mut kind = hint.cloned();
        for arm in arms {
            let fits = self.fits(&arm.pattern, &node)?;
            let mut inner = frame.clone();
            inner.extend(arm.pattern.variables().into_iter().map(|var| (var, bound.clone())));
            let condition = match &arm.condition {
                Some(condition) => {
                    let condition = self.operand(condition, &inner, Some(&Kind::Bool))?;
                    let condition = self.node(Op::Required(condition), Kind::Bool)?;
                    self.node(Op::And(fits, condition), Kind::Bool)?
                }
                None => fits,
            };
            let body = self.operand(&arm.body, &inner, kind.as_ref())?;
            if matches!(body.kind, Kind::Decimal(_) | Kind::Int) && kind.as_ref().is_some_and(|kind| *kind != body.kind)
            {
                return Err("the arms of its `match` have different scales".into());
            }
            kind = Some(body.kind.clone());
            lowered.push((condition, body));
        }
        let kind = kind.ok_or("it matches nothing")?;
        // Where no arm fits the evaluator says so.
        let mut result = self.node(Op::Unknown, kind.clone())?;
        for (condition, body) in lowered.into_iter().rev() {
            result = self.node(Op::If(condition, body, result), kind.clone())?;
        }
        self.node(Op::After(node, result), kind)
    }

    fn fits(&mut self, pattern: &Pattern, subject: &Arc<Node>) -> Result<Arc<Node>, Why> {
        let why = || "it matches what variants hold".to_owned();
        match pattern {
            Pattern::Any | Pattern::Bind(_) => self.node(Op::Const(Constant::Bool(true)), Kind::Bool),
            Pattern::Absent => {
                let present = self.node(Op::IsPresent(subject.clone()), Kind::Bool)?;
                self.node(Op::Not(present), Kind::Bool)
            }
            Pattern::Const(value) => {
                let wanted = self.constant_node(value, Some(&subject.kind))?;
                let (subject, wanted) = self.alike(subject.clone(), wanted)?;
                self.compared(BinaryOp::Equal, subject, wanted)
            }
            Pattern::Variant(name, payload) => {
                let Kind::Enum(ty) = &subject.kind else { return Err(why()) };
                let variants = super::constant::variants(ty, self.context.types).ok_or_else(why)?;
                let position = variants.iter().position(|variant| variant == name).ok_or_else(why)?;
                if !payload.is_empty() {
                    return Err(why());
                }
                let position = Constant::Whole(i64::try_from(position).unwrap_or(i64::MAX));
                let wanted = self.node(Op::Const(position), subject.kind.clone())?;
                self.compared(BinaryOp::Equal, subject.clone(), wanted)
            }
            Pattern::Either(choices) => {
                let mut any = self.node(Op::Const(Constant::Bool(false)), Kind::Bool)?;
                for choice in choices {
                    let fits = self.fits(choice, subject)?;
                    any = self.node(Op::Or(any, fits), Kind::Bool)?;
                }
                Ok(any)
            }
        }
    }
}
