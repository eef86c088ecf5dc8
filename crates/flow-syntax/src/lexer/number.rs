//! The extent and kind of everything that begins with a digit or `$` and a digit.
//!
//! By hand, because the longest match is not the right one: `1..2` is a range, `06:00` a time, `2026-11-22`
//! a day, and digits with an unknown unit should be reported as a whole.

use super::token::Token;

/// Kind and length of the number at the start of `text`.
pub(super) fn scan(text: &str) -> (Token, usize) {
    let bytes = text.as_bytes();
    if bytes.first() == Some(&b'$') {
        return money(bytes);
    }
    if let Some(found) = calendar(bytes) {
        return found;
    }
    let digits = digits(bytes, 0);
    let mut end = digits;
    let mut kind = Token::Int;
    if at(bytes, end) == b'.' && at(bytes, end + 1).is_ascii_digit() {
        end = self::digits(bytes, end + 1);
        kind = Token::Fraction;
    }
    if let Some(exponent) = exponent(bytes, end) {
        end = exponent;
        kind = Token::Fraction;
    } else if at(bytes, end) == b'%' && word(bytes, end + 1) == end + 1 {
        // Before a word or digit it is the remainder: `5%3`.
        end += 1;
        kind = Token::Percent;
    }
    let word = word(bytes, end);
    if word == end {
        return (kind, end);
    }
    let suffixed = if kind == Token::Int { text.get(..word).map_or(Token::BadNumber, unit) } else { Token::BadNumber };
    (suffixed, word)
}

fn money(bytes: &[u8]) -> (Token, usize) {
    let mut end = digits(bytes, 1);
    if at(bytes, end) == b'.' && at(bytes, end + 1).is_ascii_digit() {
        end = digits(bytes, end + 1);
    }
    let word = word(bytes, end);
    (if word == end { Token::Money } else { Token::BadNumber }, word)
}

/// Days, times of day and instants.
fn calendar(bytes: &[u8]) -> Option<(Token, usize)> {
    if let Some(day) = shape(bytes, 0, b"dddd-dd-dd") {
        if at(bytes, day) == b'T' {
            let clock = clock(bytes, day + 1)?;
            let end = match at(bytes, clock) {
                b'Z' => clock + 1,
                b'+' | b'-' => shape(bytes, clock + 1, b"dd:dd")?,
                _ => return Some((Token::BadNumber, word(bytes, clock))),
            };
            let word = word(bytes, end);
            return Some((if word == end { Token::Timestamp } else { Token::BadNumber }, word));
        }
        let word = word(bytes, day);
        return Some((if word == day { Token::Date } else { Token::BadNumber }, word));
    }
    let end = clock(bytes, 0)?;
    let word = word(bytes, end);
    Some((if word == end { Token::Time } else { Token::BadNumber }, word))
}

/// `06:00`, `06:00:30`, `06:00:30.5`
fn clock(bytes: &[u8], start: usize) -> Option<usize> {
    let minute = shape(bytes, start, b"dd:dd")?;
    let Some(second) = shape(bytes, minute, b":dd") else { return Some(minute) };
    if at(bytes, second) == b'.' && at(bytes, second + 1).is_ascii_digit() {
        let fraction = bytes.iter().skip(second + 1).take_while(|byte| byte.is_ascii_digit()).count();
        return Some(second + 1 + fraction);
    }
    Some(second)
}

/// The end of a fixed shape in which `d` is a digit.
fn shape(bytes: &[u8], start: usize, shape: &[u8]) -> Option<usize> {
    let found = bytes.get(start..start + shape.len())?;
    let fits =
        found.iter().zip(shape).all(|(&byte, &want)| if want == b'd' { byte.is_ascii_digit() } else { byte == want });
    fits.then_some(start + shape.len())
}

fn exponent(bytes: &[u8], start: usize) -> Option<usize> {
    if !matches!(at(bytes, start), b'e' | b'E') {
        return None;
    }
    let signed = start + 1 + usize::from(matches!(at(bytes, start + 1), b'+' | b'-'));
    let end = signed + bytes.iter().skip(signed).take_while(|byte| byte.is_ascii_digit()).count();
    (end > signed).then_some(end)
}

fn digits(bytes: &[u8], start: usize) -> usize {
    start + bytes.iter().skip(start).take_while(|byte| byte.is_ascii_digit() || **byte == b'_').count()
}

fn word(bytes: &[u8], start: usize) -> usize {
    start + bytes.iter().skip(start).take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count()
}

fn at(bytes: &[u8], index: usize) -> u8 {
    bytes.get(index).copied().unwrap_or(0)
}

/// What digits with letters are: `1h30m`, `5MiB`, `1M`, or nothing known.
fn unit(text: &str) -> Token {
    let mut rest = text;
    let mut largest_allowed = 0;
    loop {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '_').unwrap_or(rest.len());
        let after = &rest[digits..];
        let letters = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let unit = &after[..letters];
        let whole = rest.len() == text.len() && letters == after.len();
        match unit {
            "B" | "KB" | "MB" | "GB" | "TB" | "PB" | "KiB" | "MiB" | "GiB" | "TiB" | "PiB" if whole => {
                return Token::Size;
            }
            "K" | "M" if whole => return Token::Count,
            _ => {}
        }
        // Units of time from large to small, each at most once.
        let Some(rank) = ["d", "h", "m", "s", "ms"].iter().position(|known| *known == unit) else {
            return Token::BadNumber;
        };
        if digits == 0 || rank < largest_allowed {
            return Token::BadNumber;
        }
        largest_allowed = rank + 1;
        rest = &after[letters..];
        if rest.is_empty() {
            return Token::Duration;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extents_and_kinds() {
        let cases = [
            ("1_000 ", Token::Int, 5),
            ("1..2", Token::Int, 1),
            ("1.sum", Token::Int, 1),
            ("0.5)", Token::Fraction, 3),
            ("1e-3", Token::Fraction, 4),
            ("99.9%", Token::Percent, 5),
            ("$0.02,", Token::Money, 5),
            ("1h30m", Token::Duration, 5),
            ("500ms..", Token::Duration, 5),
            ("30m1h", Token::BadNumber, 5),
            ("5MiB", Token::Size, 4),
            ("1M tokens", Token::Count, 2),
            ("06:00", Token::Time, 5),
            ("06:00:30.25", Token::Time, 11),
            ("2026-11-22", Token::Date, 10),
            ("2026-11-22T06:00:00Z", Token::Timestamp, 20),
            ("2026-11-22T06:00:00+01:00", Token::Timestamp, 25),
            ("5mins", Token::BadNumber, 5),
            ("1.5s", Token::BadNumber, 4),
            ("3x", Token::BadNumber, 2),
            ("5%3", Token::Int, 1),
        ];
        for (text, kind, length) in cases {
            assert_eq!(scan(text), (kind, length), "{text}");
        }
    }
}
