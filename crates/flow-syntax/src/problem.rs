//! What can be wrong with a text, as data; and its rendering into words.
//!
//! Lexer, parser and checks note a [`SyntaxProblem`] with the place in bytes; [`SyntaxProblem::render`] makes
//! the report when all is parsed, because it needs the text for names and suggestions.

use crate::lexer::Token;
use flow_diag::{FileId, Problem, Span, codes};

/// The style that a name must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Case {
    /// `snake_case`: values, functions, modules, labels.
    Snake,
    /// `CamelCase`: types and variants.
    Camel,
    /// Either, but not a mixture.
    Any,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// Something else was expected here, or after this.
    Unexpected { expected: &'static str, found: (u32, u32), after: bool },
    /// A bracket without its partner. The place is where the partner was missed.
    Unclosed { open: u32, sign: Token },
    /// A text without closing quotes.
    UnclosedText,
    /// A hole that is not closed before its text seems to end.
    UnclosedHole,
    /// A name in the wrong style.
    WrongCase(Case),
    /// A name with letters that are not ASCII.
    ForeignLetters,
    /// A character that cannot be seen.
    Hidden(char),
    /// Digits with a unit that does not exist.
    BadNumber,
    /// A literal of the right shape without a value: the 30th of February.
    NoSuchValue,
    /// A backslash that begins no escape.
    BadEscape,
    /// A backslash before the quotes that close a raw text.
    RawQuote,
    /// Nested too deep.
    TooDeep,
    /// More bytes or tokens than a file may have.
    TooLarge,
    /// Not text at all.
    NotText,
    /// A step or judge without a body.
    NoBody,
    /// A second body. `first` is where the first one begins.
    SecondBody { first: u32, first_end: u32 },
    /// A clause that is there already.
    ClauseTwice { first: u32, first_end: u32 },
    /// `a < b < c`
    Chained,
    /// An expression in the middle of a block.
    Unused,
    /// `x = 1` without `let`.
    NoLet,
    /// `->` where `=>` was meant.
    ThinArrow,
    /// `a ? b : c`
    Ternary,
    /// `if c then a`
    Then,
    /// `{ a: 1 }` as a value.
    BareRecord,
    /// `5 minutes`
    SpelledUnit,
    /// A word that begins no clause or statement here.
    UnknownClause { owner: &'static str, known: &'static [Token] },
}

