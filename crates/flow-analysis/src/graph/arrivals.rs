//! E0159 between datasets: each is brought when another one has a new version, in a circle, so that none ever comes.
//!
//! One that also comes by a clock, by hand, or after something outside the circle begins it. Knows nothing of
//! flows: what they write is there without this.

use flow_diag::{Problem, Problems, codes};
use flow_expr::Name;
use flow_plan::{Dataset, Program};
use std::collections::HashSet;

/// Datasets that wait for each other, each for the next one.
struct Waiting<'a> {
    round: Vec<&'a Dataset>,
}

pub(super) fn check(program: &Program, problems: &mut Problems) {
    let stuck = stuck(program);
    let mut seen: HashSet<&Name> = HashSet::new();
    for begin in program.datasets.values().filter(|dataset| stuck.contains(&dataset.name)) {
        let mut way: Vec<&Dataset> = vec![];
        let mut next = Some(begin);
        while let Some(dataset) = next {
            if let Some(first) = way.iter().position(|before| before.name == dataset.name) {
                problems.push(Waiting { round: way.split_off(first) });
                break;
            }
            if !seen.insert(&dataset.name) {
                break;
            }
            way.push(dataset);
            next =
                after(dataset).iter().filter(|name| stuck.contains(name)).find_map(|name| program.datasets.get(name));
        }
    }
}

/// Datasets that no new version outside of them brings.
fn stuck(program: &Program) -> HashSet<&Name> {
    let mut stuck: HashSet<&Name> =
        program.datasets.values().filter(|dataset| !after(dataset).is_empty()).map(|dataset| &dataset.name).collect();
    loop {
        let begins = |name: &&&Name| {
            program.datasets.get(**name).is_none_or(|dataset| after(dataset).iter().any(|name| !stuck.contains(name)))
        };
        let Some(free) = stuck.iter().find(begins).copied() else { return stuck };
        stuck.remove(free);
    }
}

fn after(dataset: &Dataset) -> &[Name] {
    dataset.arrives.as_ref().filter(|arrival| arrival.schedule.is_none()).map_or(&[], |arrival| &arrival.after)
}

impl From<Waiting<'_>> for Problem {
    fn from(waiting: Waiting<'_>) -> Self {
        let names = || waiting.round.iter().map(|dataset| dataset.name.short());
        let round = super::circle(names().collect::<Vec<_>>().into_iter());
        let nexts = names().cycle().skip(1);
        let mut places = waiting.round.iter().zip(nexts).map(|(dataset, next)| {
            let at = dataset.arrives.as_ref().map_or(dataset.at, |arrival| arrival.at);
            (at, format!("`{}` arrives when `{next}` does", dataset.name.short()))
        });
        let title = format!("{} datasets wait for each other, so none of them ever arrives", waiting.round.len());
        let (at, says) = places.next().unwrap_or_default();
        let problem = places
            .take(super::SHOWN)
            .fold(Self::error(codes::E0159, at, title, says), |problem, (at, says)| problem.label(at, says));
        problem.note(format!("each waits for the next: {round}")).help(
            "say of one of them when it really comes: `arrives by hand`, or `arrives every day by 06:00 in \"UTC\"`",
        )
    }
}
