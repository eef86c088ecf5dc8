//! A project held for one run or for several at once: its lock, its store, what its runs share.
//!
//! Runs that are held together write to one database, each by its own writer, and share the places of
//! pools, so that four runs at once do not make four times as many calls. Knows nothing of why there are
//! several.

use crate::{Engine, EngineError, Happening, Progress, clock::Clock, watch::Watchers};
use flow_expr::Name;
use flow_plan::Program;
use flow_store::{Keep, Layout, Lock, LockHolder, SCHEDULER, Store, StoreError, Thorough, make_folder, prune};
use std::{
    collections::BTreeMap,
    hash::{BuildHasher as _, Hasher as _},
    sync::{
        Arc, LazyLock, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Semaphore, broadcast};

use flow_exec::api::{Cancel, Execute};

/// A project that is ours until this value is dropped.
#[derive(Debug)]
pub struct Held {
    /// The first run has the id under which the lock was taken, and the store that was opened then.
    first: Mutex<Option<(Arc<str>, Arc<Store>)>>,
    store: Arc<Store>,
    pools: Pools,
    /// How many runs go on.
    going: AtomicUsize,
    layout: Layout,
    _lock: Lock,
}

/// Free places of pools, shared by runs.
pub(crate) type Pools = Arc<BTreeMap<Name, Arc<Semaphore>>>;

/// A run that goes on.
pub(crate) struct Going<'h>(&'h AtomicUsize);

impl Drop for Going<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // Best effort: a folder that stays is removed with the next run's.
        let _ = std::fs::remove_dir_all(self.layout.scratch());
    }
}

impl Held {
    /// The id of a new run, and its store.
    pub(crate) fn begin(&self) -> Result<(Arc<str>, Arc<Store>), StoreError> {
        match self.first.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(first) => Ok(first),
            None => Ok((run_id(&Clock::start()), Arc::new(Store::open(&self.layout)?))),
        }
    }

    /// The store of a new run whose id is known.
    pub(crate) fn begin_as(&self, run: Arc<str>) -> Result<(Arc<str>, Arc<Store>), StoreError> {
        self.begin().map(|(_, store)| (run, store))
    }

    /// A run goes on until the value is dropped. With the first of those that go on at once, the executor begins anew.
    pub(crate) fn enter(&self, executor: &dyn Execute) -> Going<'_> {
        if self.going.fetch_add(1, Ordering::SeqCst) == 0 {
            executor.begin_run();
        }
        Going(&self.going)
    }

    /// The places that its runs share.
    pub(crate) fn pools(&self) -> Pools {
        self.pools.clone()
    }

    /// What is known of files is kept here.
    pub(crate) fn store(&self) -> &Arc<Store> {
        &self.store
    }
}

impl Engine {
    /// Takes a project's lock, opens its store and tidies it. `program` holds the pools of what will run.
    ///
    /// # Errors
    /// Another process has the project, or the store cannot be opened.
    pub async fn hold(
        &self,
        program: &Program,
        progress: &broadcast::Sender<Progress>,
        cancel: &Cancel,
    ) -> Result<Held, EngineError> {
        let held = self.hold_again(run_id(&Clock::start()), program, progress, cancel).await?;
        self.tidy(program)?;
        Ok(held)
    }

    /// As [`Self::hold`], for whatever is due as long as the value lives.
    ///
    /// # Errors
    /// As there.
    pub async fn hold_long(
        &self,
        program: &Program,
        progress: &broadcast::Sender<Progress>,
        cancel: &Cancel,
    ) -> Result<Held, EngineError> {
        let held = self.hold_again(SCHEDULER.into(), program, progress, cancel).await?;
        self.tidy(program)?;
        Ok(held)
    }

