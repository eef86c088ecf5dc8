//! `flowc impact X` and `flowc what-if …`: what follows if something is late, fails, grows old or is bad.

use crate::{
    cli::{Format, Global},
    commands::forecast::length,
    engine,
    exit::{Exit, Failure, Outcome},
    moment::now,
    programs,
    project::Project,
    report::{self, ProblemFormat},
    ui::{Style, Ui, paint},
};
use clap::Args;
use flow_compiler::{Compilation, bounds::SystemBounds};
use flow_control::{
    chance::{History, MOST_SEEN},
    impact::{Hit, Impact as Following, Known, Supposition, impact, suppose},
};
use flow_plan::words;
use flow_store::{Layout, Reader, StoreError};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde_json::{Value as Json, json};

/// Shows who is hit if something is late, fails, grows old or is bad: what breaks, when, whose it is, and the ways out
#[derive(Debug, Args)]
pub(crate) struct Impact {
    /// The dataset or flow
    of: String,
    /// It comes so much later than it should, such as 2h
    #[arg(long, value_name = "TIME", group = "how")]
    late: Option<String>,
    /// It does not come, or fails, the next time [this, if nothing is said]
    #[arg(long, group = "how")]
    failed: bool,
    /// It is not renewed any more
    #[arg(long, group = "how")]
    stale: bool,
    /// What is there of it is wrong
    #[arg(long, group = "how")]
    bad: bool,
    #[command(flatten)]
    looking: Looking,
}

/// Shows what the coming time brings if something were so: 'orders late 2h' 'writer down 1h' 'aggregate takes 3x'
#[derive(Debug, Args)]
pub(crate) struct WhatIf {
    /// What is supposed, all of it together
    #[arg(required = true, value_name = "WHAT")]
    supposed: Vec<String>,
    #[command(flatten)]
    looking: Looking,
}

