//! `use`: what a module has, which modules there are, and the `use` that a name of another module needs.

use super::{Completion, CompletionKind, Context, names};
use crate::{TextEdit, symbols::badness};
use flow_diag::Span;
use flow_expr::Name;
use flow_sema::index::{Definition, DefinitionKind};
use flow_syntax::{
    Parse, SyntaxKind,
    ast::{self, AstNode},
};

/// The names that the `use`s of a file bring in, with what they stand for.
pub(super) fn used(parse: &Parse) -> Vec<(String, Name)> {
    let mut found = vec![];
    for decl in parse.root().decls() {
        let ast::Decl::Use(decl) = decl else { continue };
        let Some(path) = decl.path() else { continue };
        match decl.group() {
            Some(group) => found.extend(group.items().filter_map(|item| {
                let name = item.name()?;
                let here = item.alias().map_or(name.text().to_owned(), |alias| alias.text().to_owned());
                Some((here, Name::new(format!("{}.{}", path.text(), name.text()))))
            })),
            None => {
                let last = path.last().map(|last| last.text().to_owned());
                let here = decl.alias().map(|alias| alias.text().to_owned()).or(last);
                found.extend(here.map(|here| (here, Name::new(path.text()))));
            }
        }
    }
    found
}

/// Modules, or what a module has, inside a `use`.
pub(super) fn offers(context: &Context<'_>) -> Vec<Completion> {
    let Some(decl) = context.around(SyntaxKind::USE_DECL).and_then(ast::UseDecl::cast) else { return vec![] };
    let path = decl.path().map(|path| path.text()).unwrap_or_default();
    let definitions = &context.analysis.compilation.index.definitions;
    let declared = definitions.iter().filter(|found| matches!(found.kind, DefinitionKind::Declaration(_)));
    if context.is_in(SyntaxKind::USE_GROUP) {
        let inside =
            |found: &&Definition| found.name.as_str().rsplit_once('.').is_some_and(|(module, _)| module == path);
        let item = |found: &Definition| {
            let DefinitionKind::Declaration(keyword) = found.kind else { return None };
            let item = Completion::new(found.name.short(), CompletionKind::Declaration(keyword), 0);
            Some(Completion { declaration: Some(found.name.clone()), ..item })
        };
        return declared.filter(inside).filter_map(item).collect();
    }
    // The parts before the one that is typed.
    let typed: Vec<String> = decl
        .path()
        .iter()
        .flat_map(ast::Path::parts)
        .take_while(|part| part.range().start() < context.start())
        .map(|part| part.text().to_owned())
        .collect();
    let before = if typed.is_empty() { String::new() } else { format!("{}.", typed.join(".")) };
    let mut next: Vec<&str> = declared
        .filter_map(|found| found.name.as_str().rsplit_once('.').map(|(module, _)| module))
        .filter_map(|module| module.strip_prefix(&before)?.split('.').next())
        .collect();
    next.sort_unstable();
    next.dedup();
    next.into_iter().map(|part| Completion::new(part, CompletionKind::Module, 0)).collect()
}

/// Other modules have so many that only those are offered that begin as typed, and not more.
const MOST_ELSEWHERE: usize = 100;

/// What other modules have, with the `use` that it needs.
pub(super) fn elsewhere(context: &Context<'_>, is_wanted: impl Fn(&Definition) -> bool) -> Vec<Completion> {
    let definitions = &context.analysis.compilation.index.definitions;
    let begins = |found: &&Definition| badness(&context.prefix, found.name.short()).is_some_and(|badness| badness <= 1);
    let others = definitions.iter().filter(|found| found.at.file != context.file && begins(found) && is_wanted(found));
    let others = others.filter(|found| !flow_expr::builtins::is_builtin(found.name.short()));
    let item = |found: &Definition| {
        let DefinitionKind::Declaration(keyword) = found.kind else { return None };
        let (module, name) = found.name.as_str().rsplit_once('.')?;
        let item = Completion::new(name, CompletionKind::Declaration(keyword), 60).detail(format!("use {module}"));
        let import = Some(edit(context, module, name));
        Some(Completion { import, ..names::called(context, item, found, keyword) })
    };
    others.take(MOST_ELSEWHERE).filter_map(item).collect()
}

/// The change that brings a name in: into the group of its module, else as a line behind the last `use`, else at the top.
fn edit(context: &Context<'_>, module: &str, name: &str) -> TextEdit {
    let at = |offset: u32| Span::new(context.file, offset, offset);
    let (mut last, mut first): (Option<u32>, Option<u32>) = (None, None);
    for decl in context.parse.root().decls() {
        let ast::Decl::Use(found) = &decl else {
            first = first.or_else(|| Some(u32::from(decl.syntax().text_range().start())));
            continue;
        };
        last = Some(u32::from(found.range().end()));
        let is_it = found.path().is_some_and(|path| path.text() == module);
        if let Some(end) = found.group().filter(|_| is_it).and_then(|group| group.items().last()) {
            return TextEdit { at: at(u32::from(end.range().end())), text: format!(", {name}") };
        }
    }
    match (last, first) {
        (Some(end), _) => TextEdit { at: at(end), text: format!("\nuse {module}.{{{name}}}") },
        (None, start) => TextEdit { at: at(start.unwrap_or(0)), text: format!("use {module}.{{{name}}}\n\n") },
    }
}
