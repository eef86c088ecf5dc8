//! A project that is served: where its program comes from, and how it is found and spoken to from the same machine.

mod address;
mod client;
mod files;

pub(crate) use address::{Address, Published, secret};
pub(crate) use client::Client;
pub(crate) use files::Files;
