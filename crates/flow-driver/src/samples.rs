//! Several answers to one question, of which some must agree.
//!
//! Each answer is an ask like any: charged before it is sent, recorded, tried again by the retry policy if the transport
//! fails. An answer that does not fit its type agrees with none. As soon as enough agree the first of those is the
//! result, and the step's guards look at it; as soon as enough cannot, that is a failure of the class `guard_failed`.
//! Agreement makes no checked value of a draft: what data tells a model it tells it each time. Knows no provider;
//! tested in `tests/samples.rs`.

use crate::{
    ContractVerdict, Driver, Note, Product, failures,
    inner::Inside,
    state::{Activity, Then},
};
use flow_expr::{Value, digest};
use flow_plan::{Body, Failure, Samples};
use std::sync::Arc;

/// The answers to one question so far.
#[derive(Debug, Default)]
pub(crate) struct Ballot {
    /// What each says: the digest of what must agree, none for one that does not fit.
    votes: Vec<Option<(String, Product, Arc<str>)>>,
}

impl Driver {
    /// The samples that the body asks for, if it does.
    pub(crate) fn samples(&self, id: u32) -> Option<&Samples> {
        let Activity::Call(call) = &self.instances[id as usize].activity else { return None };
        match &call.step.body {
            Body::Ai(ai) => ai.samples.as_deref(),
            _ => None,
        }
    }

    /// An answer has come; it is in the call's product.
    pub(crate) fn sampled(&mut self, id: u32) {
        match self.samples(id).and_then(|samples| samples.on.clone()) {
            Some(on) => self.evaluate(id, vec![Arc::new(on)], Then::Sample),
            None => {
                let Activity::Call(call) = &self.instances[id as usize].activity else { return };
                let whole = call.product.as_ref().map(|product| product.value.clone());
                self.sample_known(id, whole);
            }
        }
    }

    /// What an answer says on what must agree.
    pub(crate) fn sample_known(&mut self, id: u32, on: Option<Value>) {
        let Activity::Call(call) = &mut self.instances[id as usize].activity else { return };
        let Some(product) = call.product.take() else { return };
        let Some(asking) = &mut call.asking else { return };
        let answer = asking.answer.clone().unwrap_or_default();
        asking.ballot.votes.push(on.map(|on| (digest(&on), product, answer)));
        self.count_votes(id);
    }

    /// An answer did not fit its type.
    pub(crate) fn sample_unread(&mut self, id: u32) {
        let Some((asking, _)) = self.asking(id) else { return };
        asking.ballot.votes.push(None);
        self.count_votes(id);
    }

    fn count_votes(&mut self, id: u32) {
        let Some(samples) = self.samples(id).cloned() else { return };
        let Some((asking, _)) = self.asking(id) else { return };
        let votes = &asking.ballot.votes;
        let of = |key: &str| votes.iter().flatten().filter(|(other, ..)| other == key).count();
        let best = votes.iter().flatten().max_by_key(|(key, ..)| of(key));
        let (most, agreed) = (samples.most as usize, best.map_or(0, |(key, ..)| of(key)));
        let (asked, agree) = (votes.len(), samples.agree as usize);
        if agreed < agree && agreed + most.saturating_sub(asked) >= agree {
            return self.ask(id);
        }
        // The first of those that agree.
        let first = best.and_then(|(key, ..)| votes.iter().flatten().find(|(other, ..)| other == key)).cloned();
        asking.ballot.votes.clear();
        let kept = agreed >= agree;
        let on = if samples.text.is_empty() { String::new() } else { format!(" on `{}`", samples.text) };
        let text = format!("{agreed} of {asked} answers agree{on}, {agree} must");
        self.note_agreement(id, kept, &text);
        match first {
            Some((_, product, answer)) if kept => {
                let Activity::Call(call) = &mut self.instances[id as usize].activity else { return };
                call.product = Some(product);
                if let Some(asking) = &mut call.asking {
                    asking.answer = Some(answer);
                }
                self.next_guard(id);
            }
            _ => self.disagreed(id, failures::disagreement(&text)),
        }
    }

    fn note_agreement(&mut self, id: u32, kept: bool, text: &str) {
        let Inside { judge: of, tool } = self.inside(id);
        let (text, action) = (text.into(), "fail".into());
        self.contract(
            id,
            ContractVerdict::Guard { text, kept, action, message: None, saw: vec![], of, tool, judges: vec![] },
        );
    }

    /// Too few agree: asked anew if the retry policy says so.
    fn disagreed(&mut self, id: u32, failure: Failure) {
        let (now, path, label) = (self.now, self.path(id), self.label(id));
        let Some((asking, step)) = self.asking(id) else { return };
        asking.last = Some(failure.clone());
        let policy = step.retry.as_ref().filter(|policy| policy.covers(failure.class));
        let Some(times) = policy.map(|policy| policy.times).filter(|times| asking.sent_back < *times) else {
            return self.exhausted(id, failure);
        };
        asking.sent_back += 1;
        let (attempt, attempts, class) = (asking.sent_back + 1, times.saturating_add(1), failure.class);
        let Inside { judge, tool } = self.inside(id);
        let why = failure.message.as_str().into();
        self.note(Note::Retrying { path, label, attempt, judge, tool, attempts, class, why, at: now });
        self.ask(id);
    }
}
