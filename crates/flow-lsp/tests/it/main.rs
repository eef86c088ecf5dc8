//! The server against a client in the same process, over a connection in memory: no time is asserted, every answer is waited for.

mod client;
mod diagnostics;
mod lifecycle;
mod transport;
