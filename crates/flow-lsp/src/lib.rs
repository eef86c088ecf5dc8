//! The language server: the protocol and its threads around `flow-ide`.
//!
//! Synchronous: one loop owns all state ([`server`]), a thread checks, another one answers, both on immutable snapshots. One
//! file per request under [`requests`]; `routes` lists them with what each must wait for. What an answer is, is `flow-ide`'s
//! business; here positions and names are put into the protocol's form. Reads no file: what is on disk is the [`Host`]'s.
//!
//! Tested in process by a client over a connection in memory (`tests/it`), and over stdio with the real binary in `flowc`.

mod capabilities;
mod check;
mod client;
mod convert;
mod documents;
mod host;
mod project;
mod publish;
mod requests;
mod routes;
mod server;
mod snapshot;
mod transport;
mod uri;
mod worker;

pub use host::Host;
pub use lsp_server::Connection;
pub use server::serve;
pub use transport::{Threads, connect};
