//! Names inside a body: parameters, `let`s, loop variables, pattern bindings, `it` and its fields.
//!
//! Knows no syntax. A scope inside another may hide its names; within one scope a name is bound once.

use crate::index::DefinitionId;
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

/// The scopes of one body. Variables are numbered through the whole body.
#[derive(Clone, Debug, Default)]
pub(crate) struct Locals {
    stack: Vec<Local>,
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
    pub(crate) fn leave(&mut self) -> Vec<Local> {
        let mark = self.marks.pop().unwrap_or(0);
        self.stack.split_off(mark)
    }

    /// Binds a name. The caller has looked for [`Self::in_this_scope`].
    pub(crate) fn push(&mut self, local: Local) {
        self.stack.push(local);
    }

    /// The innermost binding of a name; marks it as used.
    pub(crate) fn find(&mut self, name: &str) -> Option<&Local> {
        let local = self.stack.iter_mut().rev().find(|local| &*local.name == name)?;
        local.used = true;
        Some(local)
    }

    /// The innermost binding of a name, which this does not count as a use.
    pub(super) fn find_unused(&self, name: &str) -> Option<&Local> {
        self.stack.iter().rev().find(|local| &*local.name == name)
    }

    /// Counts the bindings of a name in the scope opened last as used: what is wrong with them has been said.
    pub(crate) fn forgive(&mut self, name: &str) {
        let mark = self.marks.last().copied().unwrap_or(0);
        self.stack[mark..].iter_mut().filter(|local| &*local.name == name).for_each(|local| local.used = true);
    }

    /// The binding of a name in the scope opened last.
    pub(crate) fn in_this_scope(&self, name: &str) -> Option<&Local> {
        let mark = self.marks.last().copied().unwrap_or(0);
        self.stack[mark..].iter().find(|local| &*local.name == name)
    }

    /// The type of a variable that a name is bound to here.
    pub(crate) fn type_of(&self, var: VarId) -> Option<&Type> {
        self.stack.iter().rev().find(|local| local.var == var).map(|local| &local.ty)
    }

    /// All names that are bound here.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.stack.iter().map(|local| &*local.name)
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
