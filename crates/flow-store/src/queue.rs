//! What waits for the store's thread: writes, and who is to be told when they are durable.
//!
//! The thread sleeps while writes gather that nobody waits for: it is woken by the first of them, which starts the time,
//! and then only by what is urgent, so that a write costs those who send it next to nothing. Order is kept. Knows no
//! database.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Things that wait, in order.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    waiting: Mutex<Waiting<T>>,
    changed: Condvar,
}

#[derive(Debug)]
struct Waiting<T> {
    things: Vec<T>,
    /// Whether the thread is not to wait for more.
    is_urgent: bool,
    is_closed: bool,
    /// Whether nobody takes anything any more.
    is_deserted: bool,
}

impl<T> Queue<T> {
    pub(crate) fn new() -> Self {
        let waiting = Waiting { things: vec![], is_urgent: false, is_closed: false, is_deserted: false };
        Self { waiting: Mutex::new(waiting), changed: Condvar::new() }
    }

    /// Adds something; `most` things are urgent, whatever they are.
    pub(crate) fn push(&self, thing: T, is_urgent: bool, most: usize) {
        let mut waiting = self.lock();
        if waiting.is_deserted {
            // Who waits for it hears that it is gone.
            return;
        }
        waiting.things.push(thing);
        let was_urgent = waiting.is_urgent;
        waiting.is_urgent |= is_urgent || waiting.things.len() >= most;
        let wakes = waiting.things.len() == 1 || waiting.is_urgent != was_urgent;
        drop(waiting);
        if wakes {
            self.changed.notify_one();
        }
    }

    /// Nothing more comes.
    pub(crate) fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_one();
    }

    /// All that waits, once there is something: it has gathered for that long, if nothing was urgent. Empty when the queue
    /// is closed.
    pub(crate) fn take(&self, gathered: Duration) -> Vec<T> {
        let nothing = |waiting: &mut Waiting<T>| waiting.things.is_empty() && !waiting.is_closed;
        let waiting = self.changed.wait_while(self.lock(), nothing).unwrap_or_else(PoisonError::into_inner);
        let may_wait = |waiting: &mut Waiting<T>| !waiting.is_urgent && !waiting.is_closed;
        let waiting = self.changed.wait_timeout_while(waiting, gathered, may_wait);
        let (mut waiting, _) = waiting.unwrap_or_else(PoisonError::into_inner);
        waiting.is_urgent = false;
        std::mem::take(&mut waiting.things)
    }

    /// Nobody takes anything any more: what waits is dropped, and what comes.
    pub(crate) fn desert(&self) {
        let mut waiting = self.lock();
        waiting.is_deserted = true;
        let things = std::mem::take(&mut waiting.things);
        drop(waiting);
        drop(things);
    }

    fn lock(&self) -> MutexGuard<'_, Waiting<T>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    const LONG: Duration = Duration::from_secs(3600);

    #[test]
    fn what_is_urgent_comes_at_once_with_all_before_it() {
        let queue = Arc::new(Queue::new());
        let taker = std::thread::spawn({
            let queue = queue.clone();
            move || [queue.take(LONG), queue.take(LONG), queue.take(LONG)]
        });
        queue.push(1, false, 9);
        queue.push(2, false, 9);
        queue.push(3, true, 9);
        // The second group is of as many as fit.
        while !queue.lock().things.is_empty() {
            std::thread::yield_now();
        }
        queue.push(4, false, 2);
        queue.push(5, false, 2);
        while !queue.lock().things.is_empty() {
            std::thread::yield_now();
        }
        queue.close();
        assert_eq!(taker.join().unwrap(), [vec![1, 2, 3], vec![4, 5], vec![]]);
    }

    #[test]
    fn what_nobody_takes_is_dropped() {
        let queue = Queue::new();
        let thing = Arc::new(());
        queue.push(thing.clone(), false, 9);
        queue.desert();
        queue.push(thing.clone(), true, 9);
        assert_eq!(Arc::strong_count(&thing), 1);
    }

    #[test]
    fn what_is_there_when_it_is_closed_is_still_taken() {
        let queue = Queue::new();
        queue.push(1, false, 9);
        queue.close();
        assert_eq!(queue.take(LONG), [1]);
        assert!(queue.take(LONG).is_empty());
    }
}