/// A problem with its place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SyntaxProblem {
    pub(crate) what: What,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl SyntaxProblem {
    pub(crate) fn new(what: What, start: usize, end: usize) -> Self {
        let offset = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
        Self { what, start: offset(start), end: offset(end) }
    }

    /// The report.
    #[expect(clippy::too_many_lines, reason = "an arm of a few lines for each problem")]
    pub(crate) fn render(self, file: FileId, source: &str) -> Problem {
        let span = Span::new(file, self.start, self.end);
        let text = source.get(self.start as usize..self.end as usize).unwrap_or_default();
        match self.what {
            What::Unexpected { expected, found: (start, end), after } => {
                let found = source.get(start as usize..end as usize).unwrap_or_default();
                unexpected(span, found, expected, after)
            }
            What::Unclosed { open, sign } => {
                let sign = sign.spelling().unwrap_or_default();
                let opened = Span::new(file, open, open + 1);
                Problem::error(codes::E0002, opened, format!("`{sign}` is never closed"), "opened here")
                    .label(span, "missed here at the latest")
            }
            What::UnclosedText => {
                let first_line = text.lines().next().map_or(0, str::len);
                let end = self.start + u32::try_from(first_line).unwrap_or(0);
                let span = Span::new(file, self.start, end);
                Problem::error(codes::E0003, span, "this text is never closed", "no closing quotes")
                    .help("a text ends with its line; put text of several lines between `\"\"\"`")
                    .help("`{` before a word or `(` opens a hole, which `}` must close; `\\{` is a brace")
            }
            What::UnclosedHole => {
                let brace = Span::new(file, self.start, self.start + 1);
                Problem::error(codes::E0002, brace, "`{` is never closed", "the hole opens here")
                    .label(Span::new(file, self.end, self.end + 1), "the text ends here")
                    .help("a hole ends with `}`; for a brace in the text write `\\{`")
                    .fix("close it", Span::new(file, self.end, self.end), "}")
            }
            What::WrongCase(case) => wrong_case(span, text, case),
            What::ForeignLetters => {
                Problem::error(codes::E0005, span, format!("`{text}` has letters that names cannot have"), foreign(text))
                    .help("names are made of a-z, A-Z, 0-9 and `_`; between backticks any text can be a name")
            }
            What::Hidden(c) => hidden(span, c),
            What::BadNumber => bad_number(span, text),
            What::NoSuchValue => Problem::error(codes::E0007, span, format!("`{text}` does not exist"), no_such(text)),
            What::BadEscape => Problem::error(codes::E0008, span, format!("`{text}` is no escape"), "not known")
                .help("known are `\\n`, `\\t`, `\\r`, `\\0`, `\\\\`, `\\\"`, `\\{`, `\\}` and `\\u{1F600}`")
                .help("a text after `r`, as in `r\"\\d+\"`, knows no escapes"),
            What::RawQuote => {
                Problem::error(codes::E0008, span, "in code a backslash escapes nothing", "so this closes the text")
                    .help("put code with quotes in it between `\"\"\"`")
            }
            What::TooDeep => Problem::error(codes::E0009, span, "nested too deep", "more than 256 levels here")
                .help("name a part with `let`, or move it into a function"),
            What::TooLarge => Problem::error(codes::E0009, span, "the file is too large", "more than a file may hold")
                .note("a file may have 64 MiB and four million words and signs")
                .help("keep data outside of the program, in a file that a `dataset` points at"),
            What::NotText => Problem::error(codes::E0010, span, "this is not a text file", "it has a zero byte here"),
            What::NoBody => Problem::error(codes::E0011, span, "the step has no body", "nothing here does any work")
                .help("a step has exactly one of `sql`, `sh`, `python`, `http`, `ai`, `container`, `ssh`, `ask`, `outside`"),
            What::SecondBody { first, first_end } => {
                Problem::error(codes::E0011, span, "the step has a second body", "this one is too many")
                    .label(Span::new(file, first, first_end), "the first one")
                    .help("make it a step of its own, and give it the first one's result")
            }
            What::ClauseTwice { first, first_end } => {
                let word = text.split_whitespace().next().unwrap_or_default();
                Problem::error(codes::E0012, span, format!("`{word}` stands here twice"), "the second one")
                    .label(Span::new(file, first, first_end), "the first one")
                    .help("keep one of them")
            }
            What::Chained => Problem::error(codes::E0013, span, "comparisons cannot be chained", "a second comparison")
                .help("compare twice and join with `and`: `a < b and b < c`"),
            What::Unused => Problem::error(codes::E0014, span, "the value of this expression is lost", "nobody uses it")
                .help("keep it with `let name = …`; a call that is made for its effect begins with `do`")
                .help("only the last thing in a block may be an expression: it is the block's value"),
            What::NoLet => {
                Problem::error(codes::E0001, span, "a value gets its name with `let`", "expected `let` before this")
                    .help("a name keeps its value: for another value take another name")
                    .fix("write `let`", Span::new(file, self.start, self.start), "let ")
            }
            What::ThinArrow => {
                Problem::error(codes::E0001, span, "expected `=>`, found `->`", "expected `=>`")
                    .help("`->` stands before the type of a result, `=>` between what comes in and what becomes of it")
                    .fix("write `=>`", span, "=>")
            }
            What::Ternary => {
                Problem::error(codes::E0001, span, "a choice is written with `if`, found `?`", "not known here")
                    .help("`if cond { a } else { b }` is a value; for a value that may be missing there is `value ?? other`")
            }
            What::Then => {
                Problem::error(codes::E0001, span, "expected `{`, found `then`", "expected `{`")
                    .help("the branches stand between braces: `if cond { a } else { b }`")
            }
            What::BareRecord => {
                Problem::error(codes::E0001, span, "expected an expression, found `{`", "expected an expression")
                    .help("a record is made with its type's name, `Order(id: 1)`; a map is `[\"key\": 1]`")
            }
            What::SpelledUnit => spelled_unit(span, text),
            What::UnknownClause { owner, known } => unknown_clause(span, text, owner, known),
        }
    }
}

fn unexpected(span: Span, text: &str, expected: &'static str, after: bool) -> Problem {
    let found = match text {
        "" => "the end of the file".to_owned(),
        text if text.contains('\n') || text.len() > 40 => "this".to_owned(),
        text => format!("`{text}`"),
    };
    if text == ";" {
        return Problem::error(codes::E0001, span, "nothing needs a semicolon", "not needed")
            .help("every clause and statement begins with a word, so where one ends is clear")
            .fix("remove it", span, "");
    }
    let label = if after { format!("expected {expected} after this") } else { format!("expected {expected}") };
    let problem = Problem::error(codes::E0001, span, format!("expected {expected}, found {found}"), label);
    if after {
        return problem;
    }
    match text {
        "&&" => problem.fix("write `and`", span, "and"),
        "||" => problem.fix("write `or`", span, "or"),
        "!" => problem.fix("write `not`", span, "not "),
        "===" => problem.fix("write `==`", span, "=="),
        "!==" => problem.fix("write `!=`", span, "!="),
        "::" => problem.fix("write `.`", span, "."),
        "#" | "/*" | "*/" => problem.help("a comment begins with `//` and ends with its line"),
        "'" => problem.help("text stands between double quotes"),
        "else" => {
            problem.help("what stands in for a failed call is said where it is named: `let x = call() else VALUE`")
        }
        "=" => problem.help("`=` gives a name its value; `==` compares"),
        _ => problem,
    }
}

