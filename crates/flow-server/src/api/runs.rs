//! Runs: started, looked at, cancelled.

use super::{App, Who, error::ApiError, hooks::texts, projects::not_served};
use crate::Handle;
use axum::{
    Extension,
    body::Bytes,
    extract::{Path, Query, State},
    http::StatusCode,
    response::Json,
};
use flow_control::schedule::{Cause, Due, Ruling};
use flow_expr::Name;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// Which of many.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    pub(crate) flow: Option<String>,
    limit: Option<u32>,
}

impl Which {
    pub(crate) fn most(&self) -> u32 {
        self.limit.unwrap_or(20).clamp(1, 1000)
    }
}

/// What a start is asked for with.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    #[serde(default)]
    params: serde_json::Map<String, Value>,
}

pub(crate) async fn start(
    State(app): State<Arc<App>>,
    Path((project, flow)): Path<(String, String)>,
    Extension(Who(who)): Extension<Who>,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let asked: Asked = match body.is_empty() {
        true => Asked::default(),
        false => serde_json::from_slice(&body).map_err(|error| ApiError::bad(format!("the body: {error}")))?,
    };
    let project = app.project(&project)?;
    let flow = meant(project, Some(&flow)).await?.ok_or_else(not_served)?;
    let due = Due {
        flow,
        cause: Cause::Hand(who),
        nominal: Timestamp::now().as_millisecond(),
        mark: None,
        clause: None,
        params: texts(asked.params).into_iter().collect(),
    };
    let (record, run) = project.start(due).await?;
    let status = if matches!(record.ruling, Ruling::Drop(_)) { StatusCode::CONFLICT } else { StatusCode::ACCEPTED };
    Ok((status, Json(json!({ "record": record, "run": run }))))
}

pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Path(project): Path<String>,
    Query(which): Query<Which>,
) -> Result<Json<Value>, ApiError> {
    let project = app.project(&project)?;
    let flow = meant(project, which.flow.as_deref()).await?;
    let reader = project.reader()?;
    let runs = off_thread(move || match reader {
        Some(reader) => reader.runs_of(flow.as_ref().map(|flow| flow.as_str()), which.most()),
        None => Ok(vec![]),
    })
    .await?;
    Ok(Json(json!({ "format": 1, "runs": runs })))
}

pub(crate) async fn one(
    State(app): State<Arc<App>>,
    Path((project, run)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    let engine = app.project(&project)?.engine().clone();
    let detail = off_thread(move || engine.show(&run)).await?;
    Ok(Json(
        json!({ "run": detail.run, "nodes": detail.nodes, "attempts": detail.attempts, "contracts": detail.contracts }),
    ))
}

pub(crate) async fn step(
    State(app): State<Arc<App>>,
    Path((project, run, step)): Path<(String, String, String)>,
) -> Result<Json<Value>, ApiError> {
    let engine = app.project(&project)?.engine().clone();
    let detail = off_thread(move || engine.why(&run, &step)).await?;
    Ok(Json(json!(detail)))
}

pub(crate) async fn cancel(
    State(app): State<Arc<App>>,
    Path((project, run)): Path<(String, String)>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let run = app.project(&project)?.cancel(&run).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({ "run": run }))))
}

pub(crate) async fn resume(
    State(app): State<Arc<App>>,
    Path((project, run)): Path<(String, String)>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let run = app.project(&project)?.resume(&run).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({ "run": run }))))
}

/// The flow of that name, whole or short.
pub(crate) async fn meant(project: &Handle, wanted: Option<&str>) -> Result<Option<Name>, ApiError> {
    let Some(wanted) = wanted else { return Ok(None) };
    let (_, program) = project.standing().await.ok_or_else(not_served)?;
    let whole = Name::new(wanted);
    if program.flows.contains_key(&whole) {
        return Ok(Some(whole));
    }
    let mut found = program.flows.keys().filter(|name| name.short() == wanted);
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(Some(only.clone())),
        (None, _) => Err(ApiError::not_found(format!("there is no flow `{wanted}`"))),
        _ => Err(ApiError::bad(format!("several flows are called `{wanted}`: give its whole name"))),
    }
}

/// What reads the store waits on a thread that may.
pub(crate) async fn off_thread<T: Send + 'static, E: Into<ApiError> + Send + 'static>(
    ask: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, ApiError> {
    let asked = tokio::task::spawn_blocking(ask).await;
    let broken =
        |error: tokio::task::JoinError| ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", error.to_string());
    asked.map_err(broken)?.map_err(Into::into)
}
