//! Problems as people read them: what is wrong, the lines with labelled spans, facts, advice, changes.
//!
//! The excerpts are ariadne's; header, notes and suggested changes are written here. Colour is the
//! caller's decision. Tested by the cases in `tests/render.rs`.

use super::excerpt::{Excerpts, LONG_LINE, Part, clean};
use crate::{FileId, Fix, Label, Problem, Problems, Severity, Sources, apply};
use std::fmt::Write as _;

const RESET: &str = "\x1b[0m";
const BOLD: &str = "\x1b[1m";
const RED: &str = "\x1b[31m";
const YELLOW: &str = "\x1b[33m";
const GREEN: &str = "\x1b[32m";
const CYAN: &str = "\x1b[36m";

/// All problems, each followed by an empty line.
#[must_use]
pub fn text(problems: &Problems, sources: &Sources, color: bool) -> String {
    let mut out = String::new();
    let mut excerpts = Excerpts::new(sources);
    for problem in &problems.0 {
        Rendering { out: &mut out, excerpts: &mut excerpts, color }.problem(problem);
        out.push('\n');
    }
    out
}

struct Rendering<'o, 's> {
    out: &'o mut String,
    excerpts: &'o mut Excerpts<'s>,
    color: bool,
}

impl Rendering<'_, '_> {
    fn problem(&mut self, problem: &Problem) {
        let (word, color) = match problem.severity {
            Severity::Error => ("error", RED),
            Severity::Warning => ("warning", YELLOW),
        };
        let code = problem.code.as_str();
        let title = clean(&problem.title);
        self.paint(BOLD, |out| out.push_str(&format!("{word}[{code}]")), color);
        self.out.push_str(": ");
        self.paint(BOLD, |out| out.push_str(&title), "");
        self.out.push('\n');
        self.excerpt(problem);
        for note in &problem.notes {
            self.remark("note", note);
        }
        for help in &problem.helps {
            self.remark("help", help);
        }
        for fix in &problem.fixes {
            self.fix(fix);
        }
    }

    fn paint(&mut self, style: &str, write: impl FnOnce(&mut String), color: &str) {
        if self.color {
            self.out.push_str(style);
            self.out.push_str(color);
        }
        write(self.out);
        if self.color {
            self.out.push_str(RESET);
        }
    }

    fn remark(&mut self, word: &str, text: &str) {
        self.out.push_str("   = ");
        self.paint(BOLD, |out| out.push_str(word), CYAN);
        self.out.push_str(": ");
        self.out.push_str(&clean(text).replace('\n', "\n     "));
        self.out.push('\n');
    }

    fn excerpt(&mut self, problem: &Problem) {
        // The primary place leads: its file is shown first and named in the head of the excerpt.
        let mut labels: Vec<&Label> = problem.labels.iter().collect();
        labels.sort_by_key(|label| !label.primary);
        let spans: Vec<_> = labels.iter().map(|label| label.span).collect();
        let mut parts = self.excerpts.parts(&spans);
        // Of a file without text there is nothing to show but its name.
        let (excerpts, out) = (&mut *self.excerpts, &mut *self.out);
        parts.retain(|(index, part)| {
            let empty = excerpts.file(part.file).filter(|file| file.text.is_empty());
            if let Some(file) = &empty {
                // Writing to a string cannot fail.
                let _ = writeln!(out, "   ╰─[ {}:1:1 ] {}", file.path, clean(&labels[*index].text));
            }
            empty.is_none()
        });
        if parts.is_empty() {
            return;
        }
        if parts.iter().any(|(index, _)| self.is_long(labels[*index])) {
            for (index, _) in &parts {
                self.window(labels[*index]);
            }
            return;
        }
        self.draw(&labels, &parts, problem.severity);
    }

    fn draw(&mut self, labels: &[&Label], parts: &[(usize, Part)], severity: Severity) {
        let primary = match severity {
            Severity::Error => ariadne::Color::Red,
            Severity::Warning => ariadne::Color::Yellow,
        };
        let lead = parts.iter().find(|(index, _)| *index == 0).unwrap_or(&parts[0]);
        let head = (lead.1, self.range(labels[lead.0]));
        let config = ariadne::Config::new().with_color(self.color).with_index_type(ariadne::IndexType::Byte);
        let mut report = ariadne::Report::build(ariadne::ReportKind::Error, head).with_config(config);
        for (index, part) in parts {
            let label = labels[*index];
            let color = if label.primary { primary } else { ariadne::Color::Blue };
            let text = if label.text.is_empty() { "here".into() } else { clean(&label.text) };
            let drawn = ariadne::Label::new((*part, self.range(label)));
            report.add_label(drawn.with_message(text.replace('\n', " ")).with_color(color));
        }
        let mut drawn = Vec::new();
        // Writing to a vector cannot fail.
        let _ = report.finish().write(&mut *self.excerpts, &mut drawn);
        let drawn = String::from_utf8_lossy(&drawn);
        // The first line is ariadne's own header, in place of which ours stands.
        for line in drawn.lines().skip(1) {
            self.out.push_str(line.trim_end());
            self.out.push('\n');
        }
    }

