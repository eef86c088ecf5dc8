//! Quoted text: its parts, dedented and with escapes applied, and where each decoded byte stands in the
//! source.
//!
//! In a block (`"""`) whose opening quotes end their line, that line end is not part of the text; nor is the
//! line end before closing quotes that stand alone. From every other line the blanks that all of them begin
//! with are removed; lines of nothing but blanks do not count and become empty; CRLF becomes LF.

use super::Expr;
use super::support::{AstNode, Name, child, name, node, token};
use crate::escape;
use crate::kind::{SyntaxKind, SyntaxToken};
use rowan::{NodeOrToken, TextRange, TextSize};

node! {
    /// `"text {hole}"`, `"""` blocks, `r"raw"`
    StringLit = STRING
    /// `{value as csv}`
    Hole = HOLE
}

/// Where decoded text stands in the source. Offsets count bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextMap {
    /// Starts of stretches that are the same in both: (decoded, source), ascending.
    stretches: Vec<(u32, u32)>,
}

impl TextMap {
    /// The source offset of a decoded offset.
    #[must_use]
    pub fn to_source(&self, decoded: u32) -> u32 {
        let next = self.stretches.partition_point(|&(start, _)| start <= decoded);
        match next.checked_sub(1).and_then(|index| self.stretches.get(index)) {
            Some(&(start, source)) => source + (decoded - start),
            None => self.stretches.first().map_or(0, |&(_, source)| source),
        }
    }

    /// The source range of a decoded range.
    #[must_use]
    pub fn range_to_source(&self, start: u32, end: u32) -> TextRange {
        let first = self.to_source(start);
        let last = if end > start { self.to_source(end - 1) + 1 } else { first };
        TextRange::new(TextSize::from(first), TextSize::from(last.max(first)))
    }

    fn push(&mut self, decoded: u32, source: u32) {
        let expected = self.stretches.last().map(|&(start, from)| from + (decoded - start));
        if expected != Some(source) {
            self.stretches.push((decoded, source));
        }
    }
}

/// A stretch of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StringPart {
    /// Characters.
    Text {
        /// After dedenting and escapes.
        text: String,
        /// Where they stand.
        range: TextRange,
        /// Where each stands.
        map: TextMap,
    },
    /// A hole.
    Hole(Hole),
}

impl Hole {
    /// The expression.
    #[must_use]
    pub fn expr(&self) -> Option<Expr> {
        child(&self.0)
    }

    /// The format after `as`.
    #[must_use]
    pub fn format(&self) -> Option<Name> {
        name(&self.0)
    }
}

impl StringLit {
    /// Whether it is a block between `"""`.
    #[must_use]
    pub fn is_block(&self) -> bool {
        self.open().is_some_and(|open| open.text().ends_with("\"\"\""))
    }

    /// Whether it is taken as it stands: code, data, and texts after `r` know neither escapes nor holes.
    #[must_use]
    pub fn is_raw(&self) -> bool {
        token(&self.0, SyntaxKind::RAW_OPEN).is_some()
    }

    /// Whether it has holes.
    #[must_use]
    pub fn has_holes(&self) -> bool {
        child::<Hole>(&self.0).is_some()
    }

    /// The holes, in order.
    pub fn holes(&self) -> impl Iterator<Item = Hole> + use<> {
        super::support::children(&self.0)
    }

    /// The opening quotes.
    #[must_use]
    pub fn open(&self) -> Option<SyntaxToken> {
        token(&self.0, SyntaxKind::STRING_OPEN).or_else(|| token(&self.0, SyntaxKind::RAW_OPEN))
    }

    /// The text when it has no holes.
    #[must_use]
    pub fn plain_text(&self) -> Option<String> {
        self.plain().map(|(text, _)| text)
    }

    /// The text when it has no holes, and where it stands.
    #[must_use]
    pub fn plain(&self) -> Option<(String, TextMap)> {
        let mut parts = self.parts();
        match parts.pop() {
            None => Some(Default::default()),
            Some(StringPart::Text { text, map, .. }) if parts.is_empty() => Some((text, map)),
            Some(_) => None,
        }
    }

    /// Texts and holes in order. Neighbouring texts are one part; empty texts are left out.
    #[must_use]
    pub fn parts(&self) -> Vec<StringPart> {
        let pieces = self.pieces();
        let decoder = Decoder { raw: self.is_raw(), indent: None, out: vec![], current: Current::default() };
        decoder.run(&pieces, self.is_block())
    }

    fn pieces(&self) -> Vec<Piece> {
        let inner = self.0.children_with_tokens().filter_map(|child| match child {
            NodeOrToken::Node(node) => Hole::cast(node).map(Piece::Hole),
            NodeOrToken::Token(token) if token.kind() == SyntaxKind::STRING_TEXT => Some(Piece::Text(token)),
            NodeOrToken::Token(_) => None,
        });
        inner.collect()
    }
}

/// Source between the quotes.
enum Piece {
    Text(SyntaxToken),
    Hole(Hole),
}

/// The text part that is being built.
#[derive(Default)]
struct Current {
    text: String,
    map: TextMap,
    range: Option<TextRange>,
}

struct Decoder {
    raw: bool,
    /// The blanks to remove from line starts; `None` outside blocks.
    indent: Option<String>,
    out: Vec<StringPart>,
    current: Current,
}

