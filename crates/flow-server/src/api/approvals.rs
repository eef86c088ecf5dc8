//! What people are asked, and their answers.

use super::{App, Who, error::ApiError, projects::not_served, runs::off_thread};
use axum::{
    Extension,
    body::Bytes,
    extract::{Path, State},
    response::Json,
};
use flow_engine::{EngineError, Reply, Says};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

pub(crate) async fn list(State(app): State<Arc<App>>, Path(project): Path<String>) -> Result<Json<Value>, ApiError> {
    let engine = app.project(&project)?.engine().clone();
    let open = off_thread(move || engine.open_questions()).await?;
    Ok(Json(json!({ "format": 1, "questions": open })))
}

/// An answer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    says: Says,
    note: Option<Arc<str>>,
    digest: Option<Arc<str>>,
}

pub(crate) async fn answer(
    State(app): State<Arc<App>>,
    Path((project, run, step)): Path<(String, String, String)>,
    Extension(Who(by)): Extension<Who>,
    body: Bytes,
) -> Result<Json<Value>, ApiError> {
    let Answer { says, note, digest } =
        serde_json::from_slice(&body).map_err(|error| ApiError::bad(format!("the body: {error}")))?;
    let project = app.project(&project)?;
    let (engine, reader) = (project.engine().clone(), project.reader()?.ok_or_else(not_served)?);
    let source = project.source();
    let answered = off_thread(move || {
        let open = engine.open_question(&run, &step)?;
        let gone = || EngineError::NotAsked(format!("the plan of run {} is no longer kept", open.row.run));
        let json = reader.plan(&open.row.plan)?.ok_or_else(gone)?;
        let plan = source.plan_from_json(&json).map_err(EngineError::NotAsked)?;
        engine.answer(&open, Reply { by, says, note, digest }, &plan)?;
        Ok::<_, EngineError>(json!({ "run": open.row.run, "step": open.row.question.label }))
    });
    Ok(Json(answered.await?))
}
