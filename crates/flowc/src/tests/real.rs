//! Work that tests really have done: queries in process, scripts that a test lets run, and models that are asked.
//!
//! Everything goes to a folder of its own, which is removed at the end. Waits for each piece of work: in the
//! test's time it takes none, but for asks.

use super::{
    models::{Mode, Models},
    usage::Usage,
};
use crate::{exit::Failure, project::Project};
use flow_driver::{Product, RunStep};
use flow_exec::{
    Executor, ExecutorOptions,
    api::{AskCall, Cancel, ComputeCall, Execute, LogSink, StepCall, Stream},
};
use flow_expr::{Context, Expr, ExprKind, Table, Type, Value, VarId};
use flow_plan::{ErrorClass, Model, Program, Rendered};
use flow_sim::{RealAsk, RealWork, table_of};
use jiff::Timestamp;
use std::{sync::Arc, time::Duration};
use tempfile::TempDir;

/// The machine, as tests use it.
pub(crate) struct Real {
    executor: Executor,
    runtime: tokio::runtime::Runtime,
    client: Arc<flow_ai::Client>,
    models: Models,
    folder: TempDir,
}

/// Drops what attempts write: what matters is in their results.
struct NoLog;

impl LogSink for NoLog {
    fn line(&self, _: Stream, _: &[u8]) {}
}

impl Real {
    pub(crate) fn new(project: &Project, mode: &Mode) -> Result<Self, Failure> {
        let made = |error: &std::io::Error| Failure::environment(format!("making a folder for the tests: {error}"));
        let folder = tempfile::Builder::new().prefix("flow-test-").tempdir().map_err(|error| made(&error))?;
        let mut client = flow_ai::Client::new().with_root(&project.root);
        if let Mode::Live { record: Some(path) } = mode {
            client = client.collect(path).map_err(unrecorded)?;
        }
        let client = Arc::new(client);
        let options = ExecutorOptions {
            artifacts: folder.path().join("artifacts"),
            models: client.clone(),
            ..ExecutorOptions::new(&project.root)
        };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.map_err(|error| Failure::environment(format!("starting the runtime: {error}")))?;
        let models = Models::new(client.clone(), mode);
        Ok(Self { executor: Executor::new(options), runtime, client, models, folder })
    }

    /// A new test begins.
    pub(crate) fn begin(&self) {
        self.models.begin();
    }

    /// What the test used of models.
    pub(crate) fn take_usage(&self) -> Usage {
        self.models.take_usage()
    }

    /// Whether a model can be asked.
    pub(crate) fn can_ask(&self, program: &Program, model: &Model) -> Result<(), flow_plan::Failure> {
        self.runtime.block_on(self.executor.can_ask(program, model))
    }

    /// Writes what was recorded. Gives how many answers that are.
    pub(crate) fn finish_recording(&self) -> Result<usize, Failure> {
        self.client.finish_recording().map_err(unrecorded)
    }

    /// A table of rows in memory, kept where a step finds it.
    fn stored(&self, value: &Value, program: &Arc<Program>, now: Timestamp) -> Result<Value, flow_plan::Failure> {
        let Value::Table(table) = value else { return Ok(value.clone()) };
        if table.data.is_none() {
            return Ok(value.clone());
        }
        let unnamed = Value::Table(Table { hash: "".into(), ..table.clone() });
        self.compute(ExprKind::Var(VarId(0)), unnamed, program, now)
    }

    /// A table with its rows in memory.
    fn loaded(&self, value: Value, program: &Arc<Program>, now: Timestamp) -> Result<Value, flow_plan::Failure> {
        let Value::Table(table) = &value else { return Ok(value) };
        let ty = table.ty.clone();
        let at = flow_diag::Span::default();
        let row = Expr::new(ExprKind::Var(VarId(1)), at);
        let same = Expr::new(ExprKind::Lambda(vec![VarId(1)], Box::new(row)), at);
        let rows = ExprKind::Builtin("map".into(), vec![Expr::new(ExprKind::Var(VarId(0)), at), same]);
        let rows = self.compute(rows, value.clone(), program, now)?;
        Ok(match rows {
            Value::List(rows) => Value::Table(table_of(&rows, &ty, &program.types)),
            other => other,
        })
    }

