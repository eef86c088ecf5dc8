//! Reports that only echo another one: a mistake early in a line confuses what is read after it.
//!
//! Three rules. Where a text is not closed, nothing else is said about its line, for half of it was swallowed. Where
//! a quote closed code too early, nothing is said about the rest of the line, which was code. And of reports that
//! something does not fit the grammar, only the first of each line stays.

use crate::problem::{SyntaxProblem, What};

/// The problems without echoes, in the order of their places.
pub(crate) fn without_echoes(mut problems: Vec<SyntaxProblem>, source: &str) -> Vec<SyntaxProblem> {
    if problems.len() < 2 {
        return problems;
    }
    problems.sort_by_key(|problem| (place(problem), problem.start));
    let cut: Vec<(usize, usize)> = problems
        .iter()
        .filter(|problem| problem.what == What::UnclosedText)
        .map(|problem| (line_start(source, problem.start as usize), problem.end as usize))
        .collect();
    let closed_early: Vec<(u32, usize)> = problems
        .iter()
        .filter(|problem| problem.what == What::RawQuote)
        .map(|problem| (problem.start, line_start(source, problem.start as usize)))
        .collect();
    let mut last_line = None;
    problems.retain(|problem| {
        let line_of = |problem: &SyntaxProblem| line_start(source, problem.start as usize);
        if closed_early.iter().any(|&(quote, line)| problem.start > quote && line_of(problem) == line) {
            return false;
        }
        if !is_structural(problem) {
            return true;
        }
        let at = place(problem) as usize;
        let line = line_start(source, at);
        let is_cut = cut.iter().any(|&(start, end)| {
            let swallowed =
                matches!(problem.what, What::Unclosed { .. }) && problem.start as usize <= end && end == source.len();
            line == start || (at > start && at <= end) || swallowed
        });
        let repeated = last_line == Some(line);
        if !is_cut {
            last_line = Some(line);
        }
        !is_cut && !repeated
    });
    problems
}

/// Where a problem arose: for a bracket, where it was opened.
fn place(problem: &SyntaxProblem) -> u32 {
    match problem.what {
        What::Unclosed { open, .. } => open,
        _ => problem.start,
    }
}

/// Whether it says that something does not fit the grammar, not that something is wrong in itself.
fn is_structural(problem: &SyntaxProblem) -> bool {
    matches!(
        problem.what,
        What::Unexpected { .. }
            | What::Unclosed { .. }
            | What::UnknownClause { .. }
            | What::Unused
            | What::WrongCase(_)
    )
}

fn line_start(source: &str, at: usize) -> usize {
    source
        .as_bytes()
        .get(..at)
        .and_then(|before| before.iter().rposition(|byte| *byte == b'\n'))
        .map_or(0, |end| end + 1)
}
