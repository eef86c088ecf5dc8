//! E08: promises of freshness that cannot be kept, with the sum; and promises that nothing bounds.

use crate::{
    bounds::{Age, SystemBounds, Unbounded},
    calendar::{Gap, why_so_long},
    deadlines::{assumptions, point_at},
    spell,
};
use flow_diag::{Problem, Problems, Span, codes};
use flow_expr::Name;
use flow_plan::{
    Arrival, DataTimeSource, Dataset, Flow, Freshness, NodeKind, Overlap, Program, Provenance, Schedule, StaleAction,
    Start, Trigger,
};

/// All checks of the family.
pub(crate) fn check(bounds: &mut SystemBounds<'_>) -> Problems {
    let mut problems = Problems::default();
    let program = bounds.program;
    for dataset in program.datasets.values() {
        let Some(fresh) = &dataset.fresh else { continue };
        match (&dataset.writer, &dataset.arrives) {
            (Some(writer), _) => {
                let Some(flow) = program.flows.get(writer) else { continue };
                match bounds.age(&dataset.name) {
                    Ok(age) if age.total_ms > fresh.within_ms => {
                        problems.push(TooOld { program, dataset, fresh, flow, age });
                    }
                    Ok(_) => {}
                    // Reported as E0702 and E0301.
                    Err(unbounded) if unbounded.is_backlog || !bounds.ages.contains_key(&dataset.name) => {}
                    // Who starts a flow by hand knows when; it matters where a flow that starts by itself rests on it.
                    Err(unbounded) if unbounded.is_by_hand && !is_needed(program, &dataset.name) => {}
                    Err(unbounded) => problems.push(NoBound { dataset, fresh, unbounded: &unbounded }),
                }
            }
            (None, Some(arrives)) => {
                if let Some(rare) = rare(bounds, dataset, fresh, arrives) {
                    problems.push(rare);
                }
            }
            (None, None) => {}
        }
    }
    problems
}

/// Requirements that would refresh what no flow writes.
pub(crate) fn unrefreshed(program: &Program) -> Problems {
    let mut problems = Problems::default();
    for node in program.flows.values().flat_map(Flow::nodes) {
        if let NodeKind::RequireFresh { dataset, action: StaleAction::Refresh, .. } = &node.kind
            && let Some(dataset) = program.datasets.get(dataset)
            && dataset.writer.is_none()
        {
            problems.push(Unrefreshed { dataset, at: node.at });
        }
    }
    problems
}

/// A requirement that would refresh what no flow writes.
struct Unrefreshed<'a> {
    dataset: &'a Dataset,
    at: Span,
}

impl From<Unrefreshed<'_>> for Problem {
    fn from(found: Unrefreshed<'_>) -> Self {
        let name = found.dataset.name.short();
        let (at, what) = match &found.dataset.arrives {
            Some(arrives) => (arrives.at, "others bring it"),
            None => (found.dataset.at, "no flow writes it"),
        };
        Self::error(codes::E0803, found.at, format!("`{name}` cannot be refreshed: no flow writes it"), "required here")
            .label(at, what)
            .help("wait for it, `else wait up to 1h`, or say what happens without it: `else fail`, `skip` or `warn`")
    }
}

/// Whether a flow that starts by itself reads the dataset without requiring that it is fresh: it rests on the promise.
fn is_needed(program: &Program, dataset: &Name) -> bool {
    program.flows.values().filter(|flow| !flow.starts.is_empty()).any(|flow| {
        let reads =
            |kind: &NodeKind| matches!(kind, NodeKind::Read { dataset: read, previous: false, .. } if read == dataset);
        let requires = |kind: &NodeKind| matches!(kind, NodeKind::RequireFresh { dataset: of, .. } if of == dataset);
        flow.nodes().any(|node| reads(&node.kind)) && !flow.nodes().any(|node| requires(&node.kind))
    })
}

/// A promise that cannot be kept.
struct TooOld<'a> {
    program: &'a Program,
    dataset: &'a Dataset,
    fresh: &'a Freshness,
    flow: &'a Flow,
    age: &'a Age,
}

