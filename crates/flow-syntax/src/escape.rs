//! Escapes in quoted text: `\n`, `\{`, `\u{1F600}`. One place for the decoder and the checker.

/// What a backslash and the characters after it stand for, and how many bytes that takes.
/// `None` where it is no escape of the language; the length then covers what should be pointed at.
pub(crate) fn decode(text: &str) -> (Option<char>, usize) {
    let mut chars = text.chars();
    debug_assert_eq!(chars.next(), Some('\\'));
    let mut chars = text.get(1..).unwrap_or_default().chars();
    match chars.next() {
        Some('n') => (Some('\n'), 2),
        Some('t') => (Some('\t'), 2),
        Some('r') => (Some('\r'), 2),
        Some('0') => (Some('\0'), 2),
        Some(same @ ('\\' | '"' | '{' | '}')) => (Some(same), 2),
        Some('u') => unicode(text),
        Some('\n' | '\r') | None => (None, 1),
        Some(other) => (None, 1 + other.len_utf8()),
    }
}

fn unicode(text: &str) -> (Option<char>, usize) {
    let Some(digits) = text.strip_prefix("\\u{") else { return (None, 2) };
    let Some(end) = digits.bytes().take(7).position(|byte| byte == b'}') else { return (None, 3) };
    let value = digits.get(..end).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    (value.and_then(|value| char::from_u32(u32::from_str_radix(value, 16).ok()?)), 3 + end + 1)
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn escapes() {
        assert_eq!(decode("\\nx"), (Some('\n'), 2));
        assert_eq!(decode("\\u{1F600}x"), (Some('😀'), 9));
        assert_eq!(decode("\\u{}"), (None, 4));
        assert_eq!(decode("\\u{d800}"), (None, 8));
        assert_eq!(decode("\\u{12345678}"), (None, 3));
        assert_eq!(decode("\\q"), (None, 2));
        assert_eq!(decode("\\é"), (None, 3));
        assert_eq!(decode("\\"), (None, 1));
    }
}
