//! Going on with a run that was cut off: its journal is replayed, and the driver says what is to be done.
//!
//! Nothing is decided here: `flow_driver::recovery` knows what is done again, what is lost and what is in doubt. This file
//! fetches what that needs and refuses where it is not there any more: what the run made must still be kept, and no
//! later run may have published what this one writes.

use crate::{
    Engine, EngineError, Happening, Progress, RunSummary,
    clock::Clock,
    held::Held,
    rim::{Rim, reopened},
    run::Running,
    work::Shared,
};
use flow_driver::{
    Command, DRIVER_FORMAT, Driver, Event, How, NodeEnd, Note,
    recovery::{Next, Replayed, replay},
};
use flow_exec::api::Cancel;
use flow_expr::Name;
use flow_plan::{Node, NodeKind, Plan, Program};
use flow_store::{LockHolder, Reader, RunRow, SCHEDULER, Store, Write, is_complete};
use std::{collections::BTreeSet, sync::Arc};
use tokio::sync::broadcast;

/// Why a run's journal does not lead to a driver.
pub(crate) enum Unreplayed {
    /// In words.
    Because(String),
    /// The journal cannot be read.
    Error(EngineError),
}

impl Unreplayed {
    /// As an error of what was to be done with the run.
    pub(crate) fn or(self, cannot: impl FnOnce(String) -> EngineError) -> EngineError {
        match self {
            Self::Because(why) => cannot(why),
            Self::Error(error) => error,
        }
    }
}

impl Engine {
    /// Goes on with a run that was cut off; `plan` is the one that it follows.
    ///
    /// # Errors
    /// [`EngineError::InDoubt`] if people must say first what became of steps. It is over, it cannot be gone on with,
    /// somebody else runs on the project, or the store failed.
    pub async fn resume(
        &self,
        run: &str,
        plan: Plan,
        progress: broadcast::Sender<Progress>,
        cancel: Cancel,
    ) -> Result<RunSummary, EngineError> {
        let (_, held, row) = self.hold_cut_off(run, &plan, &progress, &cancel).await?;
        self.resume_held(&held, &row, plan, progress, cancel).await
    }

    /// As [`Self::resume`], in a project that is held; several of these may go on at once.
    ///
    /// # Errors
    /// As there.
    pub async fn resume_held(
        &self,
        held: &Held,
        row: &RunRow,
        plan: Plan,
        progress: broadcast::Sender<Progress>,
        cancel: Cancel,
    ) -> Result<RunSummary, EngineError> {
        let run = row.run.clone();
        let again = Again::of(self, held, row, &plan, progress)?;
        let cannot = |why| EngineError::CannotResume { run: run.clone(), why };
        if let Some(later) = self.published_later(row, &plan)? {
            return Err(cannot(later));
        }
        let replayed = again.replayed.as_ref().map_err(|why| cannot(why.clone()))?;
        let said = again.store.reader()?.resolutions(&run)?;
        let next = replayed.next(|doubt| {
            let of = |row: &&flow_store::ResolutionRow| {
                (&*row.path, row.attempt, row.number) == (&*doubt.path, doubt.attempt, doubt.number)
            };
            said.iter().find(of).map(|row| row.resolution.clone())
        });
        let next = next.map_err(|doubts| EngineError::InDoubt { run: run.clone(), doubts })?;
        let gone = replayed.driver.values().into_iter().find(|(.., value)| !is_complete(&self.layout, value));
        if let Some((_, label, _)) = gone {
            return Err(cannot(format!("the result of `{label}` is no longer kept")));
        }
        again.go_on(self, &plan, next, cancel).await
    }

    /// Takes the project for a run that was cut off.
    pub(crate) async fn hold_cut_off(
        &self,
        run: &str,
        plan: &Plan,
        progress: &broadcast::Sender<Progress>,
        cancel: &Cancel,
    ) -> Result<(Arc<str>, Held, RunRow), EngineError> {
        let run = self.cut_off(run)?.run;
        let held = self.hold_again(run.clone(), &plan.program, progress, cancel).await?;
        // Once more now that the project is ours: somebody may have been faster.
        let row = self.cut_off(&run)?;
        Ok((run, held, row))
    }

    /// The run, if it has not ended.
    fn cut_off(&self, run: &str) -> Result<RunRow, EngineError> {
        let row = self.reader(run)?.run(run)?;
        let cannot = |why: String| EngineError::CannotResume { run: row.run.clone(), why };
        if row.ended.is_some() {
            return Err(cannot("it is over".into()));
        }
        Ok(row)
    }

    /// Whether a process drives the run now.
    pub(crate) fn is_driven(&self, row: &RunRow) -> Result<Option<LockHolder>, EngineError> {
        let Some(holder) = LockHolder::now(&self.layout)?.filter(|_| row.ended.is_none()) else { return Ok(None) };
        // Several runs go on at once under the first one's name; a service says of each whether it has it.
        let drives = match &*holder.run {
            SCHEDULER => self.reader(&row.run)?.start_of(&row.run)?.is_some_and(|start| !start.is_over),
            run => *run == *row.run || holder.since <= row.start.started,
        };
        Ok(drives.then_some(holder))
    }

