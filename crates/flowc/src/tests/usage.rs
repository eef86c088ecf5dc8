//! What tests used of models, and how that is told.

use flow_plan::{AskReport, words::money};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;

/// What was used of one model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Used {
    pub(crate) asks: u64,
    pub(crate) input_tokens: u64,
    pub(crate) output_tokens: u64,
    pub(crate) micro_dollars: u64,
    /// Asks of which nobody knows what they used.
    pub(crate) unknown: u64,
}

impl Used {
    fn and(self, other: Self) -> Self {
        Self {
            asks: self.asks + other.asks,
            input_tokens: self.input_tokens + other.input_tokens,
            output_tokens: self.output_tokens + other.output_tokens,
            micro_dollars: self.micro_dollars.saturating_add(other.micro_dollars),
            unknown: self.unknown + other.unknown,
        }
    }

    fn words(self) -> String {
        let asks = counted(self.asks, "ask");
        let tokens = format!("{} tokens in, {} out", self.input_tokens, self.output_tokens);
        let unknown = match self.unknown {
            0 => String::new(),
            1 => "; of one of them nobody knows what it used".to_owned(),
            more => format!("; of {more} of them nobody knows what they used"),
        };
        format!("{asks}, {tokens}, {}{unknown}", money(self.micro_dollars))
    }

    fn json(self) -> Json {
        json!({
            "asks": self.asks, "input_tokens": self.input_tokens, "output_tokens": self.output_tokens,
            "micro_dollars": self.micro_dollars, "unknown": self.unknown,
        })
    }
}

/// What was used, by model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    models: BTreeMap<String, Used>,
    /// Answers that came from a recording, or were given again.
    pub(crate) recorded: u64,
}

impl Usage {
    pub(crate) fn add(&mut self, report: &AskReport) {
        let used = match report.known {
            true => Used {
                asks: 1,
                input_tokens: report.input_tokens,
                output_tokens: report.output_tokens,
                micro_dollars: report.micro_dollars,
                unknown: 0,
            },
            false => Used { asks: 1, unknown: 1, ..Used::default() },
        };
        self.put(report.model.short(), used);
    }

    /// Adds what something else used.
    pub(crate) fn and(mut self, other: &Self) -> Self {
        other.models.iter().for_each(|(model, used)| self.put(model, *used));
        self.recorded += other.recorded;
        self
    }

    fn put(&mut self, model: &str, used: Used) {
        let entry = self.models.entry(model.to_owned()).or_default();
        *entry = entry.and(used);
    }

    /// All models together.
    pub(crate) fn together(&self) -> Used {
        self.models.values().fold(Used::default(), |sum, used| sum.and(*used))
    }

    /// For people, in one line a model and one for all.
    pub(crate) fn words(&self) -> String {
        let mut text = format!("asked: {}", self.together().words());
        if self.recorded > 0 {
            text.push_str(&format!("; {} from a recording", counted(self.recorded, "answer")));
        }
        if self.models.len() > 1 {
            self.models.iter().for_each(|(model, used)| text.push_str(&format!("\n  `{model}`: {}", used.words())));
        }
        text
    }

    pub(crate) fn json(&self) -> Json {
        let models: serde_json::Map<String, Json> =
            self.models.iter().map(|(model, used)| (model.clone(), used.json())).collect();
        let mut all = self.together().json();
        all["recorded"] = self.recorded.into();
        all["models"] = models.into();
        all
    }
}

/// `1 ask`, `2 asks`.
pub(crate) fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use flow_expr::Name;

    fn report(model: &str, known: bool) -> AskReport {
        AskReport {
            model: Name::new(model),
            served: "".into(),
            input_tokens: 100,
            output_tokens: 20,
            micro_dollars: 65,
            known,
            finish: "".into(),
            asked: "".into(),
            answer: "yes".into(),
            leniencies: vec![],
            calls: vec![],
        }
    }

    #[test]
    fn sums_are_by_model_and_what_is_not_known_is_not_counted_as_used() {
        let mut usage = Usage::default();
        usage.add(&report("m.writer", true));
        usage.add(&report("m.writer", false));
        let mut other = Usage { recorded: 1, ..Usage::default() };
        other.add(&report("m.judge", true));
        let all = usage.and(&other);
        assert_eq!(
            all.words(),
            "asked: 3 asks, 200 tokens in, 40 out, $0.00013; of one of them nobody knows what it used; 1 answer from a recording\n  \
             `judge`: 1 ask, 100 tokens in, 20 out, $0.000065\n  \
             `writer`: 2 asks, 100 tokens in, 20 out, $0.000065; of one of them nobody knows what it used"
        );
        assert_eq!(all.json()["models"]["writer"]["asks"], 2);
        assert_eq!((&all.json()["asks"], &all.json()["recorded"]), (&json!(3), &json!(1)));
    }
}
