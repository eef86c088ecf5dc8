//! SQL: bind parameters (`:name`) and words.

use super::{Mention, name_length, quoted_length, through};

/// What a query mentions.
#[derive(Debug, Default)]
pub(crate) struct SqlNames<'a> {
    /// Bind parameters.
    pub(crate) parameters: Vec<Mention<'a>>,
    /// Bare and quoted words, which may be tables.
    pub(crate) words: Vec<Mention<'a>>,
}

/// Scans a query.
pub(crate) fn names(text: &str) -> SqlNames<'_> {
    let mut found = SqlNames::default();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        at += match rest.as_bytes()[0] {
            b'\'' => 1 + quoted_length(&rest[1..], '\'', false),
            b'"' => {
                let length = quoted_length(&rest[1..], '"', false);
                found.words.push(Mention { name: rest[1..length].trim_end_matches('"'), start: at + 1 });
                1 + length
            }
            b'-' if rest.starts_with("--") => through(rest, "\n"),
            b'/' if rest.starts_with("/*") => 2 + through(&rest[2..], "*/"),
            b'$' => dollar_quoted(rest),
            b':' if rest.starts_with("::") => 2,
            b':' => {
                let length = name_length(&rest[1..]);
                if length > 0 {
                    found.parameters.push(Mention { name: &rest[1..=length], start: at + 1 });
                }
                1 + length
            }
            byte if byte.is_ascii_digit() => rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len()),
            _ => match name_length(rest) {
                0 => rest.chars().next().map_or(1, char::len_utf8),
                length => {
                    found.words.push(Mention { name: &rest[..length], start: at });
                    length
                }
            },
        };
    }
    found
}

/// `$tag$ … $tag$`, or one byte.
fn dollar_quoted(text: &str) -> usize {
    let length = name_length(&text[1..]);
    match text.get(..length + 2).filter(|tag| tag.ends_with('$')) {
        Some(tag) => tag.len() + through(&text[tag.len()..], tag),
        None => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(text: &str) -> Vec<&str> {
        names(text).parameters.iter().map(|mention| mention.name).collect()
    }

    #[test]
    fn parameters_are_found_outside_quotes_comments_and_casts() {
        assert_eq!(parameters("select a::int, :min from t where x >= :max"), ["min", "max"]);
        assert_eq!(parameters("select ':no', \":no\" -- :no\n, /* :no */ :yes"), ["yes"]);
        assert_eq!(parameters("select $$ :no $$, $f$ :no $f$, :yes"), ["yes"]);
        assert_eq!(parameters("select 'it''s :no', :é, a[1:2], '"), ["é"]);
        assert_eq!(parameters(":"), Vec::<&str>::new());
    }

    #[test]
    fn words_are_bare_or_quoted() {
        let found = names("select 1e5, a.b from \"Orders\" o, 'x'");
        let words: Vec<&str> = found.words.iter().map(|mention| mention.name).collect();
        assert_eq!(words, ["select", "a", "b", "from", "Orders", "o"]);
    }

    #[test]
    fn places_are_bytes() {
        let found = names("é :min");
        assert_eq!((found.parameters[0].start, found.parameters[0].end()), (4, 7));
    }
}
