//! What was found out about files, remembered in the store: a large input is hashed once.
//!
//! Before a run has opened the store for writing, findings are read only; a plan writes nothing.

use flow_exec::api::{FileStamp, FingerprintCache};
use flow_store::{Finding, Layout, Reader, Store, Write};
use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError, Weak},
};

/// The memory; one for a process, given to the executor and to the engine.
#[derive(Debug)]
pub struct FileMemory {
    layout: Layout,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// Found in this process.
    fresh: HashMap<(FileStamp, String), String>,
    /// Opened when first asked; `None` inside if there is no store.
    reader: Option<Option<Reader>>,
    store: Weak<Store>,
}

impl FileMemory {
    /// The memory of a project.
    #[must_use]
    pub fn new(project: &Path) -> Arc<Self> {
        Arc::new(Self { layout: Layout::new(project), inner: Mutex::default() })
    }

    /// From now on what is found is written down, first of all what was found before.
    pub(crate) fn attach(&self, store: &Arc<Store>) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.store = Arc::downgrade(store);
        for ((stamp, purpose), found) in &inner.fresh {
            store.write(Write::Finding(finding(stamp, purpose, found)));
        }
    }
}

impl FingerprintCache for FileMemory {
    fn get(&self, stamp: &FileStamp, purpose: &str) -> Option<String> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = inner.fresh.get(&(stamp.clone(), purpose.to_owned())) {
            return Some(found.clone());
        }
        // Without a memory everything is found out anew, which is slow and right.
        let reader = inner.reader.get_or_insert_with(|| Reader::open(&self.layout).ok().flatten());
        reader.as_ref()?.finding(&finding(stamp, purpose, "")).ok().flatten()
    }

    fn put(&self, stamp: &FileStamp, purpose: &str, found: &str) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = inner.store.upgrade() {
            store.write(Write::Finding(finding(stamp, purpose, found)));
        }
        inner.fresh.insert((stamp.clone(), purpose.to_owned()), found.to_owned());
    }
}

fn finding(stamp: &FileStamp, purpose: &str, found: &str) -> Finding {
    Finding {
        path: stamp.path.clone(),
        purpose: purpose.to_owned(),
        size: stamp.size,
        modified_ns: stamp.modified_ns,
        inode: stamp.inode,
        found: found.to_owned(),
    }
}
