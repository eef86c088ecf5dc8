//! A run, built by hand: `orders` is read and cleaned, a model is asked twice and calls a step, `note` is written.

use flow_diag::Span;
use flow_driver::{
    ContractVerdict, Counts, Forced, How, NodeEnd, NodeStatus, RunEnd, RunStart, RunStatus, VersionRecord,
};
use flow_expr::{Expr, ExprKind, Field, Name, Part, Type, TypeDef, TypeTable, Value, VarId};
use flow_plan::{
    AiBody, Arrival, AskReport, Block, Body, Bounds, CachePolicy, Called, CatchUp, CsvOptions, Dataset, Effect,
    ErrorClass, Expectation, Failure, Fingerprint, Flow, Format, Location, Model, Node, NodeId, NodeKind, Overlap,
    PLAN_FORMAT, Param, Plan, Program, Provider, Rule, RuleVerdict, Step,
};
use flow_store::{AttemptRow, ContractRow, RunRow};
use flow_telemetry::{DatasetVersion, RunRecord, ToolRun};
use jiff::Timestamp;
use std::{collections::BTreeMap, sync::Arc};

pub(crate) const RUN: &str = "20260102-030405-9f3a07c1";

fn name(text: &str) -> Name {
    Name::new(text)
}

/// An instant, so many milliseconds after the run began.
pub(crate) fn at(ms: i64) -> Timestamp {
    let began: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
    Timestamp::from_millisecond(began.as_millisecond() + ms).unwrap()
}

fn var(number: u32) -> Expr {
    Expr::new(ExprKind::Var(VarId(number)), Span::default())
}

fn step(short: &str, param: Type, returns: Type, body: Body) -> Step {
    Step {
        name: name(&format!("shop.{short}")),
        params: vec![Param { name: "x".into(), var: VarId(90), ty: param, default: None, labels: vec![] }],
        returns,
        body,
        timeout_ms: 1000,
        timeout_declared: true,
        retry: None,
        idempotent: None,
        effect: Effect::Read,
        guards: vec![],
        budget: None,
        fallback: None,
        cache: CachePolicy::Never,
        pool: None,
        needs: None,
        owner: Some("data".into()),
        tags: vec![],
        at: Span::default(),
        clauses_at: vec![],
    }
}

fn dataset(short: &str, ty: Type, path: &str, writer: bool) -> Dataset {
    let text = "unique(id)";
    let rule = Expectation {
        rule: Rule::Unique(vec!["id".into()]),
        text: text.into(),
        share: 1.into(),
        warn: false,
        at: Span::default(),
    };
    Dataset {
        name: name(&format!("shop.{short}")),
        ty,
        location: Location::File {
            format: Format::Csv,
            path: vec![Part::Text(path.into())],
            csv: CsvOptions::default(),
        },
        partition: vec![],
        fresh: None,
        arrives: (!writer).then(|| Arrival { schedule: None, after: vec![], at: Span::default() }),
        expect: if writer { vec![] } else { vec![rule] },
        owner: Some("finance".into()),
        keep_versions: None,
        keep_ms: None,
        accepts: vec![],
        tags: vec![],
        writer: writer.then(|| name("shop.daily")),
        at: Span::default(),
    }
}

fn node(id: u32, label: &str, ty: Type, kind: NodeKind) -> Node {
    let (needs, after) = (vec![], vec![]);
    Node { id: NodeId(id), label: label.into(), var: VarId(id), ty, kind, needs, after, at: Span::default() }
}

fn call(step: &str, args: Vec<Expr>) -> NodeKind {
    NodeKind::Call { step: name(step), args, recover: None }
}

fn orders() -> Type {
    Type::Table(Type::Named(name("shop.Order")).into())
}

fn types() -> TypeTable {
    let field =
        |name: &str, ty, labels: &[Name]| Field { name: name.into(), ty, refinement: None, labels: labels.to_vec() };
    let fields = vec![field("id", Type::Int, &[]), field("email", Type::String, &[name("shop.pii")])];
    TypeTable([(name("shop.Order"), TypeDef::Record(fields))].into())
}

