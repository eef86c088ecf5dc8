//! The routes that take a token: path, role, and what they are for.

use super::{App, Role, approvals, events, flows, openapi, projects, runs};
use axum::{
    handler::Handler,
    routing::{MethodRouter, get, post},
};
use std::sync::Arc;

/// One route.
pub(crate) struct Route {
    pub(crate) path: &'static str,
    pub(crate) method: &'static str,
    pub(crate) role: Role,
    /// For people.
    pub(crate) summary: &'static str,
    /// What may be asked for besides the path, with what it means.
    pub(crate) query: &'static [(&'static str, &'static str)],
    /// What the body may hold, with what it means.
    pub(crate) body: &'static [(&'static str, &'static str)],
    pub(crate) handler: MethodRouter<Arc<App>>,
}

impl Route {
    fn get<H: Handler<T, Arc<App>>, T: 'static>(path: &'static str, summary: &'static str, handler: H) -> Self {
        Self { path, method: "get", role: Role::Read, summary, query: &[], body: &[], handler: get(handler) }
    }

    fn post<H: Handler<T, Arc<App>>, T: 'static>(
        path: &'static str,
        role: Role,
        summary: &'static str,
        handler: H,
    ) -> Self {
        Self { path, method: "post", role, summary, query: &[], body: &[], handler: post(handler) }
    }

    fn query(self, query: &'static [(&'static str, &'static str)]) -> Self {
        Self { query, ..self }
    }

    fn body(self, body: &'static [(&'static str, &'static str)]) -> Self {
        Self { body, ..self }
    }
}

/// All of them.
pub(crate) fn all() -> Vec<Route> {
    const LIMIT: (&str, &str) = ("limit", "how many at most, the newest first; 20 if not given, 1000 at most");
    const FLOW: (&str, &str) = ("flow", "only of this flow");
    vec![
        Route::get("/api/v1/openapi.json", "This document", openapi::get),
        Route::get("/api/v1/projects", "The projects that are served, and how each stands", projects::list),
        Route::get("/api/v1/projects/{project}", "How a project stands", projects::one),
        Route::get(
            "/api/v1/projects/{project}/status",
            "What needs a person, is broken, late or at risk, runs and comes next, the most urgent first",
            projects::status,
        ),
        Route::get("/api/v1/projects/{project}/flows", "Flows, when they start, and how they last ended", flows::list),
        Route::get(
            "/api/v1/projects/{project}/datasets",
            "Datasets, their owners and newest versions",
            flows::datasets,
        ),
        Route::post("/api/v1/projects/{project}/flows/{flow}/runs", Role::Run, "Starts a flow", runs::start)
            .body(&[("params", "parameters of the flow by name")]),
        Route::get("/api/v1/projects/{project}/starts", "What was decided of starts, and why", flows::starts)
            .query(&[FLOW, LIMIT]),
        Route::get("/api/v1/projects/{project}/runs", "Runs", runs::list).query(&[FLOW, LIMIT]),
        Route::get("/api/v1/projects/{project}/runs/{run}", "A run with its steps, attempts and promises", runs::one),
        Route::get("/api/v1/projects/{project}/runs/{run}/steps/{step}", "A step of a run, and why it ran", runs::step),
        Route::post("/api/v1/projects/{project}/runs/{run}/cancel", Role::Run, "Cancels a run", runs::cancel),
        Route::post(
            "/api/v1/projects/{project}/runs/{run}/resume",
            Role::Run,
            "Goes on with a run that the service could not go on with",
            runs::resume,
        ),
        Route::get("/api/v1/projects/{project}/approvals", "What people are asked", approvals::list),
        Route::post(
            "/api/v1/projects/{project}/approvals/{run}/{step}",
            Role::Approve,
            "Answers what people are asked",
            approvals::answer,
        )
        .body(&[
            ("says", "`approved`, `rejected`, or `{\"gives\": VALUE}`"),
            ("note", "why"),
            ("digest", "the beginning of the digest that was seen: if what is asked has changed, nothing is answered"),
        ]),
        Route::get("/api/v1/events", "What happens from now on, as server-sent events", events::stream)
            .query(&[("project", "only of this project")]),
    ]
}
