//! Recording a cassette as a whole: exchanges are kept in memory, and the file is replaced in one step at the end.
//!
//! Runs that ask the same question get the same answer, and only the first pays: as many times as an earlier run asked
//! it, a later one is given what that was answered. So whoever replays gets in each run what was got here.

use super::{Exchange, FORMAT, Header, key, prompt, record::line, unusable};
use crate::{Answer, Ask};
use flow_plan::Failure;
use std::{
    collections::HashMap,
    io::Write as _,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// A cassette that is being made.
pub(crate) struct Collector {
    path: PathBuf,
    state: Mutex<Collected>,
}

#[derive(Default)]
struct Collected {
    exchanges: Vec<Exchange>,
    /// By key: how many answers to it this run was given.
    given: HashMap<String, usize>,
}

impl Collector {
    /// A cassette for a place where a file can be made: better known before anybody is asked.
    pub(crate) fn new(path: &Path) -> Result<Self, Failure> {
        if path.is_dir() {
            return Err(unusable(path, "it is a folder"));
        }
        staged(path)?;
        Ok(Self { path: path.to_owned(), state: Mutex::default() })
    }

    /// A new run begins.
    pub(crate) fn begin_run(&self) {
        self.state().given.clear();
    }

    /// What an earlier run was answered to the same question, if it asked it as often.
    pub(crate) fn again(&self, ask: &Ask<'_>) -> Option<Answer> {
        let mut state = self.state();
        let key = key(ask);
        let count = state.given.get(&key).copied().unwrap_or_default();
        let answer = state.exchanges.iter().filter(|known| known.key == key).nth(count)?.answer.clone();
        state.given.insert(key, count + 1);
        Some(answer)
    }

    /// Keeps an exchange. The answer holds no key any more.
    pub(crate) fn record(&self, ask: &Ask<'_>, answer: &Answer) {
        let mut prompt = prompt(ask);
        crate::secret::scrub(&mut prompt, ask.key);
        let key = key(ask);
        let mut state = self.state();
        *state.given.entry(key.clone()).or_default() += 1;
        state.exchanges.push(Exchange { key, model: ask.model.model.to_string(), prompt, answer: answer.clone() });
    }

    /// Writes the file, or leaves the old one as it was. Gives how many exchanges it holds.
    pub(crate) fn finish(&self) -> Result<usize, Failure> {
        let failure = |error: std::io::Error| unusable(&self.path, &error.to_string());
        let state = self.state();
        let mut file = staged(&self.path)?;
        file.write_all(&line(&Header { flowc_cassette: FORMAT }, &self.path)?).map_err(failure)?;
        for exchange in &state.exchanges {
            file.write_all(&line(exchange, &self.path)?).map_err(failure)?;
        }
        file.as_file().sync_all().map_err(failure)?;
        file.persist(&self.path).map_err(|error| failure(error.error))?;
        Ok(state.exchanges.len())
    }

    fn state(&self) -> MutexGuard<'_, Collected> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A file beside the one that it will replace, with the permissions of any other file.
fn staged(path: &Path) -> Result<tempfile::NamedTempFile, Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".cassette-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder).map_err(|error| unusable(path, &error.to_string()))
}
