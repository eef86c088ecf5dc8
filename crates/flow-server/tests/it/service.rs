//! A service with one flow that does nothing, in a folder of its own, listening.

use async_trait::async_trait;
use flow_engine::{Engine, FileMemory, Options};
use flow_exec::api::{
    AskCall, Asked, Cancel, ComputeCall, DatasetRef, Execute, LogSink, Outcome, StepCall, VersionRead, VersionWritten,
};
use flow_expr::{Name, Type, Value, VarId};
use flow_plan::{
    ErrorClass, Failure, Fingerprint, Flow, PLAN_FORMAT, Param, Plan, Program, Rendered, Schedule, Start, Trigger,
};
use flow_server::{
    Handle, Service, ServiceOptions, Source,
    api::{self, App, Tokens},
};
use jiff::Timestamp;
use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::broadcast,
};

/// There is nothing to do in its flow.
struct Nothing;

fn nothing<T>() -> Result<T, Failure> {
    Err(Failure::new(ErrorClass::Internal, "R0000", "there is nothing to do"))
}

#[async_trait]
impl Execute for Nothing {
    async fn run_step(&self, _: StepCall, _: Arc<dyn LogSink>, _: Cancel) -> Result<Outcome, Failure> {
        nothing()
    }
    async fn render(&self, _: StepCall, _: Cancel) -> Result<Rendered, Failure> {
        nothing()
    }
    async fn ask(&self, _: StepCall, _: AskCall, _: Arc<dyn LogSink>, _: Cancel) -> Asked {
        Asked { result: nothing(), report: None }
    }
    async fn read_dataset(&self, _: DatasetRef, _: Cancel) -> Result<VersionRead, Failure> {
        nothing()
    }
    async fn write_dataset(&self, _: DatasetRef, _: Value, _: Cancel) -> Result<VersionWritten, Failure> {
        nothing()
    }
    async fn compute(&self, _: ComputeCall, _: Cancel) -> Result<Value, Failure> {
        nothing()
    }
    async fn compute_seen(&self, _: ComputeCall, _: Cancel) -> Result<Value, Failure> {
        nothing()
    }
    async fn fingerprint(&self, _: DatasetRef) -> Result<Option<Fingerprint>, Failure> {
        Ok(None)
    }
}

struct Fixed;

impl Source for Fixed {
    fn stamp(&self) -> String {
        String::new()
    }

    fn load(&self) -> Result<Arc<Program>, String> {
        let schedule = Schedule::Days { days: vec![1], minutes: vec![0], zone: "UTC".into() };
        let who = Param {
            name: "who".into(),
            var: VarId(0),
            ty: Type::String,
            default: None,
            labels: vec![Name::new("m.pii")],
        };
        let flow = Flow {
            name: Name::new("m.daily"),
            params: vec![who],
            returns: Type::Unit,
            starts: vec![Start { trigger: Trigger::Schedule(schedule), with: vec![], at: Default::default() }],
            finish: None,
            overlap: Default::default(),
            catch_up: Default::default(),
            budgets: vec![],
            body: Default::default(),
            handlers: vec![],
            owner: None,
            tags: vec![],
            at: Default::default(),
        };
        Ok(Arc::new(Program { flows: BTreeMap::from([(flow.name.clone(), flow)]), ..Program::default() }))
    }

    fn plan(
        &self,
        program: &Program,
        flow: &Name,
        _: Option<usize>,
        _: &BTreeMap<String, String>,
        _: Timestamp,
    ) -> Result<Plan, String> {
        Ok(Plan {
            format: PLAN_FORMAT,
            compiler: "".into(),
            hash: "".into(),
            flow: flow.clone(),
            params: BTreeMap::new(),
            program: program.clone(),
            inputs: vec![],
            decisions: vec![],
            bounds: Default::default(),
        })
    }

    fn plan_from_json(&self, _: &str) -> Result<Plan, String> {
        Err("there is none".into())
    }
}

/// A project `demo` that is served, with tokens `admin`, `reader` and `expired`.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    handle: Handle,
    _folder: tempfile::TempDir,
}

impl Served {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let memory = FileMemory::new(folder.path());
        let engine = Engine::new(folder.path(), Arc::new(Nothing), memory, Options::default());
        let (service, handle) = Service::new("demo".into(), folder.path(), engine, Arc::new(Fixed));
        let (said, _) = broadcast::channel(100);
        tokio::spawn(service.serve(ServiceOptions::default(), said.clone()));
        let hash = |text: &str| blake3::hash(text.as_bytes()).to_hex().to_string();
        let entry = |name: &str, role: &str, more: &str| {
            format!("[[token]]\nname = \"{name}\"\nrole = \"{role}\"\nblake3 = \"{}\"\n{more}\n", hash(name))
        };
        let expired = entry("expired", "admin", "expires = \"2020-01-01T00:00:00Z\"");
        let tokens = Tokens::parse(&(entry("admin", "admin", "") + &entry("reader", "read", "") + &expired)).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(api::listen(listener, App::new(vec![handle.clone()], tokens, None, said)));
        // It is served when it says how it stands.
        handle.standing().await.unwrap();
        Self { address, handle, _folder: folder }
    }

    /// The status and the body of an answer.
    pub(crate) async fn ask(&self, method: &str, path: &str, token: Option<&str>, body: &[u8]) -> (u16, String) {
        let token = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
        // A stream of events does not end by itself.
        let mut message = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\n{token}content-length: {}\r\nconnection: close\r\n\r\n",
            body.len()
        )
        .into_bytes();
        message.extend_from_slice(body);
        request(self.address, &message).await
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.handle.end();
    }
}

/// Sends bytes, and gives the status and the body of what comes back.
pub(crate) async fn request(address: SocketAddr, message: &[u8]) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // Who refuses what is too large may not read all of it.
    let _ = stream.write_all(message).await;
    let mut answer = vec![];
    let mut part = [0; 4096];
    while let Ok(Ok(count)) = tokio::time::timeout(Duration::from_secs(1), stream.read(&mut part)).await {
        if count == 0 {
            break;
        }
        answer.extend_from_slice(&part[..count]);
    }
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default();
    (status, body)
}
