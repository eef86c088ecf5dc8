//! Ending a run that was cut off: nothing is run, and its journal tells the whole story.
//!
//! A run that a process drives is that process's to cancel; whoever asks for that is told which one.

use crate::{Engine, EngineError, Progress, RunSummary, resume::Again};
use flow_driver::recovery::Next;
use flow_exec::api::Cancel;
use flow_plan::Plan;
use flow_store::{LockHolder, RunRow};
use tokio::sync::broadcast;

/// What cancelling a run takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cancelling {
    /// This process drives it, and has to be told.
    Driven(LockHolder),
    /// It was cut off: [`Engine::cancel_cut_off`].
    CutOff,
}

impl Engine {
    /// What cancelling a run takes: by its id, a part of it, or `last`.
    ///
    /// # Errors
    /// There is no such run, or it is over.
    pub fn cancelling(&self, run: &str) -> Result<(RunRow, Cancelling), EngineError> {
        let row = self.reader(run)?.run(run)?;
        if row.ended.is_some() {
            return Err(EngineError::CannotCancel { run: row.run, why: "it is over".into() });
        }
        let how = self.is_driven(&row)?.map_or(Cancelling::CutOff, Cancelling::Driven);
        Ok((row, how))
    }

    /// Whether a run is over.
    ///
    /// # Errors
    /// There is no such run, or the store cannot be read.
    pub fn is_over(&self, run: &str) -> Result<bool, EngineError> {
        Ok(self.reader(run)?.run(run)?.ended.is_some())
    }

    /// Ends a run that was cut off; `plan` is the one that it follows. Nothing is done.
    ///
    /// # Errors
    /// It is over, somebody runs on the project, its journal is damaged, or the store failed.
    pub async fn cancel_cut_off(
        &self,
        run: &str,
        plan: Plan,
        progress: broadcast::Sender<Progress>,
    ) -> Result<RunSummary, EngineError> {
        let (run, held, row) = self.hold_cut_off(run, &plan, &progress, &Cancel::never()).await?;
        let again = Again::of(self, &held, &row, &plan, progress)?;
        let replayed = again.replayed.as_ref();
        let replayed = replayed.map_err(|why| EngineError::CannotCancel { run: run.clone(), why: why.clone() })?;
        let end = replayed.end().into_iter().map(Next::Happened).collect();
        again.go_on(self, &plan, end, Cancel::never()).await
    }
}
