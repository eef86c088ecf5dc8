//! What several tests share.

#![allow(dead_code, reason = "each test uses a part")]

pub(crate) mod generate;
pub(crate) mod repository;
