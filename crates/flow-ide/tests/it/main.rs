//! The features over caret fixtures.