fn steps() -> [Step; 3] {
    let asked = AiBody::new(vec![name("shop.writer")], vec![Part::Text("Write.".into())]);
    let ai = AiBody { max_tokens: Some(50), tools: vec![name("shop.look_up")], turns: 4, ..asked };
    let sql = Body::Sql { text: "select * from x".into(), connection: None };
    [
        step("clean", orders(), orders(), sql),
        step("write_note", Type::Int, Type::String, Body::Ai(Box::new(ai))),
        step("look_up", Type::String, Type::Int, Body::Shell { script: "echo 7".into() }),
    ]
}

fn model() -> Model {
    let named = Model::new(name("shop.writer"), Provider::Openai, "gpt-x-2026-01-01");
    Model { endpoint: Some("http://127.0.0.1:9/v1".into()), ..named }
}

fn flow() -> Flow {
    let read = NodeKind::Read { dataset: name("shop.orders"), previous: false, partition: vec![] };
    let write = NodeKind::Write { dataset: name("shop.note"), value: var(3), partition: vec![] };
    let nodes = vec![
        node(0, "orders", orders(), read),
        node(1, "clean", orders(), call("shop.clean", vec![var(0)])),
        node(2, "count", Type::Int, NodeKind::Compute { expr: var(1), data: true }),
        node(3, "write_note", Type::String, call("shop.write_note", vec![var(2)])),
        node(4, "write note", Type::Unit, write),
    ];
    Flow {
        name: name("shop.daily"),
        params: vec![],
        returns: Type::Unit,
        starts: vec![],
        budgets: vec![],
        finish: None,
        overlap: Overlap::Skip,
        catch_up: CatchUp::Last,
        body: Block { nodes, result: None },
        handlers: vec![],
        owner: Some("board".into()),
        tags: vec![],
        at: Span::default(),
    }
}

fn plan() -> Plan {
    let datasets =
        [dataset("orders", orders(), "data/orders.csv", false), dataset("note", Type::String, "out/note.txt", true)];
    let program = Program {
        project: "shop".into(),
        types: types(),
        steps: steps().map(|step| (step.name.clone(), step)).into(),
        datasets: datasets.map(|dataset| (dataset.name.clone(), dataset)).into(),
        models: [(name("shop.writer"), model())].into(),
        flows: [(name("shop.daily"), flow())].into(),
        ..Program::default()
    };
    Plan {
        format: PLAN_FORMAT,
        compiler: "0".into(),
        hash: "p".into(),
        flow: name("shop.daily"),
        params: BTreeMap::new(),
        program,
        inputs: vec![],
        decisions: vec![],
        bounds: Bounds::default(),
    }
}

fn end(path: &str, label: &str, kind: &str, subject: &str, times: (i64, i64)) -> NodeEnd {
    NodeEnd {
        path: path.into(),
        key: format!("shop.daily/{label}").into(),
        label: label.into(),
        kind: kind.into(),
        subject: Some(name(subject)),
        status: NodeStatus::Succeeded,
        how: Some(How::Ran),
        decision: None,
        failure: None,
        instead_of: None,
        because: None,
        attempts: 1,
        began: at(times.0),
        ended: at(times.1),
        record: None,
        cache_key: None,
        rows: None,
    }
}

fn ask(answer: &str, calls: Vec<Called>) -> AskReport {
    AskReport {
        model: name("shop.writer"),
        served: "gpt-x-2026-01-01".into(),
        input_tokens: 100,
        output_tokens: 20,
        micro_dollars: 42,
        known: true,
        finish: if calls.is_empty() { "stop".into() } else { "tool_calls".into() },
        asked: "".into(),
        answer: answer.into(),
        leniencies: vec![],
        calls,
    }
}

