//! Where a dataset's files are: paths with partition holes, globs, folders.
//!
//! Looks at names only; contents are for the readers.

use crate::{
    api::DatasetRef,
    borders::context,
    tables::{read_failure, shown},
};
use flow_diag::codes;
use flow_expr::{Part, Scope, Value, VarId, evaluate};
use flow_plan::{Dataset, ErrorClass, Failure, Format, Location};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// A file of a dataset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Its path relative to the project's root, for people and fingerprints.
    pub(crate) name: String,
    /// `name=value` of the folders that it is in.
    pub(crate) folders: BTreeMap<String, String>,
}

/// The declaration of a dataset.
pub(crate) fn dataset(data: &DatasetRef) -> Result<&Dataset, Failure> {
    data.program
        .datasets
        .get(&data.dataset)
        .ok_or_else(|| crate::blocking::broken(&format!("the program has no dataset `{}`", data.dataset)))
}

/// The files that are there, sorted; an error if there is none.
pub(crate) fn pieces(root: &Path, data: &DatasetRef, path: &[Part], format: Format) -> Result<Vec<Piece>, Failure> {
    let (text, is_pattern) = path_text(data, path, true)?;
    let path = root.join(&text);
    let is_folder = path.is_dir();
    let mut found = if is_folder {
        if matches!(format, Format::Json | Format::Text) {
            return Err(read_failure(&path, &std::io::Error::from(std::io::ErrorKind::IsADirectory)));
        }
        files_in(&path, format)?
    } else if path.exists() || !is_pattern {
        vec![path.clone()]
    } else {
        matching(&path)?
    };
    found.sort();
    if found.is_empty() {
        let name = data.dataset.short();
        let message = if is_folder {
            let ending = endings(format)[0];
            format!("{text}, where `{name}` is declared to be, is a folder without files that end in `.{ending}`")
        } else {
            format!("nothing is at {text}, where `{name}` is declared to be")
        };
        return Err(Failure::new(ErrorClass::Internal, codes::R0301.as_str(), message));
    }
    Ok(found.into_iter().map(|path| piece(root, path)).collect())
}

/// The one file to write.
pub(crate) fn target(root: &Path, data: &DatasetRef, path: &[Part]) -> Result<Piece, Failure> {
    let (text, is_pattern) = path_text(data, path, false)?;
    if is_pattern {
        return Err(unusable(data, &format!("{text} is a pattern of several files; one file is written")));
    }
    if text.ends_with('/') || root.join(&text).is_dir() {
        return Err(unusable(data, &format!("{text} is a folder; name the file in it")));
    }
    Ok(piece(root, root.join(text)))
}

fn unusable(data: &DatasetRef, why: &str) -> Failure {
    let message = format!("the place of `{}` cannot be used: {why}", data.dataset.short());
    Failure::new(ErrorClass::ClientError, codes::R0313.as_str(), message)
}

/// The path with its holes filled, and whether it is a pattern. Without a value for a partition key, every
/// value is meant when reading.
fn path_text(data: &DatasetRef, path: &[Part], reading: bool) -> Result<(String, bool), Failure> {
    let keys = Keys(data);
    let mut text = String::new();
    let literal: String = path.iter().map(|part| if let Part::Text(text) = part { text } else { "" }).collect();
    let mut is_pattern = literal.contains(['*', '?', '[']);
    if literal.contains("://") {
        return Err(unusable(data, "it is a URL, and a file is meant here"));
    }
    let whole = data.partition.is_empty() && path.iter().any(|part| matches!(part, Part::Hole(..)));
    for part in path {
        match part {
            Part::Text(part) => text.push_str(part),
            Part::Hole(..) if whole && reading && !dataset(data)?.partition.is_empty() => {
                is_pattern = true;
                text.push('*');
            }
            Part::Hole(expr, _) => {
                let value = evaluate(expr, &keys, &context(&data.program, data.now))
                    .map_err(|error| unusable(data, &format!("its path has no value: {error}")))?;
                let part = hole_text(&value).ok_or_else(|| unusable(data, &format!("{} in a path", shown(&value))))?;
                if part.is_empty() || part.contains(['/', '\\', '\0']) || part.starts_with('.') {
                    return Err(unusable(data, &format!("{part:?} cannot be part of a path")));
                }
                text.push_str(&if is_pattern { glob::Pattern::escape(&part) } else { part });
            }
        }
    }
    Ok((text, is_pattern))
}

