//! A run as OpenLineage events (core 2-0-2): one run for the flow, one for each step in it, with their datasets.
//!
//! Pure: a record goes in, events come out, the same ones whenever they are made. Knows not where they go.
//! Held against the published shapes in `tests/schemas`.

mod datasets;
mod facets;
mod wires;

use crate::{
    RunRecord,
    ids::uuid,
    place::{Place, around, place, plain},
};
use datasets::Datasets;
use facets::{CORE, PRODUCER, facet};
use flow_driver::{How, NodeEnd, NodeStatus, RunStatus};
use flow_expr::Name;
use flow_plan::{Failure, NodeKind, Plan};
use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};
use std::{path::PathBuf, sync::Arc};
use wires::Wires;

/// How things are named for others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Naming {
    /// Of jobs, and of data that only passes between steps.
    pub namespace: String,
    /// The project's root: files are named by their whole paths.
    pub root: PathBuf,
    /// The run that this one is part of: namespace, job and run id.
    pub parent: Option<(String, String, String)>,
}

/// One event, and what tells it from all others of the run.
#[derive(Clone, Debug, PartialEq)]
pub struct LineageEvent {
    /// Run id and type.
    pub key: String,
    /// The event.
    pub json: Json,
}

/// The beginning of a run, or of a step in it.
#[derive(Clone, Debug)]
pub struct Beginning<'a> {
    /// What is run.
    pub plan: &'a Plan,
    /// The run's id.
    pub run: &'a str,
    /// When it began.
    pub started: Timestamp,
    /// When it should be done.
    pub deadline: Option<Timestamp>,
}

/// Everything that a record has to tell, in the order of time.
#[must_use]
pub fn events(record: &RunRecord, naming: &Naming) -> Vec<LineageEvent> {
    let start = &record.run.start;
    let deadline = start.deadlines.get(&record.plan.flow).copied();
    let beginning = Beginning { plan: &record.plan, run: &start.run, started: start.started, deadline };
    let teller = Teller { beginning, naming, wires: Wires::new(&record.plan) };
    let mut found = vec![(start.started, teller.run_started())];
    for node in record.nodes.iter().filter(|node| is_job(node)) {
        let Some(place) = place(&record.plan, &node.path) else { continue };
        found.push((node.began, teller.node_started(&place, &node.path, node.began)));
        found.push((node.ended, teller.node_ended(&place, node, record)));
    }
    if let (Some(ended), Some(end)) = (record.run.ended, &record.run.end) {
        found.push((ended, teller.run_ended(ended, end.status, record)));
    }
    // What is of the same instant stays in the order in which it was found: a start before its end.
    found.sort_by_key(|(at, _)| *at);
    found.into_iter().map(|(_, event)| event).collect()
}

/// The event that a run begins, for sending at once.
#[must_use]
pub fn run_started(beginning: &Beginning<'_>, naming: &Naming) -> LineageEvent {
    Teller { beginning: beginning.clone(), naming, wires: Wires::new(beginning.plan) }.run_started()
}

/// The event that a step of a run begins; none for what is no job.
#[must_use]
pub fn step_started(beginning: &Beginning<'_>, naming: &Naming, path: &str, at: Timestamp) -> Option<LineageEvent> {
    let place = place(beginning.plan, path)?;
    let is_job = matches!(place.node.kind, NodeKind::Call { .. } | NodeKind::Flow { .. });
    let teller = Teller { beginning: beginning.clone(), naming, wires: Wires::new(beginning.plan) };
    is_job.then(|| teller.node_started(&place, path, at))
}

/// Whether a node is a job that ran: a step, or a flow inside this one.
fn is_job(node: &NodeEnd) -> bool {
    let tried = match node.status {
        NodeStatus::Succeeded => node.how != Some(How::Reused),
        NodeStatus::Failed => true,
        NodeStatus::Cancelled => node.attempts > 0,
        NodeStatus::NotRun | NodeStatus::Skipped | NodeStatus::Unknown => false,
    };
    tried && matches!(&*node.kind, "call" | "flow")
}

