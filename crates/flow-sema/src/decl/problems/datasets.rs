//! Datasets: places, options, columns, rules.

use crate::problems::{nearest, one_of};
use flow_diag::{Problem, Span, codes};
use flow_expr::{Name, Type};

/// A place that is none.
pub(crate) struct BadLocation<'a> {
    pub(crate) at: Span,
    pub(crate) found: Option<&'a str>,
}

impl From<BadLocation<'_>> for Problem {
    fn from(found: BadLocation<'_>) -> Self {
        const FORMATS: [&str; 5] = ["csv", "parquet", "jsonl", "json", "text"];
        let BadLocation { at, found } = found;
        let title = match found {
            Some(word) => format!("there is no format `{word}`"),
            None => "`at` takes the place of the data".to_owned(),
        };
        let problem = Self::error(codes::E0169, at, title, "not a place")
            .help("write `csv(\"path\")`, `parquet(\"path\")`, `jsonl(\"path\")`, `json(\"path\")`, `text(\"path\")`, or `connection.table(\"name\")`");
        match found.and_then(|word| nearest(word, FORMATS)) {
            Some(near) => problem.fix(format!("use `{near}`"), at, near),
            None => problem,
        }
    }
}

/// An address that cannot be read.
pub(crate) struct UnknownScheme<'a> {
    pub(crate) at: Span,
    pub(crate) scheme: &'a str,
}

impl From<UnknownScheme<'_>> for Problem {
    fn from(found: UnknownScheme<'_>) -> Self {
        let UnknownScheme { at, scheme } = found;
        Self::error(codes::E0279, at, format!("data at `{scheme}://` cannot be read"), "not `http` or `https`")
            .note("a dataset is a path in the project, an `http` or `https` URL, or a table of a database")
            .help("fetch it with a step that gives a `Table` or `File`, or copy it to a file before the run")
    }
}

/// An option that the format does not have.
pub(crate) struct UnknownOption<'a> {
    pub(crate) at: Span,
    pub(crate) name: &'a str,
    pub(crate) format: &'a str,
    pub(crate) known: &'a [&'static str],
}

impl From<UnknownOption<'_>> for Problem {
    fn from(found: UnknownOption<'_>) -> Self {
        let UnknownOption { at, name, format, known } = found;
        let title = if name.is_empty() {
            format!("`{format}` takes one path")
        } else {
            format!("`{format}` has no option `{name}`")
        };
        let problem = Self::error(codes::E0170, at, title, "not known here");
        match (known, nearest(name, known.iter().copied())) {
            ([], _) => problem.note(format!("`{format}` has no options")),
            (_, Some(near)) => problem.help(format!("did you mean `{near}`?")),
            _ => problem.note(format!("its options are {}", one_of(known.iter().copied()))),
        }
    }
}

/// An option's value that is none.
pub(crate) struct BadOption {
    pub(crate) at: Span,
    pub(crate) option: &'static str,
    pub(crate) expected: &'static str,
}

impl From<BadOption> for Problem {
    fn from(found: BadOption) -> Self {
        let BadOption { at, option, expected } = found;
        Self::error(codes::E0170, at, format!("`{option}` takes {expected}"), "not this")
    }
}

/// A format that cannot hold the data.
pub(crate) struct FormatType<'a> {
    pub(crate) at: Span,
    pub(crate) format: &'a str,
    pub(crate) ty: &'a Type,
}

impl From<FormatType<'_>> for Problem {
    fn from(found: FormatType<'_>) -> Self {
        let FormatType { at, format, ty } = found;
        let (holds, help) = match format {
            "text" => ("a `String`", "a record or list goes into `json(…)`, a table into `csv(…)` or `parquet(…)`"),
            "json" => ("data: records, lists, maps, numbers, texts", "declare a type of data"),
            _ => ("a `Table<…>`", "a single value goes into `json(…)`, a `String` also into `text(…)`"),
        };
        Self::error(codes::E0265, at, format!("`{format}` holds {holds}, not `{ty}`"), "cannot hold the dataset's type")
            .help(help)
    }
}

/// A connection without tables.
pub(crate) struct NoTables<'a> {
    pub(crate) at: Span,
    pub(crate) connection: &'a Name,
}

