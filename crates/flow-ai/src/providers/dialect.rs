//! What a server that speaks OpenAI's protocol does not understand of it, learned from its complaints.
//!
//! Remembered per model for as long as the client lives, so that each is asked the wrong way once.

/// Parts of a request that are left out or worded otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Dialect {
    /// `response_format` is left out; the schema is in the prompt.
    pub(crate) no_format: bool,
    /// `stream_options` is left out.
    pub(crate) no_stream_options: bool,
    /// The other of `max_tokens` and `max_completion_tokens` is used.
    pub(crate) other_limit: bool,
}

impl Dialect {
    /// The dialect that avoids what a server's complaint names; none if it names nothing that can be left out.
    pub(crate) fn after(self, complaint: &str) -> Option<Self> {
        let complaint = complaint.to_lowercase();
        let names = |words: &[&str]| words.iter().any(|word| complaint.contains(word));
        let next = if names(&["response_format", "json_schema", "json schema", "grammar"]) {
            Self { no_format: true, ..self }
        } else if names(&["stream_options", "include_usage"]) {
            Self { no_stream_options: true, ..self }
        } else if names(&["max_completion_tokens", "'max_tokens'", "`max_tokens`", "max_tokens is not supported"]) {
            Self { other_limit: true, ..self }
        } else {
            self
        };
        (next != self).then_some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::Dialect;

    #[test]
    fn each_complaint_is_answered_once() {
        let plain = Dialect::default();
        let no_format = plain.after("Unknown field: RESPONSE_FORMAT").unwrap();
        assert!(no_format.no_format);
        assert_eq!(no_format.after("response_format is not supported"), None);
        assert!(no_format.after("unknown name \"stream_options\"").unwrap().no_stream_options);
        let limit = "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead.";
        assert!(plain.after(limit).unwrap().other_limit);
        assert_eq!(plain.after("no such model"), None);
    }
}
