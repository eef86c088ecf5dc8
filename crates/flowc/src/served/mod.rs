//! A project that is served: where its program comes from, and how it is found and spoken to from the same machine.

mod address;
mod files;

pub(crate) use address::{Address, secret};
pub(crate) use files::Files;
