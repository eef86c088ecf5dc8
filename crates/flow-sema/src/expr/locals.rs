//! Names inside a body: parameters, `let`s, loop variables, pattern bindings, `it` and its fields.
//!
//! Knows no syntax. A scope inside another may hide its names; within one scope a name is bound once. Looking
//! a name up costs the same however many are bound: a flow may have 100,000 `let`s. Tested below.

use crate::{by_var::ByVar, index::DefinitionId};
use ahash::AHashMap;
use flow_diag::Span;
use flow_expr::{Type, VarId};
use std::sync::Arc;

/// A name that is bound in a body.
#[derive(Clone, Debug)]
pub(crate) struct Local {
    /// Its name.
    pub(crate) name: Arc<str>,
    /// Its variable.
    pub(crate) var: VarId,
    /// Its type.
    pub(crate) ty: Type,
    /// Where it is bound.
    pub(crate) at: Span,
    /// Its entry in the index.
    pub(crate) definition: DefinitionId,
    /// Whether anything mentions it.
    pub(crate) used: bool,
    /// Whether a mention is expected, as of a `let`.
    pub(crate) expects_use: bool,
}

/// A binding, and where the stack has those that it hides: of the same name, of the same variable.
#[derive(Clone, Debug)]
struct Bound {
    local: Local,
    name_before: Option<u32>,
    var_before: Option<u32>,
}

/// The scopes of one body. Variables are numbered through the whole body.
#[derive(Clone, Debug, Default)]
pub(crate) struct Locals {
    stack: Vec<Bound>,
    /// Where the stack has the innermost binding of each name.
    names: AHashMap<Arc<str>, u32>,
    /// Where the stack has the innermost binding of each variable.
    vars: ByVar<u32>,
    marks: Vec<usize>,
    next: u32,
    it: Option<It>,
}

/// `it`, and whether its fields can be named without it.
#[derive(Clone, Debug)]
pub(crate) struct It {
    /// The type of the value under test.
    pub(crate) ty: Type,
    /// The variable that holds it.
    pub(crate) var: VarId,
    /// Whether `amount` stands for `it.amount`.
    pub(crate) bare_fields: bool,
}

impl Locals {
    /// Makes room for about so many more names.
    pub(crate) fn reserve(&mut self, names: usize) {
        self.stack.reserve(names);
        self.names.reserve(names);
        self.vars.reserve(2 * names);
    }

    /// A new variable, bound to no name.
    pub(crate) fn fresh(&mut self) -> VarId {
        self.next += 1;
        VarId(self.next - 1)
    }

    /// Opens a scope.
    pub(crate) fn enter(&mut self) {
        self.marks.push(self.stack.len());
    }

    /// Closes the scope opened last; gives what was bound in it.
    pub(crate) fn leave(&mut self) -> impl Iterator<Item = Local> {
        let mark = self.marks.pop().unwrap_or(0);
        if mark == 0 {
            self.names.clear();
            self.vars.clear();
        }
        // The last binding of a name gives back what the one before it hid, and so on to what is outside.
        for Bound { local, name_before, var_before } in self.stack[mark..].iter().rev().take_while(|_| mark > 0) {
            match name_before {
                Some(place) => drop(self.names.insert(local.name.clone(), *place)),
                None => drop(self.names.remove(&*local.name)),
            }
            match var_before {
                Some(place) => self.vars.insert(local.var, *place),
                None => self.vars.remove(local.var),
            };
        }
        self.stack.drain(mark..).map(|bound| bound.local)
    }

    /// Binds a name. The caller has looked for [`Self::in_this_scope`].
    pub(crate) fn push(&mut self, local: Local) {
        let place = u32::try_from(self.stack.len()).unwrap_or(u32::MAX);
        let name_before = self.names.insert(local.name.clone(), place);
        let var_before = self.vars.insert(local.var, place);
        self.stack.push(Bound { local, name_before, var_before });
    }

    /// The innermost binding of a name; marks it as used.
    pub(crate) fn find(&mut self, name: &str) -> Option<&Local> {
        let local = &mut self.stack.get_mut(*self.names.get(name)? as usize)?.local;
        local.used = true;
        Some(local)
    }

    /// The innermost binding of a name, which this does not count as a use.
    pub(crate) fn find_unused(&self, name: &str) -> Option<&Local> {
        self.places(name).next().map(|place| &self.stack[place].local)
    }

