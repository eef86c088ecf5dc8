//! One attempt of a step whose body is not a query: what it is given, and its bounds.
//!
//! Knows no body kind; each takes an [`Attempt`] and gives an outcome. A deadline and a cancel hold for
//! everything that is awaited through [`Attempt::bounded`].

use crate::{
    Scrubber,
    api::{Cancel, LogSink, Outcome, StepCall},
    handover::Handover,
    http, process, python,
    secrets::Secrets,
    shell,
};
use flow_diag::codes;
use flow_expr::{Context, Name, Value, VarId};
use flow_plan::{Body, ErrorClass, Failure, HttpValue};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::time::Instant;

/// Runs `sh`, `python` and `http` steps of one project.
pub struct Steps {
    root: PathBuf,
    secrets: Arc<Secrets>,
    handover: Arc<dyn Handover>,
    client: http::Client,
}

impl Steps {
    /// Steps of the project in this folder.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>, secrets: Arc<Secrets>, handover: Arc<dyn Handover>) -> Self {
        Self { root: root.into(), secrets, handover, client: http::Client::default() }
    }

    /// One attempt. Whatever it started has ended when this does, and neither log nor failure holds a secret.
    ///
    /// # Errors
    /// Why the attempt failed.
    pub async fn run(&self, call: &StepCall, log: Arc<dyn LogSink>, cancel: &Cancel) -> Result<Outcome, Failure> {
        let deadline = Instant::now() + call.timeout;
        let secrets = tokio::select! {
            biased;
            () = cancel.cancelled() => Err(process::cancelled()),
            secrets = Granted::read(&self.secrets, call) => secrets,
            () = tokio::time::sleep_until(deadline) => Err(process::timed_out(call.timeout)),
        }?;
        let scrubber = secrets.scrubber();
        let attempt = Attempt {
            call,
            root: &self.root,
            handover: &*self.handover,
            secrets,
            scrubber: scrubber.clone(),
            log,
            cancel,
            deadline,
        };
        let outcome = match &call.step.body {
            Body::Shell { script } => shell::run(&attempt, script).await,
            Body::Python { source, file } => python::run(&attempt, source, file.as_deref()).await,
            Body::Http { .. } => http::run(&attempt, &self.client).await,
            Body::Sql { .. } | Body::Ai(_) | Body::Ask { .. } | Body::Other { .. } => {
                Err(not_run(call.step.body.keyword()))
            }
        };
        let outcome = outcome.map_err(|failure| scrubber.failure(failure))?;
        if scrubber.finds(flow_expr::codec::encode(&outcome.value).to_string().as_bytes()) {
            let message = format!("the result of `{}` holds a secret that the step was given", call.step.name.short());
            return Err(Failure::new(ErrorClass::Malformed, codes::R0132.as_str(), message));
        }
        Ok(outcome)
    }
}

fn not_run(keyword: &str) -> Failure {
    let message = format!("this version does not run `{keyword}` steps");
    Failure::new(ErrorClass::Internal, codes::R0111.as_str(), message)
}

/// One attempt.
pub(crate) struct Attempt<'a> {
    pub(crate) call: &'a StepCall,
    pub(crate) root: &'a Path,
    pub(crate) handover: &'a dyn Handover,
    pub(crate) secrets: Granted,
    pub(crate) scrubber: Scrubber,
    pub(crate) log: Arc<dyn LogSink>,
    pub(crate) cancel: &'a Cancel,
    pub(crate) deadline: Instant,
}

impl Attempt<'_> {
    /// The work's result, unless the deadline or a cancel comes first; then the work is dropped.
    pub(crate) async fn bounded<T>(&self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(process::cancelled()),
            result = work => result,
            () = tokio::time::sleep_until(self.deadline) => Err(process::timed_out(self.call.timeout)),
        }
    }

    /// What the step's own expressions may refer to besides its parameters.
    pub(crate) fn context(&self) -> Context<'_> {
        Context::new(&self.call.program.functions, &self.call.program.types, self.call.now)
    }

    /// The parameters' values as the step's own expressions see them.
    pub(crate) fn variables(&self) -> BTreeMap<VarId, Value> {
        let value = |name: &str| self.call.args.iter().find(|(known, _)| &**known == name).map(|(_, value)| value);
        let params = self.call.step.params.iter();
        params.filter_map(|param| Some((param.var, value(&param.name)?.clone()))).collect()
    }
}

/// The secrets that a step uses, and no others.
#[derive(Default)]
pub(crate) struct Granted(BTreeMap<Name, crate::SecretValue>);

impl Granted {
    async fn read(secrets: &Secrets, call: &StepCall) -> Result<Self, Failure> {
        let mut granted = BTreeMap::new();
        for name in used_secrets(call) {
            let value = secrets.get(&call.program, &name).await?;
            granted.insert(name, value);
        }
        Ok(Self(granted))
    }

    /// The value of one that the step uses.
    pub(crate) fn get(&self, name: &Name) -> Result<&crate::SecretValue, Failure> {
        let missing = || process::internal(format!("the step does not use the secret `{}`", name.short()));
        self.0.get(name).ok_or_else(missing)
    }

    fn scrubber(&self) -> Scrubber {
        Scrubber::new(self.0.values().map(|value| value.reveal().as_bytes()))
    }
}

/// The secrets in the step's headers, in its connection, and among its arguments.
fn used_secrets(call: &StepCall) -> Vec<Name> {
    let mut used: Vec<Name> = secret_arguments(call).map(|(_, name)| name).collect();
    if let Body::Http { connection, headers, .. } = &call.step.body {
        used.extend(headers.iter().filter_map(|(_, value)| match value {
            HttpValue::Secret { secret, .. } => Some(secret.clone()),
            HttpValue::Expr(_) => None,
        }));
        let connection = connection.as_ref().and_then(|name| call.program.connections.get(name));
        if let Some(flow_plan::ConnectionKind::Http { token, .. }) = connection.map(|connection| &connection.kind) {
            used.extend(token.clone());
        }
    }
    used
}

/// Parameters of type `Secret`: their argument is the secret's name.
pub(crate) fn secret_arguments(call: &StepCall) -> impl Iterator<Item = (&Arc<str>, Name)> {
    let is_secret = |name: &str| {
        let param = call.step.params.iter().find(|param| &*param.name == name);
        param.is_some_and(|param| *param.ty.required() == flow_expr::Type::Secret)
    };
    call.args.iter().filter_map(move |(param, value)| match value {
        Value::String(name) if is_secret(param) => Some((param, Name::new(name.clone()))),
        _ => None,
    })
}
