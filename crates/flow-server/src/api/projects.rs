//! The projects that are served, and how each stands.

use super::{App, error::ApiError, runs::off_thread};
use crate::{Standing, facts};
use axum::{
    extract::{Path, State as Given},
    response::Json,
};
use flow_control::status::{State, status as status_of};
use flow_engine::EngineError;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;

/// Whether it answers. Says nothing of what is served.
pub(crate) async fn health(Given(app): Given<Arc<App>>) -> Json<Value> {
    Json(json!({ "format": 1, "since": app.since }))
}

pub(crate) async fn list(Given(app): Given<Arc<App>>) -> Json<Value> {
    let mut found = vec![];
    for project in &app.projects {
        match project.standing().await {
            Some((standing, _)) => found.push(json!(standing)),
            // It waits for another process, or has ended.
            None => found.push(json!({ "project": project.name(), "served": false })),
        }
    }
    Json(json!({ "format": 1, "projects": found }))
}

pub(crate) async fn one(Given(app): Given<Arc<App>>, Path(project): Path<String>) -> Result<Json<Standing>, ApiError> {
    let standing = app.project(&project)?.standing().await;
    standing.map(|(standing, _)| Json(standing)).ok_or_else(not_served)
}

pub(crate) async fn status(Given(app): Given<Arc<App>>, Path(project): Path<String>) -> Result<Json<Value>, ApiError> {
    let project = app.project(&project)?;
    let (standing, program) = project.standing().await.ok_or_else(not_served)?;
    let (engine, reader) = (project.engine().clone(), project.reader()?);
    let driven: Vec<Arc<str>> = standing.runs.iter().map(|run| run.run.clone()).collect();
    let now = Timestamp::now();
    let items = off_thread(move || {
        let mut facts = facts(&engine, reader.as_ref(), &program, true, |_| false)?;
        // What has not ended and is not driven here could not be gone on with.
        for open in facts.open.iter_mut().filter(|open| !driven.contains(&open.run)) {
            open.state = State::Left;
        }
        Ok::<_, EngineError>(status_of(&program, &facts, now.as_millisecond()))
    });
    let (refused, stalled) = (&standing.refused, &standing.stalled);
    Ok(Json(json!({ "format": 1, "at": now, "refused": refused, "stalled": stalled, "items": items.await? })))
}

pub(crate) fn not_served() -> ApiError {
    ApiError::new(axum::http::StatusCode::SERVICE_UNAVAILABLE, "not_served", "the project is not served at present")
}
