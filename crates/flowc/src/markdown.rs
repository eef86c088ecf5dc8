//! The pages of errors in a terminal: Markdown's headings, paragraphs, lists and code, wrapped to a width.
//!
//! Not a Markdown reader: it knows what our pages use. Without colour the text stays readable as it is.

use crate::ui::{Style, paint};

/// A page as text of at most so many columns; code is never wrapped.
pub(crate) fn render(page: &str, width: usize, color: bool) -> String {
    let mut out = String::new();
    let mut paragraph = String::new();
    let mut in_code = false;
    for line in page.lines() {
        if let Some(fence) = line.trim_start().strip_prefix("```") {
            flush(&mut out, &mut paragraph, width, color);
            in_code = !in_code;
            if in_code && fence.split_whitespace().any(|word| word == "fails") {
                out.push_str(&format!("    {}\n", paint(color, Style::Bad, "✗ refused:")));
            }
        } else if in_code {
            out.push_str(format!("    {}", paint(color && !line.is_empty(), Style::Code, line)).trim_end());
            out.push('\n');
        } else if let Some(title) = line.strip_prefix('#') {
            flush(&mut out, &mut paragraph, width, color);
            out.push_str(&paint(color, Style::Bold, title.trim_start_matches('#').trim()));
            out.push('\n');
        } else if line.trim().is_empty() {
            flush(&mut out, &mut paragraph, width, color);
            if !out.is_empty() && !out.ends_with("\n\n") {
                out.push('\n');
            }
        } else {
            if line.trim_start().starts_with(['-', '*', '|']) {
                flush(&mut out, &mut paragraph, width, color);
            }
            if !paragraph.is_empty() {
                paragraph.push(' ');
            }
            paragraph.push_str(line.trim_end());
        }
    }
    flush(&mut out, &mut paragraph, width, color);
    out
}

/// Writes the collected words in lines; the later lines of a list item stand under its first word.
fn flush(out: &mut String, paragraph: &mut String, width: usize, color: bool) {
    let text = std::mem::take(paragraph);
    if text.starts_with('|') {
        out.push_str(&text);
        out.push('\n');
        return;
    }
    let indent = if text.trim_start().starts_with("- ") { "  " } else { "" };
    let mut column = 0;
    let mut in_span = false;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > width {
            out.push('\n');
            out.push_str(indent);
            column = indent.len();
        } else if column > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(&spans(word, color, &mut in_span));
        column += length;
    }
    if column > 0 {
        out.push('\n');
    }
}

/// A word with its code spans coloured; a span may begin in one word and end in a later one.
fn spans(word: &str, color: bool, in_span: &mut bool) -> String {
    if !color {
        return word.into();
    }
    let mut out = String::new();
    for (index, part) in word.split('`').enumerate() {
        if index > 0 {
            *in_span = !*in_span;
        }
        if !part.is_empty() {
            out.push_str(&paint(*in_span, Style::Code, part));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::render;

    #[test]
    fn wraps_words_and_keeps_code() {
        let page =
            "# E1: a title\n\nSome words `a b` here.\n\n```flow fails\nlet  x = 1\n```\n\n- one two three four\n";
        let text = render(page, 14, false);
        assert_eq!(
            text,
            "E1: a title\n\nSome words `a\nb` here.\n\n    ✗ refused:\n    let  x = 1\n\n- one two\n  three four\n"
        );
        assert!(render(page, 80, true).contains("\x1b[36ma\x1b[0m \x1b[36mb\x1b[0m here."));
    }
}
