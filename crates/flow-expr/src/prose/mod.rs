//! What guards find in texts that models and people write: languages, names, personal data, likeness.
//!
//! Pure functions of texts, in linear time, each in a file with its table of cases. They look for forms, not for
//! sense: nothing that a text says to its reader changes what is found. What they see is a text after [`fold`].

pub(crate) mod fold;
pub(crate) mod language;
pub(crate) mod likeness;
pub(crate) mod names;
pub(crate) mod personal;
