//! Modules, their declarations, and what a name means in each module.
//!
//! Knows declarations by name and kind only, not their types. Everything is public: `use` takes any name
//! of any module. Tested through `lib.rs` and the caret cases in `tests/check`.

mod collect;
mod resolve;
mod uses;

use crate::{index::DefinitionId, problems::names::ImportPlace};
use flow_diag::{FileId, Span};
use flow_expr::Name;
use flow_syntax::ast;
use std::{
    cell::Cell,
    collections::{HashMap, HashSet},
    sync::Arc,
};

pub(crate) use collect::collect;
pub(crate) use resolve::Found;
pub(crate) use uses::{resolve_uses, unused_uses};

/// A module's number: its position in the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ModuleId(pub(crate) u32);

/// A declaration's number, in the order of modules and texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ItemId(pub(crate) u32);

impl ItemId {
    /// Its position in tables by item.
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A declaration with a name.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    /// Its qualified name.
    pub(crate) name: Name,
    /// Its module.
    pub(crate) module: ModuleId,
    /// Where it is named.
    pub(crate) at: Span,
    /// What was written.
    pub(crate) decl: ast::Decl,
    /// Its entry in the index.
    pub(crate) definition: DefinitionId,
}

impl Item {
    /// The keyword that declares it: `step`, `type`, …
    pub(crate) fn keyword(&self) -> &'static str {
        keyword(&self.decl)
    }
}

/// The keyword of a declaration.
pub(crate) fn keyword(decl: &ast::Decl) -> &'static str {
    match decl {
        ast::Decl::Use(_) => "use",
        ast::Decl::Label(_) => "label",
        ast::Decl::Type(_) => "type",
        ast::Decl::Const(_) => "const",
        ast::Decl::Var(_) => "var",
        ast::Decl::Secret(_) => "secret",
        ast::Decl::Connection(_) => "connection",
        ast::Decl::Model(_) => "model",
        ast::Decl::Pool(_) => "pool",
        ast::Decl::Dataset(_) => "dataset",
        ast::Decl::Retry(_) => "retry",
        ast::Decl::Guard(_) => "guard",
        ast::Decl::Fn(_) => "fn",
        ast::Decl::Step(_) => "step",
        ast::Decl::Flow(_) => "flow",
        ast::Decl::Policy(_) => "policy",
        ast::Decl::Test(_) => "test",
    }
}

/// A name or module that a `use` brought in.
#[derive(Clone, Debug)]
pub(crate) struct Import<T> {
    /// What it is.
    pub(crate) what: T,
    /// The name in the `use`.
    pub(crate) at: Span,
    /// What to remove when nothing mentions it.
    pub(crate) whole: Span,
    /// Whether something mentions it.
    pub(crate) used: Cell<bool>,
}

/// A file's names.
#[derive(Debug)]
pub(crate) struct Module {
    /// `a.b`
    pub(crate) name: Name,
    /// The file.
    pub(crate) file: FileId,
    /// What it declares.
    pub(crate) own: HashMap<Arc<str>, ItemId>,
    /// What its `use`s brought in.
    pub(crate) imported: HashMap<Arc<str>, Import<ItemId>>,
    /// Modules that its `use`s brought in.
    pub(crate) modules: HashMap<Arc<str>, Import<ModuleId>>,
    /// Names whose `use` is wrong, which has been reported.
    pub(crate) broken: HashSet<Arc<str>>,
    /// Where a missing `use` would be put.
    pub(crate) import_place: ImportPlace,
    /// Whether it belongs to the standard library.
    pub(crate) is_standard: bool,
    /// Whether all declarations are known in it without `use`: what is entered at a prompt.
    pub(crate) sees_all: bool,
}

/// All modules and declarations of a program.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// Modules in the order of the input.
    pub(crate) modules: Vec<Module>,
    /// Declarations in the order of modules and texts.
    pub(crate) items: Vec<Item>,
    by_module_name: HashMap<Arc<str>, ModuleId>,
    /// `a` and `a.b` where there is a module `a.b.c`.
    folders: HashSet<Arc<str>>,
    types: HashMap<Name, ItemId>,
    by_name: HashMap<Name, ItemId>,
    /// All declarations of a short name, for suggestions.
    by_short_name: HashMap<Arc<str>, Vec<ItemId>>,
}

impl Names {
    /// The declaration.
    pub(crate) fn item(&self, id: ItemId) -> &Item {
        &self.items[id.index()]
    }

    /// The module.
    pub(crate) fn module(&self, id: ModuleId) -> &Module {
        &self.modules[id.0 as usize]
    }

    /// The module of that full name.
    pub(crate) fn module_named(&self, name: &str) -> Option<ModuleId> {
        self.by_module_name.get(name).copied()
    }

    /// Lets a module know all declarations by their short names.
    pub(crate) fn see_all(&mut self, module: ModuleId) {
        self.modules[module.0 as usize].sees_all = true;
    }

    /// The declaration of that qualified name.
    pub(crate) fn item_named(&self, name: &Name) -> Option<ItemId> {
        self.by_name.get(name).copied()
    }

    /// Declarations of types by their names.
    pub(crate) fn all_types(&self) -> &HashMap<Name, ItemId> {
        &self.types
    }

    /// All declarations with their numbers.
    pub(crate) fn all(&self) -> impl Iterator<Item = (ItemId, &Item)> {
        (0_u32..).map(ItemId).zip(&self.items)
    }
}
