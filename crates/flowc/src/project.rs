//! Which project is meant: a folder with a flow.toml, or files on their own.
//!
//! Reads nothing but names: what is in the files is the compiler's business.

use crate::{cli::Global, exit::Failure};
use std::path::{Path, PathBuf};

/// The project that a command works on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Project {
    /// Its folder. Paths in programs and reports are relative to it.
    pub(crate) root: PathBuf,
    /// The files to be looked at, relative to the root; all of the project's if empty.
    pub(crate) files: Vec<String>,
    /// Whether the files are all there is: no flow.toml is above them.
    pub(crate) is_loose: bool,
}

impl Project {
    /// The project of a command without files: `--project`, else the nearest above the working folder.
    pub(crate) fn find(global: &Global) -> Result<Self, Failure> {
        Self::of_files(global, &[])
    }

    /// The project of some files: `--project`, else the nearest above them, else they alone.
    pub(crate) fn of_files(global: &Global, files: &[PathBuf]) -> Result<Self, Failure> {
        let here = working_folder()?;
        let (mut root, mut files) = (None, files.to_vec());
        match &global.project {
            Some(path) if path.is_dir() => root = Some(path.clone()),
            Some(path) if path.is_file() => files = vec![path.clone()],
            Some(path) => {
                return Err(Failure::wrong(format!("there is no project at {}", path.display()))
                    .hint("--project takes a folder with a flow.toml, or a .flow file"));
            }
            None => {}
        }
        let root = match (root, files.first()) {
            (Some(root), _) => Some(here.join(root)),
            (None, Some(file)) => above(&here.join(file)),
            (None, None) => above(&here.join("x")),
        };
        let is_loose = root.is_none();
        let root = match (root, files.first()) {
            (Some(root), _) => root,
            (None, Some(file)) => here.join(file).parent().map_or(here.clone(), Path::to_path_buf),
            (None, None) => here.clone(),
        };
        let files = files.iter().map(|file| relative(&root, &here.join(file))).collect::<Result<_, _>>()?;
        Ok(Self { root, files, is_loose })
    }

    /// A path as the project's own are shown, from its root; the whole path of a file that is not in it.
    pub(crate) fn shown(&self, file: &Path) -> Result<String, Failure> {
        let full = working_folder()?.join(file);
        Ok(relative(&self.root, &full).unwrap_or_else(|_| tidy(&full).to_string_lossy().into_owned()))
    }
}

/// The nearest folder above a path that holds a flow.toml.
fn above(path: &Path) -> Option<PathBuf> {
    path.ancestors().skip(1).find(|folder| folder.join("flow.toml").is_file()).map(Path::to_path_buf)
}

fn relative(root: &Path, file: &Path) -> Result<String, Failure> {
    let inside = tidy(file)
        .strip_prefix(tidy(root))
        .map(Path::to_path_buf)
        .map_err(|_| Failure::wrong(format!("{} is not in the project {}", file.display(), root.display())))?;
    let parts = inside.components().map(|part| part.as_os_str().to_string_lossy());
    Ok(parts.collect::<Vec<_>>().join("/"))
}

/// A path without `.` and `..`, as it is written: links are not followed, so messages show what was typed.
fn tidy(path: &Path) -> PathBuf {
    let mut tidied = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir => {
                tidied.pop();
            }
            part => tidied.push(part),
        }
    }
    tidied
}

#[expect(clippy::disallowed_methods, reason = "flowc is the rim at which the environment is read")]
pub(crate) fn working_folder() -> Result<PathBuf, Failure> {
    std::env::current_dir().map_err(|error| Failure::environment(format!("the working folder: {error}")))
}

/// The text of a file that somebody named; `-` is standard input.
#[expect(clippy::disallowed_methods, reason = "flowc is the rim at which files are read")]
pub(crate) fn read_named(path: &Path) -> Result<String, Failure> {
    let bytes = if path.as_os_str() == "-" {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut std::io::stdin().lock(), &mut bytes).map(|_| bytes)
    } else {
        std::fs::read(path)
    };
    let bytes = bytes.map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Failure::wrong(format!("there is no file {}", path.display())),
        std::io::ErrorKind::IsADirectory => Failure::wrong(format!("{} is a folder", path.display())),
        _ => Failure::io("reading", path, &error),
    })?;
    String::from_utf8(bytes).map_err(|_| Failure::wrong(format!("{} is not UTF-8 text", path.display())))
}

/// Replaces a file as a whole: readers see the old or the new text, never half.
#[expect(clippy::disallowed_methods, reason = "flowc is the rim at which files are written")]
pub(crate) fn write_whole(path: &Path, text: &str) -> Result<(), Failure> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let beside = path.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
    let written = std::fs::write(&beside, text)
        .and_then(|()| match std::fs::metadata(path) {
            Ok(old) => std::fs::set_permissions(&beside, old.permissions()),
            Err(_) => Ok(()),
        })
        .and_then(|()| std::fs::rename(&beside, path));
    written.map_err(|error| {
        let _ = std::fs::remove_file(&beside);
        Failure::io("writing", path, &error)
    })
}
