//! Under which answers of a person, in words of their own, something is reached: what `if`, `match` and `require` let by.
//!
//! A condition is worked out once for each word of the answer's enum; what cannot be told then lets every word by. Knows
//! no graph: [`super`] says which choices are around a node and which requirements come before it.

use super::Consent;
use flow_expr::{BinaryOp, Expr, ExprKind, Pattern, Type, TypeDef, UnaryOp, Value, VarId};
use flow_plan::{APPROVAL, Block, MatchArm, Node, NodeKind, Program, Step, every_expression};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// How many parts of one condition are worked out for one answer.
const MOST_PARTS: usize = 512;

/// How many variables in a condition are looked through to what they stand for.
const MOST_NAMES: usize = 64;

/// Words of an enum.
pub(crate) type Words = BTreeSet<Arc<str>>;

/// An answer in other words than yes and no.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    /// Those with which the run may go on.
    pub(super) words: Words,
    /// How many a person may choose from.
    pub(super) all: usize,
    /// Those that may come without a person; none where nothing says which.
    pub(super) stand_ins: Option<Words>,
}

/// Whether an answer is a yes to what happens at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// It is.
    Yes,
    /// A no may be caught on the way.
    Caught,
    /// Every answer leads there.
    Anyway,
    /// So does one that no person gives: this, or something computed.
    StandsIn(Option<Arc<str>>),
}

impl Answer {
    /// What a step is answered; none if that is yes or no.
    pub(super) fn of(program: &Program, step: &Step) -> Option<Self> {
        let Type::Named(name) = &step.returns else { return None };
        let Some(TypeDef::Enum(variants)) = program.types.get(name).filter(|_| name.as_str() != APPROVAL) else {
            return None;
        };
        let words: Words = variants.iter().map(|variant| variant.name.clone()).collect();
        let stand_ins = crate::trust::fallbacks(step).map(constant).collect();
        Some(Self { all: words.len(), words, stand_ins })
    }

    /// The same with what a call's `else` stands in with.
    pub(super) fn or_else(mut self, recover: Option<&Block>) -> Self {
        let Some(block) = recover else { return self };
        let word = block.result.as_deref().filter(|_| block.nodes.is_empty()).and_then(constant);
        self.words.extend(word.clone());
        self.stand_ins = self.stand_ins.zip(word).map(|(mut words, word)| {
            words.insert(word);
            words
        });
        self
    }

    /// What the answer is to a place that is reached under these words of it.
    pub(super) fn heard(&self, reached: &Words) -> Heard {
        if reached.len() >= self.all {
            return Heard::Anyway;
        }
        match &self.stand_ins {
            None => Heard::StandsIn(None),
            Some(words) => {
                words.intersection(reached).next().map_or(Heard::Yes, |word| Heard::StandsIn(Some(word.clone())))
            }
        }
    }
}

fn constant(expr: &Expr) -> Option<Arc<str>> {
    match &expr.kind {
        ExprKind::Const(Value::Variant(value)) => Some(value.variant.clone()),
        ExprKind::Variant { variant, .. } => Some(variant.clone()),
        _ => None,
    }
}

/// What is known of a value under one answer.
#[derive(Clone, PartialEq)]
enum Known {
    Bool(bool),
    Word(Arc<str>),
}

/// One word taken to be the answer that a variable holds.
struct Under<'c, 'a> {
    consent: &'c Consent<'a>,
    answer: VarId,
    word: &'c Arc<str>,
    left: usize,
}

impl<'a> Consent<'a> {
    /// The words under which each block of a node is reached, or under which it lets by what comes after it, for each
    /// answer that the node looks at; all of them are left out.
    pub(super) fn lets_by(&self, node: &Node, answers: &BTreeMap<VarId, usize>) -> Vec<(usize, usize, Words)> {
        let looks_at: Vec<&Expr> = match &node.kind {
            NodeKind::If { condition, .. } | NodeKind::Require { condition, warn: false, .. } => vec![condition],
            NodeKind::Match { subject, arms } => {
                std::iter::once(subject).chain(arms.iter().filter_map(|arm| arm.condition.as_ref())).collect()
            }
            _ => return vec![],
        };
        let mut found = vec![];
        for (var, position) in self.mentioned(looks_at, answers) {
            let Some(answer) = self.asking[position].answer.as_ref() else { continue };
            let mut blocks: Vec<Words> = vec![Words::new(); node.blocks().len().max(1)];
            for word in &answer.words {
                let reached = Under { consent: self, answer: var, word, left: MOST_PARTS }.reached(&node.kind);
                for (block, _) in blocks.iter_mut().zip(reached).filter(|(_, is_reached)| *is_reached) {
                    block.insert(word.clone());
                }
            }
            let fewer = blocks.into_iter().enumerate().filter(|(_, words)| words.len() < answer.words.len());
            found.extend(fewer.map(|(block, words)| (block, position, words)));
        }
        found
    }

