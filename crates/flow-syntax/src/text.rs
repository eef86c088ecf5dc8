//! Characters that no Flow text may hold: invisible ones, which make code look different from what it is.

use crate::problem::{SyntaxProblem, What};

/// More than this many reports of invisible characters say nothing new.
const MAX_REPORTS: usize = 20;

/// Reports control and direction characters, wherever they stand.
pub(crate) fn check(source: &str, problems: &mut Vec<SyntaxProblem>) {
    if is_plain(source.as_bytes()) {
        return;
    }
    let without_mark = if source.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let rest = source.get(without_mark..).unwrap_or_default();
    let hidden = rest.char_indices().filter(|&(place, c)| is_hidden(c, rest.as_bytes().get(place + 1)));
    for (place, c) in hidden.take(MAX_REPORTS) {
        let start = place + without_mark;
        problems.push(SyntaxProblem::new(What::Hidden(c), start, start + c.len_utf8()));
    }
}

/// Nothing but ASCII that can be seen, blanks, tabs and line ends. Simple enough to be vectorised.
fn is_plain(bytes: &[u8]) -> bool {
    let odd = |byte: &u8| !matches!(byte, b' '..=b'~' | b'\n' | b'\t');
    bytes.chunks(4096).all(|chunk| chunk.iter().map(|byte| u32::from(odd(byte))).sum::<u32>() == 0)
}

fn is_hidden(c: char, next: Option<&u8>) -> bool {
    match c {
        '\n' | '\t' => false,
        '\r' => next != Some(&b'\n'),
        // Directions, and marks of directions.
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{061c}' => true,
        // Of no width; joiners stay, some scripts and emoji need them.
        '\u{200b}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{2028}' | '\u{2029}' | '\u{00ad}' => true,
        // Tags, which hide whole sentences from people but not from models.
        '\u{e0000}'..='\u{e007f}' => true,
        c => c.is_control(),
    }
}
