//! Speaks to a service: the one of the project on this machine, or the one that `--server` names.

use super::Address;
use crate::{
    cli::Global,
    exit::{Exit, Failure},
    project::Project,
    ui::environment,
};
use reqwest::Method;
use serde_json::Value;
use std::time::Duration;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A service that can be asked, and the project that is meant there.
#[derive(Debug)]
pub(crate) struct Client {
    url: String,
    token: String,
    project: String,
}

impl Client {
    /// The service that is meant: of `--server`, or of the project, if it is served here.
    pub(crate) fn of(global: &Global) -> Result<Option<Self>, Failure> {
        let Some(url) = &global.server else {
            let address = Address::of(&Project::find(global)?);
            return Ok(address.map(|Address { url, token, project, .. }| Self { url, token, project }));
        };
        let token = environment("FLOW_TOKEN").ok_or_else(|| {
            Failure::wrong("--server takes a token").hint("set FLOW_TOKEN to one that the service knows")
        })?;
        let project = global.project.as_ref().map(|name| name.to_string_lossy().into_owned());
        let mut client = Self { url: url.trim_end_matches('/').to_owned(), token, project: String::new() };
        client.project = match project {
            Some(project) => project,
            None => client.only_project()?,
        };
        Ok(Some(client))
    }

    /// Where it is.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    fn only_project(&self) -> Result<String, Failure> {
        let all = self.ask(Method::GET, "/api/v1/projects", None)?;
        let names = all["projects"].as_array().into_iter().flatten().filter_map(|one| one["project"].as_str());
        let names: Vec<&str> = names.collect();
        match names[..] {
            [only] => Ok(only.to_owned()),
            [] => Err(Failure::wrong(format!("{} serves no project", self.url))),
            _ => Err(Failure::wrong(format!("{} serves several projects", self.url))
                .hint(format!("--project says which: {}", names.join(", ")))),
        }
    }

    /// Asks about the project: `path` is what follows its name.
    pub(crate) fn get(&self, path: &str) -> Result<Value, Failure> {
        self.ask(Method::GET, &format!("/api/v1/projects/{}{path}", self.project), None)
    }

    /// Asks for something to be done in the project.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        self.ask(Method::POST, &format!("/api/v1/projects/{}{path}", self.project), Some(body))
    }

    fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Value, Failure> {
        let failed = |error: &dyn std::fmt::Display| {
            Failure::environment(format!("{} does not answer: {error}", self.url)).hint("is `flowc serve` still there?")
        };
        // Another part of the program may have done so already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| failed(&error))?;
        let (status, text) = runtime
            .block_on(async {
                // A proxy knows nothing of services on this machine.
                let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?;
                let mut request = client.request(method, format!("{}{path}", self.url)).bearer_auth(&self.token);
                if let Some(body) = body {
                    request = request.json(body);
                }
                let response = request.send().await?;
                Ok::<_, reqwest::Error>((response.status(), response.text().await?))
            })
            .map_err(|error| failed(&error))?;
        let answer: Value = serde_json::from_str(&text).unwrap_or_default();
        // What was decided not to be done is an answer.
        if status.is_success() || answer.get("record").is_some() {
            return Ok(answer);
        }
        let title = answer["title"].as_str().map_or_else(|| format!("{} answers {status}", self.url), str::to_owned);
        let exit = if status.is_server_error() { Exit::Environment } else { Exit::Wrong };
        let failure = Failure { exit, message: title, hints: vec![] };
        Err(match answer["hint"].as_str() {
            Some(hint) => failure.hint(hint.to_owned()),
            None => failure,
        })
    }
}
