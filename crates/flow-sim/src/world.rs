//! What lasts over the runs of one test: data, catalogue, earlier results.

use crate::{rules, spending::Spending, tables};
use flow_diag::codes;
use flow_driver::{CachedResult, Last, NodeRecord, Note, Partition, Published, Sighting, VersionRecord};
use flow_expr::{Name, Value, digest};
use flow_plan::{DataTimeSource, Dataset, ErrorClass, Failure, Fingerprint, Program};
use jiff::{SignedDuration, Timestamp};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

/// One part of a dataset.
type Key = (Name, String);

/// What is at a location.
#[derive(Clone, Debug)]
struct Place {
    value: Value,
    modified: Timestamp,
    /// Given, and so old.
    age: Option<SignedDuration>,
    /// Whether a run wrote it.
    written: bool,
}

/// The memory of a test.
#[derive(Debug, Default)]
pub(crate) struct World {
    records: HashMap<Arc<str>, NodeRecord>,
    results: HashMap<Arc<str>, CachedResult>,
    versions: BTreeMap<Key, Vec<VersionRecord>>,
    places: BTreeMap<Key, Place>,
    ages: BTreeMap<Name, SignedDuration>,
    missing: BTreeSet<Name>,
    /// What asks have cost that runs share budgets for.
    pub(crate) spending: Spending,
    /// Datasets that were looked at, and not given.
    pub(crate) not_given: BTreeSet<Name>,
}

fn key(dataset: &Name, partition: &Partition) -> Key {
    let values: Vec<String> = partition.iter().map(|(name, value)| format!("{name}={}", digest(value))).collect();
    (dataset.clone(), values.join("/"))
}

impl World {
    /// Puts data at a location.
    pub(crate) fn give(&mut self, dataset: &Dataset, value: Value, program: &Program, now: Timestamp) {
        let value = tables::fitted(value, &dataset.ty, &program.types);
        self.missing.remove(&dataset.name);
        let age = self.ages.get(&dataset.name).copied();
        self.places.insert(key(&dataset.name, &vec![]), Place { value, modified: now, age, written: false });
    }

    /// Says how old a dataset's data is; one without data has no rows.
    pub(crate) fn age(&mut self, dataset: &Dataset, age_ms: u64, program: &Program, now: Timestamp) {
        let age = SignedDuration::from_millis(i64::try_from(age_ms).unwrap_or(i64::MAX));
        self.ages.insert(dataset.name.clone(), age);
        match self.places.get_mut(&key(&dataset.name, &vec![])) {
            Some(place) => place.age = Some(age),
            None if matches!(dataset.ty, flow_expr::Type::Table(_)) => {
                self.give(dataset, Value::List([].into()), program, now);
            }
            None => {}
        }
    }

    /// Takes what is at a location away.
    pub(crate) fn lose(&mut self, dataset: &Name) {
        self.places.remove(&key(dataset, &vec![]));
        self.missing.insert(dataset.clone());
    }

    /// What is at a location now: written last, or given.
    pub(crate) fn value(&self, dataset: &Name) -> Option<&Value> {
        let of_dataset = self.places.iter().filter(|((name, _), _)| name == dataset);
        of_dataset.max_by_key(|(_, place)| place.modified).map(|(_, place)| &place.value)
    }

    pub(crate) fn recall(
        &self,
        node: &str,
        cache: Option<&str>,
        identity: Option<&str>,
    ) -> (Last, Option<Box<CachedResult>>) {
        let last = Last::of(self.records.get(node).cloned(), identity);
        let cached = cache.and_then(|key| self.results.get(key).cloned());
        (last, cached.map(Box::new))
    }

