//! Where a stretch of quoted text ends.

/// What ended the stretch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The closing quotes.
    Close,
    /// `{` directly before a word or `(`.
    Hole,
    /// The end of the line, in a text that must not cross lines, or of the file.
    Cut,
}

/// The quotes around a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Quotes {
    /// 1 for a text in one line, 3 or more for a block, which ends at as many.
    pub(super) count: usize,
    /// Neither escapes nor holes.
    pub(super) raw: bool,
}

impl Quotes {
    /// Whether the text may not cross a line's end.
    pub(super) fn one_line(self) -> bool {
        self.count < 3
    }

    /// Length of the stretch at the start of `text`, and what ended it.
    pub(super) fn scan(self, text: &str) -> (usize, Stop) {
        let bytes = text.as_bytes();
        let mut index = 0;
        while let Some(&byte) = bytes.get(index) {
            match byte {
                b'"' if bytes.len() >= index + self.count
                    && bytes[index..index + self.count].iter().all(|b| *b == b'"') =>
                {
                    return (index, Stop::Close);
                }
                b'\n' if self.one_line() => {
                    let before = usize::from(index > 0 && bytes[index - 1] == b'\r');
                    return (index - before, Stop::Cut);
                }
                // The brace of `\u{1F600}` opens no hole.
                b'\\' if !self.raw && bytes[index + 1..].starts_with(b"u{") => index += 3,
                // Skips the escaped character, but never a line's end; continuation bytes are no quotes.
                b'\\' if !self.raw && !matches!(bytes.get(index + 1), None | Some(b'\n' | b'\r')) => index += 2,
                b'{' if !self.raw && opens_hole(bytes.get(index + 1)) => return (index, Stop::Hole),
                _ => index += 1,
            }
        }
        (bytes.len(), Stop::Cut)
    }
}

fn opens_hole(next: Option<&u8>) -> bool {
    next.is_some_and(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'('))
}
