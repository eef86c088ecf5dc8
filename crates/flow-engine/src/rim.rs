//! What the runtime itself writes and shows of labelled data: nothing of it in clear.
//!
//! Values in the journal keep their labelled parts out of line, sealed into artifacts, which are data; so a
//! result can be used again and the journal shows only `‹@pii›`. Texts (failures, messages, what a model said,
//! lines of a log) are searched for the labelled values that the run has seen, as far as types tell which those
//! are, and show the mark in their place. A program without labels passes untouched. Knows no driver's state.

mod mask;

use flow_driver::{ContractVerdict, Event, Note, RunStep, Task};
use flow_expr::{
    FileHandle, Name, Record, Type, TypeDef, Value, VarId, VariantValue, codec,
    redact::{labels_in, map_labelled, map_leaves, mark, redact, redact_leaves},
};
use flow_plan::{AskReport, Decision, Failure, Program, Reason, Step};
use flow_store::Layout;
use mask::Mask;
use serde_json::Value as Json;
use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

/// The beginning of every sealed value.
const SEAL: &[u8] = b"flow sealed 1\n";

/// Whether what was computed from a table could hold something of its rows: a number is taken for a sum or a count.
pub(crate) fn may_hold_rows(value: &Value) -> bool {
    matches!(
        value,
        Value::String(_) | Value::Json(_) | Value::List(_) | Value::Map(_) | Value::Record(_) | Value::Variant(_)
    )
}

/// The rim of one run.
pub(crate) struct Rim {
    program: Arc<Program>,
    layout: Layout,
    /// Whether the program has labels at all.
    active: bool,
    mask: RwLock<Mask>,
    /// What a task gives: its type, and the labels that it carries besides.
    gives: Mutex<HashMap<Task, (Type, Vec<Name>)>>,
    /// The step that asks a model, by its place.
    asked: Mutex<HashMap<Arc<str>, Arc<Step>>>,
}

impl Rim {
    pub(crate) fn new(program: Arc<Program>, layout: Layout) -> Self {
        let of_types = program.types.0.values().any(|def| match def {
            TypeDef::Record(fields) => fields.iter().any(|field| !field.labels.is_empty()),
            TypeDef::Enum(variants) => {
                variants.iter().flat_map(|variant| &variant.payload).any(|field| !field.labels.is_empty())
            }
            TypeDef::Refined { labels, .. } => !labels.is_empty(),
        });
        let params = program.steps.values().flat_map(|step| &step.params);
        let params = params.chain(program.flows.values().flat_map(|flow| &flow.params));
        // A part of a program may have no label in it, and data of a part that does.
        let is_carried = !program.carried.is_empty();
        let active = is_carried || of_types || params.into_iter().any(|param| !param.labels.is_empty());
        Self { program, layout, active, mask: RwLock::default(), gives: Mutex::default(), asked: Mutex::default() }
    }

    /// Takes note of a value: its labelled parts are not shown from now on.
    pub(crate) fn know(&self, value: &Value, ty: Option<&Type>, labels: &[Name]) {
        if !self.active {
            return;
        }
        let mut found = vec![];
        map_labelled(value, ty, labels, &self.program.types, &mut |labels, value| {
            found.push((mark(labels), value.clone()));
            Value::Unit
        });
        if !found.is_empty() {
            found.iter().for_each(|(mark, value)| self.add(value, mark));
        }
    }

    /// As [`Self::know`], of what carries labels as a whole.
    fn know_carried(&self, value: &Value, labels: &[Name]) {
        if !labels.is_empty() {
            self.add(value, &mark(labels));
        }
    }

    fn add(&self, value: &Value, mark: &str) {
        self.mask.write().unwrap_or_else(PoisonError::into_inner).add(value, mark);
    }

    /// The labels in rows of tables among these values.
    pub(crate) fn labels_of_rows(&self, bindings: &[(VarId, Value)]) -> Vec<Name> {
        let mut found = vec![];
        for (_, value) in bindings.iter().filter(|_| self.active) {
            if let Value::Table(table) = value {
                found.extend(labels_in(&table.ty, &self.program.types));
            }
        }
        found.sort();
        found.dedup();
        found
    }

