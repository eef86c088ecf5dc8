//! People: they answer questions that they can see, and say what became of steps in doubt, as the world shows it.
//!
//! They see what is durable, and what they say is durable when they are told so, whether or not a process drives the
//! run: they write from processes of their own. Knows nothing of what follows.

use super::{
    audit::Check,
    clock::instant,
    play::{Due, Play},
    process::LOOK_FOR_ANSWERS,
    tables::{Key, Record},
};
use flow_driver::{Answer, Event, Question, Resolution, Resolved, Task, recovery::replay};
use flow_expr::Value;
use std::{collections::BTreeMap, sync::Arc};

/// What people have in mind.
#[derive(Clone, Debug, Default)]
pub(super) struct People {
    /// Answers that are about to be given.
    coming: Vec<(Key, Answer)>,
    /// How many times somebody has thought about a question, and how often an answer to it was refused.
    thought: BTreeMap<Key, u32>,
    pub(super) refused: BTreeMap<Key, u32>,
}

impl Play<'_> {
    /// People look at the open questions that are durable.
    pub(super) fn people_see(&mut self) {
        let mut seen = vec![];
        for (key, (question, is_open)) in &self.store.tables.questions {
            let thought = self.people.thought.get(key).copied().unwrap_or(0);
            let refused = self.people.refused.get(key).copied().unwrap_or(0);
            if *is_open && thought <= refused.min(1) && !self.store.tables.answers.contains_key(key) {
                seen.push((key.clone(), thought, self.world.says(question, thought)));
            }
        }
        for (key, thought, says) in seen {
            self.people.thought.insert(key.clone(), thought + 1);
            if let Some((after, answer)) = says {
                self.people.coming.push((key, answer));
                self.plan(self.now + after, Due::Answer(self.people.coming.len() as u64 - 1));
            }
        }
    }

    /// A person answers, if the question is still open.
    pub(super) fn answer(&mut self, number: u64) -> Check {
        if self.store.is_committing {
            // One process writes at a time.
            self.plan(self.now + 3, Due::Answer(number));
            return Ok(());
        }
        let (key, answer) = self.people.coming[number as usize].clone();
        let at = instant(self.wall());
        let tables = &self.store.tables;
        let is_over = tables.run(&key.0).is_none_or(|row| row.end.is_some());
        let is_open = tables.questions.get(&key).is_some_and(|(question, open)| *open && at < question.until);
        if is_over || !is_open || tables.answers.contains_key(&key) {
            self.say(|| format!("an answer to {} of {} comes too late", key.2, key.1));
            return Ok(());
        }
        self.say(|| format!("a person answers question {} of {}: {:?}", key.2, key.1, answer.says));
        self.store.write_from_outside(&Record::Answer(key.clone(), at, Box::new(answer.clone())));
        self.audit.told(&key, &answer);
        let asked = self.life.as_ref().and_then(|life| {
            let is_it = |(_, (path, number)): &(&Task, &(Arc<str>, u32))| *path == key.1 && *number == key.2;
            life.asked.iter().find(is_it).map(|(task, _)| (life.number, *task))
        });
        if let Some((life, task)) = asked {
            self.plan(self.now + LOOK_FOR_ANSWERS, Due::Poll(life, task));
        }
        Ok(())
    }

    /// A question is asked: the process looks for its answer from now on.
    pub(super) fn ask(&mut self, question: &Question) {
        let Some(life) = &mut self.life else { return };
        life.asked.insert(question.task, (question.path.clone(), question.number));
        let number = life.number;
        self.plan(self.now + LOOK_FOR_ANSWERS, Due::Poll(number, question.task));
    }

    /// The answer to the question of a task, if it is durable.
    fn answered(&self, task: Task) -> Option<Event> {
        let life = self.life.as_ref()?;
        let (path, number) = life.asked.get(&task)?;
        let key = (life.start.run.clone(), path.clone(), *number);
        let (_, answer) = self.store.tables.answers.get(&key)?;
        Some(Event::Answered { task, result: Ok(Box::new(answer.clone())) })
    }

    pub(super) fn poll(&mut self, task: Task) -> Check {
        self.answered(task).map_or(Ok(()), |event| self.happen(event))
    }

    /// An answer that was written down before its question's time was over counts, though nobody has looked yet.
    pub(super) fn instead_of(&self, event: Event) -> Event {
        match event {
            Event::Timer { task } => self.answered(task).unwrap_or(event),
            event => event,
        }
    }

    /// People have looked at the world, and say what became of the steps in doubt.
    pub(super) fn resolve(&mut self, run: &Arc<str>) -> Check {
        if self.life.is_some() {
            return Ok(());
        }
        let Some(row) = self.store.tables.run(run).filter(|row| row.end.is_none()).cloned() else { return Ok(()) };
        let replayed = replay(self.driver(&row.start), row.journal);
        for doubt in replayed.doubts() {
            let done = self.world.of_attempt(run, &doubt.path, doubt.attempt).find(|execution| execution.landed);
            let says = match done {
                Some(execution) if !self.faults.careless => {
                    // It was done though it was about to fail: what it would have given nobody knows.
                    self.audit.disturbed |= execution.value.is_none();
                    Resolved::Done { value: execution.value.clone().unwrap_or(Value::Int(3)) }
                }
                _ => Resolved::Again,
            };
            self.say(|| format!("a person says of {} attempt {}: {says:?}", doubt.path, doubt.attempt));
            let at = instant(self.wall());
            let key = (run.clone(), doubt.path.clone(), doubt.attempt, doubt.number);
            let resolution = Box::new(Resolution { by: "ada".into(), at, says });
            self.audit.resolved(&key, &resolution.says);
            self.store.write_from_outside(&Record::Resolution(key, resolution));
        }
        let after = self.random.below(5_000) as i64;
        self.plan(self.now + after, Due::Reopen);
        Ok(())
    }
}
