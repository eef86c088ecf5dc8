//! E0403: what cannot be undone is done behind a person's yes to the same arguments.
//!
//! A call of an irreversible step must wait, on every path, for a person's yes who has seen what the call is given
//! ([`crate::consent`]); and one yes is for one such call: neither for a second one of the same step and values, nor for
//! each turn of a loop. A flow that is given an [`flow_plan::APPROVAL`] leaves it to those that call it to have asked, about what it
//! is given; [`report`] says what is missing. What models may call is [`crate::tools`]'s. Knows no text; tested by
//! `tests/check/approvals.flow`.

mod report;

use crate::consent::{
    Asking, Consent, Givers, Heard, Place, Places, Root, Spot, Words, is_approval, may_be_same, visit,
};
use flow_diag::{Problems, Span};
use flow_expr::{Expr, Name};
use flow_plan::{CachePolicy, Effect, Flow, NodeId, NodeKind, Program, Step};
use std::collections::{BTreeMap, BTreeSet};

/// All checks of the family. Linear in nodes where no step is irreversible.
#[must_use]
pub fn check(program: &Program) -> Problems {
    if program.steps.values().all(|step| step.effect != Effect::Irreversible) {
        return Problems::default();
    }
    let calls = program.flows.values().flat_map(Flow::nodes).filter_map(|node| match &node.kind {
        NodeKind::Flow { flow, .. } => Some(flow),
        _ => None,
    });
    let mut check = Check {
        program,
        called: calls.collect(),
        givers: Givers::default(),
        left: BTreeMap::new(),
        problems: Problems::default(),
    };
    for name in crate::trust::callees_first(program) {
        check.flow(name);
    }
    check.problems
}

/// Something that cannot be undone and wants a yes: a call of a step, or of a flow that leaves it to its callers.
#[derive(Clone)]
struct Act<'a> {
    step: &'a Step,
    /// The call of the step.
    at: Span,
    /// What each argument consists of, and where it is written.
    args: Vec<(Places, Span)>,
}

impl<'a> Act<'a> {
    fn values(&self) -> Places {
        self.args.iter().flat_map(|(places, _)| places.iter().cloned()).collect()
    }

    fn with_lists(&self, consent: &Consent<'a>) -> Self {
        let args = self.args.iter().map(|(places, at)| (consent.with_lists(places), *at)).collect();
        Self { args, ..*self }
    }

    /// Whether what it is given is made of a flow's parameters alone.
    fn is_of_params(&self, flow: &Flow) -> bool {
        let is_param =
            |place: &Place| !place.is_by_a_rule() && flow.params.iter().any(|param| place.root == Root::Var(param.var));
        self.args.iter().all(|(places, _)| places.iter().all(is_param))
    }
}

/// Why an act has no yes, the least telling first.
enum Lacks<'a> {
    /// Nobody is asked on the way.
    Nobody,
    /// The answer is no yes: a no is caught, or what it says does not decide.
    Unheard(&'a Step, Span, Heard),
    /// The answer may be one that was given in an earlier run.
    Kept(&'a Step, Span),
    /// Somebody is asked there who does not see this argument.
    Unseen(&'a Step, Span, Span),
    /// The same yes has served the same act here.
    Spent(&'a Step, Span, Span),
    /// The yes serves each turn of this loop.
    Repeated(&'a Step, Span, Span),
    /// So does the yes that the flow is given.
    Again(Span),
}

impl Lacks<'_> {
    fn rank(&self) -> u8 {
        match self {
            Self::Nobody => 0,
            Self::Unheard(..) => 1,
            Self::Kept(..) | Self::Unseen(..) => 2,
            Self::Spent(..) => 3,
            Self::Repeated(..) | Self::Again(_) => 4,
        }
    }
}

/// An act that a yes has served: which step, which values, and the branches around it.
struct Served<'a> {
    asking: NodeId,
    step: &'a Name,
    /// As parts of the lists that they are items of.
    values: Places,
    /// Under which words of the answer, if it is of other words than yes and no.
    words: Words,
    around: Vec<(NodeId, usize)>,
    at: Span,
}

impl Served<'_> {
    /// Whether both can happen in one run: not in two branches of the same choice.
    fn may_be_with(&self, around: &[(NodeId, usize)], is_choice: impl Fn(NodeId) -> bool) -> bool {
        self.apart(around).is_none_or(|choice| !is_choice(choice))
    }

    /// The node in different blocks of which they are.
    fn apart(&self, around: &[(NodeId, usize)]) -> Option<NodeId> {
        let apart = self.around.iter().zip(around).find(|(one, other)| one != other);
        apart.filter(|(one, other)| one.0 == other.0).map(|(one, _)| one.0)
    }
}

struct Check<'a> {
    program: &'a Program,
    /// Flows that others call.
    called: BTreeSet<&'a Name>,
    givers: Givers<'a>,
    /// What flows that are given a yes leave to their callers, over their parameters.
    left: BTreeMap<&'a Name, Vec<Act<'a>>>,
    problems: Problems,
}

