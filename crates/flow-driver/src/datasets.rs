//! Datasets while running: one version for the whole run, publishing only what is new, freshness.
//!
//! Knows no files: what is at a location, and what the catalogue last knew, comes as a [`Sighting`].

use crate::{
    Command, ContractVerdict, Driver, How, Note, Partition, Published, Sighting, VersionRecord, Wait,
    decide::{VersionCandidate, age_ms, decide_read, decide_write},
    evaluate::{Job, or_damaged},
    failures,
    graph::Op,
    meaning::NodeMeaning,
    state::{Activity, DataState, Phase, Settled},
};
use flow_expr::{Name, Value, digest};
use flow_plan::{DataTimeSource, Dataset, Failure, Fingerprint, HandlerEvent, StaleAction, Verdict};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

/// The one version of a dataset that a run takes.
#[derive(Debug)]
pub(crate) enum Version {
    /// Somebody reads it; these instances wait for it.
    Coming(Vec<u32>),
    /// This instance has it, or has failed to get it.
    Had(u32),
}

impl Driver {
    /// Takes the run's version of a dataset, or the one before the run.
    pub(crate) fn read(&mut self, id: u32, dataset: &Name, previous: bool, values: Vec<Value>) {
        let Some(partition) = self.data_state(id, dataset, None, values) else { return };
        if previous {
            return self.look(id, dataset, partition, true);
        }
        let key = (dataset.clone(), partition_key(&partition));
        match self.versions.get_mut(&key) {
            None => {
                self.versions.insert(key, Version::Coming(vec![]));
                self.look(id, dataset, partition, false);
            }
            Some(Version::Coming(waiting)) => {
                waiting.push(id);
                self.instances[id as usize].phase = Phase::Sharing;
            }
            Some(Version::Had(first)) => {
                let first = *first;
                self.share(first, id);
            }
        }
    }

    /// Publishes a value, unless it is what is published.
    pub(crate) fn write(&mut self, id: u32, dataset: &Name, mut values: Vec<Value>) {
        let keys = values.split_off(values.len().min(1));
        match or_damaged(values.pop()) {
            Ok(value) => {
                if let Some(partition) = self.data_state(id, dataset, Some(value), keys) {
                    self.look(id, dataset, partition, false);
                }
            }
            Err(failure) => self.fail(id, failure),
        }
    }

    /// In a plan, the value may be unknown.
    pub(crate) fn start_dry_write(&mut self, id: u32) {
        let Op::Write { dataset, value, partition } = &self.node(id).op else { return };
        let (dataset, value, partition) = (dataset.clone(), value.clone(), partition.clone());
        let block = self.instances[id as usize].block;
        let keys: Option<Vec<_>> = partition.iter().map(|key| self.known(block, key)).collect();
        let Some(keys) = keys else { return self.settle(id, Settled::Unknown) };
        let value = self.known(block, &value);
        if let Some(partition) = self.data_state(id, &dataset, value, keys) {
            self.look(id, &dataset, partition, false);
        }
    }

    /// Is it fresh enough?
    pub(crate) fn require_fresh(&mut self, id: u32, dataset: &Name, values: Vec<Value>) {
        if let Some(partition) = self.data_state(id, dataset, None, values) {
            self.look(id, dataset, partition, false);
        }
    }

    fn data_state(&mut self, id: u32, name: &Name, value: Option<Value>, keys: Vec<Value>) -> Option<Partition> {
        let Some(dataset) = self.program.datasets.get(name) else {
            self.fail(id, failures::plan_is_wrong(format!("there is no dataset `{name}`")));
            return None;
        };
        let partition: Partition = dataset.partition.iter().map(|key| key.name.clone()).zip(keys).collect();
        let state = DataState { partition: partition.clone(), value, last: None, until: None, refreshed: false };
        self.instances[id as usize].activity = Activity::Data(Box::new(state));
        Some(partition)
    }

    fn look(&mut self, id: u32, dataset: &Name, partition: Partition, previous: bool) {
        self.instances[id as usize].phase = Phase::Asking;
        self.outstanding += 1;
        let task = self.next_task(id);
        self.command(Command::Look { task, dataset: dataset.clone(), partition, previous });
    }

