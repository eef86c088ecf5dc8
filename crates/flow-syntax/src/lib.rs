//! Text to tree: tokens, a parser that survives any text, the lossless tree, and a typed view of it.
//!
//! Knows nothing of names, types or files: a [`FileId`] is only stamped on what it reports. Pure and total:
//! every text gives a tree whose text is that text, and a list of problems.
//!
//! The way of a text: `lexer` (logos) → tokens → `parser` (one file per part of the language) →
//! `tree` (rowan) → [`ast`]. The normative grammar is `grammar/flow.pest`; tests hold it and this parser
//! together.

pub mod ast;
mod echo;
mod escape;
mod kind;
mod lexer;
mod parse;
mod parser;
mod problem;
mod text;
mod tree;

pub use kind::{FlowLanguage, GreenNode, GreenToken, SyntaxElement, SyntaxKind, SyntaxNode, SyntaxToken};
pub use parse::{MAX_BYTES, MAX_TOKENS, Parse, is_unfinished, parse, parse_expression};
pub use parser::Goal;
pub use rowan::{NodeOrToken, TextRange, TextSize};
