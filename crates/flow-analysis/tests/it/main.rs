//! The analyses on programs built by hand: what each reports, and that size does not break them.

mod build;
mod effects;
mod failures;
mod graph;
mod scale;
mod time;
mod trust;
