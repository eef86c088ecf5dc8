//! Literals other than text, and their values as plain numbers.
//!
//! Knows the spelling, not the types: a decimal's digits are handed on as text, so that no crate for
//! decimals or calendars is needed here. A value that does not exist or does not fit is `None`, and has
//! been reported by the parser.

use super::support::{node, tokens};
use crate::kind::{SyntaxKind, SyntaxToken};

node! {
    /// `12`, `true`, `none`, `5m`
    Literal = LITERAL
}

/// The kinds of literals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LiteralKind {
    /// `true`, `false`
    Bool,
    /// `none`
    None,
    /// `1_000`
    Int,
    /// `0.5`, `1e-3`
    Fraction,
    /// `99.9%`
    Percent,
    /// `$0.02`
    Money,
    /// `1h30m`
    Duration,
    /// `5MiB`
    Size,
    /// `1M`, only in `per 1M tokens`.
    Count,
    /// `06:00`
    Time,
    /// `2026-11-22`
    Date,
    /// `2026-11-22T06:00:00Z`
    Timestamp,
}

impl Literal {
    /// The token.
    #[must_use]
    pub fn token(&self) -> Option<SyntaxToken> {
        tokens(&self.0).next()
    }

    /// What kind.
    #[must_use]
    pub fn kind(&self) -> Option<LiteralKind> {
        let token = self.token()?;
        Some(match token.kind() {
            SyntaxKind::KEYWORD if token.text() == "none" => LiteralKind::None,
            SyntaxKind::KEYWORD => LiteralKind::Bool,
            SyntaxKind::INT => LiteralKind::Int,
            SyntaxKind::FRACTION => LiteralKind::Fraction,
            SyntaxKind::PERCENT => LiteralKind::Percent,
            SyntaxKind::MONEY => LiteralKind::Money,
            SyntaxKind::DURATION => LiteralKind::Duration,
            SyntaxKind::SIZE => LiteralKind::Size,
            SyntaxKind::COUNT => LiteralKind::Count,
            SyntaxKind::TIME => LiteralKind::Time,
            SyntaxKind::DATE => LiteralKind::Date,
            SyntaxKind::TIMESTAMP => LiteralKind::Timestamp,
            _ => return None,
        })
    }

    /// The literal as written.
    #[must_use]
    pub fn text(&self) -> String {
        self.token().map(|token| token.text().to_owned()).unwrap_or_default()
    }

    /// The value of a Bool.
    #[must_use]
    pub fn bool(&self) -> Option<bool> {
        match self.text().as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// The value of an Int. `9223372036854775808` fits, because `-` may stand before it.
    #[must_use]
    pub fn int(&self) -> Option<u64> {
        (self.kind()? == LiteralKind::Int).then(|| self.digits().parse().ok()).flatten()
    }

    /// The digits, point and exponent of an Int, Fraction, Percent or Money, without `_`, `$`, `%`.
    #[must_use]
    pub fn digits(&self) -> String {
        self.text().chars().filter(|c| !matches!(c, '_' | '$' | '%')).collect()
    }

    /// The nanoseconds of a Duration.
    #[must_use]
    pub fn duration_ns(&self) -> Option<i64> {
        (self.kind()? == LiteralKind::Duration).then(|| duration_ns(&self.text())).flatten()
    }

    /// The bytes of a Size.
    #[must_use]
    pub fn size_bytes(&self) -> Option<u64> {
        (self.kind()? == LiteralKind::Size).then(|| size_bytes(&self.text())).flatten()
    }

    /// The number of a Count or Int: `1M` is 1,000,000.
    #[must_use]
    pub fn count(&self) -> Option<u64> {
        match self.kind()? {
            LiteralKind::Int => self.int(),
            LiteralKind::Count => count(&self.text()),
            _ => None,
        }
    }

    /// Year, month and day of a Date.
    #[must_use]
    pub fn date(&self) -> Option<(i16, u8, u8)> {
        (self.kind()? == LiteralKind::Date).then(|| date(&self.text())).flatten()
    }

    /// Hour, minute, second and nanosecond of a Time.
    #[must_use]
    pub fn time(&self) -> Option<(u8, u8, u8, u32)> {
        (self.kind()? == LiteralKind::Time).then(|| time(&self.text())).flatten()
    }

    /// A Timestamp in the spelling of RFC 3339.
    #[must_use]
    pub fn timestamp(&self) -> Option<String> {
        (self.kind()? == LiteralKind::Timestamp && timestamp_exists(&self.text())).then(|| self.text())
    }
}

/// Number and unit at the start, and the rest.
fn quantity(text: &str) -> Option<(u64, &str, &str)> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '_')?;
    let rest = &text[digits..];
    let unit = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
    let number = text[..digits].replace('_', "").parse().ok()?;
    Some((number, &rest[..unit], &rest[unit..]))
}

