//! Texts that must not be seen, and what stands in their places. Bounded: a run may see any number of them.
//!
//! Knows a text as it is, as it stands in JSON, and line by line. Very short ones are let through, as they would
//! match by chance. Knows nothing of types.

use aho_corasick::{AhoCorasick, MatchKind};
use flow_expr::{MapKey, Value};
use std::{collections::HashSet, ops::Range, sync::OnceLock};

/// Bytes of the shortest text that is looked for.
const SHORTEST: usize = 4;
/// Texts that are looked for.
const MOST: usize = 20_000;
/// Bytes of one text that are looked for: what is longer is known by its beginning.
const LONGEST: usize = 4096;
/// Letters that are left of a long text where messages quote it.
const CUTS: [usize; 2] = [59, 80];
/// Values inside of values are looked at so deep.
const DEEPEST: usize = 32;

/// What is looked for.
#[derive(Debug, Default)]
pub(super) struct Mask {
    known: HashSet<String>,
    /// Each at least twice as large as the next, so that a text is built into few automata however many come.
    levels: Vec<Level>,
}

/// Texts that are looked for at once.
#[derive(Debug, Default)]
struct Level {
    texts: Vec<String>,
    /// Of the same length.
    marks: Vec<String>,
    automaton: OnceLock<Option<AhoCorasick>>,
}

impl Mask {
    /// Looks for a value from now on, for every part of it that is a text or a number.
    pub(super) fn add(&mut self, value: &Value, mark: &str) {
        self.add_inside(value, mark, 0);
    }

    fn add_inside(&mut self, value: &Value, mark: &str, depth: usize) {
        if depth > DEEPEST {
            return;
        }
        match value {
            Value::String(text) => self.add_text(text, mark),
            Value::Json(json) => self.add_json(json, mark, depth),
            Value::List(items) => items.iter().for_each(|item| self.add_inside(item, mark, depth + 1)),
            Value::Map(entries) => {
                for (key, item) in entries.iter() {
                    self.add_text(&words_of(key), mark);
                    self.add_inside(item, mark, depth + 1);
                }
            }
            Value::Record(record) => {
                record.fields.iter().for_each(|(_, item)| self.add_inside(item, mark, depth + 1));
            }
            Value::Variant(variant) => {
                variant.fields.iter().for_each(|(_, item)| self.add_inside(item, mark, depth + 1));
            }
            Value::Int(_) | Value::Decimal(_) | Value::Float(_) | Value::Date(_) | Value::Timestamp(_) => {
                let text = flow_expr::codec::encode(value);
                let text = text.as_str().map_or_else(|| text.to_string(), str::to_owned);
                self.add_text(&text, mark);
            }
            _ => {}
        }
    }

    fn add_json(&mut self, json: &serde_json::Value, mark: &str, depth: usize) {
        match json {
            _ if depth > DEEPEST => {}
            serde_json::Value::String(text) => self.add_text(text, mark),
            serde_json::Value::Number(number) => self.add_text(&number.to_string(), mark),
            serde_json::Value::Array(items) => items.iter().for_each(|item| self.add_json(item, mark, depth + 1)),
            serde_json::Value::Object(entries) => {
                entries.values().for_each(|item| self.add_json(item, mark, depth + 1));
            }
            _ => {}
        }
    }

    fn add_text(&mut self, text: &str, mark: &str) {
        let escaped = serde_json::Value::from(text).to_string();
        let escaped = escaped.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or_default();
        // As messages cut what is long.
        let cut = CUTS.map(|length| text.chars().take(length).collect::<String>());
        let cut = cut.iter().filter(|cut| cut.len() < text.len()).map(|cut| &**cut);
        let in_addresses = [addressed(text, "%20"), addressed(text, "+")];
        let in_addresses = in_addresses.iter().map(String::as_str);
        for form in std::iter::once(text).chain([escaped]).chain(text.lines()).chain(cut).chain(in_addresses) {
            let end = (0..=LONGEST.min(form.len())).rev().find(|end| form.is_char_boundary(*end)).unwrap_or(0);
            let form = form.get(..end).unwrap_or_default().trim();
            if form.len() >= SHORTEST && self.known.len() < MOST && self.known.insert(form.to_owned()) {
                self.push(form, mark);
            }
        }
    }

    fn push(&mut self, text: &str, mark: &str) {
        let (texts, marks) = (vec![text.to_owned()], vec![mark.to_owned()]);
        let mut level = Level { texts, marks, automaton: OnceLock::new() };
        while let Some(last) = self.levels.pop_if(|last| last.texts.len() <= level.texts.len()) {
            level.texts.extend(last.texts);
            level.marks.extend(last.marks);
        }
        self.levels.push(level);
    }

