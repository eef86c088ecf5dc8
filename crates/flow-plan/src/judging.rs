//! Which judges a guard asks, and a guard's condition once their verdicts are known.
//!
//! A call of a judge stands in an expression like the call of a function, and is asked before the expression is
//! evaluated. What is asked is known by its arguments as they are written: the same call in a guard's condition and in
//! its message is one question. Knows neither how a judge is asked nor what becomes of its verdict.

use crate::{GuardAction, Program, meaning_hash};
use flow_expr::{Expr, ExprKind, Name, Value};
use std::{collections::BTreeMap, sync::Arc};

/// One question to a judge, as it stands in an expression.
#[derive(Clone, Debug, PartialEq)]
pub struct JudgeCall<'e> {
    /// The judge.
    pub judge: &'e Name,
    /// What it is asked about.
    pub args: &'e [Expr],
    /// What tells this question from others.
    pub key: Arc<str>,
}

/// The questions in an expression, each once, in the order of the text.
#[must_use]
pub fn judge_calls<'e>(expr: &'e Expr, is_judge: &dyn Fn(&Name) -> bool) -> Vec<JudgeCall<'e>> {
    let mut found: Vec<JudgeCall<'e>> = vec![];
    let mut places = vec![];
    expr.visit(&mut |part| {
        if let ExprKind::Call(judge, args) = &part.kind
            && is_judge(judge)
        {
            places.push((part.at, JudgeCall { judge, args, key: key(judge, args) }));
        }
    });
    places.sort_by_key(|(at, _)| *at);
    for (_, call) in places {
        if !found.iter().any(|known| known.key == call.key) {
            found.push(call);
        }
    }
    found
}

/// The expression with verdicts, by the keys of the questions, in the place of the questions.
#[must_use]
pub fn with_verdicts(expr: &Expr, verdicts: &BTreeMap<Arc<str>, Value>) -> Expr {
    let mut known = expr.clone();
    if verdicts.is_empty() {
        return known;
    }
    known.visit_mut(&mut |part| {
        let verdict = match &part.kind {
            ExprKind::Call(judge, args) => verdicts.get(&key(judge, args)),
            _ => None,
        };
        if let Some(verdict) = verdict {
            part.kind = ExprKind::Const(verdict.clone());
        }
    });
    known
}

fn key(judge: &Name, args: &[Expr]) -> Arc<str> {
    meaning_hash(&(judge, args))
}

impl Program {
    /// The questions to judges in an expression.
    #[must_use]
    pub fn judges_asked<'e>(&self, expr: &'e Expr) -> Vec<JudgeCall<'e>> {
        if self.judges.is_empty() { vec![] } else { judge_calls(expr, &|name| self.judges.contains_key(name)) }
    }
}

impl GuardAction {
    /// What the action evaluates: a message, or the value that stands for the result.
    #[must_use]
    pub fn expression(&self) -> Option<&Expr> {
        match self {
            Self::Retry(message) | Self::Fail(message) | Self::Warn(message) => message.as_ref(),
            Self::Ask { message, .. } => message.as_ref(),
            Self::Fallback(value) => Some(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flow_diag::{FileId, Span};
    use flow_expr::{BinaryOp, VarId};

    fn is_judge(name: &Name) -> bool {
        name.short() == "good"
    }

    fn asked(var: u32, start: u32) -> Expr {
        let at = Span::new(FileId::default(), start, start + 1);
        Expr::new(ExprKind::Call(Name::new("m.good"), vec![Expr::new(ExprKind::Var(VarId(var)), at)]), at)
    }

    fn both(left: Expr, right: Expr) -> Expr {
        Expr::new(ExprKind::Binary(BinaryOp::And, Box::new(left), Box::new(right)), Span::default())
    }

    #[test]
    fn one_question_is_asked_once_wherever_it_stands() {
        let expr = both(asked(1, 5), both(asked(1, 90), asked(2, 1)));
        let calls = judge_calls(&expr, &is_judge);
        assert_eq!(calls.len(), 2, "{calls:?}");
        assert_eq!(calls[0].args[0].kind, ExprKind::Var(VarId(2)), "the first in the text is the first");
        let verdicts = BTreeMap::from([(calls[1].key.clone(), Value::Bool(true))]);
        let known = with_verdicts(&expr, &verdicts);
        let left = judge_calls(&known, &is_judge);
        assert_eq!((left.len(), &left[0].args[0].kind), (1, &ExprKind::Var(VarId(2))));
    }

    #[test]
    fn a_function_is_no_judge() {
        let call = Expr::new(ExprKind::Call(Name::new("m.other"), vec![]), Span::default());
        assert_eq!(judge_calls(&call, &is_judge), []);
    }
}
