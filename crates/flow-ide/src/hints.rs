//! Words behind the text that were not written: types that were found out, and worst cases behind the clauses they answer to.

use crate::{Analysis, place::span};
use flow_diag::{FileId, Span};
use flow_expr::{Name, Type};
use flow_sema::index::DefinitionKind;
use flow_syntax::ast::{self, AstNode};

/// What a hint says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HintKind {
    /// The type of a name.
    Type,
    /// A worst case.
    Bound,
}

/// A word behind a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// Just behind this byte.
    pub at: Span,
    /// What it says.
    pub text: String,
    /// More, when asked.
    pub tooltip: Option<String>,
    /// What it is.
    pub kind: HintKind,
}

/// The hints in a stretch of a file, in order.
#[must_use]
pub fn hints(analysis: &Analysis, within: Span) -> Vec<Hint> {
    let mut found = types(analysis, within);
    found.extend(bounds(analysis, within));
    found.sort_by_key(|hint| hint.at);
    found
}

/// The types of `let`s, loop variables and names in patterns and lambdas.
fn types(analysis: &Analysis, within: Span) -> Vec<Hint> {
    let locals = analysis.compilation.index.definitions.iter().filter(|definition| {
        let at = definition.at;
        definition.kind == DefinitionKind::Local
            && at.file == within.file
            && within.start <= at.end
            && at.start <= within.end
    });
    let is_written = |at: Span| analysis.text(at.file)[at.end as usize..].trim_start().starts_with(':');
    let hint = |definition: &flow_sema::index::Definition| {
        let ty = definition.ty.as_ref().filter(|ty| **ty != Type::Unknown)?;
        let at = Span::new(within.file, definition.at.end, definition.at.end);
        (!is_written(definition.at)).then(|| Hint { at, text: format!(": {ty}"), tooltip: None, kind: HintKind::Type })
    };
    locals.filter_map(hint).collect()
}

/// Worst cases: behind `timeout`, or the step's name; behind `finish`, or the flow's; behind `fresh`, or the dataset's.
fn bounds(analysis: &Analysis, within: Span) -> Vec<Hint> {
    let Some(parse) = analysis.compilation.trees.get(&within.file) else { return vec![] };
    let Some(module) = module_of(analysis, within.file) else { return vec![] };
    let mut found = vec![];
    for decl in parse.root().decls() {
        let whole = span(within.file, decl.range());
        if whole.end < within.start || within.end < whole.start {
            continue;
        }
        let clause = match &decl {
            ast::Decl::Step(step) => {
                let clause = |clause: ast::Clause| match clause {
                    ast::Clause::Timeout(clause) => Some(clause.range()),
                    _ => None,
                };
                step.clauses().find_map(clause)
            }
            ast::Decl::Flow(flow) => {
                flow.syntax().descendants().find_map(ast::FinishStmt::cast).map(|stmt| stmt.range())
            }
            ast::Decl::Dataset(dataset) => {
                let clause = |clause: ast::DatasetClause| match clause {
                    ast::DatasetClause::Fresh(clause) => Some(clause.range()),
                    _ => None,
                };
                dataset.clauses().find_map(clause)
            }
            _ => continue,
        };
        let Some(name) = decl.name() else { continue };
        let Some(facts) = analysis.facts(&Name::new(format!("{module}.{}", name.text()))) else { continue };
        let Some(short) = facts.short else { continue };
        // What the clause says itself is no news.
        let written = clause.map_or(String::new(), |clause| analysis.text_of(span(within.file, clause)).to_owned());
        if short.strip_prefix("≤ ").is_some_and(|bound| written.ends_with(&format!(" {bound}"))) {
            continue;
        }
        let end = u32::from(clause.unwrap_or_else(|| name.range()).end());
        let at = Span::new(within.file, end, end);
        found.push(Hint { at, text: short, tooltip: Some(facts.lines.join("\n")), kind: HintKind::Bound });
    }
    found
}

/// The name of the module that a file is.
pub(crate) fn module_of(analysis: &Analysis, file: FileId) -> Option<String> {
    let index = &analysis.compilation.index;
    let in_file = |definition: &&flow_sema::index::Definition| {
        definition.at.file == file && matches!(definition.kind, DefinitionKind::Declaration(_))
    };
    let first = index.definitions.iter().find(in_file)?;
    first.name.as_str().rsplit_once('.').map(|(module, _)| module.to_owned())
}
