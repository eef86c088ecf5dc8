//! Appending to a cassette: one write a line, so that what is there is whole lines whoever else appends.
//!
//! A file that is damaged already is refused before the first ask is paid for. Knows nothing of sending.

use super::{Exchange, FORMAT, Header, key, load, prompt, unusable};
use crate::{Answer, Ask};
use flow_plan::Failure;
use serde::Serialize;
use std::{
    fs::{File, OpenOptions},
    io::Write as _,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// An open cassette.
pub(crate) struct Recorder {
    path: PathBuf,
    file: Mutex<File>,
}

impl Recorder {
    /// Opens a cassette, or makes it.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let failure = |error: std::io::Error| unusable(path, &error.to_string());
        let made = OpenOptions::new().append(true).create_new(true).open(path);
        let file = match made {
            Ok(mut file) => {
                file.write_all(&line(&Header { flowc_cassette: FORMAT }, path)?).map_err(failure)?;
                file
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                load(path)?;
                OpenOptions::new().append(true).open(path).map_err(failure)?
            }
            Err(error) => return Err(failure(error)),
        };
        Ok(Self { path: path.to_owned(), file: Mutex::new(file) })
    }

    /// Appends an exchange. The answer holds no key any more.
    pub(crate) fn record(&self, ask: &Ask<'_>, answer: &Answer) -> Result<(), Failure> {
        let mut prompt = prompt(ask);
        crate::secret::scrub(&mut prompt, ask.key);
        let exchange = Exchange { key: key(ask), model: ask.model.model.to_string(), prompt, answer: answer.clone() };
        let line = line(&exchange, &self.path)?;
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(&line).map_err(|error| unusable(&self.path, &error.to_string()))
    }
}

pub(super) fn line(value: &impl Serialize, path: &Path) -> Result<Vec<u8>, Failure> {
    let mut line = serde_json::to_vec(value).map_err(|error| unusable(path, &error.to_string()))?;
    line.push(b'\n');
    Ok(line)
}