struct Teller<'a> {
    beginning: Beginning<'a>,
    naming: &'a Naming,
    wires: Wires<'a>,
}

impl Teller<'_> {
    fn id(&self, path: &str) -> String {
        uuid(self.beginning.run, path)
    }

    fn datasets(&self) -> Datasets<'_> {
        Datasets { program: &self.beginning.plan.program, naming: self.naming }
    }

    fn event(&self, kind: &str, at: Timestamp, id: &str, facets: Map<String, Json>, rest: Json) -> LineageEvent {
        let mut json = json!({
            "eventType": kind,
            "eventTime": at.to_string(),
            "producer": PRODUCER,
            "schemaURL": format!("{CORE}#/$defs/RunEvent"),
            "run": { "runId": id, "facets": facets },
        });
        if let (Some(event), Json::Object(rest)) = (json.as_object_mut(), rest) {
            event.extend(rest);
        }
        LineageEvent { key: format!("{id} {kind}"), json }
    }

    fn engine(&self) -> Map<String, Json> {
        let version = env!("CARGO_PKG_VERSION");
        let engine = json!({ "name": "flowc", "version": version, "openlineageAdapterVersion": version });
        Map::from_iter([("processing_engine".into(), facet("1-1-1/ProcessingEngineRunFacet", engine))])
    }

    fn run_facets(&self) -> Map<String, Json> {
        let mut facets = self.engine();
        let mut nominal = json!({ "nominalStartTime": self.beginning.started.to_string() });
        if let Some(deadline) = self.beginning.deadline {
            nominal["nominalEndTime"] = deadline.to_string().into();
        }
        facets.insert("nominalTime".into(), facet("1-0-1/NominalTimeRunFacet", nominal));
        if let Some((namespace, job, run)) = &self.naming.parent {
            let parent = json!({ "run": { "runId": run }, "job": { "namespace": namespace, "name": job } });
            facets.insert("parent".into(), facet("1-2-0/ParentRunFacet", parent));
        }
        facets
    }

    fn run_job(&self) -> Json {
        let plan = self.beginning.plan;
        let owner = plan.program.flows.get(&plan.flow).and_then(|flow| flow.owner.clone());
        self.job(plan.flow.as_str(), facets::job("FLOW", owner.as_deref(), None))
    }

    fn job(&self, name: &str, facets: Map<String, Json>) -> Json {
        json!({ "namespace": self.naming.namespace, "name": name, "facets": facets })
    }

    fn run_started(&self) -> LineageEvent {
        let (inputs, outputs) = self.wires.of_run();
        let datasets = self.datasets();
        let rest = json!({
            "job": self.run_job(),
            "inputs": datasets.declared(&inputs),
            "outputs": datasets.declared(&outputs),
        });
        self.event("START", self.beginning.started, &self.id(""), self.run_facets(), rest)
    }

    fn run_ended(&self, at: Timestamp, status: RunStatus, record: &RunRecord) -> LineageEvent {
        let kind = match status {
            RunStatus::Succeeded | RunStatus::Skipped => "COMPLETE",
            RunStatus::Failed => "FAIL",
            RunStatus::Cancelled => "ABORT",
        };
        let mut facets = self.run_facets();
        let failed = record.nodes.iter().find_map(|node| Some((node, node.failure.as_ref()?)));
        if let Some((node, failure)) = failed.filter(|_| status == RunStatus::Failed) {
            facets.insert("errorMessage".into(), error(Some(&node.label), failure));
        }
        let seen = |kind: &str| -> Vec<Name> {
            let nodes = record.nodes.iter().filter(|node| &*node.kind == kind && node.status == NodeStatus::Succeeded);
            let mut names: Vec<Name> = nodes.filter_map(|node| node.subject.clone()).collect();
            names.sort();
            names.dedup();
            names
        };
        let datasets = self.datasets();
        let rest = json!({
            "job": self.run_job(),
            "inputs": datasets.read(&seen("read"), record),
            "outputs": datasets.written(&seen("write"), record),
        });
        self.event(kind, at, &self.id(""), facets, rest)
    }

    /// The facets of a step's run: what it is part of.
    fn node_facets(&self, path: &str) -> Map<String, Json> {
        let plan = self.beginning.plan;
        // The nearest flow around it, which has a run of its own.
        let mut outer = around(path);
        while let Some(path) = outer {
            let is_flow = place(plan, path).is_some_and(|place| matches!(place.node.kind, NodeKind::Flow { .. }));
            if is_flow && !path.ends_with(']') {
                break;
            }
            outer = around(path);
        }
        let job = outer.and_then(|path| Some(self.job_name(&place(plan, path)?)));
        let root = json!({
            "run": { "runId": self.id("") },
            "job": { "namespace": self.naming.namespace, "name": plan.flow.as_str() },
        });
        let parent = json!({
            "run": { "runId": self.id(outer.unwrap_or_default()) },
            "job": { "namespace": self.naming.namespace, "name": job.unwrap_or_else(|| plan.flow.to_string()) },
            "root": root,
        });
        let mut facets = self.engine();
        facets.insert("parent".into(), facet("1-2-0/ParentRunFacet", parent));
        facets
    }

    fn job_name(&self, place: &Place<'_>) -> String {
        format!("{}.{}", place.flow.name, plain(&place.node.label))
    }

    fn node_job(&self, place: &Place<'_>) -> Json {
        let program = &self.beginning.plan.program;
        let facets = match &place.node.kind {
            NodeKind::Call { step, .. } => match program.steps.get(step) {
                Some(step) => facets::job("STEP", step.owner.as_deref(), facets::sql(step, program)),
                None => facets::job("STEP", None, None),
            },
            NodeKind::Flow { flow, .. } => {
                facets::job("FLOW", program.flows.get(flow).and_then(|flow| flow.owner.as_deref()), None)
            }
            _ => Map::new(),
        };
        self.job(&self.job_name(place), facets)
    }

    fn node_started(&self, place: &Place<'_>, path: &str, at: Timestamp) -> LineageEvent {
        let (datasets, wires) = (self.datasets(), self.wires.of_node(place));
        let mut inputs = datasets.declared(&wires.reads);
        inputs.extend(datasets.passed(&wires.takes));
        let mut outputs = datasets.declared(&wires.writes);
        outputs.extend(datasets.passed(&wires.gives));
        let rest = json!({ "job": self.node_job(place), "inputs": inputs, "outputs": outputs });
        self.event("START", at, &self.id(path), self.node_facets(path), rest)
    }

    fn node_ended(&self, place: &Place<'_>, node: &NodeEnd, record: &RunRecord) -> LineageEvent {
        let kind = match node.status {
            NodeStatus::Succeeded => "COMPLETE",
            NodeStatus::Cancelled => "ABORT",
            _ => "FAIL",
        };
        let mut facets = self.node_facets(&node.path);
        if let Some(failure) = &node.failure {
            facets.insert("errorMessage".into(), error(None, failure));
        }
        let (datasets, wires) = (self.datasets(), self.wires.of_node(place));
        // What it read was read before it began; what is made of its result is written after it has ended.
        let mut inputs = datasets.read(&wires.reads, record);
        inputs.extend(datasets.passed(&wires.takes));
        let mut outputs = datasets.declared(&wires.writes);
        outputs.extend(datasets.passed(&wires.gives));
        let rest = json!({ "job": self.node_job(place), "inputs": inputs, "outputs": outputs });
        self.event(kind, node.ended, &self.id(&node.path), facets, rest)
    }
}

/// Why something failed.
fn error(label: Option<&Arc<str>>, failure: &Failure) -> Json {
    let at = label.map(|label| format!("{label}: ")).unwrap_or_default();
    let mut error = json!({
        "message": format!("{at}{} [{}]", failure.message, failure.code),
        "programmingLanguage": "Flow",
    });
    if !failure.details.is_empty() {
        error["stackTrace"] = failure.details.join("\n").into();
    }
    facet("1-0-1/ErrorMessageRunFacet", error)
}
