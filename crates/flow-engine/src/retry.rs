//! A new run in place of one that failed: what succeeded in that one is not made again.
//!
//! What is kept is the driver's to say; here the old run is replayed, and what it made is looked for. The new run's
//! journal begins with it, so it needs the old one no more.

use crate::{
    Engine, EngineError, Happening, Progress, RunSummary, clock::Clock, held::run_id, resume::Unreplayed, rim::Rim,
    run::Running, watch::Watchers, work::Shared,
};
use flow_driver::{Driver, Event, Kept, Note, Retry, RunStart, RunStatus, recovery::IN_DOUBT};
use flow_exec::api::Cancel;
use flow_plan::Plan;
use flow_store::{Reader, RunRow, is_complete};
use std::{collections::HashSet, sync::Arc};
use tokio::sync::broadcast;

/// Results in one event of the journal.
const KEPT_AT_ONCE: usize = 1000;

impl Engine {
    /// Runs the plan of a run once more, without what succeeded in it; `from` and all that follows from it is made again.
    ///
    /// # Errors
    /// The run is under way, it succeeded and nothing is to be made again, steps of it are in doubt, what it made is
    /// gone, or the store failed.
    pub async fn retry(
        &self,
        run: &str,
        plan: Plan,
        from: Option<Arc<str>>,
        progress: broadcast::Sender<Progress>,
        cancel: Cancel,
    ) -> Result<RunSummary, EngineError> {
        let row = self.reader(run)?.run(run)?;
        let row = match row.ended {
            Some(_) => row,
            None => self.ended_first(row, &plan).await?,
        };
        let held = self.hold_again(run_id(&Clock::start()), &plan.program, &progress, &cancel).await?;
        let (id, store) = held.begin()?;
        let program = Arc::new(plan.program.clone());
        let clock = Clock::start();
        let _going = held.enter(self.executor());
        let retry = Some(Retry { of: row.run.clone(), from: from.clone() });
        let unselected: HashSet<u32> = row.start.unselected.iter().copied().collect();
        let start = self.start(id, &program, &clock, row.start.forced.clone());
        let start = RunStart { unselected: row.start.unselected.clone(), retry, ..start };
        let watchers = Watchers { sender: progress.clone(), clock: clock.clone() };
        let reader = store.reader()?;
        let shared = self.shared(&start, program.clone(), clock.clone(), progress, Some(store.clone()), Some(reader));
        let shared = Shared { pools: held.pools(), ..shared };
        // What was labelled in that run is in this one.
        let kept = self.kept(&store.reader()?, &row, &plan, from.as_deref(), &shared.rim)?;
        crate::engine::begin(&store, &plan, &start)?;
        let nodes = program.flows.get(&plan.flow).map_or(0, |flow| flow.nodes().count());
        watchers.tell(Happening::RunStarted { run: start.run.clone(), flow: plan.flow.clone(), nodes });
        shared.rim.know_params(&plan.flow, &plan.params);
        let (rim, of) = (shared.rim.clone(), program.clone());
        let driver = Driver::with_program(program, plan.flow.clone(), plan.params.clone(), unselected, start.clone());
        let mut first: Vec<Event> = vec![];
        for results in kept.chunks(KEPT_AT_ONCE) {
            first.push(Event::Kept { results: results.to_vec() });
        }
        let running = Running::new(driver, store, Arc::new(shared)).beginning_with(first.into_iter());
        let over = running.drive(cancel).await;
        let _ = std::fs::remove_dir_all(self.layout.scratch().join(&*start.run));
        let over = over?;
        let shown = self.shown(&over.driver, (&plan.flow, &of, &rim), start.started).await;
        Ok(crate::engine::summary(start.run, (start.started, clock.now()), over, (&rim, shown)))
    }

    /// A run that was cut off is ended before it is retried: it must not be gone on with as well.
    async fn ended_first(&self, row: RunRow, plan: &Plan) -> Result<RunRow, EngineError> {
        let cannot = |why: String| EngineError::CannotRetry { run: row.run.clone(), why };
        if let Some(holder) = self.is_driven(&row)? {
            return Err(cannot(format!("it is under way in process {}", holder.pid)));
        }
        let replayed = self.reread(&self.reader(&row.run)?, &row, plan).map_err(|why: Unreplayed| why.or(cannot))?;
        let doubts = replayed.doubts();
        if !doubts.is_empty() {
            return Err(EngineError::InDoubt { run: row.run.clone(), doubts });
        }
        let (nobody, _) = broadcast::channel(1);
        self.cancel_cut_off(&row.run, plan.clone(), nobody).await?;
        Ok(self.reader(&row.run)?.run(&row.run)?)
    }

    /// What a retry of a run keeps; the project is held.
    fn kept(
        &self,
        reader: &Reader,
        row: &RunRow,
        plan: &Plan,
        from: Option<&str>,
        rim: &Rim,
    ) -> Result<Vec<Kept>, EngineError> {
        let cannot = |why: String| EngineError::CannotRetry { run: row.run.clone(), why };
        let status = row.end.as_ref().map(|end| end.status);
        if from.is_none() && matches!(status, Some(RunStatus::Succeeded | RunStatus::Skipped)) {
            let why = "it succeeded; `--from STEP` says what is to be made again";
            return Err(cannot(why.into()));
        }
        let program = Arc::new(plan.program.clone());
        let replayed = self.replayed(reader, row, plan, program, rim).map_err(|why: Unreplayed| why.or(cannot))?;
        let Some(kept) = replayed.driver.kept(from) else {
            let from = from.unwrap_or_default();
            let error = reader.node(&row.run, from).err();
            return Err(error.map_or_else(|| cannot(format!("it has not reached `{from}`")), EngineError::Store));
        };
        if let Some(label) = given_up_in_doubt(&replayed.notes, from) {
            let doubt = format!("it was ended while `{label}` was in doubt, which may have taken effect");
            return Err(cannot(format!("{doubt}; `--from {label}` makes it again nevertheless")));
        }
        let gone = kept.iter().find(|kept| !is_complete(&self.layout, &kept.value));
        match gone {
            Some(gone) => {
                let nodes = reader.nodes(&row.run)?;
                let label = nodes.iter().find(|node| node.path == gone.path).map_or(&gone.path, |node| &node.label);
                Err(cannot(format!("the result of `{label}` is no longer kept; `--from {label}` makes it again")))
            }
            None => Ok(kept),
        }
    }
}

/// A step that may have taken effect when its run was ended, and that nobody has asked by name to be made again.
fn given_up_in_doubt(notes: &[(jiff::Timestamp, Note)], from: Option<&str>) -> Option<Arc<str>> {
    let is_meant = |path: &str, label: &str| {
        from.is_some_and(|from| {
            from == path || label.strip_prefix(from).is_some_and(|rest| rest.is_empty() || rest.starts_with('['))
        })
    };
    notes.iter().find_map(|(_, note)| match note {
        Note::Attempted { path, label, failure: Some(failure), .. } => {
            let is_doubted = failure.details.iter().any(|detail| detail == IN_DOUBT);
            (is_doubted && !is_meant(path, label)).then(|| label.clone())
        }
        _ => None,
    })
}
