//! Tests of the plan as its users see it: meanings, differences, selectors, files.

mod meaning;
mod sample;
