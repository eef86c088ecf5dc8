//! The standard library, embedded: the modules of `stdlib/` at the repository's root.

/// Name, path as shown, and text of every module.
pub(crate) const MODULES: &[(&str, &str, &str)] = &[];
