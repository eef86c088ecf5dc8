//! Expressions, nodes, steps and datasets with everything filled in that does not matter here.

use flow_expr::{BinaryOp, Expr, ExprKind, Name, Type, Value, VarId};
use flow_plan::{
    Block, Body, CachePolicy, Dataset, Effect, Flow, Format, Handler, HandlerEvent, Location, Node, NodeId, NodeKind,
    Param, Step,
};

pub(super) fn name(short: &str) -> Name {
    Name::new(format!("m.{short}"))
}

pub(super) fn constant(value: Value) -> Expr {
    Expr::new(ExprKind::Const(value), Default::default())
}

pub(super) fn int(value: i64) -> Expr {
    constant(Value::Int(value))
}

pub(super) fn text(value: &str) -> Expr {
    constant(Value::String(value.into()))
}

pub(super) fn var(number: u32) -> Expr {
    Expr::new(ExprKind::Var(VarId(number)), Default::default())
}

pub(super) fn it() -> Expr {
    Expr::new(ExprKind::Var(VarId::IT), Default::default())
}

pub(super) fn binary(op: BinaryOp, left: Expr, right: Expr) -> Expr {
    Expr::new(ExprKind::Binary(op, Box::new(left), Box::new(right)), Default::default())
}

pub(super) fn add(left: Expr, right: Expr) -> Expr {
    binary(BinaryOp::Add, left, right)
}

/// A node; its variable has its number, and its label says it.
pub(super) fn node(id: u32, kind: NodeKind) -> Node {
    Node {
        id: NodeId(id),
        label: format!("n{id}").into(),
        var: VarId(id),
        ty: Type::Int,
        kind,
        needs: vec![],
        after: vec![],
        at: Default::default(),
    }
}

/// A step with one parameter, `a`, that reads something.
pub(super) fn step(short: &str) -> Step {
    Step {
        name: name(short),
        params: vec![Param { name: "a".into(), var: VarId(0), ty: Type::Int, default: None, labels: vec![] }],
        returns: Type::Int,
        body: Body::Sql { text: format!("select {short}").into(), connection: None },
        timeout_ms: 60_000,
        timeout_declared: false,
        retry: None,
        idempotent: None,
        effect: Effect::Read,
        guards: vec![],
        budget: None,
        fallback: None,
        cache: CachePolicy::Never,
        pool: None,
        needs: None,
        owner: None,
        tags: vec![],
        at: Default::default(),
        clauses_at: vec![],
    }
}

pub(super) fn dataset(short: &str) -> Dataset {
    let path = vec![flow_expr::Part::Text(format!("{short}.json").into())];
    Dataset {
        name: name(short),
        ty: Type::Int,
        location: Location::File { format: Format::Json, path, csv: Default::default() },
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
        at: Default::default(),
    }
}

pub(super) fn flow(short: &str, nodes: Vec<Node>, result: Option<Expr>) -> Flow {
    Flow {
        name: name(short),
        params: vec![],
        returns: Type::Int,
        starts: vec![],
        finish: None,
        overlap: Default::default(),
        catch_up: Default::default(),
        budgets: vec![],
        body: Block { nodes, result: result.map(Box::new) },
        handlers: vec![],
        owner: None,
        tags: vec![],
        at: Default::default(),
    }
}

pub(super) fn handler(on: HandlerEvent, nodes: Vec<Node>) -> Handler {
    Handler { on, body: Block { nodes, result: None } }
}
