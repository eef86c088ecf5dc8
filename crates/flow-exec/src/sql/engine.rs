//! What all queries of a process share: a bounded amount of memory. What each has for itself: a place to spill.

use datafusion::{
    error::Result,
    execution::{
        context::SessionContext,
        disk_manager::{DiskManagerBuilder, DiskManagerMode},
        memory_pool::{FairSpillPool, MemoryPool},
        runtime_env::RuntimeEnvBuilder,
    },
};
use std::{path::Path, sync::Arc};

/// The share of the machine's memory that queries may use together.
const SHARE_PERCENT: u64 = 75;

/// When the machine does not say what it has.
const UNKNOWN_BYTES: u64 = 4 << 30;

/// Makes sessions for queries.
#[derive(Clone, Debug)]
pub(crate) struct Engine {
    pool: Arc<dyn MemoryPool>,
}

impl Engine {
    /// An engine whose queries use at most so many bytes together; by default most of what the machine has.
    pub(crate) fn new(memory_bytes: Option<u64>) -> Self {
        let bytes = memory_bytes.unwrap_or_else(|| memory_of_machine() / 100 * SHARE_PERCENT);
        let pool = FairSpillPool::new(usize::try_from(bytes).unwrap_or(usize::MAX));
        Self { pool: Arc::new(pool) }
    }

    /// A session that spills into `scratch`.
    pub(crate) fn session(&self, scratch: &Path) -> Result<SessionContext> {
        let spill = DiskManagerBuilder::default().with_mode(DiskManagerMode::Directories(vec![scratch.to_owned()]));
        let runtime = RuntimeEnvBuilder::new()
            .with_memory_pool(self.pool.clone())
            .with_disk_manager_builder(spill)
            .build_arc()?;
        let state = flow_sql::session().with_runtime_env(runtime).build();
        Ok(SessionContext::new_with_state(state))
    }
}

/// The memory of the control group, or of the machine.
fn memory_of_machine() -> u64 {
    let number = |text: String| text.trim().parse::<u64>().ok();
    let group = std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok().and_then(number);
    let machine = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("MemTotal:"))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib << 10)
    });
    group.into_iter().chain(machine).min().unwrap_or(UNKNOWN_BYTES)
}
