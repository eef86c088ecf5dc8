//! Takes secrets out of bytes on their way to people: logs, errors, captured standard error.
//!
//! Knows a secret as it is and as it comes out of the usual encoders: Base64 (at any of the three
//! alignments, both alphabets), percent-encoded, escaped for JSON, and line by line if it has several.
//! Knows not where bytes come from or go. Streams may be cut anywhere: what could be the beginning of a
//! secret is held back until it is known not to be one. Tests are properties over cuts.

use aho_corasick::{AhoCorasick, MatchKind};
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use flow_plan::Failure;
use std::{ops::Range, sync::Arc};

/// What stands in a secret's place.
const MASK: &[u8] = b"***";

/// Encoded forms and single lines shorter than this are not looked for: they would match by chance.
const SHORTEST_FORM: usize = 6;

/// Knows what must not be shown. Cheap to clone.
#[derive(Clone, Default)]
pub struct Scrubber(Option<Arc<Patterns>>);

struct Patterns {
    /// Sorted, without repeats.
    forms: Vec<Vec<u8>>,
    longest: usize,
    automaton: AhoCorasick,
}

impl std::fmt::Debug for Scrubber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Scrubber({} forms)", self.0.as_ref().map_or(0, |patterns| patterns.forms.len()))
    }
}

impl Scrubber {
    /// A scrubber for these secrets.
    #[must_use]
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut forms: Vec<Vec<u8>> = secrets.into_iter().flat_map(forms).collect();
        forms.sort();
        forms.dedup();
        if forms.is_empty() {
            return Self(None);
        }
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .build(&forms)
            .expect("secrets are bounded, so there are fewer states than 2^31");
        let longest = forms.iter().map(Vec::len).max().unwrap_or(0);
        Self(Some(Arc::new(Patterns { forms, longest, automaton })))
    }

    /// The bytes with every secret masked.
    #[must_use]
    pub fn bytes(&self, bytes: &[u8]) -> Vec<u8> {
        let mut stream = self.stream();
        let mut out = Vec::with_capacity(bytes.len());
        stream.push(bytes, &mut out);
        stream.finish(&mut out);
        out
    }

    /// The text with every secret masked.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        match &self.0 {
            None => text.to_owned(),
            Some(_) => String::from_utf8_lossy(&self.bytes(text.as_bytes())).into_owned(),
        }
    }

    /// Whether a secret, in any form, is in there.
    #[must_use]
    pub fn finds(&self, bytes: &[u8]) -> bool {
        self.0.as_ref().is_some_and(|patterns| patterns.automaton.is_match(bytes))
    }

    /// The failure with every text masked.
    #[must_use]
    pub fn failure(&self, mut failure: Failure) -> Failure {
        failure.message = self.text(&failure.message);
        failure.details.iter_mut().for_each(|detail| *detail = self.text(detail));
        failure.stderr_tail = failure.stderr_tail.map(|tail| self.text(&tail));
        failure
    }

    /// A scrubber for bytes that come in pieces.
    #[must_use]
    pub fn stream(&self) -> ScrubStream {
        ScrubStream { patterns: self.0.clone(), held: Vec::new(), covered: 0 }
    }
}

/// Masks secrets in a stream, wherever it is cut.
pub struct ScrubStream {
    patterns: Option<Arc<Patterns>>,
    /// Bytes that may be the beginning of a secret.
    held: Vec<u8>,
    /// How many of them belong to a secret whose mask is already out.
    covered: usize,
}

impl ScrubStream {
    /// Takes the next bytes, appends what is safe to show.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let Some(patterns) = self.patterns.clone() else {
            out.extend_from_slice(bytes);
            return;
        };
        self.held.extend_from_slice(bytes);
        let safe = self.held.len() - patterns.open_suffix(&self.held);
        self.emit(&patterns, safe, out);
    }

    /// Appends what was held back: the stream is over.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        if let Some(patterns) = self.patterns.clone() {
            self.emit(&patterns, self.held.len(), out);
        }
    }

    /// Emits the first `safe` bytes. A secret that lies across the border is masked now and its rest later.
    fn emit(&mut self, patterns: &Patterns, safe: usize, out: &mut Vec<u8>) {
        let mut position = self.covered.min(safe);
        self.covered -= position;
        for secret in patterns.secrets(&self.held) {
            if secret.start >= safe {
                break;
            }
            if secret.end <= position {
                continue;
            }
            if secret.start >= position {
                out.extend_from_slice(&self.held[position..secret.start]);
                out.extend_from_slice(MASK);
            }
            position = secret.end.min(safe);
            self.covered = self.covered.max(secret.end.saturating_sub(safe));
        }
        out.extend_from_slice(&self.held[position..safe]);
        self.held.drain(..safe);
    }
}

