//! The main loop: it alone changes state. Messages come in, work goes out to two threads, results come back.
//!
//! - Changes of files raise a project's count; when nothing else waits to be read, each project whose count is ahead of its
//!   last check is checked, one check at a time. Changes that come meanwhile are taken together in the next one.
//! - A request waits here until what it [needs](crate::routes::Needs) is known, then it is answered on the other thread.
//! - Who cancels a request is answered at once; what comes of it later is dropped.

mod files;
mod notices;
mod requests;

use crate::{
    capabilities::capabilities,
    check::Found,
    client::Client,
    documents::Documents,
    host::Host,
    project::{Key, Project},
    requests::tokens::Kept,
    routes::{self, Route},
    uri,
    worker::Worker,
};
use crossbeam_channel::{Receiver, Sender, select, unbounded};
use lsp_server::{Connection, Message, RequestId, Response};
use lsp_types::InitializeParams;
use serde_json::Value;
use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
    sync::{Arc, atomic::AtomicBool},
};

/// What the threads tell the main loop.
enum Event {
    /// A check has ended, with the message of its panic if it failed.
    Checked { key: Key, revision: u64, result: Result<Found, String> },
    /// A request has an answer.
    Answered(Response),
}

/// A request that waits for a check.
struct Waiting {
    id: RequestId,
    route: usize,
    key: Option<Key>,
    params: Value,
}

/// All state.
struct Server {
    sender: Sender<Message>,
    events: Sender<Event>,
    client: Client,
    host: Arc<dyn Host>,
    documents: Documents,
    tokens: Arc<Kept>,
    projects: BTreeMap<Key, Project>,
    /// Folders that the client has opened.
    folders: Vec<PathBuf>,
    routes: Arc<Vec<Route>>,
    by_method: HashMap<&'static str, usize>,
    waiting: Vec<Waiting>,
    /// Requests without an answer, with what stops them.
    open: HashMap<RequestId, Arc<AtomicBool>>,
    checks: Worker,
    answers: Worker,
    /// Numbers of our own requests.
    asked: i32,
    shut_down: bool,
}

/// Serves a client until it says `exit` or goes away; whether it took leave as the protocol asks.
///
/// # Errors
/// The client did not begin as the protocol asks, or threads cannot be started.
pub fn serve(connection: &Connection, host: Arc<dyn Host>, version: &str) -> Result<bool, String> {
    let (id, initialize) = connection.initialize_start().map_err(|error| error.to_string())?;
    let client = Client::of(&initialize);
    let info = serde_json::json!({
        "capabilities": capabilities(client),
        "serverInfo": { "name": "flowc", "version": version },
    });
    connection.initialize_finish(id, info).map_err(|error| error.to_string())?;
    let start = |name| Worker::start(name).map_err(|error| format!("a thread cannot be started: {error}"));
    let (events, happened) = unbounded();
    let routes = routes::all();
    let mut server = Server {
        sender: connection.sender.clone(),
        events,
        client,
        host,
        documents: Documents::new(),
        tokens: Arc::default(),
        projects: BTreeMap::new(),
        folders: folders(initialize),
        by_method: routes.iter().zip(0..).map(|(route, number)| (route.method, number)).collect(),
        routes: Arc::new(routes),
        waiting: vec![],
        open: HashMap::new(),
        checks: start("check")?,
        answers: start("answer")?,
        asked: 0,
        shut_down: false,
    };
    server.begin();
    Ok(server.run(&connection.receiver, &happened))
}

/// The folders that a client opens at first.
fn folders(initialize: Value) -> Vec<PathBuf> {
    let Ok(params) = serde_json::from_value::<InitializeParams>(initialize) else { return vec![] };
    if let Some(folders) = params.workspace_folders.filter(|folders| !folders.is_empty()) {
        return folders.iter().map(|folder| uri::path(&folder.uri)).collect();
    }
    #[expect(deprecated, reason = "older clients know nothing else")]
    params.root_uri.iter().map(uri::path).collect()
}

impl Server {
    /// Whether the client took leave as the protocol asks.
    fn run(mut self, messages: &Receiver<Message>, events: &Receiver<Event>) -> bool {
        loop {
            select! {
                recv(messages) -> message => match message {
                    Ok(message) => if self.take(message) { return self.shut_down },
                    Err(_) => return false,
                },
                recv(events) -> event => if let Ok(event) = event { self.happened(event) },
            }
            // All that is there is taken before anything begins: a burst of keystrokes is one check.
            while let Ok(message) = messages.try_recv() {
                if self.take(message) {
                    return self.shut_down;
                }
            }
            while let Ok(event) = events.try_recv() {
                self.happened(event);
            }
            self.start_checks();
            self.start_answers();
        }
    }

    /// Whether it was the last message.
    fn take(&mut self, message: Message) -> bool {
        match message {
            Message::Request(request) => self.request(request),
            Message::Notification(notice) if notice.method == "exit" => return true,
            Message::Notification(notice) => self.notice(notice),
            // Nothing that we ask has an answer that matters.
            Message::Response(_) => {}
        }
        false
    }

    fn happened(&mut self, event: Event) {
        match event {
            Event::Checked { key, revision, result } => self.checked(&key, revision, result),
            Event::Answered(response) => {
                if self.open.remove(&response.id).is_some() {
                    self.send(response);
                }
            }
        }
    }

    /// What cannot be sent has nobody to read it: the loop ends by itself then.
    fn send(&self, message: impl Into<Message>) {
        let _ = self.sender.send(message.into());
    }

    fn notify<N: lsp_types::notification::Notification>(&self, params: N::Params) {
        self.send(lsp_server::Notification::new(N::METHOD.to_owned(), params));
    }

    fn ask<R: lsp_types::request::Request>(&mut self, params: R::Params) {
        self.asked += 1;
        self.send(lsp_server::Request::new(RequestId::from(self.asked), R::METHOD.to_owned(), params));
    }
}
