//! `flowc gc`: throws away what is no longer needed, and says what went.

use crate::{
    cli::{Format, Global},
    engine,
    exit::{Exit, Outcome},
    programs,
    project::Project,
    ui::Ui,
};
use clap::Args;
use flow_engine::{Options, Swept};

/// Throws away runs, results, artifacts and logs that are no longer needed
#[derive(Debug, Args)]
pub(crate) struct Gc {
    /// Only says what would go
    #[arg(long)]
    dry_run: bool,
    /// How many runs are kept, with their journals and logs [default: `keep_runs` of flow.toml, or 200]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    keep_runs: Option<u32>,
    /// Runs and results that are older go too [default: `keep_days` of flow.toml, or results of 30 days]
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(..100_000))]
    keep_days: Option<u32>,
    /// text, or json for tools
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

impl Gc {
    pub(crate) fn run(&self, global: &Global, ui: &Ui) -> Outcome {
        let project = Project::find(global)?;
        let mut keep = engine::keep(&project);
        keep.runs = self.keep_runs.unwrap_or(keep.runs);
        if let Some(days) = self.keep_days.map(i64::from) {
            (keep.run_days, keep.result_days) = (Some(days), days);
        }
        let Some(program) = programs::named(".", global, ui)? else { return Ok(Exit::Wrong) };
        let engine = engine::of(&project, Options { keep, ..Options::default() });
        let swept = engine.gc(&program, self.dry_run).map_err(|error| engine::failure(&error))?;
        match self.format {
            Format::Json => {
                let json =
                    serde_json::json!({ "format": 1, "dry_run": self.dry_run, "gone": swept, "bytes": swept.bytes() });
                ui.out(&format!("{json:#}\n"))?;
            }
            Format::Text => ui.out(&text(&swept, self.dry_run))?,
        }
        Ok(Exit::Done)
    }
}

fn text(swept: &Swept, dry_run: bool) -> String {
    if swept.is_nothing() {
        return "nothing is superfluous\n".into();
    }
    let would = if dry_run { "would go" } else { "went" };
    let mut out = String::new();
    let mut line = |count: u64, one: &str, many: &str, bytes: Option<u64>| {
        if count > 0 {
            let bytes = bytes.map(|bytes| format!(", {}", size(bytes))).unwrap_or_default();
            out.push_str(&format!("{count} {}{bytes}\n", if count == 1 { one } else { many }));
        }
    };
    line(swept.runs, "run", "runs", None);
    line(swept.versions, "remembered version", "remembered versions", None);
    line(swept.results, "result", "results", None);
    line(swept.artifacts.count, "artifact", "artifacts", Some(swept.artifacts.bytes));
    line(swept.logs.count, "folder of logs", "folders of logs", Some(swept.logs.bytes));
    line(swept.scratch.count, "scratch folder", "scratch folders", Some(swept.scratch.bytes));
    out.push_str(&format!("{would}: {} in files\n", size(swept.bytes())));
    out
}

/// Bytes as people read them.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} KB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}
