//! One check of one project, on the thread for checks: the files on disk with the open ones over them.

use crate::{host::Host, project::Key, worker};
use flow_compiler::{Kept, Options, compile_again};
use flow_ide::{Analysis, Overlay};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// What a check is given.
pub(crate) struct Check {
    pub(crate) key: Key,
    /// The count of changes that it sees.
    pub(crate) revision: u64,
    /// Open files by their paths from the root.
    pub(crate) open: BTreeMap<String, Arc<str>>,
    pub(crate) kept: Arc<Mutex<Kept>>,
    pub(crate) host: Arc<dyn Host>,
}

impl Check {
    /// Checks; the message of the panic if the compiler fails.
    pub(crate) fn run(&self) -> Result<Analysis, String> {
        worker::guarded(|| {
            let disk = self.host.world(&self.key.root);
            let world = Overlay { disk: &*disk, open: &self.open };
            let only = self.key.only.iter().cloned().collect();
            let options = Options { for_editor: true, only, ..self.host.options() };
            // What a panic leaves behind are whole trees: one is put in only when it is made.
            let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            Analysis::new(compile_again(&world, &options, &mut kept))
        })
    }
}
