//! Asks models and reads what they answer.
//!
//! A [`Client`] sends one [`Ask`] and gives an [`Answer`] or says why there is none. It keeps each model's declared rate,
//! waits where a server asked to, and stops asking one that does not answer. [`structured`] is the border between an
//! answer's text and a value of a type; [`prompt`] puts values into prompts as data.
//!
//! Knows no driver: what is tried again, guards, budgets and backups are decided elsewhere, from the classes of failures.
//! One file per provider, each a pure pair of a request and a decoder that takes bytes as they come, tested without a
//! network; `tests/asks` has a server that misbehaves in every way known to us, and a real model where there is one.

#![allow(clippy::disallowed_methods, reason = "the network, the clock and cassettes are what this crate is for")]

mod ask;
mod breaker;
mod cassette;
mod client;
mod failures;
mod frames;
#[cfg(fuzzing)]
pub mod fuzzing;
mod limits;
pub mod prompt;
mod providers;
mod secret;
pub mod structured;
mod transport;
mod waits;

pub use ask::{Answer, Ask, AskFailed, Message, Stop, Tool, ToolCall, Usage};
pub use client::{Client, needs};