    /// The text with marks.
    pub(super) fn text(&self, text: &str) -> String {
        let mut out = String::new();
        let mut position = 0;
        for (range, mark) in self.places(text) {
            out.push_str(&text[position..range.start]);
            out.push_str(mark);
            position = range.end;
        }
        out.push_str(&text[position..]);
        out
    }

    /// The mark of what is in a text, if anything is.
    pub(super) fn find(&self, text: &str) -> Option<String> {
        self.places(text).first().map(|(_, mark)| (*mark).to_owned())
    }

    /// Where known texts are: ranges that do not overlap, in order, with the mark of the longest in each.
    fn places(&self, text: &str) -> Vec<(Range<usize>, &str)> {
        let mut found: Vec<(Range<usize>, &str)> = vec![];
        for level in &self.levels {
            let Some(automaton) = level.automaton() else { continue };
            let places = automaton.find_overlapping_iter(text);
            found.extend(places.filter_map(|at| Some((at.range(), &**level.marks.get(at.pattern().as_usize())?))));
        }
        found.sort_by_key(|(range, _)| (range.start, std::cmp::Reverse(range.end)));
        let mut merged: Vec<(Range<usize>, &str)> = vec![];
        for (range, mark) in found {
            match merged.last_mut() {
                Some((last, _)) if range.start < last.end => last.end = last.end.max(range.end),
                _ => merged.push((range, mark)),
            }
        }
        merged
    }
}

/// A key of a map, as it is written.
pub(super) fn words_of(key: &MapKey) -> String {
    let json = flow_expr::codec::encode(&Value::from(key.clone()));
    json.as_str().map_or_else(|| json.to_string(), str::to_owned)
}

/// A text as it stands in a path or query of an address (RFC 3986, and forms with `+` for a blank).
fn addressed(text: &str, blank: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        match byte {
            b' ' => out.push_str(blank),
            b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
        out
    })
}

impl Level {
    fn automaton(&self) -> Option<&AhoCorasick> {
        let built = || AhoCorasick::builder().match_kind(MatchKind::Standard).build(&self.texts).ok();
        self.automaton.get_or_init(built).as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_marked_in_all_its_forms() {
        let mut mask = Mask::default();
        assert_eq!(mask.text("ada@x.org"), "ada@x.org");
        mask.add(&Value::String("ada@x.org".into()), "‹@pii›");
        mask.add(&Value::String("two\nlines \"quoted\"".into()), "‹@pii›");
        mask.add(&Value::Int(4_711_000), "‹@id›");
        mask.add(&Value::String("no".into()), "‹@pii›");
        assert_eq!(mask.text("to ada@x.org: 4711000, no"), "to ‹@pii›: ‹@id›, no");
        assert_eq!(mask.text(r#"{"a":"two\nlines \"quoted\""}"#), r#"{"a":"‹@pii›"}"#);
        assert_eq!(mask.text("lines \"quoted\""), "‹@pii›");
        let long = "x1".repeat(60);
        mask.add(&Value::String(long.as_str().into()), "‹@pii›");
        assert_eq!(mask.text(&format!("\"{}…\"", &long[..59])), "\"‹@pii›…\"");
        mask.add(&Value::String("Ada Lovelace & co".into()), "‹@pii›");
        assert_eq!(mask.text("/of/Ada%20Lovelace%20%26%20co?who=Ada+Lovelace+%26+co"), "/of/‹@pii›?who=‹@pii›");
        assert_eq!(mask.find("nothing of it"), None);
        mask.add(&Value::String("ada@".into()), "‹@short›");
        mask.add(&Value::String("x.org/home".into()), "‹@home›");
        assert_eq!(mask.text("to ada@x.org/home."), "to ‹@pii›.", "what overlaps goes as a whole");
        assert_eq!(mask.find("to ada@x.org").as_deref(), Some("‹@pii›"));
    }

    #[test]
    fn many_values_are_taken_in_as_they_come() {
        let mut mask = Mask::default();
        let began = std::time::Instant::now();
        for number in 0..5000 {
            let text = format!("person-{number}@x.org");
            mask.add(&Value::String(text.as_str().into()), "‹@pii›");
            assert_eq!(mask.text(&format!("to {text}")), "to ‹@pii›");
        }
        assert!(mask.levels.len() < 16, "{}", mask.levels.len());
        assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
        assert_eq!(mask.text("person-17@x.org, person-4999@x.org"), "‹@pii›, ‹@pii›");
    }
}
