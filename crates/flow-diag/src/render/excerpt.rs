//! Texts made fit for a terminal, without moving a byte.
//!
//! A program's text may hold escape sequences, control characters and bidirectional overrides, which
//! would let it forge what a terminal shows. They are replaced by visible characters of the same width
//! in bytes, so that spans still fit. Knows nothing of problems.

use crate::{FileId, LineIndex, Sources, Span, position};
use std::{borrow::Cow, collections::HashMap, fmt, sync::Arc};

/// Lines longer than this are shown by a window around the place, in bytes.
pub(super) const LONG_LINE: usize = 400;

/// Labels further apart than this, in lines, get an excerpt each.
const FAR: u32 = 60;

/// A file, ready to be excerpted.
pub(super) struct Excerpt {
    pub(super) path: Arc<str>,
    pub(super) text: Arc<str>,
    pub(super) lines: LineIndex,
    /// Made when the first problem shows lines of it: it costs a pass over the text.
    drawn: Option<ariadne::Source<Arc<str>>>,
}

impl Excerpt {
    /// The span on character borders, within the text, and not past the last line that holds something.
    pub(super) fn fit(&self, span: Span) -> std::ops::Range<usize> {
        let content = self.text.trim_end_matches(['\n', '\r']).len();
        let start = position::clamp(&self.text, span.start as usize).min(content);
        let end = position::clamp_up(&self.text, span.end as usize).min(content);
        start..end.max(start)
    }

    /// The line of a byte, from 1.
    pub(super) fn line(&self, offset: usize) -> u32 {
        self.lines.position(&self.text, u32::try_from(offset).unwrap_or(u32::MAX), crate::Encoding::Utf8).line
    }
}

/// Which part of which file a label is drawn in. Parts of one file that lie far apart are drawn apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Part {
    pub(super) file: FileId,
    pub(super) part: u32,
}

/// The files of one rendering, each prepared once.
pub(super) struct Excerpts<'a> {
    sources: &'a Sources,
    files: HashMap<FileId, Excerpt>,
}

impl<'a> Excerpts<'a> {
    pub(super) fn new(sources: &'a Sources) -> Self {
        Self { sources, files: HashMap::new() }
    }

    /// The file, unless it is not among the sources.
    pub(super) fn file(&mut self, file: FileId) -> Option<&mut Excerpt> {
        let source = self.sources.get(file)?;
        Some(self.files.entry(file).or_insert_with(|| {
            let text = visible(&source.text);
            let lines = LineIndex::new(&text);
            Excerpt { path: clean(&source.path).into(), text, lines, drawn: None }
        }))
    }

    /// Orders spans as they are drawn (the part with the first of them first, then down each file, its file first), and
    /// says in which part each stands.
    pub(super) fn parts(&mut self, spans: &[Span]) -> Vec<(usize, Part)> {
        let first = spans.first().map(|span| span.file);
        let mut order: Vec<usize> = (0..spans.len()).collect();
        order.sort_by_key(|index| {
            let span = spans[*index];
            (Some(span.file) != first, span.file, span.end, span.start)
        });
        let mut parts = Vec::with_capacity(order.len());
        let mut last: Option<(FileId, u32)> = None;
        let mut part = 0;
        for index in order {
            let span = spans[index];
            let Some(file) = self.file(span.file) else { continue };
            let range = file.fit(span);
            let (start, end) = (file.line(range.start), file.line(range.end));
            if last.is_some_and(|(file, line)| file != span.file || start > line.saturating_add(FAR)) {
                part += 1;
            }
            last = Some((span.file, end));
            parts.push((index, Part { file: span.file, part }));
        }
        // The head of the first excerpt is where the problem is.
        let main = parts.iter().find(|(index, _)| *index == 0).map(|(_, part)| *part);
        parts.sort_by_key(|(_, part)| Some(*part) != main);
        parts
    }
}

impl ariadne::Cache<Part> for &mut Excerpts<'_> {
    type Storage = Arc<str>;

    fn fetch(&mut self, id: &Part) -> Result<&ariadne::Source<Arc<str>>, impl fmt::Debug> {
        let Some(file) = self.file(id.file) else { return Err("no such file") };
        let text = &file.text;
        Ok(file.drawn.get_or_insert_with(|| ariadne::Source::from(text.clone())))
    }

    fn display<'b>(&self, id: &'b Part) -> Option<impl fmt::Display + 'b> {
        self.files.get(&id.file).map(|file| file.path.to_string())
    }
}

/// The text with everything that a terminal would obey made visible; the same `Arc` if there is nothing.
fn visible(text: &Arc<str>) -> Arc<str> {
    if !text.chars().any(obeyed) && !text.contains('\r') {
        return text.clone();
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\r' if chars.peek() == Some(&'\n') => out.push('\r'),
            // The renderer below would start a line here, and count differently from everyone else.
            '\r' => out.push(' '),
            _ if obeyed(char) => out.push_str(match char.len_utf8() {
                1 => "?",
                2 => "¿",
                _ => "\u{FFFD}",
            }),
            _ => out.push(char),
        }
    }
    out.into()
}

/// A message with everything that a terminal would obey written as an escape.
#[must_use]
pub fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|char| obeyed(char) || char == '\r') {
        return Cow::Borrowed(text);
    }
    let escaped = text.chars().map(|char| match char {
        '\r' => String::from("\\r"),
        _ if obeyed(char) => char.escape_unicode().to_string(),
        _ => char.to_string(),
    });
    Cow::Owned(escaped.collect())
}

/// Control characters, line and paragraph separators, and marks that turn the direction of writing.
fn obeyed(char: char) -> bool {
    match char {
        '\n' | '\t' | '\r' => false,
        '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => true,
        _ => char.is_control(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_every_byte_where_it_was() {
        let text: Arc<str> = "a\u{1b}[31mb\r\nc\rd\u{202E}e\u{85}f".into();
        let shown = visible(&text);
        assert_eq!(shown.len(), text.len());
        assert_eq!(&*shown, "a?[31mb\r\nc d\u{FFFD}e¿f");
        let plain: Arc<str> = "plain\n".into();
        assert!(Arc::ptr_eq(&visible(&plain), &plain));
    }

    #[test]
    fn messages_escape() {
        assert_eq!(clean("a\u{1b}b\u{202E}"), "a\\u{1b}b\\u{202e}");
    }
}
