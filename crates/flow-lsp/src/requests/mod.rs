//! One file per request: from the protocol's parameters to a question of `flow-ide`, and its answer back.

pub(crate) mod code_action;
pub(crate) mod diagnostic;
pub(crate) mod formatting;
