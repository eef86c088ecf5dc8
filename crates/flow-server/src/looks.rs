//! Looking around, every now and then: whether the program's files have changed, and what is at the places of datasets
//! whose updates start flows.
//!
//! A file that somebody is still writing looks different each time: what is there counts when two looks in a row saw the
//! same.

use crate::Source;
use flow_engine::Engine;
use flow_expr::Name;
use flow_plan::Program;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// What a look found.
#[derive(Debug, Default)]
pub(crate) struct Look {
    /// The stamp of the program, and what it is now, if it has changed.
    pub(crate) program: Option<(String, Result<Arc<Program>, String>)>,
    /// What is at datasets' places, seen twice.
    pub(crate) seen: Vec<(Name, Arc<str>)>,
    /// What is there, seen once.
    pub(crate) once: BTreeMap<Name, Arc<str>>,
}

/// Looks once.
pub(crate) async fn look(
    engine: Engine,
    source: Arc<dyn Source>,
    program: Arc<Program>,
    (stamp, datasets, before): (String, BTreeSet<Name>, BTreeMap<Name, Arc<str>>),
) -> Look {
    let mut found = Look::default();
    let changed = tokio::task::spawn_blocking(move || {
        let now = source.stamp();
        (now != stamp).then(|| (now, source.load()))
    });
    found.program = changed.await.unwrap_or_default();
    for dataset in datasets {
        let Some(content) = engine.content_of(&program, &dataset).await else { continue };
        if before.get(&dataset) == Some(&content) {
            found.seen.push((dataset.clone(), content.clone()));
        }
        found.once.insert(dataset, content);
    }
    found
}