    /// What is at a location, and what the catalogue knows. `written` are the datasets that the run writes.
    pub(crate) fn look(
        &mut self,
        dataset: &Dataset,
        partition: &Partition,
        previous: bool,
        run: &str,
        written: &BTreeSet<Name>,
    ) -> Result<Sighting, Failure> {
        let key = key(&dataset.name, partition);
        let versions = self.versions.get(&key).map_or(&[][..], Vec::as_slice);
        let last = versions.iter().rev().find(|version| !previous || *version.run != *run).cloned();
        let place = self.places.get(&key);
        let expected = previous || written.contains(&dataset.name) || self.missing.contains(&dataset.name);
        if place.is_none() && !expected {
            self.not_given.insert(dataset.name.clone());
            let message = format!("`{}` is not given: a test never reads the project's data", dataset.name.short());
            return Err(Failure::new(ErrorClass::Internal, codes::R0741.as_str(), message));
        }
        let fingerprint = place.filter(|_| !previous).map(|place| fingerprint(dataset, place));
        Ok(Sighting { fingerprint, last, unseen: false })
    }

    pub(crate) fn read(
        &self,
        dataset: &Dataset,
        partition: &Partition,
        program: &Program,
        now: Timestamp,
    ) -> Result<Published, Failure> {
        let Some(place) = self.places.get(&key(&dataset.name, partition)) else {
            let message =
                format!("there is no version of `{}`: the test says that it is missing", dataset.name.short());
            return Err(Failure::new(ErrorClass::Internal, codes::R0742.as_str(), message));
        };
        // What a flow writes was judged when it was written.
        let expectations =
            if dataset.writer.is_none() { rules::judge(program, dataset, &place.value, now)? } else { vec![] };
        let (rows, fingerprint) = (row_count(&place.value), fingerprint(dataset, place));
        Ok(Published { value: Some(place.value.clone()), fingerprint, rows, expectations })
    }

    pub(crate) fn write(
        &mut self,
        dataset: &Dataset,
        partition: &Partition,
        value: Value,
        program: &Program,
        now: Timestamp,
    ) -> Result<Published, Failure> {
        let value = tables::settled(value, &program.types);
        let expectations = rules::judge(program, dataset, &value, now)?;
        let rows = row_count(&value);
        let place = Place { value, modified: now, age: None, written: true };
        let fingerprint = fingerprint(dataset, &place);
        self.places.insert(key(&dataset.name, partition), place);
        Ok(Published { value: None, fingerprint, rows, expectations })
    }

    /// Keeps what a store keeps of a note.
    pub(crate) fn keep(&mut self, note: &Note) {
        match note {
            Note::Settled(end) => {
                let Some(record) = &end.record else { return };
                self.records.insert(end.key.clone(), record.clone());
                if let (Some(key), Some(value)) = (&end.cache_key, &record.value) {
                    let kept = CachedResult { value: value.clone(), run: record.run.clone(), at: record.at };
                    self.results.insert(key.clone(), kept);
                }
            }
            Note::Version { dataset, partition, version, .. } => {
                self.versions.entry(key(dataset, partition)).or_default().push((**version).clone());
            }
            _ => {}
        }
    }
}

fn row_count(value: &Value) -> Option<u64> {
    match value {
        Value::Table(table) => Some(table.rows),
        _ => None,
    }
}

fn fingerprint(dataset: &Dataset, place: &Place) -> Fingerprint {
    let modified = place.age.and_then(|age| place.modified.checked_sub(age).ok()).unwrap_or(place.modified);
    let by = dataset.fresh.as_ref().map(|fresh| &fresh.by);
    let data_time = match by {
        // An age that the test gives says more than the rows.
        Some(DataTimeSource::Column(column)) if place.age.is_none() => newest(&place.value, column),
        Some(DataTimeSource::Derived) if place.written => None,
        None if place.written => None,
        _ => Some(modified),
    };
    Fingerprint { hash: digest(&place.value).into(), modified: Some(modified), data_time }
}

/// The newest value of a column; a day counts from its beginning.
fn newest(value: &Value, column: &str) -> Option<Timestamp> {
    let Value::Table(table) = value else { return None };
    let data = table.data.as_ref()?;
    let position = data.columns().iter().position(|name| **name == *column)?;
    let instants = (0..data.rows()).filter_map(|row| match data.cell(row, position) {
        Value::Timestamp(at) => Some(at),
        Value::Date(day) => day.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|start| start.timestamp()),
        _ => None,
    });
    instants.max()
}
