//! A query run in this process, over stored tables.
//!
//! Results stream into the artifacts batch by batch; nothing is held but what operators need, and that is
//! bounded. A cancel or the timeout drops the query where it stands.

use super::{
    engine::Engine,
    outcome::{MOST_ITEMS, failed, value_of},
    tables::bind,
};
use crate::{
    api::{Cancel, Outcome, StepCall},
    blocking::{Stop, blocking_async},
    borders::{Places, RowErrors},
    datasets::schema_of,
    tables::{Artifacts, Converter, Intake},
};
use datafusion::{common::ParamValues, dataframe::DataFrame, execution::SendableRecordBatchStream};
use flow_expr::Type;
use flow_plan::{ErrorClass, Failure};
use flow_sql::plan_sources;
use futures::StreamExt as _;
use std::sync::Arc;

/// One attempt of a query.
pub(crate) async fn run_in_process(
    call: &StepCall,
    text: &str,
    engine: &Engine,
    artifacts: &Arc<Artifacts>,
    cancel: &Cancel,
) -> Result<Outcome, Failure> {
    let (call, text) = (call.clone(), text.to_owned());
    let (engine, artifacts) = (engine.clone(), artifacts.clone());
    let timeout = call.timeout;
    blocking_async(cancel, timeout, move |stop| async move {
        let rows = start(&call, &text, &engine, &artifacts).await?;
        match &call.step.returns {
            Type::Table(record) => into_table(rows, &call, record, &artifacts, &stop).await,
            returns => into_value(rows, &call, returns).await,
        }
    })
    .await
}

async fn start(
    call: &StepCall,
    text: &str,
    engine: &Engine,
    artifacts: &Artifacts,
) -> Result<SendableRecordBatchStream, Failure> {
    let bound = bind(&call.step, &call.args, &call.program, artifacts)?;
    let plan = plan_sources(text, &bound.sources, &bound.fields).map_err(|problems| {
        // The compiler accepted it, so this is another version's plan, or a mistake of ours.
        let problem = problems.into_iter().next().map(|problem| problem.into_problem(|_| flow_diag::Span::default()));
        let why = problem.map_or(String::new(), |problem| problem.title);
        Failure::new(
            ErrorClass::ClientError,
            flow_diag::codes::R0307.as_str(),
            format!("the query cannot be planned: {why}"),
        )
    })?;
    let run = async {
        let plan = plan.with_param_values(ParamValues::from(bound.values))?;
        let session = engine.session(&call.scratch)?;
        DataFrame::new(session.state(), plan).execute_stream().await
    };
    run.await.map_err(|error| failed(&error))
}

async fn into_table(
    mut rows: SendableRecordBatchStream,
    call: &StepCall,
    record: &Type,
    artifacts: &Artifacts,
    stop: &Stop,
) -> Result<Outcome, Failure> {
    let program = &*call.program;
    let mut converter = Converter::new(&rows.schema(), record, &program.types, "the result", true)?;
    let mut intake = Intake::scan(program, record, schema_of(record, program)?, call.now).store(artifacts)?;
    let mut errors = RowErrors::new(Places::Rows("result".into()));
    while let Some(batch) = rows.next().await {
        stop.check()?;
        let batch = batch.map_err(|error| failed(&error))?;
        if let Some(batch) = converter.convert(&batch, &mut errors) {
            intake.take(&batch, &mut errors)?;
        }
    }
    errors.verdict("the result", &format!("a Table<{record}>"))?;
    let stored = intake.finish()?.stored;
    let (rows, bytes) = (stored.rows, stored.bytes);
    Ok(Outcome { value: stored.into_value(record), rows: Some(rows), bytes: Some(bytes) })
}

async fn into_value(mut rows: SendableRecordBatchStream, call: &StepCall, returns: &Type) -> Result<Outcome, Failure> {
    let schema = rows.schema();
    let mut batches = Vec::new();
    let mut count = 0;
    while let Some(batch) = rows.next().await {
        let batch = batch.map_err(|error| failed(&error))?;
        count += batch.num_rows();
        if count > MOST_ITEMS {
            let message =
                format!("the query gave more than {MOST_ITEMS} rows, too many for a {returns}: return a Table");
            return Err(Failure::new(ErrorClass::Malformed, flow_diag::codes::R0310.as_str(), message));
        }
        batches.push(batch);
    }
    value_of(&batches, &schema, returns, &call.program, call.now).map(Outcome::new)
}
