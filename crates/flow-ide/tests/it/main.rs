//! The features over caret fixtures.

mod fixture;
mod navigation;
mod reading;
