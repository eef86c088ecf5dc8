//! Names in a text: words with a capital letter where a sentence does not ask for one, alone or in a row.
//!
//! Made for languages that write only names with a capital; in German every noun is found, and in a title every
//! word. A capital at the start of a sentence, a line or a quotation says nothing unless the next word has one too
//! and the first is no small word, as in `In Bergen`.

use super::{
    fold::{fold, words},
    language::is_small_word,
};
use std::collections::HashSet;

/// Words with a capital that are no names: `I`, and months and days, which data writes as numbers.
const NO_NAMES: &str = "i i'm i've i'll i'd january february march april may june july august september october november \
    december monday tuesday wednesday thursday friday saturday sunday";

/// The names in the order of the text; words of one name are separated by one blank.
pub(crate) fn names(text: &str) -> Vec<String> {
    let text = fold(text).replace('’', "'");
    let (mut found, mut run): (Vec<String>, Vec<(&str, bool)>) = (vec![], vec![]);
    let mut end = 0;
    for word in words(&text) {
        let start = offset(&text, word);
        let between = &text[end..start];
        let starts =
            end == 0 || between.contains(['.', '!', '?', ':', ';', '\n', '"', '“', '”', '«', '»', '*', '#', '|', '•']);
        if starts || between.contains([',', '(', ')', '/']) {
            close(&mut run, &mut found);
        }
        let is_capital = word.chars().next().is_some_and(char::is_uppercase) && !is_no_name(word);
        if is_capital && !(starts && is_small_word(&word.to_lowercase())) {
            run.push((word, starts));
        } else {
            close(&mut run, &mut found);
        }
        end = start + word.len();
    }
    close(&mut run, &mut found);
    found
}

fn is_no_name(word: &str) -> bool {
    let word = word.to_lowercase();
    NO_NAMES.split_whitespace().any(|known| known == word)
}

/// Where a piece of a text stands in it.
fn offset(text: &str, piece: &str) -> usize {
    (piece.as_ptr() as usize).saturating_sub(text.as_ptr() as usize)
}

fn close(run: &mut Vec<(&str, bool)>, found: &mut Vec<String>) {
    let name: Vec<&str> = run.iter().map(|(word, _)| *word).collect();
    if name.len() > 1 || run.iter().any(|(_, starts)| !starts) {
        found.push(name.join(" "));
    }
    run.clear();
}

/// Adds the words of a text, as [`is_known`] looks for them.
pub(crate) fn know(text: &str, known: &mut HashSet<String>) {
    let text = fold(text).replace('’', "'").to_lowercase();
    for word in words(&text) {
        known.insert(bare(word).to_owned());
    }
}

/// Whether every word of a name is known.
pub(crate) fn is_known(name: &str, known: &HashSet<String>) -> bool {
    name.to_lowercase().split(' ').all(|word| known.contains(bare(word)))
}

/// Without the ending of a possessive.
fn bare(word: &str) -> &str {
    word.strip_suffix("'s").unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::{is_known, know, names};
    use std::collections::HashSet;

    #[test]
    fn capitals_inside_sentences_are_names() {
        for (text, expected) in [
            ("", &[][..]),
            ("Revenue rose.", &[]),
            ("Revenue rose in Bergen. Sales fell.", &["Bergen"]),
            ("Ada Lovelace wrote it.", &["Ada Lovelace"]),
            ("It was Ada Lovelace, Grace Hopper and I.", &["Ada Lovelace", "Grace Hopper"]),
            ("We like Bergen’s rain", &["Bergen's"]),
            ("* Revenue\n* Costs", &[]),
            ("He said: \"Fine.\"", &[]),
            ("In Bergen it rains. The Hague is dry.", &["Bergen", "Hague"]),
            ("It was on Monday, 31 January.", &[]),
            ("in the NHS", &["NHS"]),
            ("to \u{200B}Ber\u{200B}gen", &["Bergen"]),
            ("to Ålesund and Łódź", &["Ålesund", "Łódź"]),
        ] {
            assert_eq!(names(text), expected, "{text}");
        }
    }

    #[test]
    fn a_name_is_known_by_its_words() {
        let mut known = HashSet::new();
        know("ada;LOVELACE, of Bergen", &mut known);
        for (name, expected) in [
            ("Ada Lovelace", true),
            ("Bergen's", true),
            ("Ada Byron", false),
            // A Cyrillic A: another name.
            ("\u{410}da", false),
            ("Lovelac", false),
        ] {
            assert_eq!(is_known(name, &known), expected, "{name}");
        }
    }
}
