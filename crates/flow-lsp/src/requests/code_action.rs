//! `textDocument/codeAction`: every fix of every problem in the range, and what `flow-ide` offers besides.

use crate::snapshot::{Failure, Snapshot, View};
use flow_ide::Action;
use lsp_types::{CodeAction, CodeActionKind, CodeActionOrCommand, CodeActionParams, Diagnostic, NumberOrString};

pub(crate) fn answer(
    snapshot: &Snapshot,
    params: CodeActionParams,
) -> Result<Option<Vec<CodeActionOrCommand>>, Failure> {
    let Some((view, range)) = snapshot.stretch(params.range) else { return Ok(None) };
    let wanted = |kind: &CodeActionKind| {
        params.context.only.as_ref().is_none_or(|only| {
            let inside = |wanted: &CodeActionKind| {
                let rest = kind.as_str().strip_prefix(wanted.as_str());
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.') || wanted.as_str().is_empty())
            };
            only.iter().any(inside)
        })
    };
    let mut actions = vec![];
    if wanted(&CodeActionKind::QUICKFIX) {
        let fixes = flow_ide::fixes(&view.analysis, range);
        actions
            .extend(fixes.iter().map(|fix| action(view, fix, CodeActionKind::QUICKFIX, &params.context.diagnostics)));
    }
    if wanted(&CodeActionKind::REFACTOR_REWRITE) {
        let assists = flow_ide::assists(&view.analysis, range);
        actions.extend(assists.iter().map(|found| action(view, found, CodeActionKind::REFACTOR_REWRITE, &[])));
    }
    if wanted(&CodeActionKind::SOURCE_FIX_ALL)
        && let Some(all) = flow_ide::fix_all(&view.analysis, range.file)
    {
        actions.push(action(view, &all, CodeActionKind::SOURCE_FIX_ALL, &[]));
    }
    Ok(Some(actions.into_iter().map(CodeActionOrCommand::CodeAction).collect()))
}

fn action(view: &View, action: &Action, kind: CodeActionKind, shown: &[Diagnostic]) -> CodeAction {
    let mended = action.mends.map(|(code, at)| {
        let (range, code) = (view.range(at), NumberOrString::String(code.as_str().to_owned()));
        let is_it = |found: &&Diagnostic| found.range == range && found.code.as_ref() == Some(&code);
        shown.iter().filter(is_it).cloned().collect::<Vec<_>>()
    });
    CodeAction {
        title: action.title.clone(),
        kind: Some(kind),
        diagnostics: mended.filter(|mended| !mended.is_empty()),
        edit: Some(view.workspace_edit(&action.edits)),
        is_preferred: action.preferred.then_some(true),
        ..CodeAction::default()
    }
}