    /// Takes note of what was computed from rows with these labels; `seen` is the same from rows with marks in them.
    pub(crate) fn know_computed(&self, value: &Value, seen: Option<&Value>, labels: &[Name]) {
        match (value, seen) {
            (value, Some(seen)) if value == seen => {}
            (Value::List(items), Some(Value::List(seen))) if items.len() == seen.len() => {
                items.iter().zip(seen.iter()).for_each(|(item, seen)| self.know_computed(item, Some(seen), labels));
            }
            (Value::Record(record), Some(Value::Record(seen))) if record.fields.len() == seen.fields.len() => {
                let fields = record.fields.iter().zip(&seen.fields);
                fields.for_each(|((_, field), (_, seen))| self.know_computed(field, Some(seen), labels));
            }
            _ => self.add(value, &mark(labels)),
        }
    }

    /// Whether there is anything to hide.
    pub(crate) fn is_active(&self) -> bool {
        self.active
    }

    /// Takes note of a run's parameters.
    pub(crate) fn know_params(&self, flow: &Name, params: &BTreeMap<Arc<str>, Value>) {
        let Some(flow) = self.program.flows.get(flow) else { return };
        for param in &flow.params {
            if let Some(value) = params.get(&param.name) {
                self.know(value, Some(&param.ty), &param.labels);
            }
        }
    }

    /// Takes note of what a step is given, and of what it will give.
    pub(crate) fn know_step(&self, run: &RunStep) {
        if !self.active {
            return;
        }
        let carried = &self.program.carried;
        for (param, (_, value)) in run.step.params.iter().zip(&run.args) {
            self.know(value, Some(&param.ty), &param.labels);
            self.know_carried(value, carried.by_argument(&run.step.name, &param.name));
        }
        self.gives(run.task, run.step.returns.clone(), carried.by_result(&run.step.name));
        if run.ask.is_some() {
            lock(&self.asked).insert(run.path.clone(), run.step.clone());
        }
    }

    /// Takes note of what a task gives when it reads or writes a dataset.
    pub(crate) fn gives_dataset(&self, task: Task, dataset: &Name) {
        if let Some(ty) = self.type_of(dataset).filter(|_| self.active) {
            self.gives(task, ty, self.program.carried.by_dataset(dataset));
        }
    }

    fn gives(&self, task: Task, ty: Type, carried: &[Name]) {
        if self.active {
            lock(&self.gives).insert(task, (ty, carried.to_vec()));
        }
    }

    /// The type of what a step or a dataset gives, and the labels that it carries besides.
    fn given_by(&self, of: Option<&Name>) -> (Option<Type>, &[Name]) {
        let Some(of) = of else { return (None, &[]) };
        match self.program.steps.get(of) {
            Some(step) => (Some(step.returns.clone()), self.program.carried.by_result(of)),
            None => (self.type_of(of), self.program.carried.by_dataset(of)),
        }
    }

    /// The type of a dataset's data.
    pub(crate) fn type_of(&self, dataset: &Name) -> Option<Type> {
        self.program.datasets.get(dataset).map(|dataset| dataset.ty.clone())
    }

    /// The result of a flow as it may be seen.
    pub(crate) fn shown(&self, result: &Value, flow: &Name) -> Json {
        if !self.active {
            return codec::encode(result);
        }
        let returns = self.program.flows.get(flow).map(|flow| &flow.returns);
        let shown = redact(result, returns, &[], &self.program.types);
        self.json(codec::encode(&redact_leaves(&shown, self.program.carried.by_flow(flow))))
    }

    /// A cell of a table in which labelled data shows marks already.
    pub(crate) fn cell(&self, cell: &Value) -> Json {
        self.json(codec::encode(cell))
    }

