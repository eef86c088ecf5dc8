//! What happens, as server-sent events: from now on, so that whoever asks first looks and then listens.

use super::{App, error::ApiError};
use crate::Said;
use axum::{
    extract::{Query, State},
    response::sse::{Event, KeepAlive, Sse},
};
use futures::{Stream, stream};
use serde::Deserialize;
use std::{convert::Infallible, sync::Arc};
use tokio::sync::broadcast::error::RecvError;

/// Of what.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Of {
    project: Option<String>,
}

pub(crate) async fn stream(
    State(app): State<Arc<App>>,
    Query(of): Query<Of>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    if let Some(project) = &of.project {
        app.project(project)?;
    }
    let said = app.said.subscribe();
    let events = stream::unfold((said, of.project), async |(mut said, project)| {
        loop {
            match said.recv().await {
                Ok(event) if project.as_ref().is_none_or(|project| *event.project == **project) => {
                    return Some((Ok(of_said(&event)), (said, project)));
                }
                Ok(_) => {}
                // Whoever is too slow is told that it has missed something.
                Err(RecvError::Lagged(lost)) => {
                    let missed = Event::default().event("missed").data(lost.to_string());
                    return Some((Ok(missed), (said, project)));
                }
                Err(RecvError::Closed) => return None,
            }
        }
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

fn of_said(said: &Said) -> Event {
    Event::default().data(serde_json::to_string(said).unwrap_or_default())
}