impl<'a> Check<'a> {
    fn flow(&mut self, name: &'a Name) {
        let Some(flow) = self.program.flows.get(name) else { return };
        let consent = Consent::of(self.program, flow, &self.givers);
        self.givers.learn(name, flow, &consent);
        let is_given_a_yes = self.called.contains(name) && flow.params.iter().any(|param| is_approval(&param.ty));
        let (mut served, mut left) = (vec![], vec![]);
        visit(flow, &mut |spot| {
            for act in self.acts(&consent, spot) {
                let Some(mut lacks) = lacks(&consent, spot, &act, &mut served) else { continue };
                if is_given_a_yes && matches!(lacks, Lacks::Nobody) {
                    let of_callers = act.with_lists(&consent);
                    match consent.repeats(None, spot, &act.values()) {
                        None if of_callers.is_of_params(flow) => {
                            left.push(of_callers);
                            continue;
                        }
                        None => {}
                        Some(each) => lacks = Lacks::Again(each.at),
                    }
                }
                self.problems.push(report::NoYes { flow, act, at: spot.node.at, lacks });
            }
        });
        self.left.insert(name, left);
    }

    /// What a node does that cannot be undone.
    fn acts(&self, consent: &Consent<'a>, spot: Spot<'_, 'a>) -> Vec<Act<'a>> {
        match &spot.node.kind {
            NodeKind::Call { step, args, .. } => {
                let step = self.program.steps.get(step).filter(|step| step.effect == Effect::Irreversible);
                let args = || args.iter().map(|arg| (consent.places(arg), arg.at)).collect();
                step.map(|step| Act { step, at: spot.node.at, args: args() }).into_iter().collect()
            }
            NodeKind::Flow { flow, args, .. } => {
                let (Some(left), Some(flow)) = (self.left.get(flow), self.program.flows.get(flow)) else {
                    return vec![];
                };
                left.iter().map(|act| given(consent, flow, args, act)).collect()
            }
            _ => vec![],
        }
    }
}

/// An act of a called flow, over what the flow is given.
fn given<'a>(consent: &Consent<'a>, flow: &Flow, args: &[Expr], act: &Act<'a>) -> Act<'a> {
    let argument = |place: &Place| {
        let position = flow.params.iter().position(|param| place.root == Root::Var(param.var));
        position.and_then(|position| args.get(position)).map(|arg| (consent.part(arg, &place.path), arg.at))
    };
    let args = act.args.iter().map(|(places, at)| {
        let found: Vec<_> = places.iter().filter_map(argument).collect();
        let at = found.first().map_or(*at, |(_, at)| *at);
        (found.into_iter().flat_map(|(places, _)| places).collect(), at)
    });
    Act { step: act.step, at: act.at, args: args.collect() }
}

/// What an act lacks; nothing where a person has said yes to it, which then has served.
fn lacks<'a>(
    consent: &Consent<'a>,
    spot: Spot<'_, 'a>,
    act: &Act<'a>,
    served: &mut Vec<Served<'a>>,
) -> Option<Lacks<'a>> {
    let around: Vec<_> = spot.around.iter().map(|(node, index)| (node.id, *index)).collect();
    let choices: BTreeSet<NodeId> = spot
        .around
        .iter()
        .filter(|(node, _)| matches!(node.kind, NodeKind::If { .. } | NodeKind::Match { .. }))
        .map(|(node, _)| node.id)
        .collect();
    let values = act.values();
    let of_lists = consent.with_lists(&values);
    let mut lacks = Lacks::Nobody;
    for (asking, heard) in consent.before(spot) {
        let words = consent.words_before(spot, asking);
        let found = why_not(consent, spot, act, (asking, heard), &values).or_else(|| {
            let is_same = |one: &&Served<'_>| {
                one.asking == asking.id && *one.step == act.step.name && may_be_same(&one.values, &of_lists)
            };
            let same = served.iter().filter(is_same);
            if let Some(one) = same.clone().find(|one| one.may_be_with(&around, |id| choices.contains(&id))) {
                return Some(Lacks::Spent(asking.step, asking.at, one.at));
            }
            // In branches apart it is once, but maybe by every answer.
            let by_word =
                same.filter(|one| one.apart(&around).is_some_and(|choice| consent.is_looked_at_by(asking, choice)));
            let is_any = asking.is_every(&by_word.fold(words.clone(), |words, one| &words | &one.words));
            is_any.then_some(Lacks::Unheard(asking.step, asking.at, Heard::Anyway))
        });
        match found {
            None => {
                let at = spot.node.at;
                served.push(Served { asking: asking.id, step: &act.step.name, values: of_lists, words, around, at });
                return None;
            }
            Some(found) if found.rank() >= lacks.rank() => lacks = found,
            Some(_) => {}
        }
    }
    Some(lacks)
}

/// Why one answer is no yes to an act.
fn why_not<'a>(
    consent: &Consent<'a>,
    spot: Spot<'_, 'a>,
    act: &Act<'a>,
    (asking, heard): (&Asking<'a>, Heard),
    values: &Places,
) -> Option<Lacks<'a>> {
    if heard != Heard::Yes {
        return Some(Lacks::Unheard(asking.step, asking.at, heard));
    }
    if let Some((_, unseen)) = act.args.iter().find(|(places, _)| !consent.has_seen(asking, places)) {
        return Some(Lacks::Unseen(asking.step, asking.at, *unseen));
    }
    if asking.step.cache != CachePolicy::Never {
        return Some(Lacks::Kept(asking.step, asking.at));
    }
    consent.repeats(Some(asking), spot, values).map(|each| Lacks::Repeated(asking.step, asking.at, each.at))
}