    /// A document in which texts show marks; so do numbers that are known as labelled.
    fn json(&self, json: Json) -> Json {
        match json {
            Json::String(text) => Json::String(self.text(&text)),
            Json::Number(number) => {
                let (text, seen) = (number.to_string(), self.text(&number.to_string()));
                if seen == text { Json::Number(number) } else { Json::String(seen) }
            }
            Json::Array(items) => items.into_iter().map(|item| self.json(item)).collect(),
            Json::Object(entries) => {
                entries.into_iter().map(|(key, value)| (self.text(&key), self.json(value))).collect()
            }
            plain => plain,
        }
    }

    /// A text with marks in the place of labelled values that are known.
    pub(crate) fn text(&self, text: &str) -> String {
        if !self.active {
            return text.to_owned();
        }
        self.mask.read().unwrap_or_else(PoisonError::into_inner).text(text)
    }

    fn shared(&self, text: &Arc<str>) -> Arc<str> {
        self.text(text).into()
    }

    /// A failure that may be seen.
    pub(crate) fn failure(&self, mut failure: Failure) -> Failure {
        if self.active {
            failure.message = self.text(&failure.message);
            failure.details.iter_mut().for_each(|detail| *detail = self.text(detail));
            failure.stderr_tail = failure.stderr_tail.map(|tail| self.text(&tail));
        }
        failure
    }

    /// An event as the journal keeps it.
    pub(crate) fn event(&self, event: &Event) -> Event {
        let mut event = event.clone();
        if !self.active {
            return event;
        }
        match &mut event {
            Event::Ran { task, result, ask } => {
                let (ty, carried) = lock(&self.gives).remove(task).unzip();
                let carried = carried.unwrap_or_default();
                if let Ok(product) = result {
                    self.know(&product.value, ty.as_ref(), &[]);
                    self.know_carried(&product.value, &carried);
                }
                if let Some(ask) = ask {
                    self.ask(ask, ty.as_ref().filter(|_| result.is_err()), (&carried, &[]));
                }
                match result {
                    Ok(product) => product.value = self.seal(&product.value, ty.as_ref(), &carried),
                    Err(failure) => *failure = self.failure(failure.clone()),
                }
            }
            Event::Read { task, result } | Event::Written { task, result } => {
                let (ty, carried) = lock(&self.gives).remove(task).unzip();
                let carried = carried.unwrap_or_default();
                match result {
                    Ok(version) => {
                        if let Some(value) = &mut version.value {
                            self.know(value, ty.as_ref(), &[]);
                            self.know_carried(value, &carried);
                            *value = self.seal(value, ty.as_ref(), &carried);
                        }
                        version.expectations.iter_mut().for_each(|rule| self.examples(&mut rule.examples));
                    }
                    Err(failure) => *failure = self.failure(failure.clone()),
                }
            }
            Event::Computed { result, .. } => match result {
                Ok(value) => {
                    self.know(value, None, &[]);
                    *value = self.seal(value, None, &[]);
                }
                Err(failure) => *failure = self.failure(failure.clone()),
            },
            Event::Kept { results } => {
                for kept in results {
                    let (ty, carried) = self.given_by(kept.of.as_ref());
                    self.know(&kept.value, ty.as_ref(), &[]);
                    self.know_carried(&kept.value, carried);
                    kept.value = self.seal(&kept.value, ty.as_ref(), carried);
                }
            }
            Event::Looked { result: Err(failure), .. } => *failure = self.failure(failure.clone()),
            // What the store remembers is sealed already.
            Event::Rendered { result: Err(failure), .. } => *failure = self.failure(failure.clone()),
            _ => {}
        }
        event
    }

