//! A small program, built by hand: `orders` arrives, `daily` makes `revenue` of it, `report` makes `note` of that.

use flow_diag::{FileId, Span};
use flow_expr::{BinaryOp, Expr, ExprKind, Field, Function, Name, Refinement, Type, TypeDef, Value, VarId};
use flow_plan::{
    Arrival, Block, Body, CachePolicy, CatchUp, CsvOptions, DataTimeSource, Dataset, Effect, Flow, Format, Freshness,
    Location, Node, NodeId, NodeKind, Overlap, Param, Program, Step,
};
use std::sync::Arc;

pub(crate) fn name(text: &str) -> Name {
    Name::new(text)
}

pub(crate) fn at(start: u32) -> Span {
    Span::new(FileId(0), start, start + 1)
}

pub(crate) fn var(number: u32, start: u32) -> Expr {
    Expr::new(ExprKind::Var(VarId(number)), at(start))
}

fn field(name: &str, ty: Type) -> Field {
    Field { name: name.into(), ty, refinement: None, labels: vec![] }
}

fn table(of: &str) -> Type {
    Type::Table(Arc::new(Type::Named(name(of))))
}

pub(crate) fn step(step: &str, param: Type, returns: Type, sql: &str, offset: u32) -> Step {
    Step {
        name: name(step),
        params: vec![Param { name: "source".into(), var: VarId(0), ty: param, default: None, labels: vec![] }],
        returns,
        body: Body::Sql { text: sql.into(), connection: None },
        timeout_ms: 300_000,
        timeout_declared: false,
        retry: None,
        idempotent: None,
        effect: Effect::Read,
        guards: vec![],
        budget: None,
        fallback: Some(Expr::new(ExprKind::Call(name("shop.fallback"), vec![var(0, offset)]), at(offset + 3))),
        cache: CachePolicy::Unchanged,
        pool: None,
        needs: None,
        owner: Some("finance".into()),
        tags: vec!["daily".into()],
        at: at(offset),
        clauses_at: vec![("body".into(), at(offset + 1))],
    }
}

fn dataset(dataset: &str, of: &str, path: &str, writer: Option<&str>) -> Dataset {
    Dataset {
        name: name(dataset),
        ty: table(of),
        location: Location::File {
            format: Format::Csv,
            path: vec![flow_expr::Part::Text(path.into())],
            csv: CsvOptions::default(),
        },
        partition: vec![],
        fresh: Some(Freshness { within_ms: 3_600_000, by: DataTimeSource::Derived, at: at(9) }),
        arrives: writer.is_none().then(|| Arrival { schedule: None, after: vec![], at: at(3) }),
        expect: vec![],
        owner: Some("finance".into()),
        keep_versions: None,
        keep_ms: None,
        accepts: vec![],
        tags: vec![],
        writer: writer.map(name),
        at: at(1),
    }
}

pub(crate) fn node(id: u32, label: &str, kind: NodeKind, needs: &[u32]) -> Node {
    Node {
        id: NodeId(id),
        label: label.into(),
        var: VarId(100 + id),
        ty: Type::Unit,
        kind,
        needs: needs.iter().map(|id| NodeId(*id)).collect(),
        after: vec![],
        at: at(id),
    }
}

pub(crate) fn flow(flow: &str, reads: &str, step: &str, writes: &str) -> Flow {
    let read = NodeKind::Read { dataset: name(reads), previous: false, partition: vec![] };
    let call = NodeKind::Call { step: name(step), args: vec![var(100, 5)], recover: None };
    let write = NodeKind::Write { dataset: name(writes), value: var(101, 6), partition: vec![] };
    Flow {
        name: name(flow),
        params: vec![],
        returns: Type::Unit,
        starts: vec![],
        finish: None,
        overlap: Overlap::Skip,
        catch_up: CatchUp::Last,
        budgets: vec![],
        body: Block {
            nodes: vec![
                node(0, "read source", read, &[]),
                node(1, "made", call, &[0]),
                node(2, "write it", write, &[1]),
            ],
            result: None,
        },
        handlers: vec![],
        owner: None,
        tags: vec![],
        at: at(0),
    }
}

/// The program. `offset` moves every span of the steps, which must change nothing.
pub(crate) fn program(offset: u32) -> Program {
    let mut program = Program { project: "shop".into(), files: vec!["shop.flow".into()], ..Program::default() };
    let positive = ExprKind::Binary(
        BinaryOp::GreaterEqual,
        Box::new(Expr::new(ExprKind::Var(VarId::IT), at(offset))),
        Box::new(Expr::new(ExprKind::Const(Value::Int(0)), at(offset))),
    );
    let mut amount = field("amount", Type::Int);
    amount.refinement = Some(Refinement { condition: Expr::new(positive, at(offset)), text: "it >= 0".into() });
    let types = &mut program.types.0;
    types.insert(name("shop.Order"), TypeDef::Record(vec![field("id", Type::Int), amount]));
    types.insert(name("shop.Revenue"), TypeDef::Record(vec![field("total", Type::Int)]));
    types.insert(name("shop.Unused"), TypeDef::Record(vec![field("x", Type::Int)]));
    let helper = Function { params: vec![VarId(1)], body: var(1, offset) };
    program.functions.insert(name("shop.helper"), helper);
    let call = ExprKind::Call(name("shop.helper"), vec![var(1, offset)]);
    let fallback = Function { params: vec![VarId(1)], body: Expr::new(call, at(offset)) };
    program.functions.insert(name("shop.fallback"), fallback);
    let daily = step(
        "shop.daily",
        table("shop.Order"),
        table("shop.Revenue"),
        "select sum(amount) as total from source",
        offset,
    );
    program.steps.insert(daily.name.clone(), daily);
    let report = step("shop.report", table("shop.Revenue"), table("shop.Revenue"), "select * from source", offset);
    program.steps.insert(report.name.clone(), report);
    for dataset in [
        dataset("shop.orders", "shop.Order", "orders.csv", None),
        dataset("shop.revenue", "shop.Revenue", "revenue.csv", Some("shop.make_revenue")),
        dataset("shop.note", "shop.Revenue", "note.csv", Some("shop.make_note")),
    ] {
        program.datasets.insert(dataset.name.clone(), dataset);
    }
    for flow in [
        flow("shop.make_revenue", "shop.orders", "shop.daily", "shop.revenue"),
        flow("shop.make_note", "shop.revenue", "shop.report", "shop.note"),
    ] {
        program.flows.insert(flow.name.clone(), flow);
    }
    program
}