impl Patterns {
    /// Where secrets are: ranges that do not touch, in order.
    fn secrets(&self, bytes: &[u8]) -> Vec<Range<usize>> {
        let mut ranges: Vec<Range<usize>> =
            self.automaton.find_overlapping_iter(bytes).map(|found| found.start()..found.end()).collect();
        ranges.sort_by_key(|range| (range.start, range.end));
        let mut merged: Vec<Range<usize>> = Vec::new();
        for range in ranges {
            match merged.last_mut() {
                Some(last) if range.start < last.end => last.end = last.end.max(range.end),
                _ => merged.push(range),
            }
        }
        merged
    }

    /// The length of the longest end that could go on to be a secret.
    fn open_suffix(&self, bytes: &[u8]) -> usize {
        let longest = bytes.len().min(self.longest.saturating_sub(1));
        (1..=longest).rev().find(|length| self.continues(&bytes[bytes.len() - length..])).unwrap_or(0)
    }

    /// Whether a form begins with this and goes on.
    fn continues(&self, beginning: &[u8]) -> bool {
        let first = self.forms.partition_point(|form| form.as_slice() <= beginning);
        self.forms.get(first).is_some_and(|form| form.starts_with(beginning))
    }
}

/// Everything that one secret may look like.
fn forms(secret: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = encoded(secret);
    // Its trailing line end is often lost on the way.
    let trimmed = secret.trim_ascii();
    forms.extend(encoded(trimmed));
    let lines = secret.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    forms.extend(lines.filter(|line| line.len() >= SHORTEST_FORM + 2).flat_map(encoded));
    forms.retain(|form| form.len() >= SHORTEST_FORM);
    // As it is, a secret is masked however short.
    forms.extend([secret.to_vec(), trimmed.to_vec()]);
    forms.retain(|form| !form.is_empty());
    forms
}

fn encoded(secret: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = vec![secret.to_vec()];
    for alignment in 0..3 {
        forms.push(base64_inside(&STANDARD_NO_PAD, secret, alignment));
        forms.push(base64_inside(&URL_SAFE_NO_PAD, secret, alignment));
    }
    let percent = urlencoding::encode_binary(secret).into_owned();
    forms.push(lower_percent(&percent).into_bytes());
    forms.push(percent.replace("%20", "+").into_bytes());
    forms.push(percent.into_bytes());
    if let Ok(text) = std::str::from_utf8(secret) {
        let json = serde_json::Value::from(text).to_string();
        let json = json.trim_start_matches('"').strip_suffix('"').unwrap_or_default().to_owned();
        forms.push(json.replace('/', "\\/").into_bytes());
        forms.push(ascii_json(&json).into_bytes());
        forms.push(json.into_bytes());
    }
    forms
}

/// What Base64 makes of the secret when so many bytes come before it: the characters that it alone decides.
fn base64_inside(engine: &impl base64::Engine, secret: &[u8], alignment: usize) -> Vec<u8> {
    let mut bytes = vec![0; alignment];
    bytes.extend_from_slice(secret);
    let text = engine.encode(&bytes).into_bytes();
    let first = (alignment * 8).div_ceil(6);
    let whole = bytes.len() * 8 / 6;
    text.get(first..whole).map(<[u8]>::to_vec).unwrap_or_default()
}

/// `%2f` for `%2F`.
fn lower_percent(percent: &str) -> String {
    let mut digits = 0;
    percent
        .chars()
        .map(|character| {
            if character == '%' {
                digits = 2;
                return character;
            }
            let is_digit = digits > 0;
            digits -= i32::from(is_digit);
            if is_digit { character.to_ascii_lowercase() } else { character }
        })
        .collect()
}

