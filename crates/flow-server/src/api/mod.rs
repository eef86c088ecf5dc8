//! The service over HTTP. Each route is one line of [`routes::all`], from which the router, who may use it and the OpenAPI
//! document are made.
//!
//! Invariants: without a token nothing but `/health` answers; webhooks are signed instead. Bodies and rates are limited
//! before anything is read. Errors are problem documents with a code.

mod access;
mod approvals;
mod error;
mod events;
mod flows;
mod hooks;
mod openapi;
mod projects;
mod routes;
mod runs;

pub use access::{Limiter, Refusal, Role, Token, Tokens};
pub use hooks::Hooks;
pub use openapi::document;

use crate::{Handle, Said};
use axum::{
    Router,
    extract::{ConnectInfo, DefaultBodyLimit, Request, State},
    http::{StatusCode, header},
    middleware::{self, Next},
    response::Response,
    routing::{get, post},
};
use error::ApiError;
use jiff::Timestamp;
use routes::Route;
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{net::TcpListener, sync::broadcast};

/// The largest body that is read.
const MAX_BODY_BYTES: usize = 1 << 20;

/// How long a request may take to come, and to be answered.
const PATIENCE: Duration = Duration::from_secs(30);

/// Requests at once of one address or one token, and each second after that.
const RATE: (u32, u32) = (400, 200);

/// Requests at once of all those together who show no token, and each second after that.
const UNKNOWN_RATE: (u32, u32) = (2_000, 1_000);

/// Who is asked, and who may ask.
#[derive(Debug)]
pub struct App {
    projects: Vec<Handle>,
    tokens: Tokens,
    hooks: Option<Hooks>,
    said: broadcast::Sender<Arc<Said>>,
    rates: Limiter,
    unknown: Limiter,
    since: Timestamp,
}

/// Who asks, as its token says.
#[derive(Clone, Debug)]
struct Who(Arc<str>);

impl App {
    /// The API of projects that are served.
    #[must_use]
    pub fn new(
        projects: Vec<Handle>,
        tokens: Tokens,
        hooks: Option<Hooks>,
        said: broadcast::Sender<Arc<Said>>,
    ) -> Self {
        let (rates, unknown) = (Limiter::new(RATE.0, RATE.1), Limiter::new(UNKNOWN_RATE.0, UNKNOWN_RATE.1));
        Self { projects, tokens, hooks, said, rates, unknown, since: Timestamp::now() }
    }

    fn project(&self, name: &str) -> Result<&Handle, ApiError> {
        let found = self.projects.iter().find(|project| **project.name() == *name);
        found.ok_or_else(|| ApiError::not_found(format!("no project `{name}` is served here")))
    }
}

/// Answers on a socket until the task is ended.
///
/// # Errors
/// The socket fails.
pub async fn listen(listener: TcpListener, app: App) -> std::io::Result<()> {
    let app = router(Arc::new(app)).into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, app).await
}

/// All routes.
pub(crate) fn router(app: Arc<App>) -> Router {
    let mut router = Router::new().route("/health", get(projects::health)).route("/hooks/{*path}", post(hooks::hook));
    for Route { path, role, handler, .. } in routes::all() {
        let state = (app.clone(), role);
        router = router.route(path, handler.route_layer(middleware::from_fn_with_state(state, admit)));
    }
    router
        .fallback(async || ApiError::not_found("there is nothing at this path"))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(middleware::from_fn_with_state(app.clone(), guard))
        .with_state(app)
}

/// What holds for every request: its host is not made up by a page in a browser, and it does not come too fast.
async fn guard(State(app): State<Arc<App>>, request: Request, next: Next) -> Result<Response, ApiError> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    // Pages of other sites may send requests here, or have a name of theirs point here: they send an origin.
    if request.headers().contains_key(header::ORIGIN) {
        return Err(ApiError::new(StatusCode::FORBIDDEN, "from_a_page", "requests of web pages are not answered"));
    }
    let length =
        request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > MAX_BODY_BYTES as u64) {
        let title = format!("a body has at most {MAX_BODY_BYTES} bytes");
        return Err(ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", title));
    }
    let address = peer.map_or_else(|| "unknown".to_owned(), |ip| ip.to_string());
    let has_token = bearer(&request).is_some();
    let is_local = peer.is_none_or(|ip: IpAddr| ip.is_loopback());
    if !has_token
        && !(app.unknown.take("all", Instant::now()) && (is_local || app.rates.take(&address, Instant::now())))
    {
        return Err(too_fast());
    }
    // Streams of events are answered at once, and go on after that.
    tokio::time::timeout(PATIENCE, next.run(request))
        .await
        .map_err(|_| ApiError::new(StatusCode::REQUEST_TIMEOUT, "too_slow", "the request took too long"))
}

/// Lets in who has a token that is good for this.
async fn admit(
    State((app, role)): State<(Arc<App>, Role)>,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let token = bearer(&request);
    match app.tokens.admit(token, role, Timestamp::now()) {
        Ok(name) => {
            if !app.rates.take(&format!("token {name}"), Instant::now()) {
                return Err(too_fast());
            }
            request.extensions_mut().insert(Who(name));
            Ok(next.run(request).await)
        }
        Err(refusal) => {
            // Guesses are as slow as requests without a token.
            if token.is_some() && !app.unknown.take("all", Instant::now()) {
                return Err(too_fast());
            }
            Err(refusal.into())
        }
    }
}

fn bearer(request: &Request) -> Option<&str> {
    request.headers().get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ").map(str::trim)
}

fn too_fast() -> ApiError {
    ApiError::new(StatusCode::TOO_MANY_REQUESTS, "too_fast", "too many requests").hint("wait a second")
}