    /// A note as it is shown and kept.
    pub(crate) fn note(&self, note: Note) -> Note {
        if !self.active {
            return note;
        }
        let mut note = note;
        match &mut note {
            Note::Attempted { failure, ask, path, .. } => {
                // What did not fit its type is labelled as a whole, if that type has labels.
                let step = lock(&self.asked).get(path).cloned();
                if let Some(ask) = ask {
                    let carried = step.as_ref().map(|step| &step.name).map_or((&[][..], &[][..]), |step| {
                        (self.program.carried.by_result(step), self.program.carried.by_feedback(step))
                    });
                    let unread = step.as_ref().filter(|_| failure.is_some()).map(|step| &step.returns);
                    self.ask(ask, unread, carried);
                }
                *failure = failure.take().map(|failure| self.failure(failure));
            }
            Note::Retrying { why, .. } => *why = self.shared(why),
            Note::Contract { verdict, .. } => self.contract(verdict),
            Note::Version { version, dataset, .. } => {
                let carried = self.program.carried.by_dataset(dataset);
                version.value = self.seal(&version.value, self.type_of(dataset).as_ref(), carried);
                version.expectations.iter_mut().for_each(|rule| self.examples(&mut rule.examples));
            }
            Note::Decided { decision, .. } => self.decision(decision),
            Note::Settled(end) => {
                end.decision.iter_mut().for_each(|decision| self.decision(decision));
                end.failure = end.failure.take().map(|failure| self.failure(failure));
                end.instead_of = end.instead_of.take().map(|failure| self.failure(failure));
                if let Some(record) = &mut end.record {
                    let ty = end.subject.as_ref().and_then(|name| self.program.steps.get(name));
                    let ty = ty.map(|step| step.returns.clone());
                    let carried = end.subject.as_ref().map_or(&[][..], |name| self.program.carried.by_result(name));
                    record.value = record.value.as_ref().map(|value| self.seal(value, ty.as_ref(), carried));
                    record.inputs.iter_mut().for_each(|input| input.short = self.shared(&input.short));
                }
            }
            // Questions are put together without labelled data.
            Note::Started { .. }
            | Note::Waiting { .. }
            | Note::Charged(_)
            | Note::Released { .. }
            | Note::Asked(_)
            | Note::AnswerRefused { .. }
            | Note::QuestionEnded { .. }
            // What a person gives holds no labelled data.
            | Note::Resolved { .. }
            | Note::Ended(_) => {}
        }
        note
    }

    /// Why something runs, which may quote what it was given.
    fn decision(&self, decision: &mut Decision) {
        for reason in &mut decision.reasons {
            if let Reason::InputChanged { old, new, .. } | Reason::ParameterChanged { old, new, .. } = reason {
                (*old, *new) = (self.shared(old), self.shared(new));
            }
        }
    }

    fn contract(&self, verdict: &mut ContractVerdict) {
        match verdict {
            ContractVerdict::Require { message, .. } => {
                *message = message.as_ref().map(|message| self.shared(message));
            }
            ContractVerdict::Guard { message, judges, saw, .. } => {
                *message = message.as_ref().map(|message| self.shared(message));
                saw.iter_mut().for_each(|(_, value)| *value = self.shared(value));
                for said in judges {
                    said.verdict = said.verdict.as_ref().map(|verdict| self.shared(verdict));
                    said.failure = said.failure.take().map(|failure| self.failure(failure));
                }
            }
            ContractVerdict::Expect { rule, .. } => self.examples(&mut rule.examples),
            ContractVerdict::Fresh { .. } | ContractVerdict::Finish { .. } => {}
        }
    }

    fn examples(&self, examples: &mut [String]) {
        examples.iter_mut().for_each(|example| *example = self.text(example));
    }

    /// What a model said. `unread` is the type that its answer did not fit; `carried` what its answers carry, and what it
    /// was told of them.
    fn ask(&self, ask: &mut AskReport, unread: Option<&Type>, carried: (&[Name], &[Name])) {
        for call in &mut ask.calls {
            let step = self.program.steps.get(&Name::new(call.step.clone()));
            for (name, value) in &mut call.args {
                let param = step.and_then(|step| step.params.iter().find(|param| param.name == *name));
                let (ty, labels) = param.map_or((None, &[][..]), |param| (Some(&param.ty), &param.labels));
                self.know(value, ty, labels);
                *value = redact(value, ty, labels, &self.program.types);
            }
            call.arguments = self.shared(&call.arguments);
            call.refused = call.refused.as_ref().map(|why| self.shared(why));
        }
        let labels = self.labels_of(unread, carried.0);
        ask.answer = if labels.is_empty() { self.shared(&ask.answer) } else { mark(&labels).into() };
        ask.asked = if carried.1.is_empty() { self.shared(&ask.asked) } else { mark(carried.1).into() };
        ask.leniencies.iter_mut().for_each(|leniency| *leniency = self.shared(leniency));
    }

