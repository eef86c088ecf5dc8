//! Going on with a run that was cut off: its journal is replayed into a driver, and what it still waits for is waited for.
//!
//! Only where that is sound: no step with an effect may have been under way, since nobody knows whether it took effect,
//! unless it is idempotent; a question to a model is lost, and stays charged; what the run made must still be there; no
//! later run of its flow may have begun. Knows no policy; the driver decides as if nothing had happened.

use crate::{
    Engine, EngineError, Happening, Progress, RunSummary,
    clock::Clock,
    rim::{Rim, reopened},
    run::Running,
    work::Shared,
};
use flow_driver::{Command, DRIVER_FORMAT, Driver, Event, NodeEnd, Note, RunStart, Task};
use flow_exec::api::Cancel;
use flow_plan::{Effect, Plan};
use flow_store::{Reader, RunRow, Write, is_complete};
use jiff::Timestamp;
use std::{collections::BTreeMap, sync::Arc};
use tokio::sync::broadcast;

/// What a journal leads to.
#[derive(Debug)]
pub(crate) struct Replayed {
    pub(crate) driver: Driver,
    /// What was commanded and not answered.
    pub(crate) open: Vec<Command>,
    /// What people and projections were told.
    pub(crate) notes: Vec<(Timestamp, Note)>,
    /// How many events there were.
    pub(crate) events: u64,
}

/// What a command asks for: several may be open for one task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Recall,
    Look,
    Read,
    Write,
    Compute,
    Run,
    Render,
    Reserve,
    Ask,
    Timer,
}

/// Feeds a journal to a driver.
pub(crate) fn replay(mut driver: Driver, journal: Vec<(Timestamp, Event)>) -> Replayed {
    let mut open: BTreeMap<(Task, Kind), Command> = BTreeMap::new();
    let (mut notes, mut events) = (vec![], 0);
    for (at, event) in journal {
        events += 1;
        if let Some(answered) = answers(&event) {
            open.remove(&answered);
        }
        for command in driver.on(event, at) {
            match command {
                Command::Note(note) => notes.push((at, note)),
                Command::Stop { task } => drop(open.remove(&(task, Kind::Ask))),
                command => {
                    if let Some(key) = asks(&command) {
                        open.insert(key, command);
                    }
                }
            }
        }
    }
    Replayed { driver, open: open.into_values().collect(), notes, events }
}

fn asks(command: &Command) -> Option<(Task, Kind)> {
    Some(match command {
        Command::Recall { task, .. } => (*task, Kind::Recall),
        Command::Look { task, .. } => (*task, Kind::Look),
        Command::Read { task, .. } => (*task, Kind::Read),
        Command::Write { task, .. } => (*task, Kind::Write),
        Command::Compute { task, .. } => (*task, Kind::Compute),
        Command::Run(run) => (run.task, Kind::Run),
        Command::Render(run) => (run.task, Kind::Render),
        Command::Reserve { task, .. } => (*task, Kind::Reserve),
        Command::Ask(question) => (question.task, Kind::Ask),
        Command::Timer { task, .. } => (*task, Kind::Timer),
        Command::Stop { .. } | Command::Note(_) => return None,
    })
}

fn answers(event: &Event) -> Option<(Task, Kind)> {
    Some(match event {
        Event::Recalled { task, .. } => (*task, Kind::Recall),
        Event::Looked { task, .. } => (*task, Kind::Look),
        Event::Read { task, .. } => (*task, Kind::Read),
        Event::Written { task, .. } => (*task, Kind::Write),
        Event::Computed { task, .. } => (*task, Kind::Compute),
        Event::Ran { task, .. } => (*task, Kind::Run),
        Event::Rendered { task, .. } => (*task, Kind::Render),
        Event::Reserved { task, .. } => (*task, Kind::Reserve),
        Event::Answered { task, .. } => (*task, Kind::Ask),
        Event::Timer { task } => (*task, Kind::Timer),
        Event::Begin | Event::Cancel | Event::WouldRun { .. } => return None,
    })
}

/// Why an open command may not be given again, if it may not.
fn unsound(command: &Command) -> Option<String> {
    // A write publishes the same value whole once more, and what is idempotent has the same key.
    let Command::Run(run) = command else { return None };
    (run.step.effect >= Effect::Write && run.step.idempotent.is_none())
        .then(|| format!("`{}` was under way when it was cut off, and may have taken effect", run.label))
}

