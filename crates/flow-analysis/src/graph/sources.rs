//! E0303: a dataset that somebody uses must come from somewhere.

use crate::{
    Mentions,
    system::{How, Link, System},
};
use flow_diag::{Problem, Problems, Span, codes};
use flow_plan::{Dataset, Program};
use std::collections::BTreeSet;

pub(super) fn check(program: &Program, mentions: &Mentions, system: &System<'_>, problems: &mut Problems) {
    let mut reported = BTreeSet::new();
    for link in system.uses.iter().filter(|link| link.how != How::Calls) {
        let Some(dataset) = program.datasets.get(link.target) else { continue };
        let comes_from = dataset.arrives.is_some() || system.writes.contains_key(link.target);
        if !comes_from && reported.insert(link.target) {
            problems.push(NobodyWrites { dataset, used: *link, inside: mentions.inside.get(link.target).copied() });
        }
    }
}

/// A dataset is used, but no flow writes it and nothing says that it arrives.
struct NobodyWrites<'a> {
    dataset: &'a Dataset,
    used: Link<'a>,
    inside: Option<Span>,
}

impl From<NobodyWrites<'_>> for Problem {
    fn from(found: NobodyWrites<'_>) -> Self {
        let NobodyWrites { dataset, used, inside } = found;
        let name = dataset.name.short();
        let verb = match used.how {
            How::StartsWhen => "waits for a new version",
            How::Requires => "requires it fresh",
            _ => "reads it",
        };
        let label = "no flow writes it, and it does not arrive";
        let problem = Self::error(codes::E0303, dataset.at, format!("nobody writes `{name}`"), label)
            .label(used.at, format!("flow `{}` {verb}", used.flow.name.short()))
            .help("if others bring it, say so with `arrives by hand` or `arrives every day by 06:00 in \"Zone\"`; otherwise `write` it in a flow");
        match inside {
            Some(place) => problem.fix("say that others bring it", place, "\n  arrives by hand"),
            None => problem,
        }
    }
}
