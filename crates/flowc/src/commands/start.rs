//! `flowc start FLOW`: asks the service of the project to run a flow.

use crate::{
    cli::{Global, assignment},
    exit::{Exit, Failure, Outcome},
    served::Client,
    ui::Ui,
};
use clap::Args;
use flow_control::schedule::{Record, Ruling};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// Asks `flowc serve` to run a flow: by the flow's `overlap` it starts, waits or does not start
#[derive(Debug, Args)]
pub(crate) struct Start {
    /// The flow, by its name
    flow: String,
    /// Parameters of the flow
    #[arg(value_name = "NAME=VALUE", value_parser = assignment)]
    params: Vec<(String, String)>,
    /// Waits until the run has ended, and ends as it has
    #[arg(long, short)]
    wait: bool,
}

/// How often it is asked whether a run has ended.
const ASK_EVERY: Duration = Duration::from_millis(300);

impl Start {
    pub(crate) fn run(&self, global: &Global, ui: &Ui) -> Outcome {
        let client = Client::of(global)?.ok_or_else(|| {
            Failure::wrong("the project is not served")
                .hint("`flowc run` runs a flow here and now; `flowc serve` serves it")
        })?;
        let params: Map<String, Value> =
            self.params.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
        let answer = client.post(&format!("/flows/{}/runs", self.flow), &json!({ "params": params }))?;
        let record: Record = serde_json::from_value(answer["record"].clone())
            .map_err(|error| Failure::environment(format!("the service answers what is not understood: {error}")))?;
        let (flow, run) = (record.due.flow.short(), answer["run"].as_str());
        match (&record.ruling, run) {
            (Ruling::Run, Some(run)) => {
                ui.tell(&format!("{flow} starts"));
                ui.out(&format!("{run}\n"))?;
                if self.wait { wait(&client, run, ui) } else { Ok(Exit::Done) }
            }
            (Ruling::Wait { behind }, _) => {
                ui.tell(&format!("{flow} waits for {} before it", behind.len()));
                Ok(Exit::Done)
            }
            (Ruling::Drop(why), _) => Err(Failure::wrong(format!("{flow} does not start: {why}"))),
            _ => Ok(Exit::Done),
        }
    }
}

fn wait(client: &Client, run: &str, ui: &Ui) -> Outcome {
    loop {
        std::thread::sleep(ASK_EVERY);
        // A run that waits for its place is not there yet; one that could not begin never is.
        let known = client.get(&format!("/runs/{run}"));
        let row = match known {
            Ok(detail) => detail["run"].clone(),
            Err(_) => {
                let decided = client.get("/starts?limit=1000")?;
                let starts = decided["starts"].as_array().into_iter().flatten();
                let own = starts.into_iter().find(|start| start["run"] == run);
                if let Some(wrong) = own.and_then(|start| start["record"]["ruling"]["drop"]["wrong"].as_str()) {
                    return Err(Failure::wrong(wrong.to_owned()));
                }
                continue;
            }
        };
        if row["ended"].is_null() {
            continue;
        }
        let status = row["end"]["status"].as_str().unwrap_or_default().to_owned();
        ui.tell(&format!("run {run} {status}"));
        return Ok(match &*status {
            "succeeded" | "skipped" => Exit::Done,
            "cancelled" => Exit::Cancelled,
            _ if row["end"]["only_contracts"] == true => Exit::ContractBroken,
            _ => Exit::StepFailed,
        });
    }
}