impl From<NoTables<'_>> for Problem {
    fn from(found: NoTables<'_>) -> Self {
        let title = format!("connection `{}` has no tables", found.connection.short());
        Self::error(codes::E0169, found.at, title, "it is an HTTP address")
            .help("fetch the data with an `http` step and write it to a dataset of its own")
    }
}

/// A column that the rows do not have.
pub(crate) struct UnknownColumn<'a> {
    pub(crate) at: Span,
    pub(crate) column: &'a str,
    pub(crate) row: Option<&'a Name>,
    pub(crate) known: Vec<&'a str>,
    pub(crate) declared: Option<Span>,
}

impl From<UnknownColumn<'_>> for Problem {
    fn from(found: UnknownColumn<'_>) -> Self {
        let UnknownColumn { at, column, row, known, declared } = found;
        let Some(row) = row else {
            return Self::error(
                codes::E0171,
                at,
                format!("there is no column `{column}`"),
                "the dataset is no table of records",
            )
            .help("`by modified` dates a file by when it was last changed");
        };
        let mut problem =
            Self::error(codes::E0171, at, format!("`{}` has no column `{column}`", row.short()), "not a column");
        if let Some(declared) = declared {
            problem = problem.label(declared, "declared here");
        }
        match nearest(column, known.iter().copied()) {
            Some(near) => problem.help(format!("did you mean `{near}`?")).fix(format!("rename to `{near}`"), at, near),
            None => problem.note(format!("its columns are {}", one_of(known))),
        }
    }
}

/// A column that says nothing of time.
pub(crate) struct FreshColumn<'a> {
    pub(crate) at: Span,
    pub(crate) column: &'a str,
    pub(crate) ty: &'a Type,
}

impl From<FreshColumn<'_>> for Problem {
    fn from(found: FreshColumn<'_>) -> Self {
        let FreshColumn { at, column, ty } = found;
        Self::error(
            codes::E0266,
            at,
            format!("`{column}` is `{ty}` and cannot date the data"),
            "expected a Timestamp or Date",
        )
        .help("name a column with times, or date the file: `by modified`")
    }
}

/// A rule over columns that names none.
pub(crate) struct NotColumn<'a> {
    pub(crate) at: Span,
    pub(crate) word: &'a str,
}

impl From<NotColumn<'_>> for Problem {
    fn from(found: NotColumn<'_>) -> Self {
        let NotColumn { at, word } = found;
        let help = match word {
            "not_null" => "write one column: `not_null(id)`",
            "unique" => "write the columns that are unique together: `unique(id)`, `unique(day, region)`",
            _ => "name a column",
        };
        let title = if word == "this rule" {
            "this is no column".to_owned()
        } else {
            format!("`{word}` takes names of columns")
        };
        Self::error(codes::E0171, at, title, "expected a column").help(help)
    }
}

/// A share of something that has no parts.
pub(crate) struct ShareOfWhole {
    pub(crate) at: Span,
}

impl From<ShareOfWhole> for Problem {
    fn from(found: ShareOfWhole) -> Self {
        Self::error(codes::E0172, found.at, "a rule about the whole holds or does not", "a share of rows")
            .help("remove `for …`, or make it a rule about rows")
    }
}

/// A share that is none.
pub(crate) struct ShareRange {
    pub(crate) at: Span,
}

impl From<ShareRange> for Problem {
    fn from(found: ShareRange) -> Self {
        Self::error(codes::E0261, found.at, "a share is above 0 % and at most 100 %", "out of range")
            .help("write it as `99.9%`")
    }
}

/// An action that an expectation does not have.
pub(crate) struct BadExpectAction {
    pub(crate) at: Span,
}

impl From<BadExpectAction> for Problem {
    fn from(found: BadExpectAction) -> Self {
        Self::error(codes::E0172, found.at, "an expectation can only fail or warn", "not an action of `expect`")
            .help("write `else warn`, or nothing to refuse the version")
    }
}

/// A dataset that is said to arrive after its own new version.
pub(crate) struct ArrivesAfterItself<'a> {
    pub(crate) at: Span,
    pub(crate) name: &'a str,
}

impl From<ArrivesAfterItself<'_>> for Problem {
    fn from(problem: ArrivesAfterItself<'_>) -> Self {
        let ArrivesAfterItself { at, name } = problem;
        Self::error(codes::E0159, at, format!("`{name}` cannot arrive after itself"), "this is the same dataset")
            .help("name the dataset that comes first, or say `arrives by hand` if it may come at any time")
    }
}
