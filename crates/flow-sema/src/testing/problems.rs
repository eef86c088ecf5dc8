//! What can be wrong with a test.

use crate::problems::one_of;
use flow_diag::{Problem, Span, codes};

/// Data that does not fit its type.
pub(super) struct BadData {
    pub(super) at: Span,
    /// What is wrong, in words.
    pub(super) why: String,
    /// What it is, as in "a row of `Order`".
    pub(super) what: String,
}

impl From<BadData> for Problem {
    fn from(found: BadData) -> Self {
        let BadData { at, why, what } = found;
        Self::error(codes::E0280, at, format!("this is not {what}: {why}"), "does not fit")
    }
}

/// A data file that cannot be read.
pub(super) struct NoDataFile {
    pub(super) at: Span,
    pub(super) why: String,
}

impl From<NoDataFile> for Problem {
    fn from(found: NoDataFile) -> Self {
        Self::error(codes::E0280, found.at, format!("this data cannot be read: {}", found.why), "named here")
            .help("paths are relative to the file of the test")
    }
}

/// Something that cannot happen to this.
pub(super) struct NotGivable {
    pub(super) at: Span,
    pub(super) class: String,
    pub(super) to: &'static str,
}

impl NotGivable {
    /// With what can.
    pub(super) fn among(self, possible: &'static [&'static str]) -> Problem {
        let possible = possible.iter().copied().filter(|class| !matches!(*class, "guard_failed"));
        Problem::from(self).note(format!("it can fail with {}", one_of(possible)))
    }
}

impl From<NotGivable> for Problem {
    fn from(found: NotGivable) -> Self {
        let NotGivable { at, class, to } = found;
        let problem = Self::error(codes::E0281, at, format!("`{class}` cannot happen to {to}"), "not possible");
        match to {
            "a dataset" => problem.help("a dataset is `missing`, `stale(3h)`, or has a value"),
            _ => problem,
        }
    }
}

/// An argument that a person's answer does not have.
pub(super) struct NotInReply {
    pub(super) at: Span,
    pub(super) word: String,
    pub(super) name: String,
}

impl From<NotInReply> for Problem {
    fn from(found: NotInReply) -> Self {
        let NotInReply { at, word, name } = found;
        let title = format!("`{word}` takes no `{name}`");
        let known = if word == "approved" { "`after`, `by`, `note` and `with`" } else { "`after`, `by` and `note`" };
        Self::error(codes::E0281, at, title, "not known here")
            .help(format!("it takes {known}: `{word}(2h, by: \"ada\")`"))
    }
}

/// `stale` without an age.
pub(super) struct AgeOfNothing {
    pub(super) at: Span,
}

impl From<AgeOfNothing> for Problem {
    fn from(found: AgeOfNothing) -> Self {
        Self::error(codes::E0281, found.at, "`stale` takes an age", "how old is the data?").help("write `stale(3h)`")
    }
}

/// A script in which nothing happens.
pub(super) struct EmptyScript {
    pub(super) at: Span,
}

impl From<EmptyScript> for Problem {
    fn from(found: EmptyScript) -> Self {
        Self::error(codes::E0281, found.at, "this script says nothing of the first attempt", "is empty")
            .help("a step's list says what happens at each attempt; a list as its result is `[[]]`")
    }
}

/// One partition of many.
pub(super) struct GivenPartition<'a> {
    pub(super) at: Span,
    pub(super) name: &'a str,
}

impl From<GivenPartition<'_>> for Problem {
    fn from(found: GivenPartition<'_>) -> Self {
        let title = format!("`{}` has partitions, which a test cannot give yet", found.name);
        Self::error(codes::E0158, found.at, title, "comes with a later version")
            .help("test the steps that work on one partition: `run STEP(…)`")
    }
}

/// `run` of something that does not run.
pub(super) struct NotRunnable {
    pub(super) at: Span,
}

impl From<NotRunnable> for Problem {
    fn from(found: NotRunnable) -> Self {
        Self::error(codes::E0282, found.at, "only flows and steps are run", "is neither")
            .help("call a function without `run`")
    }
}

/// A step or flow that is called in a test.
pub(super) struct BareCall<'a> {
    pub(super) at: Span,
    pub(super) name: Option<&'a str>,
}

impl From<BareCall<'_>> for Problem {
    fn from(found: BareCall<'_>) -> Self {
        let title = match found.name {
            Some(name) => format!("in a test, `{name}` is run, not called"),
            None => "in a test, nothing is run within another expression".to_owned(),
        };
        let start = Span::new(found.at.file, found.at.start, found.at.start);
        let problem = Self::error(codes::E0282, found.at, title, "called here");
        match found.name {
            Some(name) => problem
                .help(format!("`let r = run {name}(…)` gives the run's outcome; its value is `r.result`"))
                .fix("run it", start, "run "),
            None => problem.help("give it a name first: `let r = run …`"),
        }
    }
}

/// The version before, or a partition, in an expectation.
pub(super) struct NoPrevious {
    pub(super) at: Span,
}

impl From<NoPrevious> for Problem {
    fn from(found: NoPrevious) -> Self {
        Self::error(codes::E0158, found.at, "a test sees a dataset as it is now, whole", "not supported yet")
            .help("give it a name before the next run: `let before = …`")
    }
}

/// `expect … for 99%` or `else warn` in a test.
pub(super) struct ShareInTest {
    pub(super) at: Span,
}

impl From<ShareInTest> for Problem {
    fn from(found: ShareInTest) -> Self {
        Self::error(
            codes::E0283,
            found.at,
            "a test's expectation holds or does not",
            "shares and actions are for datasets",
        )
        .help("leave out `for` and `else`")
    }
}
