//! What identifies what is at a place, without reading it twice: hashes and data times, remembered by stamp.

use super::{Datasets, Piece, dataset, pieces, read::scan};
use crate::{
    api::{DatasetRef, FileStamp},
    blocking::Stop,
    tables::{hash_file, read_failure},
};
use flow_diag::codes;
use flow_plan::{DataTimeSource, Dataset, Failure, Fingerprint, Location};
use jiff::{SignedDuration, Timestamp};
use std::time::SystemTime;

/// A file changed this recently may change again within the same time stamp.
const SETTLED: SignedDuration = SignedDuration::from_secs(2);

/// The column whose newest value is the data time.
pub(crate) fn newest_column(dataset: &Dataset) -> Option<&str> {
    match &dataset.fresh.as_ref()?.by {
        DataTimeSource::Column(column) => Some(column),
        DataTimeSource::Modified | DataTimeSource::Derived => None,
    }
}

impl Datasets {
    /// What is at a dataset of files; none if nothing is.
    pub(crate) fn fingerprint(&self, data: &DatasetRef, stop: &Stop) -> Result<Option<Fingerprint>, Failure> {
        let Location::File { format, path, .. } = &dataset(data)?.location else { return Ok(None) };
        let found = match pieces(&self.root, data, path, *format) {
            Ok(found) => found,
            Err(failure) if &*failure.code == codes::R0301.as_str() => return Ok(None),
            Err(failure) => return Err(failure),
        };
        match self.fingerprint_of(data, &found, stop) {
            Err(failure) if &*failure.code == codes::R0301.as_str() => Ok(None),
            other => other.map(Some),
        }
    }

    /// What these files are, as one version.
    pub(crate) fn fingerprint_of(
        &self,
        data: &DatasetRef,
        found: &[Piece],
        stop: &Stop,
    ) -> Result<Fingerprint, Failure> {
        let (hash, modified) = self.content(found, stop)?;
        let data_time = match newest_column(dataset(data)?) {
            Some(column) => self.newest(data, found, column, stop)?,
            None => modified,
        };
        Ok(Fingerprint { hash: hash.into(), modified, data_time })
    }

    /// The hash of all files, and when the newest of them was modified.
    pub(crate) fn content(&self, found: &[Piece], stop: &Stop) -> Result<(String, Option<Timestamp>), Failure> {
        let mut whole = blake3::Hasher::new();
        let (mut last, mut modified) = (String::new(), None);
        for piece in found {
            stop.check()?;
            let stamp = stamp(piece)?;
            modified = modified.max(modified_at(&stamp));
            last = match self.cache.get(&stamp, "content") {
                Some(known) => known,
                None => {
                    let (hash, _) = hash_file(&piece.path)?;
                    self.remember(&stamp, "content", &hash);
                    hash
                }
            };
            whole.update(piece.name.as_bytes()).update(&[0]).update(last.as_bytes());
        }
        let hash = if found.len() == 1 { last } else { whole.finalize().to_hex().to_string() };
        Ok((hash, modified))
    }

    fn newest(
        &self,
        data: &DatasetRef,
        found: &[Piece],
        column: &str,
        stop: &Stop,
    ) -> Result<Option<Timestamp>, Failure> {
        let mut newest = None;
        for piece in found {
            let stamp = stamp(piece)?;
            let text = match self.cache.get(&stamp, &purpose(column)) {
                Some(known) => known,
                None => {
                    let text = scan(self, data, piece, column, stop)?.map_or(String::new(), |at| at.to_string());
                    self.remember(&stamp, &purpose(column), &text);
                    text
                }
            };
            newest = newest.max(text.parse().ok());
        }
        Ok(newest)
    }

    /// Remembers what was found out about a file, unless it may still be changing.
    pub(crate) fn remember(&self, stamp: &FileStamp, purpose: &str, found: &str) {
        let now = Timestamp::try_from(SystemTime::now()).unwrap_or(Timestamp::MIN);
        if modified_at(stamp).is_some_and(|modified| now.duration_since(modified) > SETTLED) {
            self.cache.put(stamp, purpose, found);
        }
    }
}

/// What the cache calls the newest value of a column.
pub(crate) fn purpose(column: &str) -> String {
    format!("newest {column}")
}

/// A file's identity as the system tells it.
pub(crate) fn stamp(piece: &Piece) -> Result<FileStamp, Failure> {
    let found = std::fs::metadata(&piece.path).map_err(|error| read_failure(&piece.path, &error))?;
    if found.is_dir() {
        return Err(read_failure(&piece.path, &std::io::Error::from(std::io::ErrorKind::IsADirectory)));
    }
    let modified = found.modified().ok().and_then(|at| Timestamp::try_from(at).ok());
    Ok(FileStamp {
        path: piece.name.clone(),
        size: found.len(),
        modified_ns: modified.map_or(0, Timestamp::as_nanosecond),
        inode: inode(&found),
    })
}

fn modified_at(stamp: &FileStamp) -> Option<Timestamp> {
    Timestamp::from_nanosecond(stamp.modified_ns).ok()
}

#[cfg(unix)]
fn inode(found: &std::fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(found)
}

#[cfg(not(unix))]
fn inode(_: &std::fs::Metadata) -> u64 {
    0
}
