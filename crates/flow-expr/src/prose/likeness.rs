//! How alike two texts are: Dice's coefficient over their words.
//!
//! Twice the words that both have, by the words of both; a word counts as often as it stands there. Order,
//! capitals and punctuation do not count; words of the same meaning do not either.

use super::fold::{fold, words};
use rust_decimal::Decimal;
use std::collections::HashMap;

/// From 0 (no word in common) to 1 (the same words), to four digits. Two texts without words are alike.
pub(crate) fn likeness(one: &str, other: &str) -> Decimal {
    let (one, other) = (fold(one).to_lowercase(), fold(other).to_lowercase());
    let mut counts: HashMap<&str, u64> = HashMap::new();
    let (mut all, mut common) = (0_u64, 0_u64);
    for word in words(&one) {
        *counts.entry(word).or_default() += 1;
        all += 1;
    }
    for word in words(&other) {
        all += 1;
        if let Some(count) = counts.get_mut(word).filter(|count| **count > 0) {
            *count -= 1;
            common += 2;
        }
    }
    if all == 0 { Decimal::ONE } else { (Decimal::from(common) / Decimal::from(all)).round_dp(4) }
}

#[cfg(test)]
mod tests {
    use super::likeness;

    #[test]
    fn words_in_common() {
        for (one, other, expected) in [
            ("", "", "1"),
            ("", "a", "0"),
            ("the same words", "The words, same!", "1"),
            ("a b c d", "a b x y", "0.5"),
            ("no no no", "no", "0.5"),
            ("one two three", "four five six", "0"),
            ("r\u{200B}ed car", "red car", "1"),
            ("a b c", "a b", "0.8"),
        ] {
            assert_eq!(likeness(one, other).normalize().to_string(), expected, "{one:?} {other:?}");
            assert_eq!(likeness(one, other), likeness(other, one));
        }
    }
}