/// JSON as encoders write it that keep to ASCII: `\u00e9` for `é`.
fn ascii_json(json: &str) -> String {
    let mut text = String::new();
    for character in json.chars() {
        if character.is_ascii() {
            text.push(character);
        } else {
            let mut units = [0; 2];
            text.extend(character.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use proptest::prelude::*;

    const SECRET: &str = "s3cr3t/p\"ass wörd";

    fn scrubber(secrets: &[&str]) -> Scrubber {
        Scrubber::new(secrets.iter().map(|secret| secret.as_bytes()))
    }

    #[test]
    fn every_form_is_masked() {
        let scrubber = scrubber(&[SECRET]);
        let json = serde_json::to_string(SECRET).unwrap();
        let shown = [
            SECRET.to_owned(),
            json.clone(),
            ascii_json(&json),
            urlencoding::encode(SECRET).into_owned(),
            lower_percent(&urlencoding::encode(SECRET)),
            urlencoding::encode(SECRET).replace("%20", "+"),
            STANDARD_NO_PAD.encode(SECRET),
            base64::engine::general_purpose::STANDARD.encode(format!("user:{SECRET}")),
            URL_SAFE_NO_PAD.encode(format!("me:{SECRET}!")),
        ];
        for form in shown {
            let line = format!("before {form} after");
            let masked = scrubber.text(&line);
            assert!(masked.starts_with("before ") && masked.ends_with(" after"), "{masked}");
            assert!(masked.contains("***"), "{masked}");
            assert!(scrubber.finds(line.as_bytes()));
            // Base64 may keep the characters that it shares with its neighbours, not more.
            assert!(masked.len() <= "before *** after".len() + 12, "{line} -> {masked}");
        }
    }

    #[test]
    fn what_is_no_secret_is_untouched() {
        assert_eq!(scrubber(&[SECRET]).text("s3cr3t/p and more"), "s3cr3t/p and more");
        assert_eq!(scrubber(&[]).text("anything"), "anything");
        assert!(!format!("{:?}", scrubber(&["abc"])).contains("abc"));
    }

    #[test]
    fn overlapping_secrets_leave_nothing() {
        assert_eq!(scrubber(&["abcX", "cXdef"]).text("1abcXdef2"), "1***2");
        assert_eq!(scrubber(&["aa"]).text("aaaaab"), "***b");
    }

    #[test]
    fn lines_of_a_key_are_masked_alone() {
        let key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END KEY-----\n";
        assert_eq!(scrubber(&[key]).text("got hkiG9w0BAQEFAASC"), "got ***");
    }

    #[test]
    fn nothing_is_held_back_without_need() {
        let mut stream = scrubber(&["hunter22"]).stream();
        let mut out = vec![];
        stream.push(b"a prompt> ", &mut out);
        assert_eq!(out, b"a prompt> ");
        stream.push(b"hunt", &mut out);
        assert_eq!(out, b"a prompt> ");
        stream.push(b"ers", &mut out);
        assert_eq!(out, b"a prompt> hunters");
    }

    proptest! {
        #[test]
        fn cuts_make_no_difference(text in "[ab ]{0,40}", secrets in prop::collection::vec("[ab]{1,5}", 1..4), cuts in prop::collection::vec(1_usize..6, 0..40)) {
            let scrubber = Scrubber::new(secrets.iter().map(String::as_bytes));
            let mut stream = scrubber.stream();
            let mut out = vec![];
            let mut rest = text.as_bytes();
            for cut in cuts {
                let (piece, left) = rest.split_at(cut.min(rest.len()));
                stream.push(piece, &mut out);
                rest = left;
            }
            stream.push(rest, &mut out);
            stream.finish(&mut out);
            let whole = scrubber.bytes(text.as_bytes());
            prop_assert_eq!(String::from_utf8_lossy(&out), String::from_utf8_lossy(&whole));
            for secret in &secrets {
                prop_assert!(!String::from_utf8_lossy(&whole).contains(secret.as_str()));
            }
        }
    }
}