    /// The labels in a type, and those that are carried besides.
    fn labels_of(&self, ty: Option<&Type>, carried: &[Name]) -> Vec<Name> {
        let mut labels = ty.map(|ty| labels_in(ty, &self.program.types)).unwrap_or_default();
        let besides: Vec<Name> = carried.iter().filter(|label| !labels.contains(label)).cloned().collect();
        labels.extend(besides);
        labels
    }

    /// What stands in the place of a step's output, if its result is labelled: that is the result, not read yet.
    pub(crate) fn output_mark(&self, step: &Step) -> Option<String> {
        let labels = self.labels_of(Some(&step.returns), self.program.carried.by_result(&step.name));
        (!labels.is_empty()).then(|| mark(&labels))
    }

    /// The value with its labelled parts kept out of line, and with every text that a labelled value is known to
    /// be in.
    fn seal(&self, value: &Value, ty: Option<&Type>, carried: &[Name]) -> Value {
        let sealed = map_labelled(value, ty, &[], &self.program.types, &mut |labels, value| {
            self.put_or_mark(value, &mark(labels))
        });
        if carried.is_empty() {
            return self.seal_texts(&sealed);
        }
        map_leaves(&sealed, &mut |value| self.put_or_mark(value, &mark(carried)))
    }

    fn seal_texts(&self, value: &Value) -> Value {
        let fields = |fields: &Fields| -> Fields {
            fields.iter().map(|(name, value)| (name.clone(), self.seal_texts(value))).collect()
        };
        let known = |text: &str| self.mask.read().unwrap_or_else(PoisonError::into_inner).find(text);
        match value {
            Value::String(text) => known(text).map_or_else(|| value.clone(), |mark| self.put_or_mark(value, &mark)),
            Value::Json(json) => {
                known(&json.to_string()).map_or_else(|| value.clone(), |mark| self.put_or_mark(value, &mark))
            }
            Value::List(items) => Value::List(items.iter().map(|item| self.seal_texts(item)).collect()),
            // A key has no place of its own out of line.
            Value::Map(entries) if let Some(mark) = entries.keys().find_map(|key| known(&mask::words_of(key))) => {
                self.put_or_mark(value, &mark)
            }
            Value::Map(entries) => {
                let entries = entries.iter().map(|(key, value)| (key.clone(), self.seal_texts(value)));
                Value::Map(Arc::new(entries.collect()))
            }
            Value::Record(record) => {
                Value::Record(Arc::new(Record { ty: record.ty.clone(), fields: fields(&record.fields) }))
            }
            Value::Variant(variant) => {
                let (ty, name) = (variant.ty.clone(), variant.variant.clone());
                Value::Variant(Arc::new(VariantValue { ty, variant: name, fields: fields(&variant.fields) }))
            }
            plain => plain.clone(),
        }
    }

    /// What cannot be kept out of line is not kept: the result is made again.
    fn put_or_mark(&self, value: &Value, mark: &str) -> Value {
        self.put(value, mark).map_or_else(|| Value::String(mark.into()), Value::File)
    }

    fn put(&self, value: &Value, mark: &str) -> Option<FileHandle> {
        let mut content = SEAL.to_vec();
        serde_json::to_writer(&mut content, value).ok()?;
        let hash = flow_store::content_name(&content);
        let path = artifact(&self.layout, &hash);
        if !path.exists() {
            let folder = path.parent()?;
            fs::create_dir_all(folder).ok()?;
            let beside = folder.join(format!(".{hash}.{}", std::process::id()));
            // Durable before the event that names it.
            let written = fs::write(&beside, &content).and_then(|()| fs::File::open(&beside)?.sync_all());
            written.and_then(|()| fs::rename(&beside, &path)).and_then(|()| fs::File::open(folder)?.sync_all()).ok()?;
        }
        Some(FileHandle { hash: hash.into(), bytes: content.len() as u64, name: mark.into() })
    }
}