    /// Throws away what is not kept. In a project that is held, while nothing runs.
    ///
    /// # Errors
    /// The store cannot be written to.
    pub fn tidy(&self, program: &Program) -> Result<(), EngineError> {
        let keep = keep_for(&self.options.keep, program);
        prune(&self.layout, &keep, Clock::start().now(), Thorough::IfForgotten)?;
        Ok(())
    }

    /// As [`Self::hold`] for a run that has its id already, without tidying: what it made must stay.
    pub(crate) async fn hold_again(
        &self,
        run: Arc<str>,
        program: &Program,
        progress: &broadcast::Sender<Progress>,
        cancel: &Cancel,
    ) -> Result<Held, EngineError> {
        let clock = Clock::start();
        make_folder(&self.layout)?;
        let holder = LockHolder { pid: std::process::id(), run: run.clone(), since: clock.now() };
        let watchers = Watchers { sender: progress.clone(), clock: clock.clone() };
        let lock = self.lock(&holder, &watchers, cancel).await?;
        // Only who has the lock writes, so that nobody else's transaction is in the way.
        let store = Arc::new(Store::open(&self.layout)?);
        // The lock is ours, so whatever still runs there belongs to a run that was killed.
        let scratch = self.layout.scratch();
        if std::fs::read_dir(&scratch).is_ok_and(|mut left| left.next().is_some()) {
            flow_exec::end_leftovers(&scratch);
        }
        let first = Mutex::new(Some((run, store.clone())));
        let pools = pools(program);
        let held = Held { first, store, pools, going: AtomicUsize::new(0), layout: self.layout.clone(), _lock: lock };
        self.memory.attach(held.store());
        Ok(held)
    }

    async fn lock(&self, holder: &LockHolder, watchers: &Watchers, cancel: &Cancel) -> Result<Lock, EngineError> {
        let until = tokio::time::Instant::now() + self.options.wait_for_lock.unwrap_or_default();
        let mut told = false;
        loop {
            // Runs that began before this moment are not this holder's, also where it had to wait.
            let holder = LockHolder { since: watchers.clock.now(), ..holder.clone() };
            let other = match Lock::take(&self.layout, &holder) {
                Ok(lock) => return Ok(lock),
                Err(StoreError::Locked { holder }) => holder,
                Err(error) => return Err(error.into()),
            };
            if tokio::time::Instant::now() >= until || cancel.is_cancelled() {
                return Err(StoreError::Locked { holder: other }.into());
            }
            if !told {
                told = true;
                let LockHolder { pid, run, since } = other;
                watchers.tell(Happening::Locked { pid, run, since });
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

/// What is kept where datasets of a program say how many of their versions are.
pub(crate) fn keep_for(keep: &Keep, program: &Program) -> Keep {
    let mut keep = keep.clone();
    for data in program.datasets.values() {
        keep.versions_of.extend(data.keep_versions.map(|count| (data.name.0.clone(), count)));
        keep.for_ms.extend(data.keep_ms.map(|length| (data.name.0.clone(), length)));
    }
    keep
}

/// The places of each pool.
fn pools(program: &Program) -> Pools {
    let places = |count: u32| Arc::new(Semaphore::new((count.max(1) as usize).min(Semaphore::MAX_PERMITS)));
    Arc::new(program.pools.iter().map(|(name, count)| (name.clone(), places(*count))).collect())
}

/// An id that no other run of this process has; of other processes one that began in the same second may have it,
/// once in 2³² pairs.
pub(crate) fn run_id(clock: &Clock) -> Arc<str> {
    static NEXT: LazyLock<AtomicU64> = LazyLock::new(|| AtomicU64::new(random()));
    let number = NEXT.fetch_add(1, Ordering::Relaxed) & 0xffff_ffff;
    format!("{}-{number:08x}", clock.now().strftime("%Y%m%d-%H%M%S")).into()
}

/// The standard library's seed for hash maps is as random as the system's source.
pub(crate) fn random() -> u64 {
    std::collections::hash_map::RandomState::new().build_hasher().finish()
}
