//! What a statement that runs in somebody else's database does there, as far as its words tell.
//!
//! A scanner: it knows where a statement and a part of `with` begin, and the functions of PostgreSQL and SQLite that
//! change something when they are called. Names in quotes, texts and columns that are called like verbs are none. What
//! a view, a trigger or a function of the database's own does is not seen; `effect write` says it.

use super::{
    Mention,
    sql::{Token, tokens},
};

/// Functions that change something: sequences, large objects, messages, settings, other sessions, replication, other
/// databases. Listed on the page of E0404.
const FUNCTIONS: &[&str] = &[
    "dblink_exec",
    "load_extension",
    "lo_creat",
    "lo_create",
    "lo_export",
    "lo_from_bytea",
    "lo_import",
    "lo_put",
    "lo_truncate",
    "lo_unlink",
    "lowrite",
    "nextval",
    "pg_cancel_backend",
    "pg_create_logical_replication_slot",
    "pg_create_physical_replication_slot",
    "pg_create_restore_point",
    "pg_drop_replication_slot",
    "pg_logical_emit_message",
    "pg_logical_slot_get_changes",
    "pg_notify",
    "pg_promote",
    "pg_reload_conf",
    "pg_rotate_logfile",
    "pg_stat_reset",
    "pg_switch_wal",
    "pg_terminate_backend",
    "set_config",
    "setval",
];

/// Statements that only ask.
const ASKING: &[&str] = &["select", "with", "values", "table", "explain", "show"];

/// Statements that change data, tables, rights or what others see.
const CHANGING: &[&str] = &[
    "alter", "call", "cluster", "comment", "copy", "create", "delete", "do", "drop", "grant", "import", "insert",
    "lock", "merge", "notify", "reassign", "refresh", "reindex", "replace", "revoke", "security", "truncate", "update",
    "upsert", "vacuum",
];

/// What a statement does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Does<'a> {
    /// It asks.
    Reads,
    /// It changes something: the word that says so.
    Changes(Mention<'a>),
    /// It begins with a word that is none of these.
    Unknown,
}

/// What a text does.
pub(crate) fn does(text: &str) -> Does<'_> {
    let tokens = tokens(text);
    let mut begun = false;
    let mut does = Does::Reads;
    for (place, token) in tokens.iter().enumerate() {
        let word = match *token {
            Token::Word(word) => word,
            // In quotes a name is a name, but as it is written.
            Token::Quoted(name) if FUNCTIONS.contains(&name.name) && is_called(&tokens, place) => {
                return Does::Changes(name);
            }
            _ => continue,
        };
        let is_first = !begun;
        begun = true;
        if changes(&tokens, place, word, is_first) {
            return Does::Changes(word);
        }
        if is_first && !is(word, ASKING) {
            does = Does::Unknown;
        }
    }
    does
}

fn changes(tokens: &[Token<'_>], place: usize, word: Mention<'_>, is_first: bool) -> bool {
    let before = place.checked_sub(1).and_then(|place| tokens.get(place));
    let word_at =
        |place: usize, known: &str| matches!(tokens.get(place), Some(Token::Word(word)) if is(*word, &[known]));
    let behind = |known: &str| word_at(place + 1, known);
    // Where a statement begins: of the text, behind another one or `explain`, in or behind the parts of a `with`.
    let begins = match before {
        None | Some(Token::Sign(';' | '(' | ')')) => true,
        Some(Token::Word(before)) => is(*before, &["explain", "analyze", "verbose"]),
        Some(_) => false,
    };
    let is_statement = (is_first || matches!(before, Some(Token::Sign(';')))) && is(word, CHANGING);
    let is_part = begins
        && (is(word, &["insert", "merge"]) && behind("into")
            || is(word, &["delete"]) && behind("from")
            || is(word, &["update"])
                && tokens[place..].iter().any(|token| matches!(token, Token::Word(word) if is(*word, &["set"]))));
    // `select … into TABLE` makes one.
    let is_into = is(word, &["into"])
        && !matches!(before, Some(Token::Word(before)) if is(*before, &["insert", "merge", "replace", "ignore"]));
    is_statement || is_part || is_into || is(word, FUNCTIONS) && is_called(tokens, place)
}

fn is_called(tokens: &[Token<'_>], place: usize) -> bool {
    matches!(tokens.get(place + 1), Some(Token::Sign('(')))
}

fn is(word: Mention<'_>, known: &[&str]) -> bool {
    known.iter().any(|known| word.name.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str) -> Option<&str> {
        match does(text) {
            Does::Reads => None,
            Does::Changes(word) => Some(word.name),
            Does::Unknown => Some("?"),
        }
    }

    #[test]
    fn what_only_asks() {
        let texts = [
            "select id from orders where state = 'delete from x' -- insert into y",
            "SELECT \"update\", delete, t.insert FROM t /* drop table t */ WHERE update > 1",
            "with x as (select 1 as a) select * from x for update",
            "(select 1) union all (select count(*) from updates)",
            "select currval('ids'), lastval(), nextval from t",
            "explain select 1",
            "values (1), (2)",
            "select $$ delete from t $$, replace(name, 'a', 'b') from t",
            "table orders",
            "",
        ];
        for text in texts {
            assert_eq!(word(text), None, "{text}");
        }
    }

    #[test]
    fn what_changes_something() {
        let texts = [
            ("insert into t values (1)", "insert"),
            ("/* x */ -- y\n UPDATE t SET a = 1", "UPDATE"),
            ("delete from t where id = :id returning id", "delete"),
            ("with gone as (delete from t returning *) select * from gone", "delete"),
            ("with gone as materialized (update t set a = 1 returning *) select 1", "update"),
            ("with x as (select 1) insert into t select * from x", "insert"),
            ("explain analyze delete from t", "delete"),
            ("select nextval('ids')", "nextval"),
            ("select pg_catalog.\"nextval\"('ids')", "nextval"),
            ("select a, pg_catalog.setval('ids', 1) from t", "setval"),
            ("select pg_notify('a', 'b')", "pg_notify"),
            ("select * into copy from t", "into"),
            ("call archive()", "call"),
            ("truncate t", "truncate"),
            ("create table t (a int)", "create"),
            ("insert or replace into t values (1)", "insert"),
            ("select 1; drop table t", "drop"),
            ("refresh materialized view v", "refresh"),
        ];
        for (text, found) in texts {
            assert_eq!(word(text), Some(found), "{text}");
        }
    }

    #[test]
    fn what_nobody_knows() {
        assert_eq!(word("pragma table_info(t)"), Some("?"));
        assert_eq!(word("set search_path to a"), Some("?"));
    }
}
