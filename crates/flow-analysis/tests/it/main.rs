//! The analyses on programs built by hand: what each reports, and that size does not break them.

mod bounds;
mod build;
mod effects;
mod failures;
mod graph;
mod proof;
mod queueing;
mod scale;
mod spend;
mod terms;
mod time;
mod trust;