    /// The answers that expressions are made of, by what holds them.
    fn mentioned(&self, exprs: Vec<&Expr>, answers: &BTreeMap<VarId, usize>) -> BTreeMap<VarId, usize> {
        let (mut found, mut seen, mut pending) = (BTreeMap::new(), BTreeSet::new(), exprs);
        while let Some(expr) = pending.pop() {
            for part in every_expression(expr) {
                let ExprKind::Var(var) = &part.kind else { continue };
                match answers.get(var) {
                    Some(position) => drop(found.insert(*var, *position)),
                    None if seen.len() < MOST_NAMES && seen.insert(*var) => pending.extend(self.made_of(*var)),
                    None => {}
                }
            }
        }
        found
    }
}

impl Under<'_, '_> {
    /// Whether each block of a choice may be reached, or what comes after a requirement.
    fn reached(&mut self, kind: &NodeKind) -> Vec<bool> {
        match kind {
            NodeKind::If { condition, .. } => {
                let known = self.know(condition);
                vec![known != Some(Known::Bool(false)), known != Some(Known::Bool(true))]
            }
            NodeKind::Require { condition, .. } => vec![self.know(condition) != Some(Known::Bool(false))],
            NodeKind::Match { subject, arms } => {
                let known = self.know(subject);
                let parts = |arm: &MatchArm| (arm.pattern.clone(), arm.condition.clone());
                let arms: Vec<_> = arms.iter().map(parts).collect();
                let mut is_open = true;
                let reached = arms.iter().map(|(pattern, condition)| {
                    let is_taken = self.takes(pattern, condition.as_ref(), known.as_ref());
                    let may_be = is_open && is_taken != Some(false);
                    is_open &= is_taken != Some(true);
                    may_be
                });
                reached.collect()
            }
            _ => vec![],
        }
    }

    /// Whether an arm is taken if none before it is; nothing where that cannot be told.
    fn takes(&mut self, pattern: &Pattern, condition: Option<&Expr>, known: Option<&Known>) -> Option<bool> {
        let holds = match condition.map(|condition| self.know(condition)) {
            None => Some(true),
            Some(Some(Known::Bool(holds))) => Some(holds),
            Some(_) => None,
        };
        and(fits(pattern, known), holds)
    }

    /// The value of an expression, as far as the answer alone tells it. Recurses at most as deeply as there are parts
    /// left.
    fn know(&mut self, expr: &Expr) -> Option<Known> {
        self.left = self.left.checked_sub(1)?;
        Some(match &expr.kind {
            ExprKind::Const(Value::Bool(value)) => Known::Bool(*value),
            ExprKind::Const(Value::Variant(value)) if value.fields.is_empty() => Known::Word(value.variant.clone()),
            ExprKind::Variant { variant, fields, .. } if fields.is_empty() => Known::Word(variant.clone()),
            ExprKind::Var(var) if *var == self.answer => Known::Word(self.word.clone()),
            ExprKind::Var(var) => return self.know(self.consent.made_of(*var)?),
            ExprKind::Unary(UnaryOp::Not, inner) => Known::Bool(!self.holds(inner)?),
            ExprKind::Binary(BinaryOp::And, left, right) => {
                let (left, right) = (self.holds(left), self.holds(right));
                Known::Bool(and(left, right)?)
            }
            ExprKind::Binary(BinaryOp::Or, left, right) => {
                let (left, right) = (self.holds(left).map(|left| !left), self.holds(right).map(|right| !right));
                Known::Bool(!and(left, right)?)
            }
            ExprKind::Binary(BinaryOp::Equal, left, right) => Known::Bool(self.know(left)? == self.know(right)?),
            ExprKind::Binary(BinaryOp::NotEqual, left, right) => Known::Bool(self.know(left)? != self.know(right)?),
            ExprKind::If(condition, then, otherwise) => match self.holds(condition) {
                Some(true) => return self.know(then),
                Some(false) => return self.know(otherwise),
                None => return self.know(then).filter(|then| self.know(otherwise).as_ref() == Some(then)),
            },
            ExprKind::Match(subject, arms) => {
                let known = self.know(subject);
                for arm in arms {
                    if self.takes(&arm.pattern, arm.condition.as_ref(), known.as_ref())? {
                        return self.know(&arm.body);
                    }
                }
                return None;
            }
            _ => return None,
        })
    }

    fn holds(&mut self, expr: &Expr) -> Option<bool> {
        match self.know(expr) {
            Some(Known::Bool(holds)) => Some(holds),
            _ => None,
        }
    }
}

fn and(left: Option<bool>, right: Option<bool>) -> Option<bool> {
    match (left, right) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

/// Patterns nest at most as deeply as the parser allows (256).
fn fits(pattern: &Pattern, known: Option<&Known>) -> Option<bool> {
    match pattern {
        Pattern::Any | Pattern::Bind(_) => Some(true),
        Pattern::Const(Value::Bool(value)) => known.map(|known| *known == Known::Bool(*value)),
        Pattern::Const(Value::Variant(value)) => known.map(|known| *known == Known::Word(value.variant.clone())),
        Pattern::Variant(name, _) => known.map(|known| *known == Known::Word(name.clone())),
        Pattern::Const(_) | Pattern::Absent => None,
        Pattern::Either(patterns) => {
            let mut is_none = Some(true);
            for one in patterns {
                is_none = and(is_none, fits(one, known).map(|fits| !fits));
            }
            is_none.map(|is_none| !is_none)
        }
    }
}
