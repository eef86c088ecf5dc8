//! What can be wrong with files, before any syntax.

use crate::{MAX_FILE_BYTES, WorldError};
use flow_diag::{Problem, Span, codes};
use flow_expr::Name;
use std::sync::Arc;

/// A file or folder that cannot be read.
pub(crate) struct Unreadable {
    pub(crate) path: String,
    pub(crate) error: WorldError,
    pub(crate) at: Span,
}

impl From<Unreadable> for Problem {
    fn from(found: Unreadable) -> Self {
        let Unreadable { path, error, at } = found;
        let (why, help) = match error {
            WorldError::NotFound => ("it does not exist".to_owned(), "check the path; it is relative to the folder of `flow.toml`"),
            WorldError::IsFolder => ("it is a folder".to_owned(), "name a file in it"),
            WorldError::IsFile => ("it is a file, not a folder".to_owned(), "name the folder that holds it"),
            WorldError::Forbidden => ("permission denied".to_owned(), "check its permissions"),
            WorldError::TooLarge(bytes) => (
                format!("it has {bytes} bytes; the most is {MAX_FILE_BYTES}"),
                "split it into modules, or keep data in a data file",
            ),
            WorldError::Other(why) => (why, "see the operating system's message"),
        };
        Self::error(codes::E0150, at, format!("cannot read `{path}`: {why}"), "needed here").help(help)
    }
}

/// A file that is no UTF-8.
pub(crate) struct NotText {
    pub(crate) path: String,
    pub(crate) byte: u8,
    pub(crate) offset: u32,
    pub(crate) at: Span,
    pub(crate) binary: bool,
}

impl From<NotText> for Problem {
    fn from(found: NotText) -> Self {
        let NotText { path, byte, offset, at, binary } = found;
        let what = if binary { "a binary file" } else { "not UTF-8" };
        let problem = Self::error(codes::E0151, at, format!("`{path}` is {what}"), "the first byte that is no text")
            .note(format!("byte {offset} is 0x{byte:02X}"));
        if binary {
            problem.help("a file whose name ends in `.flow` holds a program; move other files or give them another ending")
        } else {
            problem.help("save the file as UTF-8")
        }
    }
}

/// Two files with one module name.
pub(crate) struct SameModule {
    pub(crate) name: Name,
    pub(crate) first: String,
    pub(crate) at: Span,
}

impl From<SameModule> for Problem {
    fn from(found: SameModule) -> Self {
        let SameModule { name, first, at } = found;
        Self::error(codes::E0152, at, format!("there are two modules `{name}`"), "this file would be it too")
            .note(format!("`{first}` is the first; a module's name is its path under its source folder"))
            .help("rename one of the files, or leave one folder out of `sources`")
    }
}

/// A project without a program.
pub(crate) struct NoProgram {
    pub(crate) folders: Vec<Arc<str>>,
    pub(crate) at: Span,
}

impl From<NoProgram> for Problem {
    fn from(found: NoProgram) -> Self {
        let folders: Vec<String> = found.folders.iter().map(|folder| format!("`{folder}`")).collect();
        Self::error(codes::E0153, found.at, "there is no `.flow` file here", "looked from this folder")
            .note(format!("looked in {} and all folders inside", folders.join(", ")))
            .help("`flowc new` makes a project that runs; or name a file: `flowc check FILE`")
    }
}
