//! Flows and datasets of a project, and what was decided of starts.

use super::{
    App,
    error::ApiError,
    projects::not_served,
    runs::{Which, meant, off_thread},
};
use crate::record;
use axum::{
    extract::{Path, Query, State},
    response::Json,
};
use flow_plan::words;
use flow_store::StoreError;
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc};

pub(crate) async fn list(State(app): State<Arc<App>>, Path(project): Path<String>) -> Result<Json<Value>, ApiError> {
    let project = app.project(&project)?;
    let (standing, program) = project.standing().await.ok_or_else(not_served)?;
    let reader = project.reader()?;
    let names: Vec<Arc<str>> = program.flows.keys().map(|name| name.0.clone()).collect();
    let last = off_thread(move || -> Result<BTreeMap<_, _>, StoreError> {
        let Some(reader) = reader else { return Ok(BTreeMap::new()) };
        names.into_iter().map(|name| Ok((name.clone(), reader.last_run(&name)?))).collect()
    })
    .await?;
    let flows: Vec<Value> = program
        .flows
        .values()
        .filter(|flow| !flow.name.as_str().starts_with("std."))
        .map(|flow| {
            let starts: Vec<String> = flow.starts.iter().map(|start| words::trigger(&start.trigger)).collect();
            let params: Vec<&str> = flow.params.iter().map(|param| &*param.name).collect();
            json!({
                "flow": flow.name, "owner": flow.owner, "tags": flow.tags, "starts": starts, "params": params,
                "next": standing.next.get(&flow.name), "last": last.get(&flow.name.0),
            })
        })
        .collect();
    Ok(Json(json!({ "format": 1, "flows": flows })))
}

pub(crate) async fn datasets(
    State(app): State<Arc<App>>,
    Path(project): Path<String>,
) -> Result<Json<Value>, ApiError> {
    let project = app.project(&project)?;
    let (_, program) = project.standing().await.ok_or_else(not_served)?;
    let reader = project.reader()?;
    let found = off_thread(move || {
        let all = program.datasets.values().map(|dataset| {
            let newest = match &reader {
                Some(reader) if dataset.partition.is_empty() => {
                    reader.versions(dataset.name.as_str(), "", None, 1)?.into_iter().next()
                }
                _ => None,
            };
            // Values are not shown: who may see them is the program's to say.
            let newest = newest.map(|version| {
                json!({ "run": version.run, "at": version.at, "data_time": version.data_time, "rows": version.rows,
                    "written": version.written, "content": version.content })
            });
            Ok(json!({ "dataset": dataset.name, "owner": dataset.owner, "newest": newest }))
        });
        all.collect::<Result<Vec<Value>, StoreError>>()
    })
    .await?;
    Ok(Json(json!({ "format": 1, "datasets": found })))
}

pub(crate) async fn starts(
    State(app): State<Arc<App>>,
    Path(project): Path<String>,
    Query(which): Query<Which>,
) -> Result<Json<Value>, ApiError> {
    let project = app.project(&project)?;
    let flow = meant(project, which.flow.as_deref()).await?;
    let reader = project.reader()?;
    let rows = off_thread(move || match reader {
        Some(reader) => reader.starts(flow.as_ref().map(|flow| flow.as_str()), which.most()),
        None => Ok(vec![]),
    })
    .await?;
    let starts: Vec<Value> = rows
        .iter()
        .filter_map(|row| {
            let record = record(row)?;
            Some(json!({ "record": record, "run": row.run, "over": row.is_over }))
        })
        .collect();
    Ok(Json(json!({ "format": 1, "starts": starts })))
}
