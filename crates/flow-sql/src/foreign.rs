//! Queries that run in somebody else's database: parsed in its dialect, parameters found, nothing typed.
//!
//! The database knows its tables; its rows are checked when they arrive. Parameters are put in by
//! position (`$1`), never as text.

use crate::{
    parse::{Lines, one_statement},
    problems::SqlProblem,
};
use datafusion::sql::sqlparser::{
    ast::Statement,
    dialect::{self, PostgreSqlDialect, SQLiteDialect},
    tokenizer::{Token, TokenWithSpan, Tokenizer},
};
use std::{ops::Range, sync::Arc};

/// Whose SQL it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// PostgreSQL.
    Postgres,
    /// SQLite.
    Sqlite,
}

/// What a statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Gives rows and changes nothing that the text shows.
    Query,
    /// Changes rows; `true` if it gives rows too (`returning`).
    Change(bool),
    /// Anything else: tables, rights, settings.
    Other,
}

/// A statement ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignQuery {
    /// The text with `$1`, `$2`, … in place of parameters.
    pub text: String,
    /// The parameter that each of these stands for.
    pub params: Vec<Arc<str>>,
    /// What it does.
    pub verb: Verb,
}

/// Parses a statement of another database and finds its parameters.
///
/// # Errors
/// Syntax, more than one statement, or a parameter that is not among `params`.
pub fn check_foreign(text: &str, dialect: Dialect, params: &[&str]) -> Result<ForeignQuery, Vec<SqlProblem>> {
    let dialect: &dyn dialect::Dialect = match dialect {
        Dialect::Postgres => &PostgreSqlDialect {},
        Dialect::Sqlite => &SQLiteDialect {},
    };
    let lines = Lines::new(text);
    let tokens = Tokenizer::new(dialect, text).tokenize_with_location().map_err(|error| {
        vec![SqlProblem::syntax(lines.word_at(error.location.line, error.location.column), error.message)]
    })?;
    let found = parameters(&tokens, &lines);
    let unknown = found.iter().filter(|(name, _)| !params.contains(&&**name));
    let problems: Vec<_> =
        unknown.map(|(name, range)| SqlProblem::unknown_parameter(range.clone(), name, params, &[])).collect();
    if !problems.is_empty() {
        return Err(problems);
    }
    // Parsed as written, so that places are those of the text; `:name` is a parameter to the parser too.
    let statement = one_statement(text, dialect, &lines).map_err(|problem| vec![problem])?;
    Ok(positional(text, &found, verb(&statement)))
}

/// Parameters and their places: a colon with a name directly after it.
fn parameters(tokens: &[TokenWithSpan], lines: &Lines<'_>) -> Vec<(Arc<str>, Range<usize>)> {
    let pairs = tokens.windows(2).filter_map(|pair| match (&pair[0].token, &pair[1].token) {
        (Token::Colon, Token::Word(word)) if word.quote_style.is_none() => {
            let range = lines.range(pair[0].span).start..lines.range(pair[1].span).end;
            Some((word.value.as_str().into(), range))
        }
        _ => None,
    });
    let single = tokens.iter().filter_map(|token| match &token.token {
        Token::Placeholder(text) => text.strip_prefix(':').map(|name| (name.into(), lines.range(token.span))),
        _ => None,
    });
    let mut found: Vec<_> = pairs.chain(single).collect();
    found.sort_by_key(|(_, range)| range.start);
    found
}

fn positional(text: &str, found: &[(Arc<str>, Range<usize>)], verb: Verb) -> ForeignQuery {
    let mut params: Vec<Arc<str>> = Vec::new();
    let mut changed = String::with_capacity(text.len());
    let mut done = 0;
    for (name, range) in found {
        let known = params.iter().position(|each| each == name);
        let number = known.unwrap_or_else(|| {
            params.push(name.clone());
            params.len() - 1
        });
        changed.push_str(&text[done..range.start]);
        changed.push_str(&format!("${}", number + 1));
        done = range.end;
    }
    changed.push_str(&text[done..]);
    ForeignQuery { text: changed, params, verb }
}

fn verb(statement: &Statement) -> Verb {
    match statement {
        Statement::Query(query) if changes(&query.to_string()) => Verb::Change(true),
        Statement::Query(_) | Statement::Explain { .. } => Verb::Query,
        Statement::Insert(insert) => Verb::Change(insert.returning.is_some()),
        Statement::Update(update) => Verb::Change(update.returning.is_some()),
        Statement::Delete(delete) => Verb::Change(delete.returning.is_some()),
        _ => Verb::Other,
    }
}

/// `with x as (delete … returning …) select …` changes rows though it is a query.
fn changes(query: &str) -> bool {
    let upper = query.to_uppercase();
    ["(INSERT INTO", "(UPDATE ", "(DELETE FROM"].iter().any(|part| upper.contains(part))
}