    /// What a later run has published that this one writes: it must not be replaced by what is older.
    fn published_later(&self, row: &RunRow, plan: &Plan) -> Result<Option<String>, EngineError> {
        let nodes = plan.program.part(&plan.flow).flows.into_values();
        let written = nodes.flat_map(|flow| flow.nodes().filter_map(written_by).cloned().collect::<Vec<_>>());
        let written: BTreeSet<Name> = written.collect();
        let reader = self.reader(&row.run)?;
        // The same flow for another day writes another part.
        let part = |node: &NodeEnd| node.key.split('/').next().map(ToOwned::to_owned);
        let own = reader.nodes(&row.run)?.first().and_then(part);
        for later in reader.runs(u32::MAX)?.iter().take_while(|later| later.run != row.run) {
            let published = reader.nodes(&later.run)?.into_iter().find(|node| {
                &*node.kind == "write"
                    && node.how == Some(How::Ran)
                    && node.subject.as_ref().is_some_and(|name| written.contains(name))
                    && (later.flow != row.flow || own.is_none() || part(node) == own)
            });
            if let Some(node) = published {
                let dataset = node.subject.as_ref().map_or("", |name| name.short());
                return Ok(Some(format!("run `{}`, which began after it, has published `{dataset}`", later.run)));
            }
        }
        Ok(None)
    }

    /// A run's journal, replayed with the plan that it follows.
    pub(crate) fn replayed(
        &self,
        reader: &Reader,
        row: &RunRow,
        plan: &Plan,
        program: Arc<Program>,
        rim: &Rim,
    ) -> Result<Replayed, Unreplayed> {
        if row.format != DRIVER_FORMAT {
            return Err(Unreplayed::Because("another version of flowc began it".into()));
        }
        let unselected = row.start.unselected.iter().copied().collect();
        let driver =
            Driver::with_program(program, plan.flow.clone(), plan.params.clone(), unselected, row.start.clone());
        let events = reader.events(&row.run).map_err(|error| Unreplayed::Error(error.into()))?;
        if events.is_empty() {
            return Err(Unreplayed::Because("it was cut off before anything was written down".into()));
        }
        let events: Option<Vec<_>> =
            events.into_iter().map(|(at, event)| Some((at, reopened(&self.layout, event, rim)?))).collect();
        let gone = || Unreplayed::Because("a labelled value of it is no longer kept".into());
        Ok(replay(driver, events.ok_or_else(gone)?))
    }
}

/// A run that was cut off, ready to go on or to be ended.
pub(crate) struct Again {
    pub(crate) store: Arc<Store>,
    row: RunRow,
    shared: Shared,
    pub(crate) replayed: Result<Replayed, String>,
    clock: Clock,
}

impl Again {
    pub(crate) fn of(
        engine: &Engine,
        held: &Held,
        row: &RunRow,
        plan: &Plan,
        progress: broadcast::Sender<Progress>,
    ) -> Result<Self, EngineError> {
        let (_, store) = held.begin()?;
        let reader = store.reader()?;
        let program = Arc::new(plan.program.clone());
        // What the run has seen is not to come: the wall clock may have been set back meanwhile.
        let clock = Clock::start_not_before(reader.reach(&row.run)?.1);
        let shared =
            engine.shared(&row.start, program.clone(), clock.clone(), progress, Some(store.clone()), Some(reader));
        let shared = Shared { pools: held.pools(), ..shared };
        shared.rim.know_params(&plan.flow, &plan.params);
        let replayed = match engine.replayed(&store.reader()?, row, plan, program, &shared.rim) {
            Ok(replayed) => Ok(replayed),
            Err(Unreplayed::Because(why)) => Err(why),
            Err(Unreplayed::Error(error)) => return Err(error),
        };
        Ok(Self { store, row: row.clone(), shared, replayed, clock })
    }

    /// Drives the run to its end.
    pub(crate) async fn go_on(
        self,
        engine: &Engine,
        plan: &Plan,
        next: Vec<Next>,
        cancel: Cancel,
    ) -> Result<RunSummary, EngineError> {
        let Self { store, row, shared, replayed, clock } = self;
        let replayed = replayed.map_err(EngineError::Internal)?;
        let run = row.run.clone();
        let (rim, of) = (shared.rim.clone(), shared.program.clone());
        let nodes = plan.program.flows.get(&plan.flow).map_or(0, |flow| flow.nodes().count());
        shared.watchers.tell(Happening::RunStarted { run: run.clone(), flow: plan.flow.clone(), nodes });
        store.write(Write::Resume { run: run.clone() });
        for (at, note) in replayed.notes {
            if let Some(note) = projected(note) {
                store.write(Write::Note { at, note: Box::new(note) });
            }
        }
        for next in &next {
            match next {
                Next::Give(Command::Ask(question)) => shared.watchers.note(&run, &Note::Asked(question.clone())),
                Next::Happened(Event::Resolved { task, .. }) => {
                    let step = replayed.open.iter().find_map(|open| match &open.command {
                        Command::Run(run) if run.task == *task => Some(run),
                        _ => None,
                    });
                    step.into_iter().for_each(|run| shared.rim.know_step(run));
                }
                _ => {}
            }
        }
        let going_on = Running::going_on(replayed.driver, store, Arc::new(shared), replayed.events, next)?;
        let over = going_on.drive(cancel).await;
        let _ = std::fs::remove_dir_all(engine.layout.scratch().join(&*run));
        let over = over?;
        let shown = engine.shown(&over.driver, (&plan.flow, &of, &rim), row.start.started).await;
        Ok(crate::engine::summary(run, (row.start.started, clock.now()), over, (&rim, shown)))
    }
}

/// The dataset that a node writes.
fn written_by(node: &Node) -> Option<&Name> {
    match &node.kind {
        NodeKind::Write { dataset, .. } => Some(dataset),
        _ => None,
    }
}

/// A note as it is written down once more: the catalogue and the records may know more by now.
fn projected(note: Note) -> Option<Note> {
    match note {
        // An answer may have come since that one was refused: it was told to be taken.
        Note::Version { .. } | Note::AnswerRefused { .. } => None,
        Note::Settled(end) => Some(Note::Settled(Box::new(NodeEnd { record: None, ..*end }))),
        other => Some(other),
    }
}