/// The nanoseconds of `1h30m`.
pub(crate) fn duration_ns(mut text: &str) -> Option<i64> {
    let mut sum: i64 = 0;
    while !text.is_empty() {
        let (number, unit, rest) = quantity(text)?;
        let factor: i64 = match unit {
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            "d" => 86_400_000_000_000,
            _ => return None,
        };
        sum = sum.checked_add(i64::try_from(number).ok()?.checked_mul(factor)?)?;
        text = rest;
    }
    Some(sum)
}

/// The bytes of `5MiB`.
pub(crate) fn size_bytes(text: &str) -> Option<u64> {
    let (number, unit, _) = quantity(text)?;
    let (base, power): (u64, u32) = match unit {
        "B" => (1, 0),
        "KB" => (1000, 1),
        "MB" => (1000, 2),
        "GB" => (1000, 3),
        "TB" => (1000, 4),
        "PB" => (1000, 5),
        "KiB" => (1024, 1),
        "MiB" => (1024, 2),
        "GiB" => (1024, 3),
        "TiB" => (1024, 4),
        "PiB" => (1024, 5),
        _ => return None,
    };
    number.checked_mul(base.pow(power))
}

/// The number of `1M`.
pub(crate) fn count(text: &str) -> Option<u64> {
    let (number, unit, _) = quantity(text)?;
    number.checked_mul(match unit {
        "K" => 1_000,
        "M" => 1_000_000,
        _ => return None,
    })
}

/// Year, month and day, if there is such a day.
pub(crate) fn date(text: &str) -> Option<(i16, u8, u8)> {
    let (year, month, day) =
        (text.get(..4)?.parse().ok()?, text.get(5..7)?.parse().ok()?, text.get(8..10)?.parse().ok()?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    (year >= 1 && day >= 1 && day <= days).then_some((year, month, day))
}

/// Hour, minute, second and nanosecond, if there is such a time.
pub(crate) fn time(text: &str) -> Option<(u8, u8, u8, u32)> {
    let mut parts = text.splitn(3, ':');
    let (hour, minute) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let (second, fraction) = parts.next().map_or(("0", ""), |part| part.split_once('.').unwrap_or((part, "")));
    let second = second.parse().ok()?;
    let nanosecond = format!("{fraction:0<9}").get(..9)?.parse().ok()?;
    (hour < 24 && minute < 60 && second < 60 && fraction.len() <= 9).then_some((hour, minute, second, nanosecond))
}

/// Whether there is such an instant: `2026-11-22T06:00:00Z`, `2026-11-22T06:00:00+01:00`.
pub(crate) fn timestamp_exists(text: &str) -> bool {
    let Some((day, rest)) = text.split_once('T') else { return false };
    let zone = rest.find(['Z', '+', '-']).unwrap_or(rest.len());
    let (clock, offset) = rest.split_at(zone);
    let seconds = |(hour, minute, second, _)| i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
    let offset = match (offset, offset.get(1..)) {
        ("Z", _) => Some(0),
        (_, Some(ahead)) => time(ahead).map(seconds).map(|ahead| if offset.starts_with('-') { -ahead } else { ahead }),
        _ => None,
    };
    let (Some(_), Some(clock), Some(offset)) = (date(day), time(clock).map(seconds), offset) else { return false };
    // The last instants of the year 9999 are none: in some zone they would be in the next.
    let behind = match day {
        "9999-12-30" => 0,
        "9999-12-31" => 24 * 3600,
        _ => return true,
    };
    behind + clock - offset <= 22 * 3600
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        assert_eq!(duration_ns("1h30m"), Some(5_400_000_000_000));
        assert_eq!(duration_ns("500ms"), Some(500_000_000));
        assert_eq!(duration_ns("999999999d"), None);
    }

    #[test]
    fn sizes_and_counts() {
        assert_eq!(size_bytes("5MiB"), Some(5 << 20));
        assert_eq!(size_bytes("10KB"), Some(10_000));
        assert_eq!(size_bytes("99999999PiB"), None);
        assert_eq!(count("1M"), Some(1_000_000));
    }

    #[test]
    fn days_and_times() {
        assert_eq!(date("2028-02-29"), Some((2028, 2, 29)));
        assert_eq!(date("2026-02-29"), None);
        assert_eq!(time("06:00"), Some((6, 0, 0, 0)));
        assert_eq!(time("23:59:59.5"), Some((23, 59, 59, 500_000_000)));
        assert_eq!(time("24:00"), None);
        assert!(timestamp_exists("2026-01-01T09:00:00Z"));
        assert!(timestamp_exists("2026-01-01T09:00:00+01:00"));
        assert!(timestamp_exists("9999-12-30T22:00:00Z") && !timestamp_exists("9999-12-31T23:59:59+13:00"));
        assert!(!timestamp_exists("9999-12-31T23:59:59Z") && !timestamp_exists("9999-12-30T23:00:00Z"));
        assert!(!timestamp_exists("2026-01-01T09:61:00Z"));
    }
}
