//! What a step does with labels: where its body sends what it is given, and what its result carries.
//!
//! Into a body that is not looked into (`sh`, `python`, `http`, `ai`, `sql on`) everything may go and come out again. So
//! each label that goes in is on the whole result, unless the result's type has that label: then the type says where.
//! Parts of the result that can only be one of few carry on what is one of few itself. A query that runs in process is
//! followed column by column; so is one that runs in a database, over the datasets that are declared there.

use super::{
    annotated::Site,
    expr::holes,
    marks::Marks,
    shape::Shape,
    sink::{Kept, Removes, Sink, Summary},
    trail::Says,
    walk::Walk,
};
use crate::sql::{named_in, tables_in};
use flow_diag::Span;
use flow_expr::{Expr, ExprKind, Name, Type, VarId};
use flow_plan::{AiBody, Body, GuardAction, HttpValue, Idempotency, Step, every_expression};
use flow_sql::{LineageSource, Through, Used};
use std::rc::Rc;

/// Where the library's steps are that tell people and other systems, whatever their bodies are.
const NOTIFIES: &str = "std.notify.";

/// Records inside records further down carry labels as a whole.
const DEEPEST: usize = 3;

impl<'a> Walk<'a> {
    /// What callers must know of a step or judge.
    pub(super) fn step(&mut self, step: &'a Step) -> Rc<Summary<'a>> {
        self.begin();
        self.params(&step.name, &step.params, true);
        self.deciding = self.place(step.params.len()).own;
        let mut result = self.declared.shape(&step.returns, &mut self.labels, &mut self.trails);
        self.hop(&mut result, step.at, Says::Gives(&step.name));
        match &step.body {
            Body::Sql { connection: None, .. } => result.join(&self.query(step)),
            Body::Sql { connection: Some(connection), text } => {
                let inputs = self.inputs(step);
                result.join(&self.poured(&inputs, &step.returns));
                match self.queries.lineage(&step.name) {
                    Some(_) => result.join(&self.query(step)),
                    // What our dialect does not understand may give all that is in the tables that it names.
                    None => {
                        let named = self.named_tables(step, connection, text);
                        result.join(&self.poured(&named, &step.returns));
                    }
                }
            }
            Body::Ask { who, message } => {
                self.all([who, message]);
                for (position, param) in step.params.iter().enumerate() {
                    let shown = self.values.get(&param.var).cloned().unwrap_or_default();
                    self.out(&shown, Sink::Person(&step.name, Some(position)), step.at, &mut vec![], None);
                }
            }
            _ => {
                let inputs = self.inputs(step);
                result.join(&self.poured(&inputs, &step.returns));
            }
        }
        self.guards(step, &result);
        if let Some(value) = &step.fallback {
            result.join(&self.expr(value));
        }
        for guard in &step.guards {
            if let GuardAction::Fallback(value) = &guard.action {
                result.join(&self.expr(value));
            }
        }
        self.written_down(step, &result);
        self.current.returns = result;
        self.end()
    }

    /// What goes into the body, which is sent where it goes.
    fn inputs(&mut self, step: &'a Step) -> Marks {
        self.asked(step);
        match &step.body {
            Body::Http { .. } => self.request(step),
            Body::Ai(body) => self.prompt(step, body),
            Body::Sql { connection: Some(connection), .. } => {
                let inputs = Shape::of(self.given(step));
                self.out_flat(&inputs, Sink::Connection(connection), step.place_of("body"));
                inputs.own
            }
            // The library's own send what they are given to the world.
            _ if step.name.as_str().starts_with(NOTIFIES) => {
                let inputs = Shape::of(self.given(step));
                self.out_flat(&inputs, Sink::Url(&step.name), step.place_of("body"));
                inputs.own
            }
            _ => self.given(step),
        }
    }

    /// That something is asked of the world at all tells what decides it.
    fn asked(&mut self, step: &'a Step) {
        let sinks: Vec<Sink<'a>> = match &step.body {
            Body::Http { connection, .. } => vec![connection.as_ref().map_or(Sink::Url(&step.name), Sink::Connection)],
            Body::Ai(body) => body.models.iter().map(Sink::Model).collect(),
            Body::Sql { connection: Some(connection), .. } => vec![Sink::Connection(connection)],
            _ => vec![],
        };
        let deciding = Shape::of(self.deciding.clone());
        sinks.into_iter().for_each(|sink| self.out_flat(&deciding, sink, step.place_of("body")));
    }

    /// All that the parameters carry.
    fn given(&self, step: &Step) -> Marks {
        let mut marks = Marks::default();
        for param in &step.params {
            self.values.get(&param.var).into_iter().for_each(|value| marks.join(&value.flat()));
        }
        marks
    }

