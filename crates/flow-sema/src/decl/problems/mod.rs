//! What can be wrong with declarations, one struct per kind, one file per family.

mod bodies;
mod clauses;
mod connections;
mod datasets;
mod models;
mod retries;
mod schedules;

pub(crate) use bodies::*;
pub(crate) use clauses::*;
pub(crate) use connections::*;
pub(crate) use datasets::*;
pub(crate) use models::*;
pub(crate) use retries::*;
pub(crate) use schedules::*;
