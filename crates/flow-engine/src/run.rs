//! The loop of a run: an event is written down, given to the driver, and what it commands is done.
//!
//! One task owns driver and journal, so events have one order, the journal's. Knows no policy: whether,
//! when and why are the driver's.

use crate::{
    EngineError, Happening,
    clock::Clock,
    recall::Recollection,
    rim::opened,
    watch::Watchers,
    work::{Shared, Work},
};
use flow_driver::{
    Command, ContractVerdict, Driver, Event, Note, RunEnd, Task,
    recovery::{Next, is_durable_first},
};
use flow_exec::api::Cancel;
use flow_store::{Store, StoreError, Write};
use jiff::Timestamp;
use std::{
    collections::VecDeque,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tokio::{
    sync::mpsc,
    task::{JoinError, JoinHandle},
};

/// Events after which what was queued for the store is waited for, so that the queue stays short.
const FLUSH_EVERY: u64 = 20_000;
/// Events after which others on the same thread get their turn.
const YIELD_EVERY: u64 = 256;

/// Events in a row of the journal at most; their time is that of the first.
const GATHERED: usize = 128;

/// A run that is going on.
pub(crate) struct Running {
    driver: Driver,
    store: Arc<Store>,
    work: Work,
    shared: Arc<Shared>,
    received: mpsc::UnboundedReceiver<Event>,
    /// What the store has answered at once.
    pending: VecDeque<Event>,
    watchers: Watchers,
    clock: Clock,
    recollection: Recollection,
    gathered: Gathered,
    seq: u64,
    /// Promises that were not kept.
    broken: Vec<crate::BrokenContract>,
}

/// What has happened at one time and is not given to the store yet: answers that were known at once, one after the other.
#[derive(Default)]
struct Gathered {
    at: Option<Timestamp>,
    events: Vec<Event>,
    notes: Vec<Write>,
}

/// What is left when a run is over.
pub(crate) struct Over {
    pub(crate) end: RunEnd,
    pub(crate) driver: Driver,
    pub(crate) broken: Vec<crate::BrokenContract>,
}

/// A run's task, which ends with whoever waits for it.
struct AbortOnDrop(JoinHandle<Result<Over, EngineError>>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Future for AbortOnDrop {
    type Output = Result<Over, EngineError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map(|ended| match ended.map_err(JoinError::try_into_panic) {
            Ok(over) => over,
            Err(Ok(panic)) => std::panic::resume_unwind(panic),
            Err(Err(_)) => Err(EngineError::Internal("the run's task was ended".into())),
        })
    }
}

impl Running {
    pub(crate) fn new(driver: Driver, store: Arc<Store>, shared: Arc<Shared>) -> Self {
        let (events, received) = mpsc::unbounded_channel();
        Self {
            driver,
            store,
            work: Work::new(shared.clone(), events),
            received,
            pending: VecDeque::from([Event::Begin]),
            watchers: shared.watchers.clone(),
            clock: shared.clock.clone(),
            shared,
            recollection: Recollection::default(),
            gathered: Gathered::default(),
            seq: 0,
            broken: vec![],
        }
    }

    /// A run whose journal has led so far, and what its driver says is to be done to go on.
    pub(crate) fn going_on(
        driver: Driver,
        store: Arc<Store>,
        shared: Arc<Shared>,
        events: u64,
        next: Vec<Next>,
    ) -> Result<Self, StoreError> {
        let mut running = Self { seq: events, pending: VecDeque::new(), ..Self::new(driver, store, shared) };
        for next in next {
            match next {
                Next::Happened(event) => running.happen(event)?,
                Next::Give(command) => {
                    let now = running.clock.now();
                    running.know(&command);
                    running.obey(command, now)?;
                }
            }
        }
        Ok(running)
    }

    /// What happens before the first event.
    pub(crate) fn beginning_with(mut self, events: impl DoubleEndedIterator<Item = Event>) -> Self {
        events.rev().for_each(|event| self.pending.push_front(event));
        self
    }

    /// From the first event, or the next one, to the last. On the threads that do the work, so that the end of an attempt
    /// and what follows from it need no other thread.
    pub(crate) async fn drive(self, cancel: Cancel) -> Result<Over, EngineError> {
        let driving = AbortOnDrop(tokio::spawn(self.go(cancel)));
        driving.await
    }

    async fn go(mut self, cancel: Cancel) -> Result<Over, EngineError> {
        let mut cancelled = false;
        while self.driver.ended().is_none() {
            if cancel.is_cancelled() && !cancelled {
                cancelled = true;
                self.watchers.tell(Happening::Cancelling);
                self.happen(Event::Cancel)?;
                continue;
            }
            let event = match self.pending.pop_front() {
                Some(event) => event,
                None => tokio::select! {
                    biased;
                    () = cancel.cancelled(), if !cancelled => continue,
                    event = self.received.recv() => match event {
                        Some(event) => event,
                        None => return Err(EngineError::Internal("no task is left, and the run is not over".into())),
                    },
                },
            };
            self.happen(event)?;
            if self.seq.is_multiple_of(YIELD_EVERY) {
                tokio::task::yield_now().await;
            }
            if self.seq.is_multiple_of(FLUSH_EVERY) {
                self.flush().await?;
            }
        }
        self.flush().await?;
        let end = self.driver.ended().cloned();
        let end = end.ok_or_else(|| EngineError::Internal("the run is not over".into()))?;
        Ok(Over { end, driver: self.driver, broken: self.broken })
    }

    async fn flush(&mut self) -> Result<(), EngineError> {
        self.write_gathered();
        let (sender, receiver) = tokio::sync::oneshot::channel();
        self.store.flush(Box::new(move |result| drop(sender.send(result))));
        match receiver.await {
            Ok(result) => Ok(result?),
            Err(_) => Err(self
                .store
                .failure()
                .map_or_else(|| EngineError::Internal("the store's thread has ended".into()), EngineError::Store)),
        }
    }

    /// Takes in an event: into the journal, to the driver, and what it commands is done.
    fn happen(&mut self, event: Event) -> Result<(), StoreError> {
        if let Some(failure) = self.store.failure() {
            // What cannot be written down must not go on.
            return Err(failure);
        }
        let event = self.work.instead_of(event);
        let is_recalled = matches!(event, Event::Recalled { .. });
        if !is_recalled {
            self.write_gathered();
        }
        let at = self.gathered.at.unwrap_or_else(|| self.clock.now());
        if let Some(task) = task_of(&event) {
            self.work.done(task);
        }
        let kept = self.shared.rim.event(&event);
        self.gathered.at = Some(at);
        self.gathered.events.push(kept);
        self.seq += 1;
        let event = opened(&self.shared.layout, event, Some(&self.shared.rim));
        let mut commands = vec![];
        for command in self.driver.on(event, at) {
            match command {
                Command::Note(note) => {
                    let note = self.noted(note, at);
                    self.gathered.notes.push(note);
                }
                command => {
                    self.know(&command);
                    commands.push(command);
                }
            }
        }
        // What is remembered is answered at once, and mostly leads to the next question.
        let only_asks = is_recalled && commands.iter().all(|command| matches!(command, Command::Recall { .. }));
        if !only_asks {
            self.write_gathered();
        }
        commands.into_iter().try_for_each(|command| self.obey(command, at))?;
        if self.pending.is_empty() || self.gathered.events.len() >= GATHERED {
            self.write_gathered();
        }
        Ok(())
    }

    /// Gives to the store what has happened. What it says to projections is durable with it: after a cut not all of it is
    /// said once more.
    fn write_gathered(&mut self) {
        let Gathered { at: Some(at), mut events, notes } = std::mem::take(&mut self.gathered) else { return };
        let last = self.seq.saturating_sub(1);
        let written = match (events.len(), events.pop()) {
            (1, Some(event)) => Write::Event { seq: last, at, event: Box::new(event) },
            (_, event) => {
                events.extend(event);
                Write::Events { last, at, events }
            }
        };
        self.store.write_together(std::iter::once(written).chain(notes).collect());
    }

    /// Tells people, and gives what is to be written.
    fn noted(&mut self, note: Note, at: Timestamp) -> Write {
        let note = self.shared.rim.note(note);
        self.watchers.note(&self.shared.run, &note);
        self.remember(&note);
        if let Note::Settled(end) = &note {
            self.recollection.forget(end);
        }
        Write::Note { at, note: Box::new(note) }
    }

    /// What may be seen of what a command uses, before anything is said of it.
    fn know(&self, command: &Command) {
        match command {
            Command::Read { task, dataset, .. } => self.shared.rim.gives_dataset(*task, dataset),
            Command::Write { dataset, value, .. } => {
                self.shared.rim.know(value, self.shared.rim.type_of(dataset).as_ref(), &[]);
            }
            Command::Run(run) | Command::Render(run) => self.shared.rim.know_step(run),
            _ => {}
        }
    }

    fn obey(&mut self, command: Command, at: Timestamp) -> Result<(), StoreError> {
        let waits = is_durable_first(&command);
        match command {
            Command::Note(note) => {
                let note = self.noted(note, at);
                self.store.write(note);
            }
            Command::Recall { task, node, cache, identity } => {
                let of = (&*node, cache.as_deref(), identity.as_deref());
                let event = self.recollection.recall(&self.shared, task, of)?;
                self.pending.push_back(event);
            }
            Command::Look { task, dataset, partition, previous } => self.work.look(task, dataset, partition, previous),
            Command::Read { task, dataset, partition } => self.work.read(task, dataset, partition),
            Command::Write { task, dataset, partition, value } => {
                self.work.write(task, (dataset, partition), value, waits);
            }
            Command::Compute { task, expr, bindings } => self.work.compute(task, &expr, bindings),
            Command::Run(run) => match run.ask.clone() {
                Some(ask) => self.work.ask(*run, *ask, waits),
                None => self.work.attempt(*run, waits),
            },
            Command::Render(run) => self.work.render(*run),
            Command::Reserve { task, reservation } => self.work.reserve(task, at, reservation),
            Command::Ask(question) => self.work.ask_person(&question, waits),
            Command::Timer { task, at } => self.work.timer(task, at),
            Command::Stop { task } => self.work.stop(task),
        }
        Ok(())
    }

    fn remember(&mut self, note: &Note) {
        if let Note::Contract { path, label, verdict } = note {
            let verdict: &ContractVerdict = verdict;
            // The model is asked again, or a person decides: if that did not help, the step's failure says so.
            let is_sent_back =
                matches!(verdict, ContractVerdict::Guard { action, .. } if matches!(&**action, "retry" | "ask"));
            if !verdict.kept() && !is_sent_back {
                let (path, label) = (path.clone(), label.clone());
                self.broken.push(crate::BrokenContract { path, label, verdict: verdict.clone() });
            }
        }
    }
}

fn task_of(event: &Event) -> Option<Task> {
    match event {
        Event::Recalled { task, .. }
        | Event::Looked { task, .. }
        | Event::Read { task, .. }
        | Event::Written { task, .. }
        | Event::Computed { task, .. }
        | Event::Ran { task, .. }
        | Event::Rendered { task, .. }
        | Event::Reserved { task, .. }
        | Event::Answered { task, .. }
        | Event::Timer { task }
        | Event::Resolved { task, .. }
        | Event::WouldRun { task } => Some(*task),
        Event::Begin | Event::Kept { .. } | Event::Cancel => None,
    }
}