    /// What is at the location, and what the catalogue knows.
    pub(crate) fn looked(&mut self, id: u32, result: Result<Sighting, Failure>) {
        if self.cancelled {
            return self.settle_shared(id, Settled::Cancelled);
        }
        let mut seen = match result {
            Ok(seen) => seen,
            Err(failure) => return self.fail_shared(id, failure),
        };
        if let Some(version) = self.catalogued_version(id) {
            seen.last = Some(version);
        }
        match &self.node(id).op {
            Op::Read { dataset, previous: true, .. } => {
                let (dataset, optional) = (dataset.clone(), self.node(id).optional);
                self.previous_found(id, &dataset, optional, seen);
            }
            Op::Read { dataset, .. } => {
                let dataset = dataset.clone();
                self.decide_on_read(id, &dataset, seen);
            }
            Op::Write { dataset, .. } => {
                let dataset = dataset.clone();
                self.decide_on_write(id, &dataset, seen);
            }
            Op::RequireFresh { dataset, within_ms, action, .. } => {
                let (dataset, within_ms, action) = (dataset.clone(), *within_ms, *action);
                self.judge_freshness(id, &dataset, within_ms, action, &seen);
            }
            _ => {}
        }
    }

    /// The version that this run has read or published, if it has.
    fn catalogued_version(&self, id: u32) -> Option<VersionRecord> {
        let (Op::Read { dataset, previous: false, .. } | Op::Write { dataset, .. } | Op::RequireFresh { dataset, .. }) =
            &self.node(id).op
        else {
            return None;
        };
        let Activity::Data(data) = &self.instances[id as usize].activity else { return None };
        self.catalogued.get(&(dataset.clone(), partition_key(&data.partition))).cloned()
    }

    fn previous_found(&mut self, id: u32, dataset: &Name, optional: bool, seen: Sighting) {
        match seen.last {
            Some(last) => {
                self.instances[id as usize].data_time = last.data_time;
                self.settle(id, Settled::Value { value: last.value, how: How::Reused });
            }
            None if optional => self.settle(id, Settled::Value { value: Value::Absent, how: How::Reused }),
            None => self.fail(id, failures::no_previous(dataset.short())),
        }
    }

    fn decide_on_read(&mut self, id: u32, name: &Name, seen: Sighting) {
        let Some(contract) = self.contract_of(name) else { return };
        let forced = self.is_forced(id);
        let node = VersionCandidate { dataset: name, contract: &contract.components, forced };
        let decision = decide_read(&node, &seen);
        self.decided(id, decision.clone());
        let Sighting { fingerprint, last, .. } = seen;
        match (decision.verdict, fingerprint, last) {
            (Verdict::Reuse, Some(there), Some(last)) => {
                let Some(dataset) = self.program.datasets.get(name) else { return };
                let data_time = data_time_of(dataset, &there, Some(&last));
                for rule in last.expectations.iter().filter(|rule| !rule.holds) {
                    self.contract(id, ContractVerdict::Expect { dataset: name.clone(), rule: rule.clone() });
                }
                self.instances[id as usize].data_time = data_time;
                self.settle_shared(id, Settled::Value { value: last.value, how: How::Reused });
            }
            _ if self.start.dry => self.settle_shared(id, Settled::Unknown),
            (_, _, last) => {
                if let Activity::Data(data) = &mut self.instances[id as usize].activity {
                    data.last = last.map(Box::new);
                }
                self.enqueue(id, Job::Read);
            }
        }
    }

    fn decide_on_write(&mut self, id: u32, name: &Name, seen: Sighting) {
        let Some(contract) = self.contract_of(name) else { return };
        let (forced, upstream) = (self.is_forced(id), self.unknown_upstream(id));
        let Activity::Data(data) = &self.instances[id as usize].activity else { return };
        let content = data.value.as_ref().map(digest);
        let node = VersionCandidate { dataset: name, contract: &contract.components, forced };
        let decision = decide_write(&node, content.as_deref(), &upstream, &seen);
        self.decided(id, decision.clone());
        match (decision.verdict, seen.last) {
            (Verdict::Reuse, Some(mut last)) => {
                // The same content made from newer data is newer, though nothing is written.
                if let (Some(dataset), Some(there)) = (self.program.datasets.get(name), &seen.fingerprint) {
                    last.data_time = self.data_time_written(id, dataset, there);
                }
                if !self.start.dry {
                    self.note_version(id, name, last);
                }
                self.settle(id, Settled::Value { value: Value::Unit, how: How::Reused });
            }
            _ if self.start.dry => self.settle(id, Settled::Unknown),
            _ => self.enqueue(id, Job::Write),
        }
    }

