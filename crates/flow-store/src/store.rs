//! The one writer: a thread that owns the only writing connection and commits in groups.
//!
//! Writes are queued and never wait; [`Store::flush`] says when all before it are durable, and is answered at once. Writes
//! that nobody waits for are gathered for some milliseconds, so that a busy run costs few commits. After the first failure
//! nothing more is written: a journal with a hole is worse than one that ends.

use crate::{
    Layout, Reader, StoreError, Write,
    queue::Queue,
    schema,
    write::{RowError, Rows},
};
use flow_driver::{OverBudget, Reservation};
use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, mpsc::channel},
    thread::JoinHandle,
    time::Duration,
};

/// So much is not waited for more.
const GROUP: usize = 1024;

/// How long writes wait for others that nobody waits for.
const GATHERED: Duration = Duration::from_millis(5);

/// Called when everything queued before is durable, or cannot be.
pub type Flushed = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// Called when budgets that runs share were charged, or one of them had no room.
pub type Reserved = Box<dyn FnOnce(Result<Result<(), Box<OverBudget>>, StoreError>) + Send>;

enum Message {
    Write(Vec<Write>),
    Flush(Flushed),
    Reserve(Timestamp, Box<Reservation>, Reserved),
}

/// A project's journal and catalogue, open for writing.
pub struct Store {
    layout: Layout,
    queue: Arc<Queue<Message>>,
    thread: Option<JoinHandle<()>>,
    failure: Arc<Mutex<Option<StoreError>>>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("layout", &self.layout).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the store of a project, making it if it is not there.
    ///
    /// # Errors
    /// The folder cannot be written to, or its database is of a later version or damaged.
    pub fn open(layout: &Layout) -> Result<Self, StoreError> {
        make_folder(layout)?;
        let path = layout.database();
        let connection = open_for_writing(&path)?;
        let queue = Arc::new(Queue::new());
        let failure = Arc::new(Mutex::new(None));
        let (noticed, taken) = (failure.clone(), queue.clone());
        let thread = std::thread::Builder::new()
            .name("flow-store".into())
            .spawn(move || {
                Writer { connection, path, failure: noticed, run: None, settled: 0, sum: Default::default() }
                    .work(&taken)
            })
            .map_err(|error| StoreError::from_io(layout.root(), &error))?;
        Ok(Self { layout: layout.clone(), queue, thread: Some(thread), failure })
    }

    /// Where it is.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// A connection for questions; it sees what is durable.
    ///
    /// # Errors
    /// The database cannot be opened.
    pub fn reader(&self) -> Result<Reader, StoreError> {
        match Reader::open(&self.layout)? {
            Some(reader) => Ok(reader),
            None if !self.layout.database().exists() => {
                Err(StoreError::Damaged { path: self.layout.database(), reason: "it is gone".into() })
            }
            // What was just written is not seen: its log cannot be opened.
            None => Err(StoreError::Io {
                path: self.layout.database(),
                reason: "it cannot be opened a second time; is the number of open files limited (`ulimit -n`)?".into(),
            }),
        }
    }

    /// Queues something to be written.
    pub fn write(&self, write: Write) {
        self.write_together(vec![write]);
    }

    /// Queues what is written whole or not at all, as an event and what it says to projections.
    pub fn write_together(&self, writes: Vec<Write>) {
        self.send(Message::Write(writes));
    }

    /// Has somebody told when everything queued so far is durable.
    pub fn flush(&self, flushed: Flushed) {
        self.send(Message::Flush(flushed));
    }

    /// Charges an ask to budgets that runs share, in one transaction with looking whether they have room; durable when
    /// `reserved` is called.
    pub fn reserve(&self, at: Timestamp, reservation: Box<Reservation>, reserved: Reserved) {
        self.send(Message::Reserve(at, reservation, reserved));
    }

    /// Waits until everything queued so far is durable.
    ///
    /// # Errors
    /// Something could not be written.
    pub fn flush_now(&self) -> Result<(), StoreError> {
        let (sender, receiver) = channel();
        self.flush(Box::new(move |result| drop(sender.send(result))));
        receiver.recv().unwrap_or_else(|_| self.failure().map_or(Ok(()), Err))
    }