impl Engine {
    /// Goes on with a run that was cut off; `plan` is the one that it follows.
    ///
    /// # Errors
    /// It is over, it cannot be gone on with, somebody else runs on the project, or the store failed.
    pub async fn resume(
        &self,
        run: &str,
        plan: Plan,
        progress: broadcast::Sender<Progress>,
        cancel: Cancel,
    ) -> Result<RunSummary, EngineError> {
        let run = self.resumable(run)?.run;
        let held = self.hold_again(run.clone(), &plan, &progress, &cancel).await?;
        // Once more now that the project is ours: somebody may have been faster.
        let row = self.resumable(&run)?;
        let (_, store) = held.begin()?;
        let reader = store.reader()?;
        let program = Arc::new(plan.program.clone());
        let clock = Clock::start();
        let shared = Shared {
            pools: held.pools(),
            ..self.shared(&row.start, program.clone(), clock.clone(), progress, Some(store.clone()), Some(reader))
        };
        shared.rim.know_params(&plan.flow, &plan.params);
        let (rim, of) = (shared.rim.clone(), program.clone());
        let replayed = self.replayed(&store.reader()?, &row, &plan, program, &rim)?;
        let nodes = plan.program.flows.get(&plan.flow).map_or(0, |flow| flow.nodes().count());
        shared.watchers.tell(Happening::RunStarted { run: run.clone(), flow: plan.flow.clone(), nodes });
        store.write(Write::Resume { run: run.clone() });
        for (at, note) in replayed.notes {
            if let Some(note) = projected(note) {
                store.write(Write::Note { at, note: Box::new(note) });
            }
        }
        for command in &replayed.open {
            if let Command::Ask(question) = command {
                shared.watchers.note(&run, &Note::Asked(question.clone()));
            }
        }
        let going_on = Running::going_on(replayed.driver, store, Arc::new(shared), replayed.events, replayed.open)?;
        let over = going_on.drive(cancel).await;
        let _ = std::fs::remove_dir_all(self.layout.scratch().join(&*run));
        let over = over?;
        let shown = self.shown(&over.driver, (&plan.flow, &of, &rim), row.start.started).await;
        Ok(crate::engine::summary(run, (row.start.started, clock.now()), over, (&rim, shown)))
    }

    /// The run, if it has not ended and nothing came after it.
    fn resumable(&self, run: &str) -> Result<RunRow, EngineError> {
        let reader = self.reader(run)?;
        let row = reader.run(run)?;
        let cannot = |why: String| EngineError::CannotResume { run: row.run.clone(), why };
        if row.ended.is_some() {
            return Err(cannot("it is over".into()));
        }
        if row.format != DRIVER_FORMAT {
            return Err(cannot("another version of flowc began it".into()));
        }
        let runs = reader.runs(u32::MAX)?;
        let later = runs.iter().take_while(|later| later.run != row.run).find(|later| later.flow == row.flow);
        match later {
            Some(later) => Err(cannot(format!("run `{}` of the same flow began after it", later.run))),
            None => Ok(row),
        }
    }

    fn replayed(
        &self,
        reader: &Reader,
        row: &RunRow,
        plan: &Plan,
        program: Arc<flow_plan::Program>,
        rim: &Rim,
    ) -> Result<Replayed, EngineError> {
        let RunStart { unselected, .. } = &row.start;
        let unselected = unselected.iter().copied().collect();
        let driver =
            Driver::with_program(program, plan.flow.clone(), plan.params.clone(), unselected, row.start.clone());
        let cannot = |why: String| EngineError::CannotResume { run: row.run.clone(), why };
        let events = reader.events(&row.run)?.into_iter();
        let events = events.map(|(at, event)| Some((at, reopened(&self.layout, event, rim)?)));
        let gone = || cannot("labelled data that it made is no longer kept".into());
        let replayed = replay(driver, events.collect::<Option<Vec<_>>>().ok_or_else(gone)?);
        if replayed.events == 0 {
            return Err(cannot("it was cut off before anything was written down".into()));
        }
        if let Some(why) = replayed.open.iter().find_map(unsound) {
            return Err(cannot(why));
        }
        let gone = replayed.driver.values().into_iter().find(|(.., value)| !is_complete(&self.layout, value));
        match gone {
            Some((_, label, _)) => Err(cannot(format!("the result of `{label}` is no longer kept"))),
            None => Ok(replayed),
        }
    }
}

/// A note as it is written down once more: the catalogue and the records may know more by now.
fn projected(note: Note) -> Option<Note> {
    match note {
        Note::Version { .. } => None,
        Note::Settled(end) => Some(Note::Settled(Box::new(NodeEnd { record: None, ..*end }))),
        other => Some(other),
    }
}
