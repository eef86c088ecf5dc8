//! `use`: names and modules from elsewhere.
//!
//! Modules may use each other in circles: they are one system. A module cannot use itself.

use super::{Import, ItemId, ModuleId, Names};
use crate::{
    ParsedModule,
    output::Output,
    problems::names::{ImportClash, NotInModule, SelfUse, UnknownModule, UnusedUse},
    source::span,
};
use flow_diag::Span;
use flow_syntax::ast;
use std::{cell::Cell, sync::Arc};

/// What a `use` names.
enum Target {
    Module(ModuleId),
    Item(ItemId),
}

/// Resolves all `use`s.
pub(crate) fn resolve_uses(names: &mut Names, modules: &[ParsedModule], output: &mut Output) {
    for (number, parsed) in modules.iter().enumerate() {
        let module = ModuleId(u32::try_from(number).unwrap_or(u32::MAX));
        for decl in parsed.module.decls() {
            if let ast::Decl::Use(decl) = decl {
                resolve_use(names, module, &decl, output);
            }
        }
    }
}

fn resolve_use(names: &mut Names, module: ModuleId, decl: &ast::UseDecl, output: &mut Output) {
    let Some(path) = decl.path() else { return };
    let file = names.module(module).file;
    let at = span(file, path.range());
    let whole = span(file, decl.range());
    let text = path.text();
    let Some(group) = decl.group() else {
        let Some(last) = path.last() else { return };
        let bound: Arc<str> = decl.alias().as_ref().unwrap_or(&last).text().into();
        match target(names, module, &text, at, output) {
            Some(Target::Module(target)) => {
                let import = Import { what: target, at, whole, used: Cell::new(false) };
                names.modules[module.0 as usize].modules.insert(bound, import);
            }
            Some(Target::Item(item)) => {
                output.index.mention(span(file, last.range()), names.item(item).definition);
                bind(names, module, bound, Import { what: item, at, whole, used: Cell::new(false) }, output);
            }
            None => {}
        }
        return;
    };
    let Some(from) = module_of(names, module, &text, at, output) else {
        // Mentions of these names must not be reported a second time.
        names.modules[module.0 as usize].broken.extend(group.items().filter_map(|item| {
            let name = item.alias().or_else(|| item.name())?;
            Some(Arc::from(name.text()))
        }));
        return;
    };
    let items: Vec<ast::UseItem> = group.items().collect();
    for item in &items {
        let Some(name) = item.name() else { continue };
        let item_at = span(file, name.range());
        let bound: Arc<str> = item.alias().as_ref().unwrap_or(&name).text().into();
        match names.module(from).own.get(name.text()).copied() {
            Some(found) => {
                output.index.mention(item_at, names.item(found).definition);
                let whole = if items.len() == 1 { whole } else { span(file, item.range()) };
                bind(names, module, bound, Import { what: found, at: item_at, whole, used: Cell::new(false) }, output);
            }
            None => {
                let candidates = names.module(from).own.keys().map(|name| &**name);
                output.problem(NotInModule::new(name.text(), item_at, names.module(from).name.as_str(), candidates));
                names.modules[module.0 as usize].broken.insert(bound);
            }
        }
    }
}

fn bind(names: &mut Names, module: ModuleId, name: Arc<str>, import: Import<ItemId>, output: &mut Output) {
    let scope = &names.modules[module.0 as usize];
    let first =
        scope.own.get(&name).map(|own| names.item(*own).at).or_else(|| scope.imported.get(&name).map(|other| other.at));
    if let Some(first) = first {
        let from = names.module(names.item(import.what).module).name.clone();
        output.problem(ImportClash { name, at: import.at, first, from });
        return;
    }
    names.modules[module.0 as usize].imported.insert(name, import);
}

/// `a.b` as a module, or `b` of the module `a`.
fn target(names: &mut Names, module: ModuleId, text: &str, at: Span, output: &mut Output) -> Option<Target> {
    if names.module_named(text).is_none()
        && let Some((parent, last)) = text.rsplit_once('.')
        && let Some(parent) = names.module_named(parent)
    {
        if let Some(item) = names.module(parent).own.get(last) {
            return Some(Target::Item(*item));
        }
        let candidates = names.module(parent).own.keys().map(|name| &**name);
        output.problem(NotInModule::new(last, at, names.module(parent).name.as_str(), candidates));
        names.modules[module.0 as usize].broken.insert(last.into());
        return None;
    }
    let found = module_of(names, module, text, at, output);
    if found.is_none() {
        let last = text.rsplit('.').next().unwrap_or(text);
        names.modules[module.0 as usize].broken.insert(last.into());
    }
    found.map(Target::Module)
}

fn module_of(names: &Names, module: ModuleId, text: &str, at: Span, output: &mut Output) -> Option<ModuleId> {
    match names.module_named(text) {
        Some(found) if found == module => {
            output.problem(SelfUse { at, module: text.into() });
            None
        }
        Some(found) => Some(found),
        None => {
            output.problem(UnknownModule::new(text, at, names.modules.iter().map(|module| module.name.as_str())));
            None
        }
    }
}

/// Warns of `use`s that nothing mentions.
pub(crate) fn unused_uses(names: &Names, output: &mut Output) {
    for module in names.modules.iter().filter(|module| !module.is_standard) {
        let items = module.imported.iter().map(|(name, import)| (name, import.used.get(), import.at, import.whole));
        let modules = module.modules.iter().map(|(name, import)| (name, import.used.get(), import.at, import.whole));
        for (name, used, at, whole) in items.chain(modules) {
            if !used {
                output.problem(UnusedUse { name: name.clone(), at, whole });
            }
        }
    }
}
