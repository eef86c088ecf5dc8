//! Answering from a cassette. A question that is not in it is an error that names the nearest one that is.
//!
//! Knows nothing of recording.

use super::{Exchange, key, load, prompt};
use crate::{Answer, Ask, failures::snippet};
use flow_diag::codes;
use flow_plan::{ErrorClass, Failure};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// The most prompts that are looked at for the nearest one.
const MOST_COMPARED: usize = 1000;

/// A cassette that is being replayed.
pub(crate) struct Replay {
    path: PathBuf,
    exchanges: Vec<Exchange>,
    /// By key: which exchanges, in order.
    places: HashMap<String, Vec<usize>>,
    /// By key: how many were given.
    given: Mutex<HashMap<String, usize>>,
}

impl Replay {
    /// Reads a cassette.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let exchanges = load(path)?;
        let mut places: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, exchange) in exchanges.iter().enumerate() {
            places.entry(exchange.key.clone()).or_default().push(index);
        }
        Ok(Self { path: path.to_owned(), exchanges, places, given: Mutex::default() })
    }

    /// The next answer to this question.
    pub(crate) fn answer(&self, ask: &Ask<'_>) -> Result<Answer, Failure> {
        let key = key(ask);
        let places = self.places.get(&key).map(Vec::as_slice).unwrap_or_default();
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let count = given.entry(key).or_default();
        match places.get(*count) {
            Some(place) => {
                *count += 1;
                Ok(self.exchanges[*place].answer.clone())
            }
            None => Err(self.missing(ask, places.len())),
        }
    }

    fn missing(&self, ask: &Ask<'_>, recorded: usize) -> Failure {
        let path = self.path.display();
        let message = match recorded {
            0 => format!("the cassette {path} has no answer to this question"),
            1 => format!("the cassette {path} has one answer to this question, which was given already"),
            more => format!("the cassette {path} has {more} answers to this question, which were given already"),
        };
        let asked = prompt(ask);
        let failure = Failure::new(ErrorClass::ClientError, codes::R0813.as_str(), message)
            .detail(format!("asked: {}", snippet(&asked)));
        if recorded > 0 {
            return failure;
        }
        let compared = self.exchanges.iter().take(MOST_COMPARED);
        let distance = |exchange: &Exchange| strsim::levenshtein(&exchange.prompt, &asked);
        match compared.min_by_key(|exchange| distance(exchange)) {
            None => failure.detail("nothing is recorded in it"),
            Some(nearest) if nearest.prompt == asked && *nearest.model != *ask.model.model => {
                failure.detail(format!("the same was asked of another model, `{}`", nearest.model))
            }
            Some(nearest) if nearest.prompt == asked => failure.detail(
                "its last message begins the same: the rest of it, system, earlier messages, schema, tools, \
                 max_tokens, temperature or seed differ",
            ),
            Some(nearest) => failure.detail(format!("the nearest that is recorded: {}", snippet(&nearest.prompt))),
        }
    }
}
