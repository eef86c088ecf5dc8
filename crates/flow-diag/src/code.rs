//! The registry of codes: every file in `pages/` is one code, its text the page that
//! `flowc explain` prints. `build.rs` makes the constants, so adding a code touches no trunk.
//!
//! Bands: E00 syntax, E01 names, E02 types, E03 graph, E04 effects, E05 trust, E06 labels, E07 time,
//! E08 freshness, E09 cost, E10 policy, E11 SQL, W warnings, R run time. A code is never reused.

use serde::{Serialize, Serializer};
use std::fmt;

/// A code such as `E0203`. Only registered ones exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(&'static str);

impl Code {
    /// The code as printed.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.0
    }

    /// The registered code of that name, in any case.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        PAGES.iter().find(|(code, _)| code.0.eq_ignore_ascii_case(name)).map(|(code, _)| *code)
    }

    /// All codes with their pages, sorted.
    #[must_use]
    pub fn all() -> &'static [(Self, &'static str)] {
        PAGES
    }

    /// The page, in Markdown: `# CODE: title`, what, why, a failing and a mended example.
    #[must_use]
    pub fn page(self) -> &'static str {
        PAGES.iter().find(|(code, _)| *code == self).map_or("", |(_, page)| page)
    }

    /// The title from the page's first line.
    #[must_use]
    pub fn title(self) -> &'static str {
        let first = self.page().lines().next().unwrap_or_default();
        first.split_once(": ").map_or(first, |(_, title)| title)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

include!(concat!(env!("OUT_DIR"), "/codes.rs"));
