//! Requests: until they can be answered they wait; then they are answered off the main loop, or cancelled.

use super::{Event, Server, Waiting};
use crate::{
    project::{Key, Project},
    routes::Needs,
    snapshot::Snapshot,
    uri, worker,
};
use lsp_server::{ErrorCode, Request, RequestId, Response};
use lsp_types::Uri;
use serde_json::Value;
use std::{
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

impl Server {
    pub(super) fn request(&mut self, request: Request) {
        let Request { id, method, params } = request;
        if self.shut_down {
            return self.refuse(id, ErrorCode::InvalidRequest, "the server has been shut down");
        }
        if method == "shutdown" {
            self.shut_down = true;
            return self.send(Response::new_ok(id, ()));
        }
        let Some(route) = self.by_method.get(method.as_str()).copied() else {
            return self.refuse(id, ErrorCode::MethodNotFound, &format!("`{method}` is not known here"));
        };
        let key = document(&params).and_then(|uri| self.key_of(&uri::path(&uri)));
        self.open.insert(id.clone(), Arc::new(AtomicBool::new(false)));
        self.waiting.push(Waiting { id, route, key, params });
    }

    fn refuse(&self, id: RequestId, code: ErrorCode, message: &str) {
        self.send(Response::new_err(id, code as i32, message.to_owned()));
    }

    /// Nobody waits for it any more.
    pub(super) fn cancel(&mut self, id: RequestId) {
        if let Some(cancelled) = self.open.remove(&id) {
            cancelled.store(true, Ordering::Relaxed);
            self.waiting.retain(|waiting| waiting.id != id);
            self.refuse(id, ErrorCode::RequestCanceled, "cancelled");
        }
    }

    /// Answers what need not wait any longer.
    pub(super) fn start_answers(&mut self) {
        let (ready, waiting) =
            std::mem::take(&mut self.waiting).into_iter().partition(|waiting| self.is_ready(waiting));
        self.waiting = waiting;
        for request in ready {
            self.start_answer(request);
        }
    }

    fn is_ready(&self, waiting: &Waiting) -> bool {
        let project = waiting.key.as_ref().and_then(|key| self.projects.get(key));
        match self.routes[waiting.route].needs {
            Needs::Texts => true,
            Needs::Latest => project.is_none_or(|project| project.analysis.is_some() || project.is_fresh()),
            Needs::Program => project.is_none_or(Project::is_fresh),
            Needs::All => self.projects.values().all(Project::is_fresh),
        }
    }

    fn start_answer(&mut self, request: Waiting) {
        let Waiting { id, route, key, params } = request;
        let Some(cancelled) = self.open.get(&id).cloned() else { return };
        let snapshot = self.snapshot(key.as_ref(), &params, cancelled);
        let (routes, events) = (self.routes.clone(), self.events.clone());
        self.answers.run(move || {
            if snapshot.is_cancelled() {
                return;
            }
            let response = match worker::guarded(|| (routes[route].answer)(&snapshot, params)) {
                Ok(Ok(result)) => Response::new_ok(id, result),
                Ok(Err(failure)) => Response::new_err(id, failure.code as i32, failure.message),
                Err(panic) => {
                    let message = format!("`{}` failed: {panic}", routes[route].method);
                    Response::new_err(id, ErrorCode::InternalError as i32, message)
                }
            };
            let _ = events.send(Event::Answered(response));
        });
    }

    fn snapshot(&self, key: Option<&Key>, params: &Value, cancelled: Arc<AtomicBool>) -> Snapshot {
        let path = document(params).map(|uri| uri::path(&uri));
        let current = key.zip(path).and_then(|(key, path)| Some((self.view(key)?, self.path_in(key, &path)?)));
        let views = self.projects.keys().filter_map(|key| self.view(key)).collect();
        Snapshot { views, current, around: self.around(), cancelled }
    }
}

/// The document that a request is about.
fn document(params: &Value) -> Option<Uri> {
    let places = ["/textDocument/uri", "/item/uri", "/data/uri", "/uri"];
    let text = places.iter().find_map(|place| params.pointer(place)?.as_str())?;
    Uri::from_str(text).ok()
}
