//! One check of one project, on the thread for checks: the files on disk with the open ones over them.

use crate::{
    project::Key,
    publish,
    snapshot::{Around, View},
    worker,
};
use flow_compiler::{Kept, Options, compile_again};
use flow_ide::{Analysis, Overlay};
use lsp_types::Diagnostic;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// What a check is given.
pub(crate) struct Check {
    pub(crate) key: Key,
    /// Open files by their paths from the root.
    pub(crate) open: BTreeMap<String, Arc<str>>,
    pub(crate) kept: Arc<Mutex<Kept>>,
    pub(crate) around: Around,
}

/// What a check finds.
pub(crate) struct Found {
    pub(crate) analysis: Arc<Analysis>,
    /// The diagnostics of every file that has some, by path from the root.
    pub(crate) diagnostics: BTreeMap<String, Vec<Diagnostic>>,
}

impl Check {
    /// Checks; the message of the panic if the compiler fails.
    pub(crate) fn run(self) -> Result<Found, String> {
        worker::guarded(|| {
            let analysis = Arc::new(self.analysis());
            let view = View { key: self.key, analysis: analysis.clone(), around: self.around };
            Found { analysis, diagnostics: publish::by_path(&view) }
        })
    }

    fn analysis(&self) -> Analysis {
        let host = &self.around.host;
        let disk = host.world(&self.key.root);
        let world = Overlay { disk: &*disk, open: &self.open };
        let only = self.key.only.iter().cloned().collect();
        let options = Options { for_editor: true, only, ..host.options() };
        // What a panic leaves behind are whole trees: one is put in only when it is made.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        Analysis::new(compile_again(&world, &options, &mut kept))
    }
}