impl From<TooOld<'_>> for Problem {
    fn from(found: TooOld<'_>) -> Self {
        let TooOld { program, dataset, fresh, flow, age } = found;
        let name = dataset.name.short();
        let (promise, total) = (spell::length(fresh.within_ms), spell::length(age.total_ms));
        let title = format!("`{name}` promises {promise}, but can be {total} old");
        let mut problem = Self::error(codes::E0801, fresh.at, title, "promised here");
        problem = problem.label(age.rhythm.at, between(age.rhythm.gap, &age.rhythm.zone));
        if !age.rhythm.keeps_all && flow.overlap == Overlap::Skip {
            let takes = spell::length(age.rhythm.duration_ms);
            problem = problem.note(format!(
                "a start that comes while a run goes on is left out, and a run of `{}` may take {takes}",
                flow.name.short()
            ));
        }
        problem = point_at(problem, program, &age.path, age.path_ms);
        if let Some(input) = &age.input {
            let old = spell::length(input.ms);
            let what =
                if input.because.is_some() { format!("`{}`", input.dataset.short()) } else { "the input".into() };
            if input.ms > 0 {
                problem = problem.label(input.at, format!("{what} may already be {old} old when it is read"));
            }
            if let Some(because) = &input.because {
                problem = problem.note(because.clone());
            }
            if input.provenance == Provenance::Assumed && age.path.iter().all(|leg| leg.provenance != input.provenance)
            {
                let of = input.dataset.short();
                problem =
                    problem.note(format!("assumed, not proved: the age of `{of}` rests on a default or a promise"));
            }
        }
        if let Some(kept) = &age.kept {
            let old = spell::length(kept.ms);
            problem = problem.label(kept.at, format!("a result may be used again until it is {old} old"));
        }
        problem = problem.note(format!("{} = {total}", sum(age)));
        problem = assumptions(problem, program, &age.path);
        if matches!(fresh.by, DataTimeSource::Column(_)) {
            problem = problem.note("assumed: the newest value of its column is that of what it is made from");
        }
        let kept = format!("fresh within {}", spell::length(spell::round_up(age.total_ms)));
        let kept = format!("{kept}{}", by(fresh));
        match require(&found) {
            Some(require) => {
                let short = require.split(" else").next().unwrap_or_default().to_owned();
                let problem = problem.help(format!("`{short}` in the flow, or promise `{kept}`"));
                // Which of the two is for people to say, so a fix is offered only beside the other.
                match flow.starts.first().filter(|_| reads(flow, age) && !requires(flow, age)).map(|start| start.at) {
                    Some(at) => problem
                        .fix(
                            "require the input to be fresher",
                            Span::new(at.file, at.end, at.end),
                            format!("\n  {require}"),
                        )
                        .fix("promise what can be kept", fresh.at, kept),
                    None => problem,
                }
            }
            None => {
                let less = match &age.kept {
                    Some(kept) => format!("keep results of `{}` for less time", kept.step.short()),
                    None => more_often(program, flow),
                };
                problem.help(format!("{less}, or promise `{kept}`"))
            }
        }
    }
}

/// What makes a flow run more often: where it starts for new versions, their writer.
fn more_often<'a>(program: &'a Program, mut flow: &'a Flow) -> String {
    // A flow that starts itself by what it writes is in a circle (E0301).
    for _ in 0..=program.flows.len() {
        let datasets = match &flow.starts[..] {
            [Start { trigger: Trigger::Updates(datasets), .. }] => datasets,
            [] => return format!("start what calls `{}` more often", flow.name.short()),
            _ => break,
        };
        let [dataset] = &datasets[..] else { break };
        let writer = program.datasets.get(dataset).and_then(|dataset| dataset.writer.as_ref());
        let Some(writer) = writer.and_then(|writer| program.flows.get(writer)) else {
            return format!("have `{}` brought more often", dataset.short());
        };
        flow = writer;
    }
    format!("start `{}` more often", flow.name.short())
}

/// ` by placed_at`, as it is written behind the promise.
fn by(fresh: &Freshness) -> String {
    match &fresh.by {
        DataTimeSource::Column(column) => format!(" by {column}"),
        DataTimeSource::Modified => " by modified".to_owned(),
        DataTimeSource::Derived => String::new(),
    }
}

/// `up to 25h between starts (clocks go back on 2026-10-25)`.
#[must_use]
pub fn between(gap: Gap, zone: &str) -> String {
    let why = if gap.from == 0 { None } else { why_so_long(gap, zone) };
    let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
    format!("up to {} between starts{why}", spell::length(gap.ms()))
}

