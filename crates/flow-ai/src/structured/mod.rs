//! The border between what a model writes and a value of a type: the schema that it is asked to fit, and the reading of
//! what it wrote instead.
//!
//! Reading forgives what cannot be misunderstood, and records it as [`Leniency`]; what would need a guess is a failure.
//! `loose.rs` reads JSON as models write it, `find.rs` finds it in prose, `adapt.rs` brings it to the form that the type
//! has, and [`flow_expr::codec`] has the last word, refinements included. Knows no provider and no network. Linear in
//! the text, and bounded in depth, whatever the text is. Tested by tables, and by damaging the JSON of generated values.

mod adapt;
mod find;
mod leniency;
mod loose;
mod numbers;
mod read;
mod schema;
#[cfg(test)]
mod tests;

pub use leniency::Leniency;
pub use read::{read, read_answer};
pub use schema::{is_text, schema};
