//! What is remembered of nodes, for the driver: all of a flow's nodes are read when the first of them is asked for.
//!
//! A result whose data is no longer there is none. Knows no policy, and not what it is compared with.

use crate::work::Shared;
use flow_driver::{CachedResult, Event, Last, NodeEnd, Task};
use flow_expr::Value;
use flow_store::{Remembered, StoreError, is_complete};

/// What a run remembers.
#[derive(Default)]
pub(crate) struct Recollection(Option<Remembered>);

impl Recollection {
    /// What is remembered of a node, and the kept result if it can still be had: given the node's key, the result's, and
    /// the identity that the node has now.
    pub(crate) fn recall(
        &mut self,
        shared: &Shared,
        task: Task,
        (node, cache, identity): (&str, Option<&str>, Option<&str>),
    ) -> Result<Event, StoreError> {
        let remembered = match &mut self.0 {
            Some(remembered) => remembered,
            none => none.insert(shared.ask(|reader| reader.remembered(node).map(Some))?.unwrap_or_default()),
        };
        let last = match remembered.last(node, identity) {
            Some(last) => last,
            None => shared.ask(|reader| reader.last(node, identity).map(Some))?.unwrap_or_default(),
        };
        let cached = match (cache, cache.and_then(|key| remembered.result(key))) {
            (Some(key), None) => shared.ask(|reader| reader.result(key))?,
            (_, known) => known,
        };
        let is_there = |value: &Value| is_complete(&shared.layout, value);
        let cached: Option<CachedResult> = cached.filter(|cached| is_there(&cached.value));
        let last = match last {
            // Its value stands in for a result, so it must be there.
            Last::Other(mut record) => {
                record.value = record.value.filter(&is_there);
                Last::Other(record)
            }
            last => last,
        };
        Ok(Event::Recalled { task, last, cached: cached.map(Box::new) })
    }

    /// The run has left something else of a node.
    pub(crate) fn forget(&mut self, end: &NodeEnd) {
        self.0.iter_mut().for_each(|remembered| remembered.forget(end));
    }
}
