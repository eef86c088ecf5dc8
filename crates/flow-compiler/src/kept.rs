//! What is kept from one compilation to the next: trees of texts, and types of queries, that are the same.
//!
//! Knows nothing of what they mean. Tested through [`crate::compile_again`].

use flow_analysis::sql::Queries;
use flow_diag::FileId;
use flow_syntax::Parse;
use std::{collections::HashMap, sync::Arc};

/// The trees and queries of the last compilation.
#[derive(Debug, Default)]
pub struct Kept {
    /// By number; a number is the same file as long as no file comes or goes.
    trees: HashMap<FileId, (Arc<str>, Parse)>,
    pub(crate) queries: Queries,
}

impl Kept {
    /// The tree of a text.
    pub(crate) fn parse(&mut self, file: FileId, text: &Arc<str>) -> Parse {
        match self.trees.get(&file) {
            Some((kept, parse)) if kept == text => parse.clone(),
            _ => {
                let parse = flow_syntax::parse(file, text);
                self.trees.insert(file, (text.clone(), parse.clone()));
                parse
            }
        }
    }
}