    /// The first failure, if there was one.
    #[must_use]
    pub fn failure(&self) -> Option<StoreError> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn send(&self, message: Message) {
        let is_waited_for = !matches!(message, Message::Write(_));
        self.queue.push(message, is_waited_for, GROUP);
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.queue.close();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Makes `.flow`, and keeps it out of version control.
///
/// # Errors
/// The folder cannot be made.
pub fn make_folder(layout: &Layout) -> Result<(), StoreError> {
    let io = |path: PathBuf| move |error: std::io::Error| StoreError::from_io(path, &error);
    make_durably(layout.root()).map_err(io(layout.root().into()))?;
    let ignore = layout.root().join(".gitignore");
    if !ignore.exists() {
        fs::write(&ignore, "*\n").map_err(io(ignore.clone()))?;
    }
    Ok(())
}

/// A folder with all above it. The name of each new one is synced, as a disk may keep names one by one.
fn make_durably(folder: &Path) -> std::io::Result<()> {
    let new: Vec<&Path> = folder.ancestors().take_while(|above| !above.exists()).collect();
    fs::create_dir_all(folder)?;
    for above in new.iter().rev().filter_map(|made| made.parent()) {
        let above = if above.as_os_str().is_empty() { Path::new(".") } else { above };
        fs::File::open(above)?.sync_all()?;
    }
    Ok(())
}

fn open_for_writing(path: &PathBuf) -> Result<Connection, StoreError> {
    let sqlite = |error: rusqlite::Error| StoreError::from_sqlite(path, &error);
    let mut connection = Connection::open(path).map_err(sqlite)?;
    connection
        .busy_timeout(std::time::Duration::from_secs(10))
        .and_then(|()| connection.pragma_update(None, "synchronous", "full"))
        .map_err(sqlite)?;
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0)).map_err(sqlite)?;
    if mode != "wal" {
        let reason = format!("it cannot have a write-ahead log: its journal stays `{mode}`");
        return Err(StoreError::Io { path: path.clone(), reason });
    }
    connection.set_prepared_statement_cache_capacity(64);
    schema::migrate(&mut connection, path)?;
    Ok(connection)
}

struct Writer {
    connection: Connection,
    path: PathBuf,
    failure: Arc<Mutex<Option<StoreError>>>,
    run: Option<i64>,
    settled: u64,
    sum: crate::journal::Sum,
}

/// Deserts the queue when it is dropped.
struct Deserted<'q>(&'q Queue<Message>);

impl Drop for Deserted<'_> {
    fn drop(&mut self) {
        self.0.desert();
    }
}

impl Writer {
    fn work(mut self, queue: &Queue<Message>) {
        // Also when it panics: whoever waits is not to wait for ever.
        let _deserted = Deserted(queue);
        loop {
            let messages = queue.take(GATHERED);
            if messages.is_empty() {
                return;
            }
            let (mut writes, mut flushes) = (vec![], vec![]);
            for message in messages {
                match message {
                    Message::Write(more) => writes.extend(more),
                    Message::Flush(flushed) => flushes.push(flushed),
                    Message::Reserve(at, wanted, reserved) => {
                        self.make_durable(&mut writes, &mut flushes);
                        reserved(self.transact(|rows| rows.reserve(at, &wanted)));
                    }
                }
            }
            self.make_durable(&mut writes, &mut flushes);
        }
    }

    /// Commits what was written, and tells those who wait for it.
    fn make_durable(&mut self, writes: &mut Vec<Write>, flushes: &mut Vec<Flushed>) {
        let result = self.commit(std::mem::take(writes));
        flushes.drain(..).for_each(|flushed| flushed(result.clone()));
    }

    fn commit(&mut self, mut writes: Vec<Write>) -> Result<(), StoreError> {
        if writes.is_empty() {
            return self.failed_before().map_or(Ok(()), Err);
        }
        self.transact(|rows| writes.iter_mut().try_for_each(|write| rows.apply(write)))
    }

    fn failed_before(&self) -> Option<StoreError> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Writes in one transaction. After a failure nothing more is written.
    fn transact<T>(&mut self, write: impl FnOnce(&mut Rows<'_>) -> Result<T, RowError>) -> Result<T, StoreError> {
        if let Some(failure) = self.failed_before() {
            return Err(failure);
        }
        let path = &self.path;
        let result = (|| {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let (run, settled, sum) = (&mut self.run, &mut self.settled, &mut self.sum);
            let mut rows = Rows { connection: &transaction, run, settled, sum };
            let written = write(&mut rows)?;
            transaction.commit()?;
            Ok(written)
        })();
        result.map_err(|error| {
            let error = match error {
                RowError::Sqlite(error) => StoreError::from_sqlite(path, &error),
                RowError::Json(error) => StoreError::from_json(path, &error),
            };
            *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.clone());
            error
        })
    }
}
