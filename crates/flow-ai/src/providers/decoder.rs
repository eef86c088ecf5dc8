//! An answer as it grows, and the rules that hold for every provider: it is bounded, ends where its protocol says
//! that it ends, and what was cut off is no answer.

use super::Protocol;
use crate::{
    Answer, Stop, ToolCall, Usage,
    failures::no_protocol,
    frames::{Frame, Frames, Plain},
    prompt::tokens_at_most,
};
use flow_diag::codes;
use flow_plan::{ErrorClass, Failure};
use std::time::Duration;

/// The longest answer, in bytes of text and arguments.
const MOST_BYTES: usize = 10 << 20;

/// The most bytes of one token, and what a short answer may have besides: more than any vocabulary holds, so that only
/// a server that does not keep `max_tokens` is cut off.
const MOST_BYTES_OF_TOKEN: u64 = 256;
const MOST_BYTES_BESIDES: u64 = 64 << 10;

/// The most calls that one answer may want.
const MOST_CALLS: usize = 256;

/// What has come so far.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) text: String,
    pub(crate) calls: Vec<ToolCall>,
    pub(crate) input_tokens: Option<u64>,
    pub(crate) output_tokens: Option<u64>,
    pub(crate) served: String,
    pub(crate) refusal: String,
    pub(crate) request_id: Option<String>,
    pub(crate) stop: Option<Stop>,
    /// The protocol's last piece has come: nothing more is waited for.
    pub(crate) complete: bool,
}

impl Draft {
    /// The call of that place, made if it is new.
    pub(crate) fn call(&mut self, index: usize) -> Result<&mut ToolCall, Failure> {
        if index >= MOST_CALLS {
            return Err(no_protocol(format!("the answer wants more than {MOST_CALLS} calls")));
        }
        while self.calls.len() <= index {
            let id = format!("call_{}", self.calls.len());
            self.calls.push(ToolCall { id, name: String::new(), arguments: String::new() });
        }
        Ok(&mut self.calls[index])
    }

    fn bytes(&self) -> usize {
        let calls: usize = self.calls.iter().map(|call| call.id.len() + call.name.len() + call.arguments.len()).sum();
        self.text.len() + self.refusal.len() + calls
    }
}

/// Bytes on their way to be an answer.
pub(crate) struct Decoder {
    frames: Frames,
    protocol: Box<dyn Protocol>,
    draft: Draft,
    /// The most tokens that it was asked for.
    max_tokens: u64,
    /// Whether any byte has come.
    begun: bool,
}

impl Decoder {
    pub(super) fn new(plain: Plain, protocol: Box<dyn Protocol>, max_tokens: u64) -> Self {
        Self { frames: Frames::new(plain), protocol, draft: Draft::default(), max_tokens, begun: false }
    }

    /// Takes the next bytes; whether the answer is complete.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<bool, Failure> {
        self.begun |= !bytes.is_empty();
        let mut frames = Vec::new();
        let read = self.frames.push(bytes, &mut frames);
        self.take_before(frames, read)
    }

    /// Takes the pieces, and then fails if what follows them is none: whether an answer ended or its server said what is
    /// wrong before does not depend on how much came at once.
    fn take_before(&mut self, frames: Vec<Frame>, read: Result<(), Failure>) -> Result<bool, Failure> {
        let complete = self.take(frames)?;
        if !complete {
            read?;
        }
        Ok(complete)
    }

    fn take(&mut self, frames: Vec<Frame>) -> Result<bool, Failure> {
        for frame in frames {
            if self.draft.complete {
                break;
            }
            self.protocol.take(frame, &mut self.draft)?;
            if self.draft.bytes() > MOST_BYTES {
                return Err(too_long());
            }
            let allowed = self.max_tokens.saturating_mul(MOST_BYTES_OF_TOKEN).saturating_add(MOST_BYTES_BESIDES);
            if self.draft.bytes() as u64 > allowed {
                return Err(not_kept(self.max_tokens));
            }
        }
        Ok(self.draft.complete)
    }

    /// The tokens so far: none if nothing came. Where the provider did not say, they are estimated.
    pub(crate) fn usage(&self, input: impl FnOnce() -> u64) -> Option<Usage> {
        self.begun.then(|| usage(&self.draft, self.max_tokens, input))
    }

    /// The answer, when no more bytes come or are wanted.
    pub(crate) fn finish(&mut self, input: impl FnOnce() -> u64) -> Result<Answer, Failure> {
        if !self.draft.complete {
            let mut frames = Vec::new();
            let read = self.frames.end(&mut frames);
            self.take_before(frames, read)?;
        }
        if self.draft.stop.is_none() {
            let came = self.draft.bytes();
            let message = format!("the answer was cut off: it ended after {came} bytes without saying that it is done");
            return Err(no_protocol(message));
        }
        let usage = usage(&self.draft, self.max_tokens, input);
        let draft = std::mem::take(&mut self.draft);
        let mut stop = draft.stop.unwrap_or(Stop::Done);
        if !draft.refusal.is_empty() {
            stop = Stop::Refused(draft.refusal);
        } else if !draft.calls.is_empty() && stop == Stop::Done {
            stop = Stop::Tools;
        }
        if let Some(call) = draft.calls.iter().find(|call| call.name.is_empty()) {
            return Err(no_protocol(format!("the answer wants a call without the name of a tool (`{}`)", call.id)));
        }
        Ok(Answer {
            text: draft.text,
            calls: draft.calls,
            usage,
            served: draft.served,
            stop,
            request_id: draft.request_id,
            waited: Duration::ZERO,
        })
    }
}

/// What the provider says that it cost; else at most so much: nobody bills more than was asked for.
fn usage(draft: &Draft, max_tokens: u64, input: impl FnOnce() -> u64) -> Usage {
    let estimated = draft.input_tokens.is_none() || draft.output_tokens.is_none();
    let output = || {
        let calls: u64 =
            draft.calls.iter().map(|call| tokens_at_most(&call.name) + tokens_at_most(&call.arguments)).sum();
        (tokens_at_most(&draft.text) + tokens_at_most(&draft.refusal) + calls).min(max_tokens)
    };
    Usage {
        input_tokens: draft.input_tokens.unwrap_or_else(input),
        output_tokens: draft.output_tokens.unwrap_or_else(output),
        estimated,
    }
}

/// The failure of an answer that is longer than any may be.
pub(crate) fn too_long() -> Failure {
    let message = format!("the answer is longer than {} MiB", MOST_BYTES >> 20);
    Failure::new(ErrorClass::Malformed, codes::R0810.as_str(), message)
}

fn not_kept(max_tokens: u64) -> Failure {
    let message = format!("the answer is far longer than the {max_tokens} tokens that it may have: it was cut off");
    Failure::new(ErrorClass::Malformed, codes::R0810.as_str(), message)
}
