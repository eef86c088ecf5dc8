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

/// A piece of a query that means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A keyword or name.
    Word(Mention<'a>),
    /// A name in double quotes.
    Quoted(Mention<'a>),
    /// A bind parameter.
    Parameter(Mention<'a>),
    /// A number or text.
    Literal,
    /// Anything else.
    Sign(char),
}

/// Scans a query for names.
pub(crate) fn names(text: &str) -> SqlNames<'_> {
    let mut found = SqlNames::default();
    for token in tokens(text) {
        match token {
            Token::Word(mention) | Token::Quoted(mention) => found.words.push(mention),
            Token::Parameter(mention) => found.parameters.push(mention),
            Token::Literal | Token::Sign(_) => {}
        }
    }
    found
}

/// Scans a query; blanks and comments are left out.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found = vec![];
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let (length, token) = match rest.as_bytes()[0] {
            b'\'' => (1 + quoted_length(&rest[1..], '\'', false), Some(Token::Literal)),
            b'"' => {
                let length = quoted_length(&rest[1..], '"', false);
                // One that opens at the end of the text has none.
                let name = rest.get(1..length).unwrap_or_default().trim_end_matches('"');
                (1 + length, Some(Token::Quoted(Mention { name, start: at + 1 })))
            }
            b'-' if rest.starts_with("--") => (through(rest, "\n"), None),
            b'/' if rest.starts_with("/*") => (2 + through(&rest[2..], "*/"), None),
            b'$' => match dollar_quoted(rest) {
                1 => (1, Some(Token::Sign('$'))),
                length => (length, Some(Token::Literal)),
            },
            b':' if rest.starts_with("::") => (2, Some(Token::Sign(':'))),
            b':' => match name_length(&rest[1..]) {
                0 => (1, Some(Token::Sign(':'))),
                length => (1 + length, Some(Token::Parameter(Mention { name: &rest[1..=length], start: at + 1 }))),
            },
            byte if byte.is_ascii_digit() => {
                (rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len()), Some(Token::Literal))
            }
            _ => match (name_length(rest), rest.chars().next()) {
                (0, sign) => {
                    let sign = sign.unwrap_or(' ');
                    (sign.len_utf8(), Some(Token::Sign(sign)).filter(|_| !sign.is_whitespace()))
                }
                (length, _) => (length, Some(Token::Word(Mention { name: &rest[..length], start: at }))),
            },
        };
        at += length;
        found.extend(token);
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
        // One that is not closed, as while it is typed.
        for text in ["\"", "select \"", "select \"é", "select \"\"", "select \"\"\""] {
            assert!(names(text).words.len() <= 3, "{text}");
        }
    }

    #[test]
    fn places_are_bytes() {
        let found = names("é :min");
        assert_eq!((found.parameters[0].start, found.parameters[0].end()), (4, 7));
    }
}
