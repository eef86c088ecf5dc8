//! Whole programs through the whole compiler: caret-marked cases, pages, the reference, the examples.
#![allow(clippy::disallowed_methods, reason = "tests read the repository's files")]

mod assume;
mod broken;
mod cases;
mod examples;
mod guards;
mod labels;
mod marks;
mod meaning;
mod pages;
mod policies;
mod repository;
