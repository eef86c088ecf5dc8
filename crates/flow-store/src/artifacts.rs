//! Tables and files by content: whether they are there, and which are needed no longer.
//!
//! Their content is written and read by the executor, under names made of the content's hash, so two
//! writers of one artifact write the same bytes. Here they are only files with names.

use crate::{Layout, StoreError, prune::Gone};
use flow_expr::Value;
use std::{collections::HashSet, fs, path::PathBuf};

/// Adds the hashes of the artifacts that a value holds.
pub fn artifacts_of(value: &Value, found: &mut HashSet<String>) {
    match value {
        Value::Table(table) => drop(found.insert(table.hash.to_string())),
        Value::File(file) => drop(found.insert(file.hash.to_string())),
        Value::List(items) => items.iter().for_each(|item| artifacts_of(item, found)),
        Value::Map(entries) => entries.values().for_each(|value| artifacts_of(value, found)),
        Value::Record(record) => record.fields.iter().for_each(|(_, value)| artifacts_of(value, found)),
        Value::Variant(variant) => variant.fields.iter().for_each(|(_, value)| artifacts_of(value, found)),
        _ => {}
    }
}

/// Whether everything that a value holds out of line is there.
#[must_use]
pub fn is_complete(layout: &Layout, value: &Value) -> bool {
    let mut hashes = HashSet::new();
    artifacts_of(value, &mut hashes);
    hashes.iter().all(|hash| paths(layout, hash).iter().any(|path| path.exists()))
}

fn paths(layout: &Layout, hash: &str) -> [PathBuf; 2] {
    let folder = layout.artifacts().join(hash.get(..2).unwrap_or("00"));
    [folder.join(format!("{hash}.parquet")), folder.join(format!("{hash}.bin"))]
}

/// The name of content that is kept as it is.
#[must_use]
pub fn content_name(content: &[u8]) -> String {
    blake3::hash(content).to_hex().to_string()
}

/// Adds every name of an artifact that stands in a text: more than it means rather than less.
pub(crate) fn named_in(text: &str, found: &mut HashSet<String>) {
    for word in text.split('"').filter(|word| word.len() == HASH_DIGITS) {
        if word.bytes().all(|byte| byte.is_ascii_hexdigit()) && !found.contains(word) {
            found.insert(word.to_owned());
        }
    }
}

/// Digits of a hash.
const HASH_DIGITS: usize = 64;

/// Removes artifacts whose hashes are not among those needed, or only counts them.
///
/// # Errors
/// The folder cannot be read, or a file not removed.
pub fn sweep(layout: &Layout, needed: &HashSet<String>, remove: bool) -> Result<Gone, StoreError> {
    let mut gone = Gone::default();
    let io = |path: PathBuf| move |error: std::io::Error| StoreError::from_io(path, &error);
    let Ok(folders) = fs::read_dir(layout.artifacts()) else { return Ok(gone) };
    for folder in folders.filter_map(Result::ok).map(|folder| folder.path()) {
        // Two digits of the hash; `incoming` and whatever else there may be is not ours to judge.
        if folder.file_name().is_none_or(|name| name.len() != 2) || !folder.is_dir() {
            continue;
        }
        for entry in fs::read_dir(&folder).map_err(io(folder.clone()))?.filter_map(Result::ok) {
            let path = entry.path();
            let Some(hash) = path.file_stem().and_then(|stem| stem.to_str()) else { continue };
            if !needed.contains(hash) {
                let bytes = entry.metadata().map_or(0, |metadata| metadata.len());
                if remove {
                    fs::remove_file(&path).map_err(io(path.clone()))?;
                }
                gone = Gone { count: gone.count + 1, bytes: gone.bytes + bytes };
            }
        }
    }
    Ok(gone)
}
