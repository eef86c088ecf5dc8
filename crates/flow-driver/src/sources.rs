//! Where a flow's variables have their values.
//!
//! Variables are numbered through a flow from 0, so a list by number holds nearly all: a flow may have 100,000, and
//! each is looked up several times. The few that the driver adds itself have numbers at the other end.

use crate::graph::NodeRef;
use flow_expr::VarId;
use std::collections::BTreeMap;

/// Where a variable has its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// A node's result.
    Node(NodeRef),
    /// Bound when the block is entered: a parameter, loop variable or pattern binding.
    Bound(u32),
}

/// The sources of all variables of a flow.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    by_number: Vec<Option<Source>>,
    others: BTreeMap<VarId, Source>,
}

impl Sources {
    /// Room for about so many.
    pub(crate) fn with_capacity(variables: usize) -> Self {
        Self { by_number: Vec::with_capacity(variables), others: BTreeMap::new() }
    }

    pub(crate) fn insert(&mut self, var: VarId, source: Source) {
        let number = var.0 as usize;
        // However a plan numbers its variables, the list stays in proportion to what is in it.
        if number >= 2 * self.by_number.len() + 1024 {
            self.others.insert(var, source);
            return;
        }
        if number >= self.by_number.len() {
            self.by_number.resize(number + 1, None);
        }
        self.by_number[number] = Some(source);
    }

    pub(crate) fn get(&self, var: VarId) -> Option<Source> {
        match self.by_number.get(var.0 as usize) {
            Some(Some(source)) => Some(*source),
            // It may have come before the list was long enough.
            _ if self.others.is_empty() => None,
            _ => self.others.get(&var).copied(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_is_found_and_the_last_source_counts() {
        let mut sources = Sources::default();
        let numbers = [0, 3, 5000, 1, 9_000, u32::MAX - 1, 20_000, 2_000];
        for number in numbers {
            sources.insert(VarId(number), Source::Bound(number));
        }
        for number in numbers {
            assert_eq!(sources.get(VarId(number)), Some(Source::Bound(number)));
        }
        assert_eq!(sources.get(VarId(2)), None);
        assert!(sources.by_number.len() < 5_000);
        sources.insert(VarId(5000), Source::Bound(1));
        assert_eq!(sources.get(VarId(5000)), Some(Source::Bound(1)));
    }
}