impl Decoder {
    fn run(mut self, pieces: &[Piece], block: bool) -> Vec<StringPart> {
        let (first, last) = (0, pieces.len().saturating_sub(1));
        if block {
            self.indent = Some(common_indent(pieces));
        }
        for (number, piece) in pieces.iter().enumerate() {
            match piece {
                Piece::Hole(hole) => {
                    self.finish_text();
                    self.out.push(StringPart::Hole(hole.clone()));
                }
                Piece::Text(token) => {
                    let text = token.text();
                    let start = if block && number == first { opening_line(text) } else { 0 };
                    let end = if block && number == last { closing_line(text).max(start) } else { text.len() };
                    let at_line_start = block && number == first && start > 0;
                    self.text(token, start, end, at_line_start);
                }
            }
        }
        self.finish_text();
        self.out
    }

    fn finish_text(&mut self) {
        let Current { text, map, range } = std::mem::take(&mut self.current);
        if let Some(range) = range.filter(|_| !text.is_empty()) {
            self.out.push(StringPart::Text { text, range, map });
        }
    }

    /// Decodes `token[start..end]`.
    fn text(&mut self, token: &SyntaxToken, start: usize, end: usize, mut at_line_start: bool) {
        let whole = token.text();
        let mut offset = start;
        while offset < end {
            let rest = whole.get(offset..end).unwrap_or_default();
            if at_line_start {
                offset += self.strip(rest, end == whole.len());
                at_line_start = false;
                continue;
            }
            let stop = rest.find(['\n', '\r', '\\']).unwrap_or(rest.len());
            self.push(token, offset, offset + stop, None);
            offset += stop;
            match rest.get(stop..).and_then(|rest| rest.chars().next()) {
                Some('\n') => {
                    self.push(token, offset, offset + 1, None);
                    offset += 1;
                    at_line_start = self.indent.is_some();
                }
                // The `\n` follows in the next round.
                Some('\r') if rest[stop..].starts_with("\r\n") => offset += 1,
                Some('\\') if !self.raw => {
                    let (decoded, length) = escape::decode(&rest[stop..]);
                    self.push(token, offset, offset + length, decoded);
                    offset += length;
                }
                Some(other) => {
                    self.push(token, offset, offset + other.len_utf8(), None);
                    offset += other.len_utf8();
                }
                None => {}
            }
        }
    }

    /// How many bytes of a line's start to leave out.
    fn strip(&self, rest: &str, ends_in_hole: bool) -> usize {
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        let after = &rest[blanks..];
        if after.starts_with('\n') || after.starts_with("\r\n") || (after.is_empty() && !ends_in_hole) {
            return blanks;
        }
        self.indent.as_ref().map_or(0, String::len).min(blanks)
    }

    fn push(&mut self, token: &SyntaxToken, start: usize, end: usize, decoded: Option<char>) {
        if start == end {
            return;
        }
        let base = token.text_range().start();
        let source = TextRange::new(base + size(start), base + size(end));
        self.current.map.push(u32::try_from(self.current.text.len()).unwrap_or(u32::MAX), source.start().into());
        match decoded {
            Some(decoded) => self.current.text.push(decoded),
            None => self.current.text.push_str(token.text().get(start..end).unwrap_or_default()),
        }
        self.current.range = Some(self.current.range.map_or(source, |range| range.cover(source)));
    }
}

fn size(offset: usize) -> TextSize {
    TextSize::try_from(offset).unwrap_or_default()
}

/// The bytes up to the first line's end if it is blank.
fn opening_line(text: &str) -> usize {
    match text.find('\n') {
        Some(end) if text[..end].trim_end_matches('\r').bytes().all(|byte| matches!(byte, b' ' | b'\t')) => end + 1,
        _ => 0,
    }
}

/// Where the text ends if the closing quotes stand alone in their line: before that line's start.
fn closing_line(text: &str) -> usize {
    match text.rfind('\n') {
        Some(start) if text[start + 1..].bytes().all(|byte| matches!(byte, b' ' | b'\t')) => {
            if text[..start].ends_with('\r') { start - 1 } else { start }
        }
        _ => text.len(),
    }
}

/// The blanks with which all lines begin, but the one of the opening quotes and blank ones.
fn common_indent(pieces: &[Piece]) -> String {
    let mut common: Option<String> = None;
    for (number, piece) in pieces.iter().enumerate() {
        let Piece::Text(token) = piece else { continue };
        let before_hole = number + 1 < pieces.len();
        let mut lines = token.text().split('\n').skip(1).peekable();
        while let Some(line) = lines.next() {
            let content = line.trim_start_matches([' ', '\t']);
            let blank = content.is_empty() || content == "\r";
            if blank && (lines.peek().is_some() || !before_hole) {
                continue;
            }
            let indent = &line[..line.len() - content.len()];
            let shared = common.as_deref().map_or(indent, |common| shared_start(common, indent));
            common = Some(shared.to_owned());
        }
    }
    common.unwrap_or_default()
}

fn shared_start<'text>(left: &'text str, right: &str) -> &'text str {
    let length = left.bytes().zip(right.bytes()).take_while(|(left, right)| left == right).count();
    &left[..length]
}
