//! Takes a key out of whatever text could carry it: servers put it into their complaints, and models repeat things.
//!
//! Knows the key as it is. Its Base64, URL and JSON forms are the work of whoever scrubs what leaves an attempt.

use crate::{Answer, AskFailed, Stop};

/// What stands where the key stood.
const MASK: &str = "[redacted]";

/// The text without the key.
pub(crate) fn scrub(text: &mut String, key: Option<&str>) {
    if let Some(key) = key.map(str::trim).filter(|key| !key.is_empty() && text.contains(*key)) {
        *text = text.replace(key, MASK);
    }
}

/// A failure without the key.
pub(crate) fn scrub_failure(mut failed: AskFailed, key: Option<&str>) -> AskFailed {
    scrub(&mut failed.failure.message, key);
    failed.failure.details.iter_mut().for_each(|detail| scrub(detail, key));
    failed
}

/// An answer without the key.
pub(crate) fn scrub_answer(mut answer: Answer, key: Option<&str>) -> Answer {
    scrub(&mut answer.text, key);
    scrub(&mut answer.served, key);
    for call in &mut answer.calls {
        scrub(&mut call.id, key);
        scrub(&mut call.name, key);
        scrub(&mut call.arguments, key);
    }
    if let Some(id) = &mut answer.request_id {
        scrub(id, key);
    }
    if let Stop::Refused(reason) = &mut answer.stop {
        scrub(reason, key);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_occurrence_goes_and_no_key_changes_nothing() {
        let scrubbed = |key| {
            let mut text = "sk-1 and sk-1".to_owned();
            scrub(&mut text, key);
            text
        };
        assert_eq!(scrubbed(Some("sk-1")), "[redacted] and [redacted]");
        assert_eq!(scrubbed(Some("")), "sk-1 and sk-1");
        assert_eq!(scrubbed(None), "sk-1 and sk-1");
    }
}