    /// A version was read.
    pub(crate) fn read_done(&mut self, id: u32, result: Result<Published, Failure>) {
        let Op::Read { dataset: name, .. } = &self.node(id).op else { return };
        let name = name.clone();
        let version = match result {
            Ok(version) => version,
            Err(_) if self.cancelled => return self.settle_shared(id, Settled::Cancelled),
            Err(failure) => return self.fail_shared(id, failure),
        };
        let Some(value) = version.value.clone() else {
            return self.fail_shared(id, failures::plan_is_wrong("a read gave no value"));
        };
        let last = match &mut self.instances[id as usize].activity {
            Activity::Data(data) => data.last.take(),
            _ => None,
        };
        let (Some(dataset), Some(contract)) = (self.program.datasets.get(&name), self.contract_of_known(&name)) else {
            return;
        };
        let data_time = data_time_of(dataset, &version.fingerprint, last.as_deref());
        // Nothing may be left of the claim that a flow published this content, if somebody changed it since.
        let written = last.is_some_and(|last| last.written && last.fingerprint.hash == version.fingerprint.hash);
        let record = self.version_record(&contract, value.clone(), version, data_time, written);
        self.verdicts(id, &name, &record);
        self.note_version(id, &name, record);
        self.instances[id as usize].data_time = data_time;
        self.settle_shared(id, Settled::Value { value, how: How::Ran });
    }

    /// A version was published.
    pub(crate) fn written(&mut self, id: u32, result: Result<Published, Failure>) {
        let Op::Write { dataset: name, .. } = &self.node(id).op else { return };
        let name = name.clone();
        let version = match result {
            Ok(version) => version,
            Err(_) if self.cancelled => return self.settle(id, Settled::Cancelled),
            Err(failure) => return self.fail(id, failure),
        };
        let value = match &mut self.instances[id as usize].activity {
            Activity::Data(data) => data.value.take(),
            _ => None,
        };
        let (Some(dataset), Some(contract), Some(value)) =
            (self.program.datasets.get(&name), self.contract_of_known(&name), value)
        else {
            return;
        };
        let data_time = self.data_time_written(id, dataset, &version.fingerprint);
        let record = self.version_record(&contract, value, version, data_time, true);
        self.verdicts(id, &name, &record);
        self.note_version(id, &name, record);
        self.settle(id, Settled::Value { value: Value::Unit, how: How::Ran });
    }

    fn judge_freshness(&mut self, id: u32, name: &Name, within_ms: u64, action: StaleAction, seen: &Sighting) {
        let Some(dataset) = self.program.datasets.get(name) else { return };
        if seen.unseen {
            let reasons = vec![flow_plan::Reason::NotLookedAt { dataset: name.clone() }];
            self.decided(id, flow_plan::Decision { verdict: Verdict::Maybe, reasons });
            return self.settle(id, Settled::Value { value: Value::Unit, how: How::Ran });
        }
        let data_time = seen.fingerprint.as_ref().and_then(|there| data_time_of(dataset, there, seen.last.as_ref()));
        let age = data_time.map(|time| age_ms(time, self.now));
        let kept = age.is_some_and(|age| age <= within_ms);
        if kept {
            self.instances[id as usize].data_time = data_time;
            self.fresh_verdict(id, name, age, within_ms, true, action);
            return self.settle(id, Settled::Value { value: Value::Unit, how: How::Ran });
        }
        if self.start.dry {
            let reason = flow_plan::Reason::Stale {
                dataset: name.clone(),
                age_ms: age.unwrap_or(u64::MAX),
                promise_ms: within_ms,
            };
            self.decided(id, flow_plan::Decision { verdict: Verdict::Run, reasons: vec![reason] });
            return self.settle(id, Settled::Value { value: Value::Unit, how: How::Ran });
        }
        self.start_handlers(self.scope_of(id), HandlerEvent::Stale);
        let Activity::Data(data) = &self.instances[id as usize].activity else { return };
        let (until, refreshed) = (data.until, data.refreshed);
        match action {
            StaleAction::Wait(limit_ms) => {
                let until = until.unwrap_or_else(|| later(self.now, limit_ms));
                if self.now < until {
                    return self.wait_for_freshness(id, name, until, limit_ms);
                }
            }
            StaleAction::Refresh if !refreshed => {
                if let Activity::Data(data) = &mut self.instances[id as usize].activity {
                    data.refreshed = true;
                }
                return self.refresh(id, name);
            }
            _ => {}
        }
        self.fresh_verdict(id, name, age, within_ms, false, action);
        match action {
            StaleAction::Warn => self.settle(id, Settled::Value { value: Value::Unit, how: How::Ran }),
            StaleAction::Skip => self.skip_flow(id),
            StaleAction::Fail | StaleAction::Wait(_) | StaleAction::Refresh => {
                self.fail(id, failures::stale(name.short(), age, within_ms));
            }
        }
    }

