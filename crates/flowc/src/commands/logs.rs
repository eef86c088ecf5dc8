//! `flowc logs RUN [STEP]`: what the attempts of a run wrote, as it is written with `--follow`.

use crate::{
    cli::Global,
    engine,
    exit::{Exit, Failure, Outcome},
    project::Project,
    ui::{Style, Ui, paint},
};
use clap::Args;
use flow_engine::{Engine, Options};
use std::{collections::HashMap, thread::sleep, time::Duration};

/// How often a followed run is looked at.
const PAUSE: Duration = Duration::from_millis(250);

/// Shows what the steps of a run wrote
#[derive(Debug, Args)]
pub(crate) struct Logs {
    /// The run's id, a part of it that is its alone, or `last`
    #[arg(default_value = "last")]
    run: String,
    /// The step, by its label
    step: Option<String>,
    /// Goes on until the run is over
    #[arg(long, short)]
    follow: bool,
}

impl Logs {
    pub(crate) fn run(&self, global: &Global, ui: &Ui) -> Outcome {
        let project = Project::find(global)?;
        let engine = engine::of(&project, Options::default());
        // Lines of each attempt that have been shown.
        let mut shown: HashMap<(String, u32), usize> = HashMap::new();
        loop {
            let is_over = engine.show(&self.run).map_err(|error| engine::failure(&error))?.run.end.is_some();
            let any = self.show_new(&engine, &mut shown, ui)?;
            if !self.follow || is_over {
                if !any && shown.is_empty() {
                    ui.say("nothing was written");
                }
                return Ok(Exit::Done);
            }
            sleep(PAUSE);
        }
    }

    fn show_new(&self, engine: &Engine, shown: &mut HashMap<(String, u32), usize>, ui: &Ui) -> Result<bool, Failure> {
        let logs = engine.logs(&self.run, self.step.as_deref()).map_err(|error| engine::failure(&error))?;
        let mut out = String::new();
        for attempt in logs {
            let seen = shown.entry((attempt.path.to_string(), attempt.attempt)).or_default();
            let name = if attempt.attempt > 1 {
                format!("{}#{}", attempt.label, attempt.attempt)
            } else {
                attempt.label.to_string()
            };
            for line in attempt.lines.iter().skip(*seen) {
                // `TIME STREAM TEXT`
                let mut parts = line.splitn(3, ' ');
                let (time, stream, text) = (parts.next(), parts.next(), parts.next().unwrap_or_default());
                let time = time.filter(|_| ui.verbose).map(|time| format!("{time} ")).unwrap_or_default();
                let bar = if stream == Some("err") { paint(ui.color_out, Style::Bad, "│") } else { "│".into() };
                let name = paint(ui.color_out, Style::Dim, &name);
                out.push_str(&format!("{time}{name} {bar} {}\n", flow_diag::render::clean(text)));
            }
            *seen = attempt.lines.len();
        }
        ui.out(&out)?;
        Ok(!out.is_empty())
    }
}
