//! From parsed modules to the table of declarations.
//!
//! Reports names that are declared twice in a module; the first one counts.

use super::{Item, ItemId, Module, ModuleId, Names, keyword};
use crate::{
    ParsedModule,
    index::{Definition, DefinitionKind},
    output::Output,
    problems::names::{Duplicate, ImportPlace, LiteralName},
    source::span,
};
use flow_diag::{FileId, Span};
use flow_expr::Name;
use flow_syntax::ast::{self, Documented};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

/// Collects the declarations of all modules.
pub(crate) fn collect(modules: &[ParsedModule], output: &mut Output) -> Names {
    let mut names = Names::default();
    for parsed in modules {
        let id = ModuleId(u32::try_from(names.modules.len()).unwrap_or(u32::MAX));
        names.by_module_name.entry(parsed.name.0.clone()).or_insert(id);
        let dots = parsed.name.as_str().match_indices('.').map(|(at, _)| Arc::from(&parsed.name.as_str()[..at]));
        names.folders.extend(dots);
        let module = Module {
            name: parsed.name.clone(),
            file: parsed.file,
            own: HashMap::new(),
            imported: HashMap::new(),
            modules: HashMap::new(),
            broken: HashSet::new(),
            import_place: import_place(&parsed.module, parsed.file),
            is_standard: parsed.name.as_str() == "std" || parsed.name.as_str().starts_with("std."),
            sees_all: false,
        };
        names.modules.push(module);
        for decl in parsed.module.decls() {
            declare(&mut names, id, decl, output);
        }
    }
    names
}

fn declare(names: &mut Names, module: ModuleId, decl: ast::Decl, output: &mut Output) {
    let Some(declared) = decl.name() else { return };
    let scope = &mut names.modules[module.0 as usize];
    let at = span(scope.file, declared.range());
    if let Some(problem) = LiteralName::of(&declared, at) {
        output.problem(problem);
    }
    let short: Arc<str> = declared.text().into();
    if let Some(first) = scope.own.get(&short) {
        let first = &names.items[first.index()];
        if scope.is_standard && is_built_in(&first.decl) && is_built_in(&decl) {
            return; // Another overload.
        }
        output.problem(Duplicate {
            name: short,
            at,
            keyword: keyword(&decl),
            first: first.at,
            first_keyword: first.keyword(),
        });
        return;
    }
    let id = ItemId(u32::try_from(names.items.len()).unwrap_or(u32::MAX));
    let name = Name::new(format!("{}.{short}", scope.name));
    let definition = output.index.define(Definition {
        kind: DefinitionKind::Declaration(keyword(&decl)),
        name: name.clone(),
        at,
        ty: None,
        docs: decl.docs().map(Into::into),
    });
    scope.own.insert(short.clone(), id);
    names.by_name.insert(name.clone(), id);
    if matches!(decl, ast::Decl::Type(_)) {
        names.types.insert(name.clone(), id);
    }
    names.by_short_name.entry(short).or_default().push(id);
    names.items.push(Item { name, module, at, decl, definition });
}

fn is_built_in(decl: &ast::Decl) -> bool {
    matches!(decl, ast::Decl::Fn(decl) if decl.body().is_none())
}

/// After the last `use`, else before the first declaration.
fn import_place(module: &ast::Module, file: FileId) -> ImportPlace {
    let mut last = None;
    let mut first_decl = None;
    for decl in module.decls() {
        match &decl {
            ast::Decl::Use(_) => last = Some(span(file, decl.range())),
            _ => {
                first_decl = Some(span(file, decl.syntax().text_range()));
                break;
            }
        }
    }
    match (last, first_decl) {
        (Some(last), _) => ImportPlace { at: Span::new(file, last.end, last.end), after: true },
        (None, Some(first)) => ImportPlace { at: Span::new(file, first.start, first.start), after: false },
        (None, None) => ImportPlace { at: Span::new(file, 0, 0), after: false },
    }
}
