//! The features over caret fixtures.

mod changes;
mod completion;
mod fixture;
mod navigation;
mod reading;
