//! Small programs as data.

use flow_diag::{FileId, Problems, Span};
use flow_expr::{Expr, ExprKind, Name, Type, Value, VarId};
use flow_plan::*;

pub(crate) fn name(text: &str) -> Name {
    Name::new(text)
}

pub(crate) fn at(place: u32) -> Span {
    Span::new(FileId(0), place, place + 1)
}

pub(crate) fn constant(number: i64) -> Expr {
    Expr::new(ExprKind::Const(Value::Int(number)), Span::default())
}

pub(crate) fn dataset(text: &str) -> Dataset {
    Dataset {
        name: name(text),
        ty: Type::Int,
        location: Location::File { format: Format::Json, path: vec![], csv: CsvOptions::default() },
        partition: vec![],
        fresh: None,
        arrives: None,
        expect: vec![],
        owner: None,
        keep_versions: None,
        keep_ms: None,
        accepts: vec![],
        tags: vec![],
        writer: None,
        at: at(1),
    }
}

pub(crate) fn arrives(mut dataset: Dataset) -> Dataset {
    dataset.arrives = Some(Arrival { schedule: None, after: vec![], at: at(2) });
    dataset
}

pub(crate) fn step(text: &str) -> Step {
    Step {
        name: name(text),
        params: vec![],
        returns: Type::Unit,
        body: Body::Shell { script: "true".into() },
        timeout_ms: 10_000,
        timeout_declared: true,
        retry: None,
        idempotent: None,
        effect: Effect::Write,
        guards: vec![],
        budget: None,
        fallback: None,
        cache: CachePolicy::Never,
        pool: None,
        needs: None,
        owner: None,
        tags: vec![],
        at: at(3),
        clauses_at: vec![],
    }
}

pub(crate) fn policy(times: u32) -> RetryPolicy {
    RetryPolicy { times, on: vec![ErrorClass::Any], backoff_min_ms: 1_000, backoff_max_ms: 4_000, within_ms: None }
}

pub(crate) fn flow(text: &str, kinds: Vec<(NodeKind, Vec<u32>)>) -> Flow {
    Flow {
        name: name(text),
        params: vec![],
        returns: Type::Unit,
        starts: vec![],
        finish: None,
        overlap: Overlap::Skip,
        catch_up: CatchUp::Last,
        budgets: vec![],
        body: block(kinds, 0),
        handlers: vec![],
        owner: None,
        tags: vec![],
        at: at(4),
    }
}

/// Nodes numbered from `first`, each with the nodes that it needs.
pub(crate) fn block(kinds: Vec<(NodeKind, Vec<u32>)>, first: u32) -> Block {
    let nodes = (first..).zip(kinds).map(|(id, (kind, needs))| Node {
        id: NodeId(id),
        label: format!("n{id}").into(),
        var: VarId(id),
        ty: Type::Unit,
        kind,
        needs: needs.into_iter().map(NodeId).collect(),
        after: vec![],
        at: at(100 + id),
    });
    Block { nodes: nodes.collect(), result: None }
}

pub(crate) fn read(dataset: &str) -> NodeKind {
    NodeKind::Read { dataset: name(dataset), previous: false, partition: vec![] }
}

pub(crate) fn write(dataset: &str) -> NodeKind {
    NodeKind::Write { dataset: name(dataset), value: constant(1), partition: vec![] }
}

pub(crate) fn call(step: &str) -> NodeKind {
    NodeKind::Call { step: name(step), args: vec![], recover: None }
}

pub(crate) fn run(flow: &str) -> NodeKind {
    NodeKind::Flow { flow: name(flow), args: vec![], recover: None }
}

pub(crate) fn program(datasets: Vec<Dataset>, steps: Vec<Step>, flows: Vec<Flow>) -> Program {
    Program {
        datasets: datasets.into_iter().map(|item| (item.name.clone(), item)).collect(),
        steps: steps.into_iter().map(|item| (item.name.clone(), item)).collect(),
        flows: flows.into_iter().map(|item| (item.name.clone(), item)).collect(),
        ..Program::default()
    }
}

pub(crate) fn codes(problems: &Problems) -> Vec<&'static str> {
    problems.0.iter().map(|problem| problem.code.as_str()).collect()
}

pub(crate) fn check(program: &Program) -> Problems {
    flow_analysis::analyse(program, &flow_analysis::Mentions::default(), true)
}