    fn compute(
        &self,
        expr: ExprKind,
        value: Value,
        program: &Arc<Program>,
        now: Timestamp,
    ) -> Result<Value, flow_plan::Failure> {
        let expr = Expr::new(expr, flow_diag::Span::default());
        let call = ComputeCall { program: program.clone(), expr, bindings: vec![(VarId(0), value)], now };
        self.runtime.block_on(self.executor.compute(call, Cancel::never()))
    }
}

/// Why nothing can be recorded.
fn unrecorded(failure: flow_plan::Failure) -> Failure {
    Failure::environment(format!("{} [{}]", failure.message, failure.code))
}

/// One attempt as the executor takes it, and the folder that is its own.
struct Prepared {
    call: StepCall,
    _scratch: TempDir,
}

impl Real {
    fn prepared(&self, run: &RunStep, program: &Arc<Program>, now: Timestamp) -> Result<Prepared, flow_plan::Failure> {
        let args = run.args.iter().map(|(name, value)| Ok((name.clone(), self.stored(value, program, now)?)));
        let args = args.collect::<Result<Vec<_>, flow_plan::Failure>>()?;
        let scratch = tempfile::Builder::new().prefix("scratch-").tempdir_in(self.folder.path());
        let scratch = scratch.map_err(|error| {
            let message = format!("making a folder for `{}`: {error}", run.label);
            flow_plan::Failure::new(ErrorClass::Internal, flow_diag::codes::R0302.as_str(), message)
        })?;
        let call = StepCall {
            step: run.step.clone(),
            program: program.clone(),
            args,
            attempt: run.attempt,
            idempotency_key: run.idempotency_key.clone(),
            timeout: Duration::from_millis(run.timeout_ms),
            scratch: scratch.path().to_owned(),
            run: "test".into(),
            label: run.label.clone(),
            now,
        };
        Ok(Prepared { call, _scratch: scratch })
    }
}

impl RealWork for Real {
    fn step(&self, run: &RunStep, program: &Arc<Program>, now: Timestamp) -> Result<Product, flow_plan::Failure> {
        let prepared = self.prepared(run, program, now)?;
        let work = self.executor.run_step(prepared.call.clone(), Arc::new(NoLog), Cancel::never());
        let done = self.runtime.block_on(work)?;
        Ok(Product { value: self.loaded(done.value, program, now)?, rows: done.rows })
    }

    fn asks(&self, run: &RunStep, program: &Program, is_given: bool) -> bool {
        self.models.are_asked(run, program, is_given)
    }

    fn render(&self, run: &RunStep, program: &Arc<Program>, now: Timestamp) -> Result<Rendered, flow_plan::Failure> {
        let prepared = self.prepared(run, program, now)?;
        self.runtime.block_on(self.executor.render(prepared.call.clone(), Cancel::never()))
    }

    fn ask(&self, run: &RunStep, program: &Arc<Program>, now: Timestamp, at: Timestamp) -> RealAsk {
        let unasked = |failure| RealAsk { took_ms: 0, result: Err(failure), report: None };
        let prepared = match self.prepared(run, program, now) {
            Ok(prepared) => prepared,
            Err(failure) => return unasked(failure),
        };
        let Some((ask, model)) = run.ask.as_ref().and_then(|ask| Some((ask, program.models.get(&ask.model)?))) else {
            let message = format!("`{}` asks a model that there is not", run.label);
            return unasked(flow_plan::Failure::new(ErrorClass::Internal, flow_diag::codes::R0701.as_str(), message));
        };
        let asked = self.runtime.block_on(async {
            tokio::time::sleep(self.models.pause(model, at)).await;
            let asking = self.models.asking();
            let wanted = AskCall { model: ask.model.clone(), said: ask.said.clone() };
            (self.executor.ask(prepared.call.clone(), wanted, Arc::new(NoLog), Cancel::never()).await, asking)
        });
        let (asked, asking) = asked;
        let value = |done: flow_exec::api::Outcome| {
            Ok(Product { value: self.loaded(done.value, program, now)?, rows: done.rows })
        };
        let result = asked.result.and_then(value);
        let took_ms = self.models.asked(&asking, &ask.model, at, &result, asked.report.as_ref());
        RealAsk { took_ms, result, report: asked.report.map(Box::new) }
    }

    fn read(
        &self,
        text: &str,
        ty: &Type,
        name: &str,
        context: &Context<'_>,
    ) -> Result<(Value, Vec<Arc<str>>), flow_plan::Failure> {
        let (value, lenient) = flow_ai::structured::read(text, ty, name, context)?;
        Ok((value, lenient.iter().map(|each| each.to_string().into()).collect()))
    }
}
