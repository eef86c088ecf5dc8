//! The result of parsing: a tree that can be shared between threads, and what was wrong.

use crate::ast::{AstNode, Module};
use crate::kind::SyntaxNode;
use flow_diag::{FileId, Problems, Span};
use rowan::{GreenNode, TextRange};

/// A parsed file. `Send`, `Sync` and cheap to clone; the trees that it hands out are neither.
#[derive(Clone, Debug)]
pub struct Parse {
    pub(crate) file: FileId,
    pub(crate) green: GreenNode,
    /// What was wrong with the text, in the order of its places.
    pub problems: Problems,
}

impl Parse {
    /// The file that the text came from.
    #[must_use]
    pub fn file(&self) -> FileId {
        self.file
    }

    /// The tree. Its text is exactly the text that was parsed.
    #[must_use]
    pub fn tree(&self) -> SyntaxNode {
        SyntaxNode::new_root(self.green.clone())
    }

    /// The tree as the program's declarations.
    ///
    /// # Panics
    /// Never: the parser makes a module of every text.
    #[must_use]
    pub fn root(&self) -> Module {
        Module::cast(self.tree()).expect("the root of every tree is a module")
    }

    /// A range of the tree as a span of this file.
    #[must_use]
    pub fn span(&self, range: TextRange) -> Span {
        Span::new(self.file, range.start().into(), range.end().into())
    }
}