/// What the store gave back, as the driver needs it: nothing sealed. What cannot be opened any more is left out.
pub(crate) fn opened(layout: &Layout, event: Event, rim: Option<&Rim>) -> Event {
    let open =
        |value: &Value| unseal(layout, value, &mut |mark, value| rim.into_iter().for_each(|rim| rim.add(value, mark)));
    let mut event = event;
    match &mut event {
        Event::Recalled { last, cached, .. } => {
            if let flow_driver::Last::Other(record) = last {
                record.value = record.value.take().and_then(|value| open(&value));
            }
            *cached = cached.take().and_then(|mut cached| {
                cached.value = open(&cached.value)?;
                Some(cached)
            });
        }
        Event::Looked { result: Ok(sighting), .. } => {
            sighting.last = sighting.last.take().and_then(|mut version| {
                version.value = open(&version.value)?;
                Some(version)
            });
        }
        _ => {}
    }
    event
}

/// An event of a journal as it was when it happened; none if something of it was labelled and is no longer kept.
pub(crate) fn reopened(layout: &Layout, event: Event, rim: &Rim) -> Option<Event> {
    let mut event = opened(layout, event, Some(rim));
    let sealed: Vec<&mut Value> = match &mut event {
        Event::Ran { result: Ok(product), .. } => vec![&mut product.value],
        Event::Read { result: Ok(version), .. } | Event::Written { result: Ok(version), .. } => {
            version.value.iter_mut().collect()
        }
        Event::Computed { result: Ok(value), .. } => vec![value],
        Event::Kept { results } => results.iter_mut().map(|kept| &mut kept.value).collect(),
        _ => vec![],
    };
    for value in sealed {
        *value = unseal(layout, value, &mut |mark, value| rim.add(value, mark))?;
    }
    Some(event)
}

/// A value as it was before it was sealed; none if a part of it is gone.
fn unseal(layout: &Layout, value: &Value, found: &mut dyn FnMut(&str, &Value)) -> Option<Value> {
    Some(match value {
        Value::File(file) if file.name.starts_with("‹@") => match fs::read(artifact(layout, &file.hash)) {
            Ok(content) => match content.strip_prefix(SEAL) {
                Some(json) => {
                    let value: Value = serde_json::from_slice(json).ok()?;
                    found(&file.name, &value);
                    value
                }
                // A file of the user's that is called so.
                None => value.clone(),
            },
            Err(_) => return None,
        },
        // Where there was no room for the artifact, nothing but the mark is left.
        Value::String(text) if text.starts_with("‹@") && text.ends_with('›') => return None,
        Value::List(items) => Value::List(items.iter().map(|item| unseal(layout, item, found)).collect::<Option<_>>()?),
        Value::Map(entries) => {
            let entries = entries.iter().map(|(key, value)| Some((key.clone(), unseal(layout, value, found)?)));
            Value::Map(Arc::new(entries.collect::<Option<_>>()?))
        }
        Value::Record(record) => {
            let fields = unseal_fields(layout, &record.fields, found)?;
            Value::Record(Arc::new(Record { ty: record.ty.clone(), fields }))
        }
        Value::Variant(variant) => {
            let (ty, name) = (variant.ty.clone(), variant.variant.clone());
            let fields = unseal_fields(layout, &variant.fields, found)?;
            Value::Variant(Arc::new(VariantValue { ty, variant: name, fields }))
        }
        plain => plain.clone(),
    })
}

/// Fields of a record or of a variant.
type Fields = Vec<(Arc<str>, Value)>;

fn unseal_fields(layout: &Layout, fields: &Fields, found: &mut dyn FnMut(&str, &Value)) -> Option<Fields> {
    fields.iter().map(|(name, value)| Some((name.clone(), unseal(layout, value, found)?))).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn artifact(layout: &Layout, hash: &str) -> PathBuf {
    layout.artifacts().join(hash.get(..2).unwrap_or("00")).join(format!("{hash}.bin"))
}
