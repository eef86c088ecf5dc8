//! A thread that does one thing after the other, off the main loop. What panics there ends that job alone.

use crossbeam_channel::{Sender, unbounded};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    thread::{Builder, JoinHandle},
};

/// A query may chain thousands of operators, which its planner goes down one by one: stack that is touched only then.
const STACK_BYTES: usize = 512 << 20;

type Job = Box<dyn FnOnce() + Send>;

/// A thread with a queue.
pub(crate) struct Worker {
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Starts the thread.
    pub(crate) fn start(name: &str) -> std::io::Result<Self> {
        let (sender, receiver) = unbounded::<Job>();
        let thread = Builder::new().name(name.to_owned()).stack_size(STACK_BYTES).spawn(move || {
            for job in receiver {
                // A job that must tell of its end does so itself; nothing may end the thread.
                let _ = catch_unwind(AssertUnwindSafe(job));
            }
        })?;
        Ok(Self { jobs: Some(sender), thread: Some(thread) })
    }

    /// Puts a job at the end of the queue.
    pub(crate) fn run(&self, job: impl FnOnce() + Send + 'static) {
        if let Some(jobs) = &self.jobs {
            // The thread only ends after this end of the queue is gone.
            let _ = jobs.send(Box::new(job));
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.jobs.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Does something; the message of its panic if it panics.
pub(crate) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
        text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".to_owned())
    })
}