    fn range(&mut self, label: &Label) -> std::ops::Range<usize> {
        self.excerpts.file(label.span.file).map_or(0..0, |file| file.fit(label.span))
    }

    fn is_long(&mut self, label: &Label) -> bool {
        let range = self.range(label);
        self.excerpts.file(label.span.file).is_some_and(|file| {
            [range.start, range.end]
                .into_iter()
                .any(|at| file.lines.line_range(&file.text, file.line(at)).len() > LONG_LINE)
        })
    }

    /// A place in a line that is too long to show: the words around it.
    fn window(&mut self, label: &Label) {
        let range = self.range(label);
        let Some(file) = self.excerpts.file(label.span.file) else { return };
        let offset = u32::try_from(range.start).unwrap_or(u32::MAX);
        let position = file.lines.position(&file.text, offset, crate::Encoding::Characters);
        let line = file.lines.line_range(&file.text, position.line);
        let from = crate::position::clamp(&file.text, range.start.saturating_sub(40)).max(line.start);
        let marked = range.end.min(line.end).min(range.start + 60);
        let marked = crate::position::clamp_up(&file.text, marked).max(range.start);
        let to = crate::position::clamp_up(&file.text, marked + 40).min(line.end).max(marked);
        let before = if from > line.start { "…" } else { "" };
        let after = if to < line.end { "…" } else { "" };
        let head = file.text[from..range.start].replace('\t', " ");
        let pad = before.chars().count() + head.chars().count();
        let carets = file.text[range.start..marked].chars().count().max(1);
        let shown = file.text[range.start..to].replace('\t', " ");
        let (path, line, column) = (&file.path, position.line, position.column);
        let text = clean(&label.text);
        // Writing to a string cannot fail.
        let _ = write!(
            self.out,
            "   ╭─[ {path}:{line}:{column} ]\n   │ {before}{head}{shown}{after}\n   │ {:pad$}{} {text}\n   ╯\n",
            "",
            "^".repeat(carets)
        );
    }

    /// The lines that a change touches, before and after.
    fn fix(&mut self, fix: &Fix) {
        self.out.push_str("   = ");
        self.paint(BOLD, |out| out.push_str("fix"), GREEN);
        self.out.push_str(": ");
        self.out.push_str(&clean(&fix.title));
        self.out.push('\n');
        let mut files: Vec<FileId> = fix.edits.iter().map(|edit| edit.span.file).collect();
        files.dedup();
        let [file] = files[..] else { return };
        let Some((first, before, after)) = self.changed_lines(fix, file) else { return };
        for (sign, color, lines) in [('-', RED, before), ('+', GREEN, after)] {
            for (line, number) in lines.iter().zip(first..) {
                self.out.push_str("     ");
                let shown = format!("{number:>4} {sign} {line}");
                self.paint("", |out| out.push_str(shown.trim_end()), color);
                self.out.push('\n');
            }
        }
    }

    fn changed_lines(&mut self, fix: &Fix, file: FileId) -> Option<(u32, Vec<String>, Vec<String>)> {
        let source = self.excerpts.file(file)?;
        let start = fix.edits.iter().map(|edit| edit.span.start).min()?;
        let end = fix.edits.iter().map(|edit| edit.span.end).max()?;
        let (first, last) = (source.line(start as usize), source.line(end as usize));
        let region =
            source.lines.line_range(&source.text, first).start..source.lines.line_range(&source.text, last).end;
        if last - first > 6 || region.len() > LONG_LINE {
            return None;
        }
        let old = &source.text[region.clone()];
        let mut moved = fix.clone();
        let shift = u32::try_from(region.start).ok()?;
        for edit in &mut moved.edits {
            edit.span.start -= shift;
            edit.span.end -= shift;
        }
        let new = apply(file, &[moved], old).text;
        let lines = |text: &str| text.lines().map(|line| clean(line).into_owned()).collect::<Vec<_>>();
        let (mut old, mut new) = (lines(old), lines(&new));
        let mut first = first;
        while old.len() > 1 && new.len() > 1 && old.first() == new.first() {
            old.remove(0);
            new.remove(0);
            first += 1;
        }
        // A pure insertion of lines has nothing to take away.
        if new.len() > old.len() && old.iter().all(|line| new.contains(line)) {
            let keep = new.iter().position(|line| !old.contains(line))?;
            first += u32::try_from(keep).ok()?;
            new.retain(|line| !old.contains(line));
            old.clear();
        }
        (new.len() <= 8).then_some((first, old, new))
    }
}