/// How far is looked, and how it is shown.
#[derive(Debug, Args)]
struct Looking {
    /// How far to look
    #[arg(long = "for", value_name = "TIME", default_value = "3d", value_parser = length)]
    length: SignedDuration,
    /// text, or json for tools
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

impl Impact {
    pub(crate) fn run(&self, global: &Global, ui: &Ui) -> Outcome {
        let how = match &self.late {
            Some(late) => format!("late {late}"),
            None if self.stale => "stale".into(),
            None if self.bad => "bad".into(),
            None => "failed".into(),
        };
        self.looking.show(&[format!("{} {how}", self.of)], global, ui)
    }
}

impl WhatIf {
    pub(crate) fn run(&self, global: &Global, ui: &Ui) -> Outcome {
        self.looking.show(&self.supposed, global, ui)
    }
}

impl Looking {
    fn show(&self, supposed: &[String], global: &Global, ui: &Ui) -> Outcome {
        let project = Project::find(global)?;
        let compilation = programs::compiled(&project, global);
        if compilation.problems.has_errors() {
            report::show(ui, ProblemFormat::Text, &compilation.problems, &compilation.sources)?;
            ui.say(&report::summary(ui, &compilation.problems));
            return Ok(Exit::Wrong);
        }
        let from = now();
        let until = from + self.length;
        let (now, end) = (from.as_millisecond(), until.as_millisecond());
        let program = &compilation.program;
        let understood: Vec<Supposition> = supposed
            .iter()
            .map(|text| {
                suppose(program, text, now).map_err(|unclear| {
                    let wanted = text.split_whitespace().next().unwrap_or_default();
                    Failure::wrong(unclear.to_string()).nearest(wanted, unclear.known.iter().map(String::as_str))
                })
            })
            .collect::<Result<_, Failure>>()?;
        let known = known(&project, &compilation).map_err(|error| engine::store_failure(&error))?;
        let found = impact(program, &known, &understood, now, end);
        match self.format {
            Format::Json => ui.out(&format!("{:#}\n", whole(&found, supposed, from, until)))?,
            Format::Text => ui.out(&text(&found, supposed, (from, until), ui.color_out))?,
        }
        Ok(if found.hits.is_empty() { Exit::Done } else { Exit::StepFailed })
    }
}

/// What is there now, and how long runs take: as a rule, where there is a history, else the worst that is proved.
fn known(project: &Project, compilation: &Compilation) -> Result<Known, StoreError> {
    let program = &compilation.program;
    let mut known = Known::default();
    let reader = Reader::open(&Layout::new(&project.root))?;
    let bounds = SystemBounds::of(program, compilation.horizon);
    for flow in program.flows.keys() {
        let ended = reader.as_ref().map_or(Ok(vec![]), |reader| reader.durations(flow.as_str(), MOST_SEEN as u32))?;
        let worst = || bounds.durations.get(flow).and_then(|bounds| bounds.flow.as_ref()).map(|bound| bound.worst_ms);
        if let Some(takes) = History::of(ended).median_ms().or_else(worst) {
            known.durations_ms.insert(flow.clone(), takes);
        }
    }
    for dataset in program.datasets.values().filter(|dataset| dataset.partition.is_empty()) {
        let versions =
            reader.as_ref().map_or(Ok(vec![]), |reader| reader.versions(dataset.name.as_str(), "", None, 1))?;
        if let Some(time) = versions.into_iter().next().and_then(|version| version.data_time) {
            known.data_times.insert(dataset.name.clone(), time.as_millisecond());
        }
    }
    Ok(known)
}

fn text(found: &Following, supposed: &[String], (from, until): (Timestamp, Timestamp), color: bool) -> String {
    let mut out = format!("if {}, from {} to {}\n", supposed.join(" and "), moment(from), moment(until));
    for hit in &found.hits {
        out.push_str(&format!("\n{}\n", lines(hit, until, color)));
    }
    if found.hits.is_empty() {
        out.push_str("\nno promise is broken that would be kept otherwise\n");
    }
    if !found.reached.is_empty() {
        let names = found.reached.iter().map(|one| {
            let owner = one.owner.as_ref().map(|owner| format!(" ({owner})")).unwrap_or_default();
            format!("`{}`{owner}", one.of.short())
        });
        out.push_str(&format!("\nreached, and nothing broken: {}\n", names.collect::<Vec<_>>().join(", ")));
    }
    out
}

fn lines(hit: &Hit, end: Timestamp, color: bool) -> String {
    let at = |ms: i64| Timestamp::from_millisecond(ms).map(moment).unwrap_or_default();
    let owner = hit.owner.as_ref().map(|owner| format!(", of {owner}")).unwrap_or_default();
    let promise = hit.promise.as_ref().map(|promise| format!(" ({promise})")).unwrap_or_default();
    let length = |until: i64| words::duration(u64::try_from((until - hit.from) / 1000 * 1000).unwrap_or(0));
    let until = match hit.until {
        Some(until) => format!("until {}, for {}", at(until), length(until)),
        None => format!("and still {}", moment(end)),
    };
    let name = paint(color, Style::Bad, &format!("`{}`", hit.of.short()));
    let what = match hit.breach {
        "stale" => format!("is too old{promise} {until}"),
        "late" => format!(
            "misses {}; it ends {}",
            hit.promise.as_deref().unwrap_or("its deadline"),
            hit.until.map_or_else(|| "later than is looked".into(), at)
        ),
        "bad" => format!("is wrong {until}"),
        "skips" => "does nothing".to_owned(),
        _ => "fails".to_owned(),
    };
    let mut out = format!("{}  {name} {what}{owner}\n    because {}", at(hit.from), hit.because);
    for way in &hit.ways_out {
        out.push_str(&format!("\n    {} {way}", paint(color, Style::Dim, "way out:")));
    }
    out
}

fn whole(found: &Following, supposed: &[String], from: Timestamp, until: Timestamp) -> Json {
    let at = |ms: i64| Timestamp::from_millisecond(ms).ok();
    let hit = |hit: &Hit| {
        json!({
            "breach": hit.breach, "of": hit.of, "from": at(hit.from), "until": hit.until.and_then(at),
            "promise": hit.promise, "because": hit.because, "owner": hit.owner, "ways_out": hit.ways_out,
        })
    };
    let hits: Vec<Json> = found.hits.iter().map(hit).collect();
    json!({ "format": 1, "supposed": supposed, "from": from, "until": until, "hits": hits, "reached": found.reached })
}

/// An instant as people here say it.
fn moment(at: Timestamp) -> String {
    at.to_zoned(TimeZone::system()).strftime("%a %F %H:%M").to_string()
}
