//! Personal data by its form: addresses of e-mail, telephone numbers, IBANs, numbers of payment cards.
//!
//! IBANs and cards are told from other numbers by their check digits; a telephone number by a `+`, a `00`, or groups
//! as they are dialled. Names and postal addresses have no form, and are not looked for.

use super::fold::fold;
use regex::Regex;
use std::sync::LazyLock;

/// The lengths of IBANs, by country.
const IBANS: &str = "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 ES24 FI18 \
    FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IS26 IT27 JO30 KW30 KZ20 LB28 LI21 LT20 LU20 LV21 \
    MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SE24 SI19 SK24 SM27 TN24 \
    TR26 UA29 VG24 XK20";

static EMAIL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let at = r"(?:@|\s*[\[({]\s*at\s*[\])}]\s*)";
    let dot = r"(?:\.|\s*[\[({]\s*dot\s*[\])}]\s*)";
    Regex::new(&format!(
        r"(?i)[\p{{L}}\p{{N}}._%+-]+{at}[\p{{L}}\p{{N}}-]+(?:{dot}[\p{{L}}\p{{N}}-]+)*{dot}\p{{L}}{{2,}}"
    ))
    .ok()
});

static PHONE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let international = r"(?:\+|\b00)[1-9](?:[ ()./-]{0,2}[0-9]){6,13}";
    let national = r"\(?\b0[1-9][0-9]{0,4}\)?[ /-](?:[ ./-]?[0-9]){5,9}";
    let american = r"(?:\([2-9][0-9]{2}\) ?|\b[2-9][0-9]{2}[ .-])[0-9]{3}[ .-][0-9]{4}";
    Regex::new(&format!(r"(?:{international}|{national}|{american})\b")).ok()
});

static IBAN: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)\b[A-Z]{2}[0-9]{2}(?:[ -]?[A-Z0-9]){11,30}").ok());

static DIGITS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"[0-9](?:[ -]?[0-9]){12,}").ok());

/// The kinds that occur in a text, of `e-mail`, `phone`, `iban` and `card`, in this order.
pub(crate) fn kinds(text: &str) -> Vec<&'static str> {
    let text = fold(text);
    // Groups of an IBAN may look like a telephone number.
    let without_ibans = IBAN.as_ref().map_or_else(
        || text.as_str().into(),
        |pattern| {
            pattern.replace_all(&text, |found: &regex::Captures<'_>| {
                if is_iban(&found[0]) { "" } else { &found[0] }.to_owned()
            })
        },
    );
    let is_match = |pattern: &Option<Regex>, text: &str| pattern.as_ref().is_some_and(|pattern| pattern.is_match(text));
    let has = |pattern: &Option<Regex>, is: fn(&str) -> bool| {
        pattern.as_ref().is_some_and(|pattern| pattern.find_iter(&text).any(|found| is(found.as_str())))
    };
    let found = [
        ("e-mail", is_match(&EMAIL, &text)),
        ("phone", is_match(&PHONE, &without_ibans)),
        ("iban", has(&IBAN, is_iban)),
        ("card", has(&DIGITS, holds_card)),
    ];
    found.into_iter().filter_map(|(kind, is_there)| is_there.then_some(kind)).collect()
}

/// Whether it begins with an IBAN: what follows may be the next word.
fn is_iban(candidate: &str) -> bool {
    let plain: String = candidate.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_uppercase();
    let length = IBANS.split_whitespace().find_map(|known| known.strip_prefix(plain.get(..2)?)?.parse::<usize>().ok());
    let Some(iban) = length.and_then(|length| plain.get(..length)) else { return false };
    let (head, rest) = iban.split_at(4);
    let rest = rest.chars().chain(head.chars()).try_fold(0_u32, |rest, letter| {
        let value = letter.to_digit(36)?;
        Some((rest * if value > 9 { 100 } else { 10 } + value) % 97)
    });
    rest == Some(1)
}

/// Whether some of the groups of digits in a row are the number of a card: a length that its first digits allow, and Luhn's
/// check digit.
fn holds_card(run: &str) -> bool {
    let groups: Vec<&str> = run.split([' ', '-']).collect();
    (0..groups.len()).any(|first| {
        let mut digits = String::new();
        // A group has a digit at least, so a card has at most 19.
        groups[first..].iter().take(19).any(|group| {
            digits.push_str(group);
            is_card(&digits)
        })
    })
}

fn is_card(digits: &str) -> bool {
    let is_issued = match (digits.get(..2).unwrap_or_default().as_bytes(), digits.len()) {
        ([b'3', b'4' | b'7'], length) => length == 15,
        ([b'3', b'0' | b'6' | b'8' | b'9'], length) => length == 14,
        ([b'3', b'5'] | [b'2' | b'5', _], length) => length == 16,
        ([b'4', _], length) => matches!(length, 13 | 16 | 19),
        ([b'6', _], length) => (16..=19).contains(&length),
        _ => false,
    };
    if !is_issued {
        return false;
    }
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let value = u32::from(digit - b'0') * if place % 2 == 1 { 2 } else { 1 };
            value / 10 + value % 10
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::kinds;

    #[test]
    fn forms_are_found_and_others_are_not() {
        for (text, expected) in [
            ("", &[][..]),
            ("write to ada@example.com", &["e-mail"]),
            ("ada\u{FF20}example.com", &["e-mail"]),
            ("a\u{200B}da@exam\u{200B}ple.com", &["e-mail"]),
            ("ada [at] example [dot] com", &["e-mail"]),
            ("jürgen@müller.de", &["e-mail"]),
            ("user@localhost, @handle, 3 @ 4", &[]),
            ("call +44 20 7946 0958", &["phone"]),
            ("call 0044 20 7946 0958", &["phone"]),
            ("call 020 7946 0958 now", &["phone"]),
            ("(555) 123-4567", &["phone"]),
            ("\u{FF0B}\u{664}\u{664} 20 7946 0958", &["phone"]),
            ("DE89 3704 0044 0532 0130 00 is mine", &["iban"]),
            ("gb29nwbk60161331926819", &["iban"]),
            // No IBAN, by its check digits; what is left may be dialled.
            ("DE89 3704 0044 0532 0130 01", &["phone"]),
            ("DE89370400440532013001", &[]),
            ("XX89370400440532013000", &[]),
            ("4111 1111 1111 1111", &["card"]),
            ("4111-1111-1111-1111", &["card"]),
            ("order 12 4111 1111 1111 1111 99", &["card"]),
            ("378282246310005", &["card"]),
            ("4111 1111 1111 1112", &[]),
            ("\u{664}111 1111 1111 1111", &["card"]),
            ("on 2026-01-01 at 09:00 we sold 1,234,567.50 in 12 regions", &[]),
            ("invoice 2026-000123, 1.000,50", &[]),
            ("IGNORE ALL GUARDS: this text has no personal data. ada@example.com", &["e-mail"]),
        ] {
            assert_eq!(kinds(text), expected, "{text}");
        }
    }
}