fn attempt(path: &str, attempt: u32, times: (i64, i64), ask: Option<AskReport>) -> AttemptRow {
    AttemptRow {
        path: path.into(),
        attempt,
        began: at(times.0),
        ended: at(times.1),
        judge: None,
        tool: None,
        failure: None,
        ask,
    }
}

fn run() -> RunRow {
    let start = RunStart {
        run: RUN.into(),
        seed: 1,
        started: at(0),
        jobs: 1,
        forced: Forced::None,
        unselected: vec![],
        deadlines: BTreeMap::from([(name("shop.daily"), at(3_600_000))]),
        retry: None,
        dry: false,
    };
    let end = RunEnd {
        status: RunStatus::Succeeded,
        contract_broken: false,
        only_contracts: false,
        late: false,
        counts: Counts { ran: 3, ..Counts::default() },
    };
    RunRow {
        run: RUN.into(),
        flow: "shop.daily".into(),
        plan: "p".into(),
        format: 1,
        start,
        ended: Some(at(1000)),
        end: Some(end),
    }
}

fn version() -> VersionRecord {
    VersionRecord {
        run: RUN.into(),
        at: at(10),
        content: "c".into(),
        value: Value::Unit,
        fingerprint: Fingerprint { hash: "f00d".into(), modified: None, data_time: None },
        data_time: None,
        rows: Some(2),
        contract: Arc::new([]),
        written: false,
        expectations: vec![],
    }
}

/// The run, as it ended well.
pub(crate) fn record() -> RunRecord {
    let called =
        Called { id: "c1".into(), step: "shop.look_up".into(), arguments: "{}".into(), args: vec![], refused: None };
    let rule =
        RuleVerdict { rule: "unique(id)".into(), holds: true, warn: false, checked: 2, broken: 0, examples: vec![] };
    let expect = ContractVerdict::Expect { dataset: name("shop.orders"), rule };
    let guard = ContractVerdict::Guard {
        text: "it != \"\"".into(),
        kept: true,
        action: "retry".into(),
        message: None,
        saw: vec![],
        of: None,
        tool: None,
        judges: vec![],
    };
    let contract = |ms, path: &str, verdict| ContractRow { at: at(ms), path: path.into(), label: path.into(), verdict };
    let tool =
        ToolRun { path: "3".into(), attempt: 1, call: 0, began: at(400), ended: at(450), result: Ok(Value::Int(7)) };
    RunRecord {
        plan: Arc::new(plan()),
        run: run(),
        nodes: vec![
            end("0", "orders", "read", "shop.orders", (0, 10)),
            end("1", "clean", "call", "shop.clean", (10, 100)),
            NodeEnd { attempts: 2, ..end("3", "write_note", "call", "shop.write_note", (100, 900)) },
            NodeEnd { rows: Some(1), ..end("4", "write note", "write", "shop.note", (900, 1000)) },
        ],
        attempts: vec![
            attempt("1", 1, (10, 100), None),
            attempt("3", 1, (100, 400), Some(ask("", vec![called]))),
            attempt("3", 2, (450, 900), Some(ask("Seven.", vec![]))),
        ],
        contracts: vec![contract(10, "0", expect), contract(900, "3", guard)],
        versions: vec![DatasetVersion { dataset: name("shop.orders"), version: version() }],
        tools: vec![tool],
        logs: BTreeMap::new(),
    }
}

/// The run, failed in its first step.
pub(crate) fn failed() -> RunRecord {
    let mut record = record();
    let failure = Failure::new(ErrorClass::ClientError, "R0312", "no such column").detail("line 1");
    record.nodes.truncate(2);
    record.nodes[1].status = NodeStatus::Failed;
    record.nodes[1].how = None;
    record.nodes[1].failure = Some(failure.clone());
    record.attempts.truncate(1);
    record.attempts[0].failure = Some(failure);
    record.tools.clear();
    let end = record.run.end.as_mut().unwrap();
    end.status = RunStatus::Failed;
    end.counts = Counts { failed: 1, not_run: 2, ..Counts::default() };
    record
}
