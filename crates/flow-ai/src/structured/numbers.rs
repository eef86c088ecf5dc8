//! Numbers from the text of people: `1,234.50`, `$10`. Only where there is one way to read them.

use super::loose::is_number;

/// The number as JSON writes it; none if it could be another one, or none.
pub(super) fn from_text(text: &str) -> Option<String> {
    let text = text.trim();
    let (sign, rest) = sign(text);
    let rest = rest.strip_prefix(['$', '€', '£', '¥']).map_or(rest, str::trim_start);
    // The sign may stand on either side of the currency.
    let (sign, rest) = if sign.is_empty() { self::sign(rest) } else { (sign, rest) };
    let whole = rest.split('.').next().unwrap_or_default();
    let plain = if whole.contains(',') {
        let mut groups = whole.split(',');
        let first = groups.next().unwrap_or_default();
        let well_grouped = (1..=3).contains(&first.len()) && groups.all(|group| group.len() == 3);
        let digits = whole.bytes().all(|byte| byte.is_ascii_digit() || byte == b',');
        if !well_grouped || !digits || rest[whole.len()..].contains(',') {
            return None;
        }
        rest.replace(',', "")
    } else {
        rest.to_owned()
    };
    // One sign is enough.
    (!plain.starts_with('-') && is_number(&plain)).then(|| format!("{sign}{plain}"))
}

fn sign(text: &str) -> (&'static str, &str) {
    match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::from_text;

    #[test]
    fn one_way_to_read_it_or_none() {
        let cases = [
            ("5", Some("5")),
            (" -5.25 ", Some("-5.25")),
            ("+7", Some("7")),
            ("1,234.50", Some("1234.50")),
            ("12,345,678", Some("12345678")),
            ("$10", Some("10")),
            ("-$1,000", Some("-1000")),
            ("$-3", Some("-3")),
            ("€ 9.99", Some("9.99")),
            ("1e3", Some("1e3")),
            ("1.234,50", None),
            ("1,23", None),
            ("1234,567", None),
            (",123", None),
            ("1,,234", None),
            ("5%", None),
            ("5 apples", None),
            ("--5", None),
            ("1_000", None),
            ("007", None),
            ("", None),
            ("$", None),
            (".5", None),
            ("1,234.5,6", None),
            ("٣", None),
        ];
        for (text, expected) in cases {
            assert_eq!(from_text(text).as_deref(), expected, "{text:?}");
        }
    }
}