fn wrong_case(span: Span, text: &str, case: Case) -> Problem {
    let camel = camel_case(text);
    let snake = snake_case(text);
    let (what, better) = match case {
        Case::Snake => ("values, functions and modules are written in `snake_case`", snake),
        Case::Camel => ("types and variants are written in `CamelCase`", camel),
        Case::Any => ("a name is `snake_case` or, for types and variants, `CamelCase`", snake),
    };
    let problem = Problem::error(codes::E0004, span, format!("`{text}` is not spelled like this kind of name"), what)
        .help(format!("a name that somebody else chose can stand between backticks: `` `{text}` ``"));
    if better.is_empty() { problem } else { problem.fix(format!("rename it to `{better}`"), span, better) }
}

fn snake_case(text: &str) -> String {
    let mut out = String::new();
    let mut previous_is_small = false;
    for c in text.chars() {
        if c.is_ascii_uppercase() && previous_is_small {
            out.push('_');
        }
        previous_is_small = c.is_ascii_lowercase() || c.is_ascii_digit();
        out.push(c.to_ascii_lowercase());
    }
    out
}

fn camel_case(text: &str) -> String {
    let words = text.split('_').filter(|word| !word.is_empty());
    words
        .map(|word| {
            let (first, rest) = word.split_at(1);
            let shouting = rest.chars().all(|c| !c.is_ascii_lowercase());
            first.to_ascii_uppercase() + &if shouting { rest.to_ascii_lowercase() } else { rest.to_owned() }
        })
        .collect()
}

fn foreign(text: &str) -> String {
    let odd = text.chars().find(|c| !c.is_ascii()).unwrap_or('?');
    format!("`{odd}` is U+{:04X}, which may look like another letter", u32::from(odd))
}

fn hidden(span: Span, c: char) -> Problem {
    let number = u32::from(c);
    let (title, why) = match c {
        '\r' => ("a carriage return stands alone", "some editors show a new line here, others do not"),
        c if c.is_ascii_control() => ("a control character is in the text", "cannot be seen"),
        _ => ("an invisible character is in the text", "can make code look different from what it does"),
    };
    Problem::error(codes::E0006, span, format!("{title}: U+{number:04X}"), why)
        .help(format!("inside a text write it as `\\u{{{number:X}}}`"))
        .fix("remove it", span, "")
}

fn bad_number(span: Span, text: &str) -> Problem {
    let problem = Problem::error(codes::E0007, span, format!("`{text}` is no number"), "digits with an unknown unit");
    if text.contains('.') {
        return problem.help("only whole numbers have units: write `1500ms` for one and a half seconds");
    }
    problem
        .help("time: `500ms`, `30s`, `5m`, `2h`, `1d`, or together from large to small: `1h30m`")
        .help("size: `10KB`, `5MiB`")
}

/// The short form of a unit of time that is written out.
pub(crate) fn unit_of(word: &str) -> Option<&'static str> {
    Some(match word {
        "ms" | "millis" | "millisecond" | "milliseconds" => "ms",
        "s" | "sec" | "secs" | "second" | "seconds" => "s",
        "m" | "min" | "mins" | "minute" | "minutes" => "m",
        "h" | "hr" | "hrs" | "hour" | "hours" => "h",
        "d" | "day" | "days" => "d",
        _ => return None,
    })
}

fn spelled_unit(span: Span, text: &str) -> Problem {
    let mut words = text.split_whitespace();
    let number = words.next().unwrap_or_default();
    let short = format!("{number}{}", words.last().and_then(unit_of).unwrap_or_default());
    Problem::error(codes::E0007, span, format!("a time is written with its unit, without a blank: `{short}`"), "a time")
        .fix(format!("write `{short}`"), span, short)
}

fn no_such(text: &str) -> &'static str {
    if text.contains(':') {
        "no such time"
    } else if text.contains('-') {
        "no such day"
    } else {
        "too large"
    }
}

fn unknown_clause(span: Span, text: &str, owner: &'static str, known: &'static [Token]) -> Problem {
    let spellings = known.iter().filter_map(|token| token.spelling());
    let nearest = nearest(text, spellings);
    let problem =
        Problem::error(codes::E0015, span, format!("`{text}` begins nothing that {owner} has"), "not known here");
    if let Some(nearest) = nearest {
        return problem.fix(format!("write `{nearest}`"), span, nearest);
    }
    let all: Vec<&str> = known.iter().filter_map(|token| token.spelling()).collect();
    problem.note(format!("{owner} has {}", all.join(", ")))
}

/// The candidate that differs least, if it differs little.
pub(crate) fn nearest<'a>(text: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let scored = candidates.map(|candidate| (strsim::damerau_levenshtein(text, candidate), candidate));
    let (distance, best) = scored.min()?;
    (distance * 3 <= best.len().max(3)).then_some(best)
}
