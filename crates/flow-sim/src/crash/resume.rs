//! Going on with a run that was cut off, or ending it: as `flow-engine/src/resume.rs` and `cancel.rs`, in memory.
//!
//! What is done is what `flow_driver::recovery` says; a mutation has something else done. Knows no disk.

use super::{
    Mutation,
    audit::Check,
    play::{Due, Play},
    scenario::Then,
    tables::{Record, RunRow},
};
use flow_driver::{
    Command, NodeEnd, Note,
    recovery::{AfterCut, Next, Replayed, after_cut, replay},
};
use std::sync::Arc;

impl Play<'_> {
    /// Goes on with a run that was cut off, or ends it.
    pub(super) fn go_on(&mut self, row: RunRow, then: Then) -> Check {
        let run = row.start.run.clone();
        let replayed = replay(self.driver(&row.start), row.journal);
        self.audit.reopened(&run, &replayed, &self.store)?;
        let next = match then {
            Then::Cancel => {
                self.audit.disturbed = true;
                self.say(|| format!("run {run} is ended"));
                replayed.end().into_iter().map(Next::Happened).collect()
            }
            Then::Resume => match self.next_of(&run, &replayed) {
                Some(next) => next,
                None => return Ok(()),
            },
        };
        self.say(|| format!("run {run} goes on after {} events", replayed.events));
        let Replayed { driver, notes, events, until, .. } = replayed;
        let mut life = self.new_life(row.start, driver, until);
        life.seq = events;
        let number = life.number;
        self.life = Some(life);
        self.queue(vec![Record::Resume(run)]);
        for (at, note) in notes {
            if let Some(note) = Self::projected(note) {
                self.queue(vec![Record::Note(at, Arc::new(note))]);
            }
        }
        for next in next {
            if self.life.as_ref().is_none_or(|life| life.number != number) {
                return Ok(());
            }
            match next {
                Next::Happened(event) => self.happen(event)?,
                Next::Give(command) => {
                    let at = self.clock_now();
                    self.obey(command, at)?;
                }
            }
        }
        if self.life.as_ref().is_some_and(|life| life.number == number) { self.end_if_done() } else { Ok(()) }
    }

    /// What is to be done to go on; nothing while people have yet to say what became of something.
    fn next_of(&mut self, run: &Arc<str>, replayed: &Replayed) -> Option<Vec<Next>> {
        let said = |doubt: &flow_driver::Doubt| {
            let key = (run.clone(), doubt.path.clone(), doubt.attempt, doubt.number);
            self.store.tables.resolutions.get(&key).cloned()
        };
        let again = |open: &flow_driver::recovery::Open| Next::Give(open.command.clone());
        let gives = |wanted: fn(&AfterCut) -> bool| {
            let open = replayed.open.iter().filter(move |open| wanted(&after_cut(&open.command)));
            open.map(again).collect::<Vec<_>>()
        };
        match self.mutation {
            Some(Mutation::DoubtIsAgain) if !replayed.doubts().is_empty() => {
                return Some(
                    gives(|after| *after != AfterCut::Again)
                        .into_iter()
                        .chain(gives(|after| *after == AfterCut::Again))
                        .collect(),
                );
            }
            Some(Mutation::AskedAgain) => {
                let lost = gives(|after| matches!(after, AfterCut::Lost(_)));
                if !lost.is_empty() && replayed.doubts().is_empty() {
                    return Some(lost.into_iter().chain(gives(|after| *after == AfterCut::Again)).collect());
                }
            }
            _ => {}
        }
        let mut next = match replayed.next(said) {
            Ok(next) => next,
            Err(doubts) => {
                self.say(|| format!("run {run} waits: {} steps are in doubt", doubts.len()));
                let at = self.quiet_at() + self.random.below(60_000) as i64;
                self.plan(at, Due::Resolve(run.clone()));
                return None;
            }
        };
        if self.mutation == Some(Mutation::TimersForgotten) {
            next.retain(|next| !matches!(next, Next::Give(Command::Timer { .. })));
        }
        if self.mutation == Some(Mutation::PublishedTwice) {
            next.extend(self.audit.last_write(run).map(Next::Give));
        }
        Some(next)
    }

    /// A note as it is written down once more.
    fn projected(note: Note) -> Option<Note> {
        match note {
            Note::Version { .. } | Note::AnswerRefused { .. } => None,
            Note::Settled(end) => Some(Note::Settled(Box::new(NodeEnd { record: None, ..*end }))),
            other => Some(other),
        }
    }
}
