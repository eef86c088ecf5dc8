//! Texts without the disguises that leave them readable: characters without width, full-width letters, digits of
//! other scripts, odd blanks and dashes.
//!
//! Letters of other scripts that merely look alike stay what they are: a name written with them is another name.

/// The first of ten digits in a row, for each script that has them.
const ZEROS: [u32; 34] = [
    0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6, 0x0E50,
    0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40, 0x1C50,
    0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xAA50, 0xABF0,
];

/// The text in plain characters.
pub(crate) fn fold(text: &str) -> String {
    text.chars().filter_map(plain).collect()
}

/// The character that one stands for; none if it cannot be seen.
fn plain(letter: char) -> Option<char> {
    let code = letter as u32;
    match code {
        0x20..=0x7E => Some(letter),
        0x00AD
        | 0x034F
        | 0x061C
        | 0x180E
        | 0x200B..=0x200F
        | 0x202A..=0x202E
        | 0x2060..=0x2064
        | 0x2066..=0x2069
        | 0xFE00..=0xFE0F
        | 0xFEFF
        | 0xE0000..=0xE007F => None,
        0x00A0 | 0x2000..=0x200A | 0x202F | 0x205F | 0x3000 => Some(' '),
        0x2010..=0x2015 | 0x2212 | 0xFE58 | 0xFE63 => Some('-'),
        0xFF01..=0xFF5E => char::from_u32(code - 0xFEE0),
        0x1D7CE..=0x1D7FF => char::from_digit((code - 0x1D7CE) % 10, 10),
        _ => {
            let zero = ZEROS.iter().find(|zero| (**zero..**zero + 10).contains(&code));
            zero.and_then(|zero| char::from_digit(code - zero, 10)).or(Some(letter))
        }
    }
}

/// The words of a text: letters and digits together, with apostrophes inside, as they stand.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    let part = |letter: char| !(letter.is_alphanumeric() || matches!(letter, '\'' | '’'));
    text.split(part).map(|word| word.trim_matches(['\'', '’'])).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{fold, words};

    #[test]
    fn disguises_are_taken_off() {
        for (disguised, plain) in [
            ("plain text", "plain text"),
            ("1\u{200B}2\u{FEFF}3", "123"),
            ("\u{661}\u{662}\u{663}", "123"),
            ("\u{966}\u{967}", "01"),
            ("\u{FF11}\u{FF12}\u{FF20}\u{FF41}", "12@a"),
            ("\u{1D7CF}\u{1D7D8}", "10"),
            ("a\u{A0}b\u{2003}c", "a b c"),
            ("1\u{2013}2\u{2212}3", "1-2-3"),
            ("so\u{AD}ft", "soft"),
            ("\u{202E}x", "x"),
            // Cyrillic letters are no disguise.
            ("\u{410}da", "\u{410}da"),
        ] {
            assert_eq!(fold(disguised), plain, "{disguised:?}");
        }
    }

    #[test]
    fn words_keep_their_apostrophes() {
        assert_eq!(words("'It’s' 5 o'clock—now").collect::<Vec<_>>(), ["It’s", "5", "o'clock", "now"]);
        assert_eq!(words(" .,! ").count(), 0);
    }
}