    fn wait_for_freshness(&mut self, id: u32, name: &Name, until: Timestamp, limit_ms: u64) {
        let first = match &mut self.instances[id as usize].activity {
            Activity::Data(data) => data.until.replace(until).is_none(),
            _ => false,
        };
        if first {
            let (path, label) = (self.path(id), self.label(id));
            self.note(Note::Waiting { path, label, why: Wait::Fresh { dataset: name.clone(), until } });
        }
        // Looking is cheap; a twentieth of the wait, between a second and half a minute.
        let next = later(self.now, (limit_ms / 20).clamp(1000, 30_000)).min(until);
        self.sleep(id, next);
    }

    /// Looks again, after waiting or refreshing.
    pub(crate) fn look_again(&mut self, id: u32) {
        let Op::RequireFresh { dataset, .. } = &self.node(id).op else { return };
        let dataset = dataset.clone();
        let partition = match &self.instances[id as usize].activity {
            Activity::Data(data) => data.partition.clone(),
            _ => vec![],
        };
        self.look(id, &dataset, partition, false);
    }

    fn refresh(&mut self, id: u32, name: &Name) {
        let Some(writer) = self.program.datasets.get(name).and_then(|dataset| dataset.writer.clone()) else {
            return self.fail(id, failures::cannot_refresh(name.short(), "no flow writes it"));
        };
        let mut scope = Some(self.scope_of(id));
        while let Some(number) = scope {
            let around = &self.scopes[number as usize];
            if self.graphs[around.flow as usize].name == writer {
                let why = format!("`{}` writes it, and is what is running", writer.short());
                return self.fail(id, failures::cannot_refresh(name.short(), why));
            }
            scope = (around.owner != crate::state::ROOT).then(|| self.scope_of(around.owner));
        }
        let partition = match &self.instances[id as usize].activity {
            Activity::Data(data) => data.partition.clone(),
            _ => vec![],
        };
        let given = |param: &str| partition.iter().find(|(name, _)| &**name == param).map(|(_, value)| value.clone());
        self.start_flow(id, &writer, &given);
    }

    fn fresh_verdict(&mut self, id: u32, name: &Name, age: Option<u64>, within_ms: u64, kept: bool, on: StaleAction) {
        let action = match on {
            StaleAction::Fail => "fail",
            StaleAction::Warn => "warn",
            StaleAction::Skip => "skip",
            StaleAction::Refresh => "refresh",
            StaleAction::Wait(_) => "wait",
        };
        let verdict =
            ContractVerdict::Fresh { dataset: name.clone(), age_ms: age, within_ms, kept, action: action.into() };
        self.contract(id, verdict);
    }

    fn verdicts(&mut self, id: u32, name: &Name, version: &VersionRecord) {
        for rule in version.expectations.clone() {
            self.contract(id, ContractVerdict::Expect { dataset: name.clone(), rule });
        }
    }

    fn version_record(
        &self,
        contract: &NodeMeaning,
        value: Value,
        version: Published,
        data_time: Option<Timestamp>,
        written: bool,
    ) -> VersionRecord {
        VersionRecord {
            run: self.start.run.clone(),
            at: self.now,
            content: digest(&value).into(),
            value,
            fingerprint: version.fingerprint,
            data_time,
            rows: version.rows,
            contract: contract.components.clone(),
            written,
            expectations: version.expectations,
        }
    }

    /// The data time of what a write publishes.
    fn data_time_written(&self, id: u32, dataset: &Dataset, there: &Fingerprint) -> Option<Timestamp> {
        match dataset.fresh.as_ref().map(|fresh| &fresh.by) {
            Some(DataTimeSource::Column(_)) => there.data_time,
            Some(DataTimeSource::Modified) => there.modified.or(Some(self.now)),
            // Made from nothing that has an age: as old as itself.
            Some(DataTimeSource::Derived) | None => self.instances[id as usize].data_time.or(Some(self.now)),
        }
    }

