//! What `flowc show` tells of a run that was cut off: how far its journal goes, what is in doubt, what was said of it.

use super::{
    doubts,
    history::{State, state},
};
use crate::{arguments::suggested, columns::Cell, engine, exit::Failure, moment::moment, project::Project, ui::Style};
use flow_engine::{DoubtRow, Engine, Reach, ResolutionRow, RunRow};
use flow_plan::Plan;
use serde_json::json;

/// A run that was cut off, now or once.
pub(crate) struct Cut {
    pub(crate) state: Option<State>,
    reach: Option<Reach>,
    in_doubt: Vec<DoubtRow>,
    said: Vec<ResolutionRow>,
    plan: Option<Plan>,
}

impl Cut {
    pub(crate) fn of(project: &Project, engine: &Engine, run: &RunRow) -> Result<Self, Failure> {
        let failed = |error| engine::failure(&error);
        let said = engine.resolutions(&run.run).map_err(failed)?;
        let state = state(project, engine, run);
        let reach = engine.cut_off_at(run).map_err(failed)?;
        let plan = if reach.is_some() { engine::plan_of_run(project, &run.run)? } else { None };
        let in_doubt = doubts::of(project, engine, run)?;
        Ok(Self { state, reach, in_doubt, said, plan })
    }

    /// What is known, for tools that are shown the run.
    pub(crate) fn json(&self) -> serde_json::Map<String, serde_json::Value> {
        let mut object = serde_json::Map::new();
        if let Some(state) = self.state {
            object.insert("state".into(), json!(state.words()));
        }
        if let Some(reach) = &self.reach {
            object.insert("journal".into(), json!(reach));
        }
        if !self.in_doubt.is_empty() {
            object.insert("in_doubt".into(), json!(self.in_doubt));
        }
        if !self.said.is_empty() {
            object.insert("resolutions".into(), json!(self.said));
        }
        object
    }

    /// For the head of what is shown.
    pub(crate) fn rows(&self) -> Vec<Vec<Cell>> {
        let mut rows = vec![];
        if let Some(reach) = &self.reach {
            let until = reach.until.map(|until| format!(", until {}", moment(until))).unwrap_or_default();
            let text = format!("{} events{until}", reach.events);
            rows.push(vec![Cell::styled("journal", Style::Dim), Cell::new(text)]);
        }
        for row in &self.said {
            let when = moment(row.resolution.at);
            let taken = if row.taken.is_some() { "" } else { "; the run has not gone on yet" };
            let text = format!("{}: {when}, {}{taken}", row.label, doubts::said(&row.resolution));
            rows.push(vec![Cell::styled("said", Style::Dim), Cell::new(text)]);
        }
        rows
    }

    /// What is to be done about it.
    pub(crate) fn text(&self, run: &str) -> String {
        let open: Vec<&DoubtRow> = self.in_doubt.iter().filter(|row| row.said.is_none()).collect();
        let mut out = String::new();
        for row in &open {
            out.push_str(&format!("\nin doubt: {}\n", doubts::lines(&row.doubt).join("\n  ")));
            for way in doubts::ways_out(run, &row.doubt, self.plan.as_ref()) {
                out.push_str(&format!("    {way}\n"));
            }
        }
        if self.reach.is_some() && open.is_empty() {
            out.push_str(&format!("\n{} goes on with it\n", suggested(&format!("resume {run}"))));
        }
        out
    }
}