    /// Counts the bindings of a name in the scope opened last as used: what is wrong with them has been said.
    pub(crate) fn forgive(&mut self, name: &str) {
        let mark = self.marks.last().copied().unwrap_or(0);
        let places: Vec<usize> = self.places(name).take_while(|place| *place >= mark).collect();
        places.into_iter().for_each(|place| self.stack[place].local.used = true);
    }

    /// The first binding of a name in the scope opened last.
    pub(crate) fn in_this_scope(&self, name: &str) -> Option<&Local> {
        let mark = self.marks.last().copied().unwrap_or(0);
        self.places(name).take_while(|place| *place >= mark).last().map(|place| &self.stack[place].local)
    }

    /// Where the stack has the bindings of a name, the innermost first.
    fn places(&self, name: &str) -> impl Iterator<Item = usize> {
        let before = |place: &u32| self.stack[*place as usize].name_before;
        std::iter::successors(self.names.get(name).copied(), before).map(|place| place as usize)
    }

    /// The type of a variable that a name is bound to here.
    pub(crate) fn type_of(&self, var: VarId) -> Option<&Type> {
        self.stack.get(self.vars.get(var)? as usize).map(|bound| &bound.local.ty)
    }

    /// Whether a name is bound here, which this does not count as a use.
    pub(crate) fn is_bound(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }

    /// All names that are bound here.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.stack.iter().map(|bound| &*bound.local.name)
    }

    /// Sets what `it` is; gives what it was, to be restored.
    pub(crate) fn set_it(&mut self, it: Option<It>) -> Option<It> {
        std::mem::replace(&mut self.it, it)
    }

    /// What `it` is here.
    pub(crate) fn it(&self) -> Option<&It> {
        self.it.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flow_diag::Span;

    fn bind(locals: &mut Locals, name: &str, ty: Type) -> VarId {
        let var = locals.fresh();
        let (at, definition) = (Span::default(), DefinitionId(0));
        locals.push(Local { name: name.into(), var, ty, at, definition, used: false, expects_use: true });
        var
    }

    #[test]
    fn an_inner_scope_hides_a_name_and_gives_it_back() {
        let mut locals = Locals::default();
        locals.enter();
        let outer = bind(&mut locals, "x", Type::Int);
        locals.enter();
        assert!(locals.in_this_scope("x").is_none());
        let inner = bind(&mut locals, "x", Type::String);
        assert_eq!(locals.find("x").map(|local| local.var), Some(inner));
        assert_eq!(locals.in_this_scope("x").map(|local| local.var), Some(inner));
        let left: Vec<_> = locals.leave().collect();
        assert_eq!(left.iter().map(|local| (local.var, local.used)).collect::<Vec<_>>(), [(inner, true)]);
        assert_eq!(locals.find_unused("x").map(|local| (local.var, local.used)), Some((outer, false)));
        assert_eq!((locals.type_of(inner), locals.type_of(outer)), (None, Some(&Type::Int)));
        drop(locals.leave());
        assert!(!locals.is_bound("x") && locals.names.is_empty() && locals.vars.is_empty());
    }

    #[test]
    fn a_second_binding_in_one_scope_is_found_beside_the_first() {
        let mut locals = Locals::default();
        locals.enter();
        let outside = bind(&mut locals, "x", Type::Int);
        locals.enter();
        let first = bind(&mut locals, "x", Type::Int);
        let second = bind(&mut locals, "x", Type::Int);
        assert_eq!(locals.in_this_scope("x").map(|local| local.var), Some(first));
        assert_eq!(locals.find_unused("x").map(|local| local.var), Some(second));
        locals.forgive("x");
        assert!(locals.leave().all(|local| local.used));
        assert_eq!(locals.find_unused("x").map(|local| (local.var, local.used)), Some((outside, false)));
    }

    #[test]
    fn a_variable_with_two_types_has_the_inner_one_until_its_scope_ends() {
        let mut locals = Locals::default();
        locals.enter();
        let var = bind(&mut locals, "x", Type::Optional(Arc::new(Type::Int)));
        locals.enter();
        let mut narrowed = locals.find_unused("x").cloned().expect("it is bound");
        narrowed.ty = Type::Int;
        locals.push(narrowed);
        assert_eq!(locals.type_of(var), Some(&Type::Int));
        drop(locals.leave());
        assert_eq!(locals.type_of(var), Some(&Type::Optional(Arc::new(Type::Int))));
    }
}
