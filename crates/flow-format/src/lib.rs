//! Tree to text in the one style.
//!
//! What it changes: blanks, line ends, indentation (also of text blocks, whose meaning does not depend on it),
//! optional commas, and the bar before an enum's first variant. What it never changes: everything else.
//! Comments stay at the thing they stand at. Applying it twice is the same as once.
//!
//! The style: two blanks per level, lines up to [`WIDTH`] where that is possible, no alignment of columns, so
//! that a change of one line changes one line. A bracket that the author opened, by a line end after it, stays
//! open with one item per line; another one is closed up if it fits its line.
//!
//! Text with mistakes is not touched. Pure; walks the green tree, which has no places and needs none.
//!
//! [`printer`] writes tokens and comments; [`gap`] knows the blanks between neighbours; [`layout`] and the
//! files beside it decide where lines break.

mod block;
mod expr;
mod gap;
mod layout;
mod list;
mod printer;
mod text;

use flow_syntax::Parse;
use printer::Printer;

/// The length of a line that the formatter tries to keep to.
pub const WIDTH: usize = 100;

/// The program in the one style; `None` when it has mistakes, which come first.
#[must_use]
pub fn format(parse: &Parse) -> Option<String> {
    if parse.problems.has_errors() {
        return None;
    }
    let mut printer = Printer::default();
    printer.module(parse.green());
    Some(printer.done())
}
