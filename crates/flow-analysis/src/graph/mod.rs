//! E03: what the graph of flows and datasets must be, so that every value comes from somewhere.
//!
//! One file per check. The graph's nodes are datasets and flows; inside one flow the edges between its
//! own nodes are checked by [`order`].

mod arrivals;
mod cycle;
mod order;
mod sources;
mod unused;
mod writers;

use crate::{Mentions, system::System};
use flow_diag::Problems;
use flow_plan::Program;

/// All checks of the family.
#[must_use]
pub fn check(program: &Program, mentions: &Mentions, is_complete: bool) -> Problems {
    let system = System::of(program);
    let mut problems = Problems::default();
    cycle::check(program, &system, &mut problems);
    arrivals::check(program, &mut problems);
    order::check(program, &mut problems);
    writers::check(program, &system, &mut problems);
    if is_complete {
        sources::check(program, mentions, &system, &mut problems);
        unused::check(program, mentions, &system, &mut problems);
    }
    problems
}

/// How many places beyond the first a report about a circle shows.
const SHOWN: usize = 11;

/// `` `a` → `b` → `a` ``; a long way round is cut in the middle.
fn circle<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    let count = names.len();
    let mut round = String::new();
    let mut first = "";
    for (position, name) in names.enumerate() {
        if position == 0 {
            first = name;
        }
        if position <= SHOWN {
            round.push_str(&format!("`{name}` → "));
        } else if position + 1 == count {
            round.push_str(&format!("… {} more … → ", count - SHOWN - 1));
        }
    }
    format!("{round}`{first}`")
}
