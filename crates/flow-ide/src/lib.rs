//! What an editor asks of a program, as plain data: offsets and names, no protocol.
//!
//! Everything is a question to one [`Analysis`], which is what `flowc check` makes of the same files: there is no second
//! checker here. One file per feature. Knows no editor, no protocol and no threads; `flow-lsp` puts words and positions of
//! the protocol on top. Tested with caret fixtures under `tests/it`.

mod analysis;
mod diagnostics;
mod edits;
mod fixes;
mod formatting;
mod overlay;

pub use analysis::Analysis;
pub use diagnostics::{Diagnostic, Related, diagnostics};
pub use edits::{FileEdits, TextEdit, between};
pub use fixes::{Action, fix_all, fixes};
pub use formatting::{format, format_range};
pub use overlay::Overlay;