/// The terms of an age.
#[must_use]
pub fn sum(age: &Age) -> String {
    let mut terms = vec![format!("{} between starts", spell::length(age.rhythm.gap.ms()))];
    if age.rhythm.delay_ms > 0 {
        terms.push(format!("{} until the start comes", spell::length(age.rhythm.delay_ms)));
    }
    if age.path_ms > 0 {
        terms.push(format!("{} for the path to the write", spell::length(age.path_ms)));
    }
    if let Some(kept) = &age.kept {
        terms.push(format!("{} that a result of `{}` is kept", spell::length(kept.ms), kept.step.short()));
    }
    if let Some(input) = age.input.as_ref().filter(|input| input.ms > 0) {
        terms.push(format!("{} that `{}` may be old", spell::length(input.ms), input.dataset.short()));
    }
    terms.join(" + ")
}

/// The requirement of the oldest input that would keep the promise, if any would.
fn require(found: &TooOld<'_>) -> Option<String> {
    let input = found.age.input.as_ref()?;
    let rest = found.age.total_ms - input.ms;
    let left = found.fresh.within_ms.checked_sub(rest).filter(|left| *left > 0)?;
    let (name, within) = (input.dataset.short(), spell::length(spell::round_down(left)));
    Some(format!("require {name} fresh within {within} else fail \"{name} is too old\""))
}

/// Whether the flow itself reads the oldest input, and not one that it calls.
fn reads(flow: &Flow, age: &Age) -> bool {
    flow.nodes().any(|node| match &node.kind {
        NodeKind::Read { dataset, .. } => age.input.as_ref().is_some_and(|input| input.dataset == *dataset),
        _ => false,
    })
}

/// Whether the flow already requires the oldest input to be fresh, in words that end a run.
fn requires(flow: &Flow, age: &Age) -> bool {
    flow.body.nodes.iter().any(|node| match &node.kind {
        NodeKind::RequireFresh { dataset, action, .. } => {
            *action != StaleAction::Warn && age.input.as_ref().is_some_and(|input| input.dataset == *dataset)
        }
        _ => false,
    })
}

/// A promise that rests on something without a bound.
struct NoBound<'a> {
    dataset: &'a Dataset,
    fresh: &'a Freshness,
    unbounded: &'a Unbounded,
}

impl From<NoBound<'_>> for Problem {
    fn from(found: NoBound<'_>) -> Self {
        let name = found.dataset.name.short();
        let promise = spell::length(found.fresh.within_ms);
        let title = format!("`{name}` promises {promise}, but nothing bounds how old it gets");
        Self::warning(codes::W0801, found.fresh.at, title, "promised here")
            .label(found.unbounded.at, found.unbounded.why.clone())
            .help(found.unbounded.help.clone())
    }
}

/// Data that others bring less often than it promises to be fresh.
struct Rare<'a> {
    dataset: &'a Dataset,
    fresh: &'a Freshness,
    arrives: &'a Arrival,
    gap: Gap,
    zone: &'a str,
}

fn rare<'a>(
    bounds: &mut SystemBounds<'_>,
    dataset: &'a Dataset,
    fresh: &'a Freshness,
    arrives: &'a Arrival,
) -> Option<Rare<'a>> {
    let schedule = arrives.schedule.as_ref()?;
    let gap = bounds.calendars.of(schedule)?.longest_gap(0)?;
    let zone = match schedule {
        Schedule::Days { zone, .. } | Schedule::Cron { zone, .. } => zone,
        Schedule::Every { .. } => "UTC",
    };
    (gap.ms() > fresh.within_ms).then_some(Rare { dataset, fresh, arrives, gap, zone })
}

impl From<Rare<'_>> for Problem {
    fn from(found: Rare<'_>) -> Self {
        let Rare { dataset, fresh, arrives, gap, zone } = found;
        let name = dataset.name.short();
        let (promise, length) = (spell::length(fresh.within_ms), spell::length(gap.ms()));
        let title = format!("`{name}` promises {promise}, but arrives up to {length} apart");
        let why = if gap.from == 0 { None } else { why_so_long(gap, zone) };
        let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
        let kept = format!("fresh within {}{}", spell::length(spell::round_up(gap.ms())), by(fresh));
        Self::error(codes::E0802, fresh.at, title, "promised here")
            .label(arrives.at, format!("up to {length} from one to the next{why}"))
            .help(format!("promise `{kept}`, or have it brought more often"))
    }
}
