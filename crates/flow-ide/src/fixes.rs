//! The compiler's own suggestions as changes: every fix of every problem, and all of a file at once.
//!
//! What a fix changes is the compiler's business; here it becomes edits of texts. Tested in `tests/it`.

use crate::{Analysis, TextEdit, between};
use flow_diag::{Code, FileId, Fix, Problem, Span, apply, only_fixes};

/// Something that an editor offers to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// What it does, as a command.
    pub title: String,
    /// The problem that it mends, with its place.
    pub mends: Option<(Code, Span)>,
    /// Whether it is the one obvious thing to do.
    pub preferred: bool,
    /// The changes, by file.
    pub edits: Vec<TextEdit>,
}

/// The fixes of all problems that touch a range.
pub fn fixes(analysis: &Analysis, range: Span) -> Vec<Action> {
    let touches = |problem: &&Problem| {
        let at = problem.span();
        at.file == range.file && at.start <= range.end && range.start <= at.end
    };
    let problems = analysis.compilation.problems.0.iter().filter(touches);
    problems.flat_map(|problem| problem.fixes.iter().filter_map(|fix| action(analysis, problem, fix))).collect()
}

fn action(analysis: &Analysis, problem: &Problem, fix: &Fix) -> Option<Action> {
    let mut files: Vec<FileId> = fix.edits.iter().map(|edit| edit.span.file).collect();
    files.sort_unstable();
    files.dedup();
    if files.iter().any(|file| analysis.is_library(*file)) {
        return None;
    }
    let edits = files.into_iter().flat_map(|file| {
        let text = analysis.text(file);
        between(file, text, &apply(file, std::slice::from_ref(fix), text).text)
    });
    Some(Action {
        title: fix.title.clone(),
        mends: Some((problem.code, problem.span())),
        preferred: problem.fixes.len() == 1,
        edits: edits.collect(),
    })
}

/// All fixes of a file that leave no choice, as `flowc check --fix` applies them.
#[must_use]
pub fn fix_all(analysis: &Analysis, file: FileId) -> Option<Action> {
    let mut single = only_fixes(&analysis.compilation.problems);
    single.retain(|fix| fix.edits.iter().all(|edit| edit.span.file == file));
    let text = analysis.text(file);
    let done = apply(file, &single, text);
    (done.applied > 0).then(|| Action {
        title: format!("apply all suggested changes of this file ({})", done.applied),
        mends: None,
        preferred: false,
        edits: between(file, text, &done.text),
    })
}
