//! Problems as an editor shows them: one message, one range, related places, what is faded.
//!
//! Decides nothing about what is wrong: every problem of the compiler is one diagnostic. Tested in `tests/it`.

use crate::Analysis;
use flow_diag::{Code, FileId, Problem, Severity, Span, codes};

/// A problem for an editor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Where.
    pub at: Span,
    /// How bad.
    pub severity: Severity,
    /// Its code, which has a page.
    pub code: Code,
    /// Title, what is said at the place, notes and advice, a line each.
    pub message: String,
    /// The other places that give reasons.
    pub related: Vec<Related>,
    /// Whether the place can be faded: nothing uses what stands there.
    pub unused: bool,
}

/// A place that gives a reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    /// Where.
    pub at: Span,
    /// What is to be said there.
    pub text: String,
}

/// Codes of what nothing uses or reaches.
const UNUSED: [Code; 7] =
    [codes::W0101, codes::W0102, codes::W0103, codes::W0301, codes::W0302, codes::W0303, codes::W0304];

/// The diagnostics of a file.
pub fn diagnostics(analysis: &Analysis, file: FileId) -> impl Iterator<Item = Diagnostic> + '_ {
    let problems = &analysis.compilation.problems.0;
    // Sorted by file and place.
    let start = problems.partition_point(|problem| problem.span().file < file);
    problems[start..].iter().take_while(move |problem| problem.span().file == file).map(diagnostic)
}

fn diagnostic(problem: &Problem) -> Diagnostic {
    let at = problem.span();
    let first = problem.labels.iter().find(|label| label.primary).or(problem.labels.first());
    let mut message = problem.title.clone();
    if let Some(label) = first.filter(|label| !label.text.is_empty()) {
        message.push_str(&format!("\n{}", label.text));
    }
    problem.notes.iter().for_each(|note| message.push_str(&format!("\nnote: {note}")));
    problem.helps.iter().for_each(|help| message.push_str(&format!("\nhelp: {help}")));
    let others = problem.labels.iter().filter(|label| first.is_none_or(|first| !std::ptr::eq(*label, first)));
    let related = others.map(|label| Related { at: label.span, text: label.text.clone() }).collect();
    let unused = UNUSED.contains(&problem.code);
    Diagnostic { at, severity: problem.severity, code: problem.code, message, related, unused }
}
