//! What is known of variables, by their numbers.
//!
//! The variables of a body are numbered from 0, so a list serves better than a table: a flow may have 100,000 of them, and
//! each is looked up several times.

use flow_expr::VarId;

/// A value for each of some variables.
#[derive(Clone, Debug)]
pub(crate) struct ByVar<T>(Vec<Option<T>>);

impl<T> Default for ByVar<T> {
    fn default() -> Self {
        Self(vec![])
    }
}

impl<T: Copy> ByVar<T> {
    /// Makes room for about so many more variables.
    pub(crate) fn reserve(&mut self, variables: usize) {
        self.0.reserve(variables);
    }

    pub(crate) fn get(&self, var: VarId) -> Option<T> {
        *self.0.get(var.0 as usize)?
    }

    /// Sets what is known; gives what was.
    pub(crate) fn insert(&mut self, var: VarId, value: T) -> Option<T> {
        let place = var.0 as usize;
        if place >= self.0.len() {
            self.0.resize(place + 1, None);
        }
        self.0[place].replace(value)
    }

    /// Takes back what is known.
    pub(crate) fn remove(&mut self, var: VarId) -> Option<T> {
        self.0.get_mut(var.0 as usize)?.take()
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
