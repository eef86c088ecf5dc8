//! Writes tokens and comments; knows the current line and indentation, and how to try something on one line.
//!
//! Comments are collected as the walk meets them and written with the next token: behind the token before if
//! they stood in its line, else in lines of their own. After a comment a line always ends.

use crate::WIDTH;
use crate::gap::{Place, blank_between};
use flow_syntax::{GreenToken, SyntaxKind};

/// What is to stand before the next token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gap {
    /// Nothing.
    None,
    /// A blank.
    Blank,
    /// A line's end.
    Line {
        /// An empty line whatever the author wrote.
        force_empty: bool,
        /// An empty line if the author wrote one.
        keep_empty: bool,
    },
}

impl Gap {
    /// The next line.
    pub(crate) const LINE: Self = Self::Line { force_empty: false, keep_empty: false };
    /// The next line, or the one after it if the author left one empty.
    pub(crate) const ITEM: Self = Self::Line { force_empty: false, keep_empty: true };
}

/// How freely lines may break.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Mode {
    /// Where the layout wants it.
    #[default]
    Free,
    /// On trial in one line: any break, or too much text, is a failure.
    Trial,
    /// Only after comments: inside a hole.
    Solid,
}

#[derive(Debug)]
struct Comment<'tree> {
    text: &'tree str,
    /// Line ends between it and what stands before.
    lines_before: usize,
}

/// The text so far, and what the next token needs to know.
#[derive(Debug, Default)]
pub(crate) struct Printer<'tree> {
    out: String,
    line_start: usize,
    pub(crate) indent: usize,
    previous: Option<Place>,
    comments: Vec<Comment<'tree>>,
    /// Line ends since the last token or comment.
    lines: usize,
    /// Overrides the blank before the next token.
    pub(crate) gap: Option<Gap>,
    /// How much deeper than the next token the comments before it stand.
    pub(crate) comments_deeper: usize,
    mode: Mode,
    failed: bool,
}

impl<'tree> Printer<'tree> {
    /// The finished text.
    pub(crate) fn done(mut self) -> String {
        let comments = !self.comments.is_empty();
        if comments {
            self.gap = Some(Gap::ITEM);
            self.write_comments(Gap::ITEM);
        }
        if !self.out.is_empty() {
            self.out.push('\n');
        }
        self.out
    }

    /// Takes note of blanks and comments.
    pub(crate) fn trivia(&mut self, token: &'tree GreenToken, kind: SyntaxKind) {
        if kind == SyntaxKind::WHITESPACE {
            self.lines += token.text().bytes().filter(|byte| *byte == b'\n').count();
        } else {
            let text = token.text().trim_end();
            self.comments.push(Comment { text, lines_before: std::mem::take(&mut self.lines) });
        }
    }

    /// Writes a token with what stands before it.
    pub(crate) fn token(&mut self, text: &str, place: Place) {
        if self.failed {
            return;
        }
        let gap = self.gap.take().unwrap_or_else(|| self.default_gap(place));
        if self.mode == Mode::Trial && (!self.comments.is_empty() || matches!(gap, Gap::Line { .. })) {
            self.failed = true;
            return;
        }
        if self.comments.is_empty() {
            self.write_gap(gap, self.indent);
        } else {
            self.write_comments(gap);
            let inside = !matches!(gap, Gap::Line { .. });
            self.end_line(
                self.lines > 1 && matches!(gap, Gap::Line { keep_empty: true, .. }),
                self.indent + usize::from(inside),
            );
        }
        self.comments_deeper = 0;
        self.push(text);
        self.previous = Some(place);
        self.lines = 0;
    }

    /// Writes a sign that follows the last token directly, before any comment there.
    pub(crate) fn sign(&mut self, text: &str) {
        self.push(text);
    }

    /// Writes part of a token as it stands.
    pub(crate) fn push(&mut self, text: &str) {
        self.out.push_str(text);
        if let Some(last) = text.rfind('\n') {
            self.line_start = self.out.len() - text.len() + last + 1;
            self.failed |= self.mode == Mode::Trial;
        }
        self.failed |= self.mode == Mode::Trial && self.out.len() - self.line_start > WIDTH;
    }

    /// Whether what `content` writes fits the rest of the line; if not, nothing is written.
    pub(crate) fn fits(&mut self, content: impl FnOnce(&mut Self)) -> bool {
        if self.mode != Mode::Free {
            content(self);
            return true;
        }
        if !self.comments.is_empty() {
            return false;
        }
        let (length, line_start, previous) = (self.out.len(), self.line_start, self.previous);
        let (lines, gap, indent) = (self.lines, self.gap, self.indent);
        // A break that is already due comes before the trial.
        if let Some(due @ Gap::Line { .. }) = gap {
            self.write_gap(due, indent);
            self.gap = Some(Gap::None);
        }
        self.mode = Mode::Trial;
        content(self);
        self.mode = Mode::Free;
        if !std::mem::take(&mut self.failed) {
            return true;
        }
        self.out.truncate(length);
        (self.line_start, self.previous, self.lines, self.gap, self.indent) =
            (line_start, previous, lines, gap, indent);
        self.comments.clear();
        self.comments_deeper = 0;
        false
    }

    /// Writes without breaking lines, for the inside of a hole.
    pub(crate) fn solid(&mut self, content: impl FnOnce(&mut Self)) {
        let outer = self.mode;
        if outer == Mode::Free {
            self.mode = Mode::Solid;
        }
        content(self);
        self.mode = outer;
    }

    /// Whether a trial has failed, so that writing more is in vain.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed
    }

    /// Whether lines may break at all.
    pub(crate) fn may_break(&self) -> bool {
        self.mode == Mode::Free
    }

    fn default_gap(&self, place: Place) -> Gap {
        match self.previous {
            Some(previous) if blank_between(previous, place) => Gap::Blank,
            _ => Gap::None,
        }
    }

    fn write_gap(&mut self, gap: Gap, indent: usize) {
        match gap {
            Gap::None => {}
            Gap::Blank => self.out.push(' '),
            Gap::Line { force_empty, keep_empty } => {
                self.end_line(force_empty || (keep_empty && self.lines > 1), indent);
            }
        }
    }

    /// Writes the collected comments; the last line is left open.
    fn write_comments(&mut self, gap: Gap) {
        let inside = !matches!(gap, Gap::Line { .. });
        let indent = self.indent + self.comments_deeper + usize::from(inside);
        let mut first_own = true;
        for comment in std::mem::take(&mut self.comments) {
            if comment.lines_before == 0 && self.previous.is_some() {
                self.out.push(' ');
            } else {
                let empty = match gap {
                    Gap::Line { force_empty: true, .. } if first_own => true,
                    Gap::Line { keep_empty, .. } => comment.lines_before > 1 && (keep_empty || !first_own),
                    _ => false,
                };
                self.end_line(empty, indent);
                first_own = false;
            }
            self.out.push_str(comment.text);
            // What follows stands in another line, whatever came before the first comment.
            self.previous.get_or_insert((SyntaxKind::COMMENT, SyntaxKind::MODULE));
        }
    }

    /// Ends the line, unless nothing is written yet.
    fn end_line(&mut self, empty: bool, indent: usize) {
        if self.out.is_empty() {
            return;
        }
        self.out.push_str(if empty { "\n\n" } else { "\n" });
        self.line_start = self.out.len();
        for _ in 0..indent {
            self.out.push_str("  ");
        }
    }
}
