//! What an editor asks of a program, as plain data: offsets and names, no protocol.
//!
//! Everything is a question to one [`Analysis`], which is what `flowc check` makes of the same files: there is no second
//! checker here. One file per feature. Knows no editor, no protocol and no threads; `flow-lsp` puts words and positions of
//! the protocol on top. Tested with caret fixtures under `tests/it`.

mod analysis;
mod assists;
mod complete;
mod diagnostics;
mod edits;
mod embedded;
mod facts;
mod fixes;
mod folding;
mod formatting;
mod goto;
mod graph;
mod hints;
mod hover;
mod inline;
mod lenses;
mod lineage;
mod links;
mod overlay;
mod place;
mod references;
mod rename;
mod scope;
mod selection;
mod signature;
mod symbols;
mod tokens;
pub mod words;

pub use analysis::Analysis;
pub use assists::assists;
pub use complete::{Completion, CompletionKind, Completions, complete, resolve};
pub use diagnostics::{Diagnostic, Related, diagnostics};
pub use edits::{TextEdit, between};
pub use facts::Facts;
pub use fixes::{Action, fix_all, fixes};
pub use folding::{Fold, FoldKind, folds};
pub use formatting::{format, format_range, format_typed};
pub use goto::{definition, type_definition};
pub use graph::graph;
pub use hints::{Hint, HintKind, hints};
pub use hover::{Hover, described, hover};
pub use lenses::{Lens, LensKind, lenses};
pub use lineage::{Station, Way, next, station};
pub use links::{Link, Target, links};
pub use overlay::Overlay;
pub use references::{Mention, highlights, references};
pub use rename::{prepare as prepare_rename, rename};
pub use selection::selections;
pub use signature::{Signature, Signatures, signatures};
pub use symbols::{Found, Symbol, SymbolKind, document_symbols, workspace_symbols};
pub use tokens::{Token, TokenKind, tokens};
