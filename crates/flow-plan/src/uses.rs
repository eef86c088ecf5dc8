//! Which named things a part of a plan mentions: types, functions, steps, flows, datasets, connections, secrets.
//!
//! Walks with its own stack, so that a plan from elsewhere cannot exhaust the thread's. Knows nothing of
//! what the names stand for; [`crate::meaning`] follows them.

use crate::{AiBody, Block, Body, Connection, ConnectionKind, Dataset, Flow, HttpValue, Idempotency, Location};
use crate::{Model, NodeKind, Param, Rule, SecretOr, Step, Trigger, every_expression};
use flow_expr::{Expr, ExprKind, Field, Function, Name, Part, Pattern, Type, TypeDef, Value};

/// One mention of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Use<'a> {
    Type(&'a Name),
    Function(&'a Name),
    Step(&'a Name),
    Flow(&'a Name),
    /// A flow takes it.
    Reads(&'a Name),
    /// A flow publishes it.
    Writes(&'a Name),
    Connection(&'a Name),
    Model(&'a Name),
    Secret(&'a Name),
}

type See<'s, 'a> = &'s mut dyn FnMut(Use<'a>);

pub(crate) fn of_expr<'a>(expr: &'a Expr, see: See<'_, 'a>) {
    for expr in every_expression(expr) {
        match &expr.kind {
            ExprKind::Const(value) => of_value(value, see),
            ExprKind::Record { ty, .. } | ExprKind::Variant { ty, .. } => see(Use::Type(ty)),
            ExprKind::Refined(_, ty) => of_type(ty, see),
            ExprKind::Call(function, _) => see(Use::Function(function)),
            ExprKind::Match(_, arms) => arms.iter().for_each(|arm| of_pattern(&arm.pattern, see)),
            _ => {}
        }
    }
}

fn holes(parts: &[Part]) -> impl Iterator<Item = &Expr> {
    parts.iter().filter_map(|part| match part {
        Part::Hole(expr, _) => Some(expr),
        Part::Text(_) => None,
    })
}

fn of_value<'a>(value: &'a Value, see: See<'_, 'a>) {
    let mut stack = vec![value];
    while let Some(value) = stack.pop() {
        match value {
            Value::List(items) => stack.extend(items.iter()),
            Value::Map(entries) => stack.extend(entries.values()),
            Value::Record(record) => {
                see(Use::Type(&record.ty));
                stack.extend(record.fields.iter().map(|(_, field)| field));
            }
            Value::Variant(variant) => {
                see(Use::Type(&variant.ty));
                stack.extend(variant.fields.iter().map(|(_, field)| field));
            }
            _ => {}
        }
    }
}

fn of_pattern<'a>(pattern: &'a Pattern, see: See<'_, 'a>) {
    let mut stack = vec![pattern];
    while let Some(pattern) = stack.pop() {
        match pattern {
            Pattern::Const(value) => of_value(value, see),
            Pattern::Variant(_, fields) => stack.extend(fields.iter().map(|(_, field)| field)),
            Pattern::Either(choices) => stack.extend(choices),
            Pattern::Any | Pattern::Bind(_) | Pattern::Absent => {}
        }
    }
}

pub(crate) fn of_type<'a>(ty: &'a Type, see: See<'_, 'a>) {
    let mut stack = vec![ty];
    while let Some(ty) = stack.pop() {
        match ty {
            Type::Optional(inner) | Type::List(inner) | Type::Table(inner) => stack.push(inner),
            Type::Map(key, value) => stack.extend([&**key, &**value]),
            Type::Function(params, result) => {
                stack.extend(params.iter());
                stack.push(result);
            }
            Type::Named(name) => see(Use::Type(name)),
            _ => {}
        }
    }
}

pub(crate) fn of_type_def<'a>(def: &'a TypeDef, see: See<'_, 'a>) {
    match def {
        TypeDef::Record(fields) => of_fields(fields, see),
        TypeDef::Enum(variants) => variants.iter().for_each(|variant| of_fields(&variant.payload, see)),
        TypeDef::Refined { base, refinement, .. } => {
            of_type(base, see);
            of_expr(&refinement.condition, see);
        }
    }
}

fn of_fields<'a>(fields: &'a [Field], see: See<'_, 'a>) {
    for field in fields {
        of_type(&field.ty, see);
        if let Some(refinement) = &field.refinement {
            of_expr(&refinement.condition, see);
        }
    }
}

pub(crate) fn of_function<'a>(function: &'a Function, see: See<'_, 'a>) {
    of_expr(&function.body, see);
}

fn of_params<'a>(params: &'a [Param], see: See<'_, 'a>) {
    for param in params {
        of_type(&param.ty, see);
        param.default.iter().for_each(|default| of_expr(default, see));
    }
}

