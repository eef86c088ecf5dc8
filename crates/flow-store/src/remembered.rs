//! What the store remembers of a flow's nodes, read at once.
//!
//! A run asks of each node what is remembered of it, and nearly always the answer is that nothing is different. Read one
//! by one, that costs several searches through long rows each; read in order, next to nothing. What is not told here is
//! asked of the [`Reader`]: long results, records of which more is wanted than whether they are the same, and all that
//! the run itself has renewed. Tested in `tests/remembering.rs`.

use crate::{Reader, StoreError, read::timestamp};
use flow_driver::{CachedResult, Last, NodeEnd};
use rusqlite::params;
use std::{collections::HashMap, sync::Arc};

/// Nodes of which it is remembered here, at most: a loop may have left millions.
const MOST_NODES: usize = 20_000;

/// Bytes of a result that is remembered here, at most.
const MOST_BYTES: u32 = 512;

/// What is remembered of the nodes of a flow, as it was when it was read.
#[derive(Debug, Default)]
pub struct Remembered {
    /// What the keys of the flow's records begin with.
    prefix: String,
    nodes: HashMap<String, Known>,
    /// By identity.
    results: HashMap<Arc<str>, KeptText>,
    /// Whether there was room for all.
    is_all: bool,
}

/// What is known of a node.
#[derive(Debug, Default)]
struct Known {
    /// What it was, if it succeeded by itself; none if more is to be asked.
    identity: Option<Arc<str>>,
    run: Arc<str>,
    at: i64,
}

/// A result that is kept, as it is in the store.
#[derive(Debug)]
struct KeptText {
    json: String,
    run: Arc<str>,
    at: i64,
}

impl Remembered {
    /// What is remembered of the node with this key, as [`Reader::last`] gives it; none if that must be asked.
    #[must_use]
    pub fn last(&self, key: &str, identity: Option<&str>) -> Option<Last> {
        match self.nodes.get(key) {
            Some(known) if identity.is_some() && known.identity.as_deref() == identity => {
                Some(Last::Same { run: known.run.clone(), at: timestamp(known.at) })
            }
            Some(_) => None,
            None => (self.is_all && key.starts_with(&self.prefix)).then_some(Last::Nothing),
        }
    }

    /// The kept result under a key; none if it must be asked for.
    #[must_use]
    pub fn result(&self, key: &str) -> Option<CachedResult> {
        let kept = self.results.get(key)?;
        let value = serde_json::from_str(&kept.json).ok()?;
        Some(CachedResult { value, run: kept.run.clone(), at: timestamp(kept.at) })
    }

    /// The run has left something else of a node: from now on that is to be asked.
    pub fn forget(&mut self, end: &NodeEnd) {
        if end.record.is_some() {
            match self.nodes.len() < MOST_NODES {
                true => drop(self.nodes.insert(end.key.to_string(), Known::default())),
                false => {
                    self.nodes.remove(&*end.key);
                    self.is_all = false;
                }
            }
        }
        if let Some(key) = &end.cache_key {
            self.results.remove(key);
        }
    }
}

impl Reader {
    /// What is remembered of the nodes of a flow, given the key of one of them: all begin with the flow's name.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn remembered(&self, key: &str) -> Result<Remembered, StoreError> {
        let prefix = key.split_inclusive('/').next().unwrap_or_default().to_owned();
        // `0` comes after `/`.
        let end = prefix.strip_suffix('/').map(|flow| format!("{flow}0")).unwrap_or_default();
        // A result is kept under the identity of the node that gave it.
        let sql = "select records.key, identity, succeeded, records.run, records.at,
                iif(length(results.json) <= ?3, results.json, null), results.run, results.at
            from records left join results on succeeded and results.key = identity
            where records.key >= ?1 and records.key < ?2 order by records.key limit ?4";
        let mut remembered = Remembered { prefix: prefix.clone(), ..Remembered::default() };
        // Few runs have left what is remembered.
        let mut runs: HashMap<String, Arc<str>> = HashMap::new();
        let mut shared = |run: &str| match runs.get(run) {
            Some(run) => run.clone(),
            None => runs.entry(run.to_owned()).or_insert(run.into()).clone(),
        };
        let seen = self.many(sql, params![prefix, end, MOST_BYTES, MOST_NODES as i64], |row| {
            let identity: Option<Arc<str>> = match row.get::<_, bool>(2)? {
                true => Some(row.get_ref(1)?.as_str()?.into()),
                false => None,
            };
            let json: Option<String> = row.get(5)?;
            if let (Some(identity), Some(json)) = (&identity, json) {
                let kept = KeptText { json, run: shared(row.get_ref(6)?.as_str()?), at: row.get(7)? };
                remembered.results.insert(identity.clone(), kept);
            }
            let known = Known { identity, run: shared(row.get_ref(3)?.as_str()?), at: row.get(4)? };
            remembered.nodes.insert(row.get(0)?, known);
            Ok(())
        })?;
        remembered.is_all = seen.len() < MOST_NODES;
        Ok(remembered)
    }
}
