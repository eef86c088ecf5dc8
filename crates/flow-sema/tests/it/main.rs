//! Tests of names and types from outside: pages, caret cases, the tutorial and the standard library.

mod broken;
mod carets;
mod common;
mod deep;
mod examples;
mod pages;
mod settings;
mod standard;
mod tables;
mod wording;
