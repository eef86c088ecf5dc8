//! Work that tests really have done: queries in process, and scripts that a test lets run.
//!
//! Everything goes to a folder of its own, which is removed at the end. Waits for each piece of work: in the
//! test's time it takes none.

use crate::{exit::Failure, project::Project};
use flow_driver::{Product, RunStep};
use flow_exec::{
    Executor, ExecutorOptions,
    api::{Cancel, ComputeCall, Execute, LogSink, StepCall, Stream},
};
use flow_expr::{Context, Expr, ExprKind, Table, Type, Value, VarId};
use flow_plan::{ErrorClass, Program};
use flow_sim::{RealWork, table_of};
use jiff::Timestamp;
use std::{sync::Arc, time::Duration};
use tempfile::TempDir;

/// The machine, as tests use it.
pub(crate) struct Real {
    executor: Executor,
    runtime: tokio::runtime::Runtime,
    folder: TempDir,
}

/// Drops what attempts write: what matters is in their results.
struct NoLog;

impl LogSink for NoLog {
    fn line(&self, _: Stream, _: &[u8]) {}
}

impl Real {
    pub(crate) fn new(project: &Project) -> Result<Self, Failure> {
        let made = |error: &std::io::Error| Failure::environment(format!("making a folder for the tests: {error}"));
        let folder = tempfile::Builder::new().prefix("flow-test-").tempdir().map_err(|error| made(&error))?;
        let options =
            ExecutorOptions { artifacts: folder.path().join("artifacts"), ..ExecutorOptions::new(&project.root) };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.map_err(|error| Failure::environment(format!("starting the runtime: {error}")))?;
        Ok(Self { executor: Executor::new(options), runtime, folder })
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

impl RealWork for Real {
    fn step(&self, run: &RunStep, program: &Arc<Program>, now: Timestamp) -> Result<Product, flow_plan::Failure> {
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
        let done = self.runtime.block_on(self.executor.run_step(call, Arc::new(NoLog), Cancel::never()))?;
        Ok(Product { value: self.loaded(done.value, program, now)?, rows: done.rows })
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
