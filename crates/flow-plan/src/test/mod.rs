//! Tests as data: what is given, what is run, what is expected, in the order of the text.
//!
//! No part of what a plan freezes. Knows neither how anything is run nor how a result is shown.

mod outcome;

pub use outcome::{NodeFacts, Outcome, RunTarget};

use crate::ErrorClass;
use flow_diag::Span;
use flow_expr::{Expr, Name, VarId};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// `test "…" { … }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Test {
    /// What is tested, in the author's words.
    pub title: Arc<str>,
    /// The module that it stands in.
    pub module: Name,
    /// What it does, in order.
    pub body: Vec<TestStmt>,
    /// The title.
    #[serde(default)]
    pub at: Span,
}

/// One thing that a test does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "do")]
pub enum TestStmt {
    /// `given NAME = …`.
    Given {
        /// What is given.
        given: Given,
        /// The statement.
        #[serde(default)]
        at: Span,
    },
    /// `let x = …`.
    Let {
        /// Its variable.
        var: VarId,
        /// Its value.
        value: Expr,
    },
    /// `let r = run FLOW(…)`.
    Run {
        /// The variable that holds the outcome.
        var: VarId,
        /// What is run.
        target: RunTarget,
        /// One value per parameter.
        args: Vec<Expr>,
        /// Where it is written.
        #[serde(default)]
        at: Span,
    },
    /// A dataset that an expression names: what is there now.
    Read {
        /// The variable that holds it.
        var: VarId,
        /// The dataset.
        dataset: Name,
        /// Where it is named.
        #[serde(default)]
        at: Span,
    },
    /// `expect COND`.
    Expect {
        /// The condition.
        condition: Expr,
        /// As written, in one line.
        text: Arc<str>,
        /// Where it is written.
        #[serde(default)]
        at: Span,
    },
}

/// What a test puts in the place of the world.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "given")]
pub enum Given {
    /// What is at a dataset's location; of a table the list of its rows.
    Dataset {
        /// The dataset.
        dataset: Name,
        /// The data.
        value: Expr,
    },
    /// How old a dataset's data is.
    Age {
        /// The dataset.
        dataset: Name,
        /// Milliseconds.
        age_ms: u64,
    },
    /// Nothing is at a dataset's location.
    Missing {
        /// The dataset.
        dataset: Name,
    },
    /// What happens at each attempt of a step; the last entry repeats.
    Step {
        /// The step.
        step: Name,
        /// In order. Never empty.
        script: Vec<Happening>,
    },
    /// A step is really run.
    Real {
        /// The step.
        step: Name,
    },
    /// When runs begin.
    Now {
        /// The instant.
        #[schemars(with = "String")]
        at_time: Timestamp,
    },
}

/// What a person answers in a test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// Yes.
    Approved,
    /// One of the words to choose from, or another result.
    Gives(Expr),
    /// No.
    Rejected,
}

/// What happens at one attempt of a step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "happens")]
pub enum Happening {
    /// It gives this; of a table the list of its rows.
    Gives {
        /// The result.
        value: Expr,
    },
    /// It answers by what it was given: a function of the step's parameters.
    Answers {
        /// The step's parameters as variables, in order.
        params: Vec<VarId>,
        /// The result.
        value: Expr,
    },
    /// Its model calls these steps, in one answer.
    Calls {
        /// Which, with one value per parameter.
        calls: Vec<(Name, Vec<Expr>)>,
    },
    /// The person whom it asks answers.
    Replies {
        /// Yes, no, or this value.
        reply: Reply,
        /// Who.
        by: Arc<str>,
        /// What is said with it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<Arc<str>>,
        /// How long that takes, milliseconds.
        after_ms: u64,
    },
    /// The person whom it asks does not answer.
    Silent,
    /// It fails.
    Fails {
        /// The class.
        class: ErrorClass,
        /// How long the other side asks to wait, milliseconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after_ms: Option<u64>,
        /// What was said or sent that does not fit.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<Arc<str>>,
    },
}
