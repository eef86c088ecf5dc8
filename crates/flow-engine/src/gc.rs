//! Throwing away by hand what is no longer needed: as before each run, but of everything, and it is said what went.

use crate::{
    Engine, EngineError,
    clock::Clock,
    held::{keep_for, run_id},
};
use flow_plan::Program;
use flow_store::{Lock, LockHolder, Swept, Thorough, prune};

impl Engine {
    /// Throws away what is not kept, or says what would go. `program` says how many versions of its datasets are kept.
    ///
    /// # Errors
    /// A run is under way, or the store cannot be read or written to.
    pub fn gc(&self, program: &Program, dry_run: bool) -> Result<Swept, EngineError> {
        if !self.layout.database().exists() {
            return Ok(Swept::default());
        }
        let clock = Clock::start();
        // Also for looking: what a run is about to name is not superfluous.
        let holder = LockHolder { pid: std::process::id(), run: run_id(&clock), since: clock.now() };
        let _lock = Lock::take(&self.layout, &holder)?;
        if !dry_run {
            // The lock is ours, so whatever still runs there belongs to a run that was killed.
            flow_exec::end_leftovers(&self.layout.scratch());
        }
        let thorough = if dry_run { Thorough::Look } else { Thorough::All };
        Ok(prune(&self.layout, &keep_for(&self.options.keep, program), clock.now(), thorough)?)
    }
}
