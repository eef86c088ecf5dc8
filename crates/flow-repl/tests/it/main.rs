//! Sessions entry by entry, over a project and data in memory.

mod memory;
mod sessions;