/// The URL at which a dataset is, its holes percent-encoded so that they cannot leave their places; none if it
/// is elsewhere.
pub(crate) fn address(data: &DatasetRef) -> Result<Option<reqwest::Url>, Failure> {
    let location = &dataset(data)?.location;
    let (Some(_), Location::File { path, .. }) = (location.url(), location) else { return Ok(None) };
    let mut text = String::new();
    for part in path {
        match part {
            Part::Text(part) => text.push_str(part),
            Part::Hole(expr, _) => {
                let value = evaluate(expr, &Keys(data), &context(&data.program, data.now))
                    .map_err(|error| unusable(data, &format!("its URL has no value: {error}")))?;
                let part = hole_text(&value).ok_or_else(|| unusable(data, &format!("{} in a URL", shown(&value))))?;
                if part.is_empty() || part.chars().all(|sign| sign == '.') {
                    return Err(unusable(data, &format!("{part:?} cannot be part of a URL")));
                }
                text.push_str(&urlencoding::encode(&part));
            }
        }
    }
    let url = reqwest::Url::parse(&text).map_err(|error| unusable(data, &format!("it is no URL: {error}")))?;
    Ok(Some(url))
}

fn hole_text(value: &Value) -> Option<String> {
    match flow_expr::codec::encode(value) {
        serde_json::Value::String(text) => Some(text),
        other @ (serde_json::Value::Number(_) | serde_json::Value::Bool(_)) => Some(other.to_string()),
        _ => None,
    }
}

/// Partition keys by their variables.
struct Keys<'a>(&'a DatasetRef);

impl Scope for Keys<'_> {
    fn get(&self, var: VarId) -> Option<Value> {
        let declared = dataset(self.0).ok()?;
        let key = declared.partition.iter().find(|key| key.var == var)?;
        self.0.partition.iter().find(|(name, _)| *name == key.name).map(|(_, value)| value.clone())
    }
}

fn matching(pattern: &Path) -> Result<Vec<PathBuf>, Failure> {
    let text = pattern.to_string_lossy();
    let found = glob::glob(&text).map_err(|error| {
        let message = format!("{text} is no pattern of files: {error}");
        Failure::new(ErrorClass::ClientError, codes::R0313.as_str(), message)
    })?;
    let files = found.map(|entry| entry.map_err(|error| read_failure(error.path(), error.error())));
    let files: Vec<PathBuf> = files.collect::<Result<_, _>>()?;
    Ok(files.into_iter().filter(|path| path.is_file() && !is_hidden(path)).collect())
}

/// How the files of a folder are recognized.
fn endings(format: Format) -> &'static [&'static str] {
    match format {
        Format::Csv => &["csv"],
        Format::Parquet => &["parquet"],
        Format::Jsonl => &["jsonl", "ndjson", "json"],
        Format::Json => &["json"],
        Format::Text => &["txt"],
    }
}

/// Files of a folder and its folders, by the format's usual ending.
fn files_in(folder: &Path, format: Format) -> Result<Vec<PathBuf>, Failure> {
    let endings = endings(format);
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).map_err(|error| read_failure(&folder, &error))?;
        for entry in entries {
            let path = entry.map_err(|error| read_failure(&folder, &error))?.path();
            if is_hidden(&path) {
                continue;
            }
            // Links to folders are not followed: they may lead in circles.
            if path.is_dir() && !path.is_symlink() {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|ending| endings.iter().any(|each| ending.eq_ignore_ascii_case(each)))
            {
                found.push(path);
            }
        }
    }
    Ok(found)
}

/// Hidden files are none of the data: among them those that are being written.
fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(['.', '_']))
}

fn piece(root: &Path, path: PathBuf) -> Piece {
    let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
    let folders = name.split('/').rev().skip(1).filter_map(|part| part.split_once('='));
    let folders = folders.map(|(key, value)| (key.to_owned(), decoded(value))).collect();
    Piece { path, name, folders }
}

fn decoded(value: &str) -> String {
    urlencoding::decode(value).map_or_else(|_| value.to_owned(), std::borrow::Cow::into_owned)
}
