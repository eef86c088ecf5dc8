//! What a name or path means in a module.
//!
//! Looks through the module's own declarations, then its `use`s, then full paths (`shop.orders`).

use super::{ItemId, ModuleId, Names};
use flow_expr::Name;
use flow_plan::APPROVAL;

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// A declaration.
    Item(ItemId),
    /// A module: more of the path is to come.
    Module(ModuleId),
    /// A name whose `use` is already reported: be silent.
    Broken,
    /// Nothing.
    Nothing,
}

impl Names {
    /// The meaning of one name.
    pub(crate) fn find(&self, module: ModuleId, name: &str) -> Found {
        let scope = self.module(module);
        if let Some(item) = scope.own.get(name) {
            return Found::Item(*item);
        }
        if let Some(import) = scope.imported.get(name) {
            import.used.set(true);
            return Found::Item(import.what);
        }
        if let Some(import) = scope.modules.get(name) {
            import.used.set(true);
            return Found::Module(import.what);
        }
        if scope.broken.contains(name) {
            return Found::Broken;
        }
        let known = self.known_everywhere(name).or_else(|| if scope.sees_all { self.only_one(name) } else { None });
        if let Some(item) = known {
            return Found::Item(item);
        }
        self.module_named(name).map_or(Found::Nothing, Found::Module)
    }

    /// What the standard library declares and the language itself speaks of: known without `use`.
    fn known_everywhere(&self, name: &str) -> Option<ItemId> {
        let approval = Name::new(APPROVAL);
        if name == approval.short() { self.item_named(&approval) } else { None }
    }

    /// The only declaration of a short name: of the project, else of the standard library.
    fn only_one(&self, name: &str) -> Option<ItemId> {
        let all = self.by_short_name.get(name)?;
        let is_standard = |item: &&ItemId| self.module(self.item(**item).module).is_standard;
        let (standard, own): (Vec<&ItemId>, Vec<&ItemId>) = all.iter().partition(is_standard);
        match (&own[..], &standard[..]) {
            ([only], _) | ([], [only]) => Some(**only),
            _ => None,
        }
    }

    /// The meaning of `name` in a module that was named.
    pub(crate) fn member(&self, of: ModuleId, name: &str) -> Found {
        let module = self.module(of);
        if let Some(item) = module.own.get(name) {
            return Found::Item(*item);
        }
        self.module_named(&format!("{}.{name}", module.name)).map_or(Found::Nothing, Found::Module)
    }

    /// The meaning of a path.
    pub(crate) fn find_path<'p>(&self, module: ModuleId, mut parts: impl Iterator<Item = &'p str>) -> Found {
        let Some(first) = parts.next() else { return Found::Nothing };
        let mut found = self.find(module, first);
        let mut prefix = first.to_owned();
        for part in parts {
            prefix.push('.');
            prefix.push_str(part);
            found = match found {
                Found::Module(of) => self.member(of, part),
                // Folders have no module of their own: `a` of `a.b.c`.
                Found::Nothing => self.module_named(&prefix).map_or(Found::Nothing, Found::Module),
                Found::Item(_) => Found::Nothing,
                Found::Broken => Found::Broken,
            };
        }
        found
    }

    /// Whether a name begins the path of a module: a folder.
    pub(crate) fn is_folder(&self, name: &str) -> bool {
        self.folders.contains(name)
    }

    /// All names that mean something in a module.
    pub(crate) fn visible(&self, module: ModuleId) -> impl Iterator<Item = (&str, ItemId)> {
        let scope = self.module(module);
        let own = scope.own.iter().map(|(name, item)| (&**name, *item));
        own.chain(scope.imported.iter().map(|(name, import)| (&**name, import.what)))
    }

    /// Declarations of that name in other modules.
    pub(crate) fn elsewhere(&self, module: ModuleId, name: &str) -> impl Iterator<Item = ItemId> {
        let found = self.by_short_name.get(name).into_iter().flatten().copied();
        found.filter(move |item| self.item(*item).module != module)
    }
}