    fn note_version(&mut self, id: u32, name: &Name, version: VersionRecord) {
        let partition = match &self.instances[id as usize].activity {
            Activity::Data(data) => data.partition.clone(),
            _ => vec![],
        };
        self.catalogued.insert((name.clone(), partition_key(&partition)), version.clone());
        let (path, dataset, version) = (self.path(id), name.clone(), Box::new(version));
        self.note(Note::Version { path, dataset, partition, version });
    }

    /// Ends a read, and with it those that share its version.
    fn settle_shared(&mut self, id: u32, settled: Settled) {
        let sharers = self.take_sharers(id);
        self.settle(id, settled);
        sharers.into_iter().for_each(|waiting| self.share(id, waiting));
    }

    fn fail_shared(&mut self, id: u32, failure: Failure) {
        let sharers = self.take_sharers(id);
        self.fail(id, failure);
        sharers.into_iter().for_each(|waiting| self.share(id, waiting));
    }

    /// Those that wait for the version; from now on it is to be had at once.
    fn take_sharers(&mut self, id: u32) -> Vec<u32> {
        let Op::Read { dataset, previous: false, .. } = &self.node(id).op else { return vec![] };
        let Activity::Data(data) = &self.instances[id as usize].activity else { return vec![] };
        let key = (dataset.clone(), partition_key(&data.partition));
        match self.versions.insert(key, Version::Had(id)) {
            Some(Version::Coming(waiting)) => waiting,
            _ => vec![],
        }
    }

    /// Gives an instance the version that another one has.
    fn share(&mut self, first: u32, id: u32) {
        if self.instances[id as usize].settled().is_some() {
            return;
        }
        let maker = &self.instances[first as usize];
        let (data_time, decision) = (maker.data_time, maker.decision.clone());
        let settled = match maker.settled() {
            Some(Settled::Value { value, how }) => Settled::Value { value: value.clone(), how: *how },
            Some(Settled::Failed { cause } | Settled::NotRun { cause }) => Settled::NotRun { cause: *cause },
            Some(Settled::Unknown) => Settled::Unknown,
            Some(Settled::Skipped) => Settled::Skipped,
            Some(Settled::Cancelled) | None => Settled::Cancelled,
        };
        self.instances[id as usize].data_time = data_time;
        self.instances[id as usize].decision = decision;
        self.settle(id, settled);
    }

    fn contract_of(&mut self, name: &Name) -> Option<Arc<NodeMeaning>> {
        let dataset = self.program.datasets.get(name)?;
        if !self.contracts.contains_key(name) {
            let meaning = NodeMeaning::of_dataset(dataset, &self.program);
            self.contracts.insert(name.clone(), Arc::new(meaning));
        }
        self.contract_of_known(name)
    }

    fn contract_of_known(&self, name: &Name) -> Option<Arc<NodeMeaning>> {
        self.contracts.get(name).cloned()
    }
}

/// The data time of what is at a location: of the newest data in it. `last` is the newest version that the catalogue knows.
#[must_use]
pub fn data_time_of(dataset: &Dataset, there: &Fingerprint, last: Option<&VersionRecord>) -> Option<Timestamp> {
    match dataset.fresh.as_ref().map(|fresh| &fresh.by) {
        Some(DataTimeSource::Column(_)) => there.data_time,
        Some(DataTimeSource::Modified) => there.modified.or(there.data_time),
        Some(DataTimeSource::Derived) | None => {
            let known = last.filter(|last| last.written && last.fingerprint.hash == there.hash);
            match known {
                Some(last) => last.data_time,
                None => there.data_time.or(there.modified),
            }
        }
    }
}

fn partition_key(partition: &Partition) -> Arc<str> {
    partition.iter().map(|(name, value)| format!("{name}={}", digest(value))).collect::<Vec<_>>().join("/").into()
}

/// An instant so many milliseconds later, as far as time goes.
pub(crate) fn later(now: Timestamp, ms: u64) -> Timestamp {
    let wait = SignedDuration::from_millis(i64::try_from(ms).unwrap_or(i64::MAX));
    now.checked_add(wait).unwrap_or(Timestamp::MAX)
}