pub(crate) fn of_step<'a>(step: &'a Step, see: See<'_, 'a>) {
    of_params(&step.params, see);
    of_type(&step.returns, see);
    of_body(&step.body, see);
    if let Some(Idempotency::By(key)) = &step.idempotent {
        of_expr(key, see);
    }
    for guard in &step.guards {
        of_expr(&guard.condition, see);
        guard.action.expressions().for_each(|expr| of_expr(expr, see));
    }
    step.fallback.iter().for_each(|fallback| of_expr(fallback, see));
}

fn of_body<'a>(body: &'a Body, see: See<'_, 'a>) {
    match body {
        Body::Sql { connection, .. } => connection.iter().for_each(|name| see(Use::Connection(name))),
        Body::Shell { .. } | Body::Python { .. } | Body::Other { .. } => {}
        Body::Ai(ai) => of_ai(ai, see),
        Body::Ask { who, message } => {
            of_expr(who, see);
            of_expr(message, see);
        }
        Body::Http { url, connection, headers, query, body, .. } => {
            holes(url).for_each(|hole| of_expr(hole, see));
            connection.iter().for_each(|name| see(Use::Connection(name)));
            for (_, header) in headers {
                match header {
                    HttpValue::Expr(expr) => of_expr(expr, see),
                    HttpValue::Secret { secret, .. } => see(Use::Secret(secret)),
                }
            }
            query.iter().for_each(|(_, value)| of_expr(value, see));
            body.iter().for_each(|body| of_expr(body, see));
        }
    }
}

fn of_ai<'a>(ai: &'a AiBody, see: See<'_, 'a>) {
    ai.models.iter().for_each(|model| see(Use::Model(model)));
    ai.tools.iter().for_each(|tool| see(Use::Step(tool)));
    holes(&ai.system).chain(holes(&ai.prompt)).for_each(|hole| of_expr(hole, see));
    ai.samples.iter().filter_map(|samples| samples.on.as_ref()).for_each(|on| of_expr(on, see));
}

pub(crate) fn of_model<'a>(model: &'a Model, see: See<'_, 'a>) {
    model.key.iter().for_each(|key| see(Use::Secret(key)));
}

pub(crate) fn of_connection<'a>(connection: &'a Connection, see: See<'_, 'a>) {
    match &connection.kind {
        ConnectionKind::Postgres { url, password } => {
            if let SecretOr::Secret(name) = url {
                see(Use::Secret(name));
            }
            password.iter().for_each(|name| see(Use::Secret(name)));
        }
        ConnectionKind::Sqlite { .. } => {}
        ConnectionKind::Http { token, .. } => token.iter().for_each(|name| see(Use::Secret(name))),
    }
}

pub(crate) fn of_dataset<'a>(dataset: &'a Dataset, see: See<'_, 'a>) {
    of_type(&dataset.ty, see);
    of_params(&dataset.partition, see);
    match &dataset.location {
        Location::File { path, .. } => holes(path).for_each(|hole| of_expr(hole, see)),
        Location::Table { connection, .. } => see(Use::Connection(connection)),
    }
    for expectation in &dataset.expect {
        if let Rule::Row(expr) | Rule::Whole(expr) = &expectation.rule {
            of_expr(expr, see);
        }
    }
}

pub(crate) fn of_flow<'a>(flow: &'a Flow, see: See<'_, 'a>) {
    of_params(&flow.params, see);
    of_type(&flow.returns, see);
    for start in &flow.starts {
        start.with.iter().for_each(|(_, value)| of_expr(value, see));
        if let Trigger::Updates(datasets) = &start.trigger {
            datasets.iter().for_each(|dataset| see(Use::Reads(dataset)));
        }
    }
    of_block(&flow.body, see);
    flow.handlers.iter().for_each(|handler| of_block(&handler.body, see));
}

/// Every node of a block and of the blocks inside it.
pub(crate) fn of_block<'a>(block: &'a Block, see: See<'_, 'a>) {
    let mut blocks = vec![block];
    while let Some(block) = blocks.pop() {
        block.result.iter().for_each(|result| of_expr(result, see));
        for node in &block.nodes {
            of_type(&node.ty, see);
            of_node(&node.kind, see);
            node.expressions().into_iter().for_each(|expr| of_expr(expr, see));
            blocks.extend(node.blocks());
        }
    }
}

/// What a node names itself; its expressions and blocks are walked by the caller.
fn of_node<'a>(kind: &'a NodeKind, see: See<'_, 'a>) {
    match kind {
        NodeKind::Read { dataset, .. } | NodeKind::RequireFresh { dataset, .. } => see(Use::Reads(dataset)),
        NodeKind::Write { dataset, .. } => see(Use::Writes(dataset)),
        NodeKind::Call { step, .. } => see(Use::Step(step)),
        NodeKind::Flow { flow, .. } => see(Use::Flow(flow)),
        NodeKind::Match { arms, .. } => arms.iter().for_each(|arm| of_pattern(&arm.pattern, see)),
        _ => {}
    }
}
