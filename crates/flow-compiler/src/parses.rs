//! Trees that are kept from one compilation to the next: a file whose text is the same is not parsed again.
//!
//! Knows nothing of what trees mean. Tested through [`crate::compile_again`].

use flow_diag::FileId;
use flow_syntax::Parse;
use std::{collections::HashMap, sync::Arc};

/// The trees of the last compilation.
#[derive(Debug, Default)]
pub struct Parses {
    /// By number; a number is the same file as long as no file comes or goes.
    kept: HashMap<FileId, (Arc<str>, Parse)>,
}

impl Parses {
    /// The tree of a text.
    pub(crate) fn parse(&mut self, file: FileId, text: &Arc<str>) -> Parse {
        match self.kept.get(&file) {
            Some((kept, parse)) if kept == text => parse.clone(),
            _ => {
                let parse = flow_syntax::parse(file, text);
                self.kept.insert(file, (text.clone(), parse.clone()));
                parse
            }
        }
    }
}
