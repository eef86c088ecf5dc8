//! POSIX shell: variables that are used (`$name`, `${name}`) and names that the script itself sets.

use super::{Mention, name_length, quoted_length, through};

/// What a script mentions.
#[derive(Debug, Default)]
pub(crate) struct ShellNames<'a> {
    /// Variables that are expanded, outside single quotes and comments.
    pub(crate) used: Vec<Mention<'a>>,
    /// Names in `$((…))`, where a variable needs no `$`.
    pub(crate) counted: Vec<&'a str>,
    /// Names that the script sets: `x=…`, `for x in`, `read x y`, `local x`, `export x`, `${x:=…}`.
    pub(crate) set: Vec<&'a str>,
}

impl ShellNames<'_> {
    /// Whether the script sets the name.
    pub(crate) fn sets(&self, name: &str) -> bool {
        self.set.contains(&name)
    }
}

/// Scans a script.
pub(crate) fn names(text: &str) -> ShellNames<'_> {
    let mut found = ShellNames::default();
    let mut at = 0;
    let mut in_double_quotes = false;
    let mut at_word_start = true;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let first = rest.as_bytes()[0];
        let length = match first {
            b'\\' => 1 + rest[1..].chars().next().map_or(0, char::len_utf8),
            b'"' => {
                in_double_quotes = !in_double_quotes;
                1
            }
            b'\'' if !in_double_quotes => 1 + quoted_length(&rest[1..], '\'', false),
            b'#' if at_word_start && !in_double_quotes => through(rest, "\n"),
            b'$' => expansion(rest, at, &mut found),
            _ if at_word_start && !in_double_quotes => word(rest, &mut found),
            _ => rest.chars().next().map_or(1, char::len_utf8),
        };
        at_word_start = matches!(first, b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'(' | b'`' | b'{')
            || (first == b'#' && at_word_start);
        at += length;
    }
    found
}

/// `$name` or `${name…}`; what is inside the braces after the name is scanned by the caller.
fn expansion<'a>(rest: &'a str, at: usize, found: &mut ShellNames<'a>) -> usize {
    if let Some(sum) = rest.strip_prefix("$((") {
        let sum = sum.split("))").next().unwrap_or_default();
        let words = sum.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        found.counted.extend(words.filter(|word| name_length(word) == word.len() && !word.is_empty()));
    }
    let braces = usize::from(rest.starts_with("${"));
    let hash = usize::from(braces == 1 && rest[2..].starts_with('#'));
    let skip = 1 + braces + hash;
    let length = name_length(&rest[skip..]);
    if length == 0 {
        return skip.min(rest.len());
    }
    let name = &rest[skip..skip + length];
    found.used.push(Mention { name, start: at + skip });
    if braces == 1 && (rest[skip + length..].starts_with(":=") || rest[skip + length..].starts_with('=')) {
        found.set.push(name);
    }
    skip + length
}

/// A word where a command or assignment may begin.
fn word<'a>(rest: &'a str, found: &mut ShellNames<'a>) -> usize {
    let length = name_length(rest);
    if length == 0 {
        return rest.chars().next().map_or(1, char::len_utf8);
    }
    let (name, after) = rest.split_at(length);
    if after.starts_with('=') || after.starts_with("+=") {
        found.set.push(name);
    } else if matches!(name, "for" | "read" | "local" | "export" | "readonly" | "getopts" | "declare" | "typeset") {
        let line = after.split(['\n', ';', '|']).next().unwrap_or_default();
        let operands = line.split_whitespace().take_while(|operand| *operand != "in");
        found.set.extend(operands.map(|operand| &operand[..name_length(operand)]).filter(|name| !name.is_empty()));
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(text: &str) -> Vec<&str> {
        names(text).used.iter().map(|mention| mention.name).collect()
    }

    #[test]
    fn variables_are_found_where_the_shell_expands_them() {
        assert_eq!(used("echo $a \"${b} it's $c\" '$d' # $e\n${#f} $(cat \"$g\") \\$h"), ["a", "b", "c", "f", "g"]);
        assert_eq!(used("echo $1 $@ $$ $? ${x:-$y} a#$z"), ["x", "y", "z"]);
        assert_eq!(used("$"), Vec::<&str>::new());
    }

    #[test]
    fn what_the_script_sets_is_known() {
        let found = names("n=1; for f in *.csv; do read -r a b < $f; done\nlocal x y=2\n: ${z:=3}\nexport OUT");
        assert_eq!(found.set, ["n", "f", "a", "b", "x", "y", "y", "z", "OUT"]);
    }

    #[test]
    fn sums_need_no_sign() {
        let found = names("echo $((id + 0x1f * $n)) \"$((2*two))\" '$((no))'");
        assert_eq!(found.counted, ["id", "n", "two"]);
    }

    #[test]
    fn places_are_bytes() {
        let found = names("é ${abc}");
        assert_eq!((found.used[0].start, found.used[0].end()), (5, 8));
    }
}
