//! `flowc export RUN --as otlp|openlineage`: what other tools are told of a run, made from the journal.

use crate::{
    cli::Global,
    engine,
    exit::{Exit, Failure, Outcome},
    project::{Project, write_whole},
    telemetry,
    ui::Ui,
};
use clap::{Args, ValueEnum};
use flow_plan::{Plan, SecretSource};
use flow_store::{Layout, Reader, StoreError};
use flow_telemetry::{
    Config, LineageTarget, Outlet, RunRecord, Scrub, TracesTarget, lineage, scrubbed, target_of, traces,
};
use serde_json::Value as Json;
use std::{sync::Arc, time::Duration};

/// How long sending may take.
const SENDING: Duration = Duration::from_secs(60);

/// Gives a run to other tools: as a trace, or as lineage
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// The run's id, a part of it that is its alone, or `last`
    #[arg(default_value = "last")]
    run: String,
    /// otlp: a trace for OpenTelemetry; openlineage: events, one a line
    #[arg(long = "as", value_name = "FORMAT")]
    format: Format,
    /// A file, or the URL of a collector [default: standard output]
    #[arg(long, short, value_name = "FILE|URL")]
    out: Option<String>,
    /// Prompts and answers too, labelled data redacted
    #[arg(long)]
    content: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Otlp,
    Openlineage,
}

impl Export {
    pub(crate) fn run(&self, global: &Global, ui: &Ui) -> Outcome {
        let project = Project::find(global)?;
        let (mut config, _) = telemetry::config(&project, global);
        config.content |= self.content;
        let record = self.record(&project, &config)?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.map_err(|error| Failure::environment(format!("starting the runtime: {error}")))?;
        let scrub = runtime.block_on(scrub(&project, &record.plan));
        let items: Vec<Json> = match self.format {
            Format::Otlp => traces::spans(&record, &config).into_iter().map(|span| span.json).collect(),
            Format::Openlineage => {
                let events = lineage::events(&record, &config.naming(project.root.clone())).into_iter();
                events.map(|event| event.json).collect()
            }
        };
        let count = items.len();
        let place = self.out.as_deref().filter(|out| *out != "-").map(|out| {
            let usual = if self.format == Format::Otlp { "v1/traces" } else { "api/v1/lineage" };
            (out, target_of(out, usual))
        });
        match place {
            None => ui.out(&self.text(items, &config, &scrub))?,
            Some((_, Err(path))) => {
                write_whole(&path, &self.text(items, &config, &scrub))?;
                ui.say(&format!("wrote {} records to {}", count, path.display()));
            }
            Some((out, Ok(url))) => {
                let warning = runtime.block_on(async {
                    let outlet = self.outlet(url, &config, scrub);
                    outlet.push(items);
                    outlet.finish(SENDING).await
                });
                if let Some(warning) = warning {
                    return Err(Failure::environment(format!("{} [{}]", warning.message, warning.code)));
                }
                ui.say(&format!("sent {count} records to {out}"));
            }
        }
        Ok(Exit::Done)
    }

    fn record(&self, project: &Project, config: &Config) -> Result<RunRecord, Failure> {
        let failure = |error: StoreError| engine::store_failure(&error);
        let layout = Layout::new(&project.root);
        let none = || failure(StoreError::NoRun { run: self.run.as_str().into(), nearest: vec![] });
        let reader = Reader::open(&layout).map_err(failure)?.ok_or_else(none)?;
        let run = reader.run(&self.run).map_err(failure)?.run;
        let plan = engine::plan_of_run(project, &run)?.ok_or_else(none)?;
        RunRecord::read(&reader, &layout, Arc::new(plan), &run, config.content).map_err(failure)
    }

    fn text(&self, items: Vec<Json>, config: &Config, scrub: &Scrub) -> String {
        let mut items: Vec<Json> = items.into_iter().map(|json| scrubbed(json, &**scrub)).collect();
        if self.format == Format::Otlp {
            items = vec![traces::request(items, config)];
        }
        items.iter().map(|json| format!("{json}\n")).collect()
    }

    fn outlet(&self, url: String, config: &Config, scrub: Scrub) -> Outlet {
        match self.format {
            Format::Otlp => {
                let known = config.traces.as_ref().filter(|target| target.url == url);
                let (headers, timeout) = match known {
                    Some(target) => (target.headers.clone(), target.timeout),
                    // Headers are for the place that they were given for, and no other.
                    None => (vec![], Duration::from_secs(10)),
                };
                Outlet::traces(TracesTarget { url, headers, timeout }, config, scrub)
            }
            Format::Openlineage => {
                let key = match &config.lineage {
                    Some(LineageTarget::Http { url: known, key }) if *known == url => key.clone(),
                    _ => None,
                };
                Outlet::lineage(LineageTarget::Http { url, key }, scrub)
            }
        }
    }
}

/// Takes out the secrets of a program, as far as they can be had without starting anything. None is in the
/// journal; this is for the case that one was.
async fn scrub(project: &Project, plan: &Plan) -> Scrub {
    let secrets = flow_exec::Secrets::new(project.root.clone());
    for (name, source) in &plan.program.secrets {
        if matches!(source, SecretSource::Env(_) | SecretSource::File(_)) {
            // One that is not there cannot be in anything.
            let _ = secrets.get(&plan.program, name).await;
        }
    }
    let scrubber = secrets.scrubber();
    Arc::new(move |text: &str| scrubber.text(text))
}
