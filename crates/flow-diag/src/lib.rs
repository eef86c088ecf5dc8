//! Spans, the registry of codes, and problems as data with their renderings.
//!
//! Knows nothing of the language: it shows what others found. No I/O; renderers return strings.

mod code;
mod fix;
mod position;
mod problem;
pub mod render;
mod sources;
mod span;

pub use code::{Code, codes};
pub use fix::{Applied, apply, only_fixes};
pub use position::{Encoding, LineIndex, Position};
pub use problem::{Edit, Fix, Label, Problem, Problems, Severity};
pub use sources::{Source, Sources};
pub use span::{FileId, Span};
