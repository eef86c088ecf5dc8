//! Which of a few languages a text is in, by the small words that every text of a language is full of.
//!
//! Tells English, German, French, Spanish, Italian, Dutch and Portuguese apart. A text with too few small words, or
//! with as many of two languages, is not decided; one that is mostly not in Latin letters is in another language.

use super::fold::{fold, words};

/// Of a text that is mostly not in Latin letters.
pub(crate) const OTHER: &str = "other";

/// Small words by language. Words that several of them share count for each.
const SMALL_WORDS: [(&str, &str); 7] = [
    (
        "en",
        "the of and to in is that it was for on with as are this be by not have from at which or an were but has had they you his her we our their",
    ),
    (
        "de",
        "der die das und ist nicht ein eine einen zu den mit von für auf im dem des sich auch es wir ich sie wird sind war bei als oder nach wie aus aber über",
    ),
    (
        "fr",
        "le la les de des et est un une du que qui dans pour pas sur il elle nous vous ce cette avec au aux par plus sont en ne se ont été mais ou",
    ),
    (
        "es",
        "el la los las de del y es un una que en por para con no se su al lo como más pero sus este esta son fue ha entre cuando muy",
    ),
    (
        "it",
        "il lo la gli le di del della e è un una che in per con non si da dei nel sono più ma come anche questo questa alla ha al delle i",
    ),
    (
        "nl",
        "de het een en van is dat niet in op te zijn voor met die aan er om ook als maar bij dan naar uit wordt werd door over hebben wij",
    ),
    (
        "pt",
        "o a os as de do da dos das e é um uma que em no na para com não por se mais como mas foi ao são seu sua ou pelo pela",
    ),
];

/// Fewer small words than this decide nothing.
const FEWEST: usize = 3;

/// Whether a word, in small letters, is one of the small words of some language.
pub(crate) fn is_small_word(word: &str) -> bool {
    SMALL_WORDS.iter().any(|(_, small)| small.split(' ').any(|known| known == word))
}

/// The language's code of two letters, [`OTHER`], or none if it cannot be told.
pub(crate) fn language(text: &str) -> Option<&'static str> {
    let text = fold(text).to_lowercase();
    let letters = text.chars().filter(|letter| letter.is_alphabetic());
    let (latin, foreign) = letters.fold((0_usize, 0_usize), |(latin, foreign), letter| {
        if (letter as u32) < 0x0250 || (0x1E00..0x1F00).contains(&(letter as u32)) {
            (latin + 1, foreign)
        } else {
            (latin, foreign + 1)
        }
    });
    if foreign > latin {
        return Some(OTHER);
    }
    let mut hits: Vec<(usize, &str)> = SMALL_WORDS.iter().map(|(code, _)| (0, *code)).collect();
    for word in words(&text) {
        for ((count, _), (_, small)) in hits.iter_mut().zip(&SMALL_WORDS) {
            *count += usize::from(small.split(' ').any(|known| known == word));
        }
    }
    hits.sort_unstable_by_key(|(count, _)| std::cmp::Reverse(*count));
    let (first, second) = (hits[0], hits[1]);
    // A lead of a fifth: languages of one family share many small words.
    (first.0 >= FEWEST && first.0 * 5 >= second.0 * 6).then_some(first.1)
}

#[cfg(test)]
mod tests {
    use super::{OTHER, language};

    #[test]
    fn small_words_tell() {
        for (text, expected) in [
            ("The revenue of the north was higher than that of the south.", Some("en")),
            ("Der Umsatz im Norden ist höher als der im Süden, und das ist nicht neu.", Some("de")),
            ("Le chiffre d'affaires du nord est plus élevé que dans le sud.", Some("fr")),
            ("Los ingresos del norte son más altos que los del sur en este año.", Some("es")),
            ("Il fatturato del nord è più alto di quello del sud, ma non per molto.", Some("it")),
            ("De omzet van het noorden is hoger dan die van het zuiden.", Some("nl")),
            ("A receita do norte é mais alta do que a do sul, mas não por muito.", Some("pt")),
            ("Доходы на севере выше, чем на юге.", Some(OTHER)),
            ("売上高は北が高い", Some(OTHER)),
            ("", None),
            ("Revenue 10.00", None),
            ("the", None),
            ("SKU-123 / 456", None),
            ("The r\u{200B}evenue o\u{200B}f t\u{200B}he north is the best", Some("en")),
            // What a text says of itself is not what it is in.
            ("Dieser Text ist auf Englisch, und das ist sicher: ENGLISH.", Some("de")),
        ] {
            assert_eq!(language(text), expected, "{text}");
        }
    }
}
