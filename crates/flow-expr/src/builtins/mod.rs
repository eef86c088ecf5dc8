//! Built-in functions, as data: name, signature, docs, implementation; one file per group.
//!
//! A name may have several overloads, in any group; the checker picks one by types
//! ([`resolve`]), the evaluator by values, and they agree because both read the signature. They are declared with their docs
//! in `stdlib/*.flow`; a test holds the two sets equal.
//!
//! What a built-in cannot do is a fault with a code. What it produces is counted by the meter.

mod call;
mod guard;
mod json;
mod list;
mod map;
mod number;
mod option;
mod registry;
mod sequence;
mod signature;
mod stats;
mod table;
mod text;
mod time;

pub(crate) use registry::call;
pub use registry::{Builtin, builtins, is_builtin, overloads, resolve};
pub use signature::{Bindings, Parameter, Signature, TypePattern, is_key, is_ordered};