    fn request(&mut self, step: &'a Step) -> Marks {
        let Body::Http { url, connection, headers, query, body, .. } = &step.body else { return Marks::default() };
        let sink = connection.as_ref().map_or(Sink::Url(&step.name), Sink::Connection);
        let headers = headers.iter().filter_map(|(_, value)| match value {
            HttpValue::Expr(expr) => Some(expr),
            HttpValue::Secret { .. } => None,
        });
        let key = match &step.idempotent {
            Some(Idempotency::By(key)) => Some(key),
            _ => None,
        };
        let sent = holes(url).chain(headers).chain(query.iter().map(|(_, value)| value)).chain(body).chain(key);
        let mut all = Marks::default();
        for part in sent {
            all.join(&self.sent(part, &[sink]));
        }
        all
    }

    /// Something is sent to all of these.
    fn sent(&mut self, part: &'a Expr, sinks: &[Sink<'a>]) -> Marks {
        let shape = self.expr(part);
        sinks.iter().for_each(|sink| self.out_flat(&shape, *sink, part.at));
        shape.flat()
    }

    fn prompt(&mut self, step: &'a Step, body: &'a AiBody) -> Marks {
        let models: Vec<Sink<'a>> = body.models.iter().map(Sink::Model).collect();
        let mut seen = Marks::default();
        for part in holes(&body.system).chain(holes(&body.prompt)) {
            seen.join(&self.sent(part, &models));
        }
        // What a tool gives goes back to the model, which may give it to the next one.
        for tool in &body.tools {
            if let Some(summary) = self.steps.get(tool).cloned() {
                let given = Shape::of(self.without(summary.returns.clone(), &[]).flat().labels_only());
                models.iter().for_each(|model| {
                    self.out_flat(&given, *model, step.clause_at("tools").unwrap_or_else(|| step.place_of("body")))
                });
                seen.join(&given.own);
            }
        }
        for tool in &body.tools {
            let (Some(summary), Some(tool)) = (self.steps.get(tool).cloned(), self.program.steps.get(tool)) else {
                continue;
            };
            let at = step.clause_at("tools").unwrap_or_else(|| step.place_of("body"));
            let mut args = vec![];
            for param in &tool.params {
                // What a model looks things up by is a number or a day; what it may repeat is text.
                let repeats = self.declared.holds_text(&param.ty);
                args.push((if repeats { self.poured(&seen, &param.ty) } else { Shape::default() }, at));
            }
            self.fill(&summary, &args);
        }
        seen
    }

    /// What guards send on: to judges, and with `else retry` to the model that is asked again.
    fn guards(&mut self, step: &'a Step, result: &Shape) {
        for guard in &step.guards {
            self.set(VarId::IT, result.clone());
            self.all(std::iter::once(&guard.condition).chain(guard.action.expressions()));
            self.judged(&guard.condition);
            match &guard.action {
                GuardAction::Fail(Some(message)) | GuardAction::Warn(Some(message)) => self.message(message),
                GuardAction::Retry(Some(message)) => {
                    self.judged(message);
                    let told = self.expr(message);
                    self.out_flat(&told, Sink::Kept(Kept::Feedback(&step.name)), message.at);
                    if let Body::Ai(body) = &step.body {
                        // What it said itself is no news to it.
                        self.set(VarId::IT, Shape::default());
                        let shape = self.expr(message);
                        let models = body.models.iter().map(Sink::Model);
                        models.for_each(|model| self.out_flat(&shape, model, message.at));
                    }
                }
                GuardAction::Ask { message, .. } => {
                    let at = guard.condition.at;
                    self.out(result, Sink::Person(&step.name, None), at, &mut vec![], None);
                    message.iter().for_each(|message| self.asked_with(step, message));
                }
                _ => {}
            }
        }
        self.set(VarId::IT, Shape::default());
    }

    /// The words of a question show what their holes mention of the parameters, as far as no type hides it.
    fn asked_with(&mut self, step: &'a Step, message: &'a Expr) {
        for part in every_expression(message) {
            let ExprKind::Var(var) = part.kind else { continue };
            let position = step.params.iter().position(|param| param.var == var);
            if let Some(position) = position {
                let shown = self.values.get(&var).cloned().unwrap_or_default();
                self.out(&shown, Sink::Person(&step.name, Some(position)), part.at, &mut vec![], None);
            }
        }
    }

    /// Judges are asked about what they are given.
    fn judged(&mut self, expr: &'a Expr) {
        if self.judges.is_empty() {
            return;
        }
        for part in every_expression(expr) {
            if let ExprKind::Call(judge, args) = &part.kind
                && let Some(summary) = self.judges.get(judge).cloned()
            {
                let mut given = vec![];
                for (position, arg) in args.iter().enumerate() {
                    let shape = self.expr(arg);
                    given.push((self.admitted(shape, Site::Param(judge, position), arg.at), arg.at));
                }
                self.fill(&summary, &given);
            }
        }
    }

    /// What went into a body as it comes out: on all of the result, but for labels that its type places itself.
    fn poured(&mut self, inputs: &Marks, ty: &'a Type) -> Shape {
        let placed = self.declared.inside(ty);
        let marks = inputs.whole().without(&placed, &mut self.places);
        self.spread(&marks, ty, 0)
    }

    fn spread(&mut self, marks: &Marks, ty: &'a Type, depth: usize) -> Shape {
        if marks.is_empty() {
            return Shape::default();
        }
        if self.declared.is_few(ty) {
            let is_nothing = matches!(ty, Type::Unit);
            return if is_nothing { Shape::default() } else { Shape::of(self.choice(&Shape::of(marks.clone()))) };
        }
        if let Type::Optional(inner) | Type::List(inner) | Type::Table(inner) = ty {
            return self.spread(marks, inner, depth);
        }
        match self.declared.record(ty) {
            Some((_, fields)) if depth < DEEPEST => {
                let mut shape = Shape::default();
                for field in fields {
                    let inner = self.spread(marks, &field.ty, depth + 1);
                    shape.set(&field.name, inner);
                }
                shape
            }
            _ => Shape::of(marks.clone()),
        }
    }

    /// What the columns of a query that runs in process carry.
    fn query(&mut self, step: &'a Step) -> Shape {
        // One with a mistake in it is an error of its own, which says enough.
        let Some((lineage, text)) = self.queries.lineage(&step.name) else { return Shape::default() };
        let mut decides = Marks::default();
        if self.strict {
            let tells = |used: &&Used| !matches!(used.how, Through::Aggregate | Through::Hash);
            for used in lineage.decides.iter().filter(tells) {
                decides.join(&self.used(step, &used.from).flat());
            }
        }
        let mut row = &step.returns;
        while let Type::Optional(inner) | Type::List(inner) | Type::Table(inner) = row {
            row = inner;
        }
        let is_record = self.declared.record(row).is_some();
        let mut shape = Shape::default();
        for column in &lineage.columns {
            let mut made = Shape::default();
            for used in &column.from {
                let mut value = self.used(step, &used.from);
                if value.is_clean() {
                    continue;
                }
                let at = used.at.clone().map_or_else(|| step.place_of("body"), |range| in_text(text, range));
                match used.how {
                    Through::Aggregate | Through::Hash => {
                        let is_hash = used.how == Through::Hash;
                        self.removes(&value, if is_hash { Removes::Hash } else { Removes::Aggregate }, at);
                        continue;
                    }
                    Through::Presence if !self.strict => continue,
                    Through::Choice => value = Shape::of(self.choice(&value)),
                    Through::Value | Through::Presence => {}
                }
                self.hop(&mut value, at, Says::Column(&column.name));
                made.own.join(&value.flat());
            }
            made.own.join(&decides);
            if made.is_clean() {
                continue;
            }
            if is_record {
                shape.fields.entry(column.name.clone()).or_default().join(&made);
            } else {
                shape.join(&made);
            }
        }
        shape
    }

    /// What is in the declared tables that a text names.
    fn named_tables(&mut self, step: &'a Step, connection: &'a Name, text: &str) -> Marks {
        let mut marks = Marks::default();
        for dataset in named_in(self.program, connection, text) {
            marks.join(&self.read(&dataset.name, step.place_of("body")).flat());
        }
        marks
    }

    /// What a column of a table carries, one that a step is given or one of its database, or a value that it is given.
    fn used(&mut self, step: &'a Step, from: &LineageSource) -> Shape {
        let (name, column) = match from {
            LineageSource::Column { table, column } => (table, Some(column)),
            LineageSource::Param(name) => (name, None),
        };
        if let (Body::Sql { connection: Some(connection), .. }, Some(column)) = (&step.body, column) {
            let found = tables_in(self.program, connection).find(|(table, _)| table.eq_ignore_ascii_case(name));
            let Some((_, dataset)) = found else { return Shape::default() };
            return self.read(&dataset.name, step.place_of("body")).field(column, &mut self.places);
        }
        let param = step.params.iter().find(|param| *param.name == **name);
        let Some(value) = param.and_then(|param| self.values.get(&param.var)) else { return Shape::default() };
        match column {
            Some(column) => value.field(column, &mut self.places),
            None => value.clone(),
        }
    }
}

/// A range of a query at its place in the program.
fn in_text(text: &flow_sema::QueryText, range: std::ops::Range<usize>) -> Span {
    let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    text.span(offset(range.start), offset(range.end))
}
