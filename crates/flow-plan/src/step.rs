//! A step as the runtime sees it: parameters, body, and every clause with its default filled in.
//!
//! Knows nothing of where a step is called; that is a [`crate::Node`].

use crate::AiBody;
use flow_diag::Span;
use flow_expr::{Expr, Name, Part, Type, VarId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One unit of work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Step {
    /// Its qualified name.
    pub name: Name,
    /// Parameters in order.
    pub params: Vec<Param>,
    /// What it returns.
    pub returns: Type,
    /// What it does.
    pub body: Body,
    /// For one attempt, in milliseconds; always present, the body kind's default if not written.
    pub timeout_ms: u64,
    /// Whether the timeout was written (declared) or is the default (assumed).
    pub timeout_declared: bool,
    /// What is tried again, how often, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<RetryPolicy>,
    /// Whether running it twice is harmless.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotent: Option<Idempotency>,
    /// What it does to the world, the body kind's default if not written.
    pub effect: Effect,
    /// Checks on the result, in order; in them `VarId::IT` is the result.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub guards: Vec<Guard>,
    /// The hard cap for one execution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Budget>,
    /// The result when everything else is exhausted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<Expr>,
    /// Whether a result is reused for the same code and inputs.
    pub cache: CachePolicy,
    /// The pool that bounds how many run at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<Name>,
    /// What it needs of a machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needs: Option<Needs>,
    /// Who answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Arc<str>>,
    /// Tags, for selectors.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Arc<str>>,
    /// Where it is declared.
    #[serde(default)]
    pub at: Span,
    /// Where each clause is, for reasons: `("timeout", span)`, `("body", span)`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clauses_at: Vec<(Arc<str>, Span)>,
}

impl Step {
    /// How old, in milliseconds, what it gives may be because a result is kept (`cache for`), the greatest number where
    /// nothing bounds it (`cache`); none where what it gives depends on nothing but what it is given, as do a model's
    /// answer and a query in process.
    #[must_use]
    pub fn kept_for_ms(&self) -> Option<u64> {
        let is_function = matches!(self.body, Body::Ai(_) | Body::Sql { connection: None, .. });
        let reads = self.effect >= Effect::Read && !is_function;
        match self.cache {
            CachePolicy::For(limit_ms) if reads => Some(limit_ms),
            CachePolicy::Unchanged if reads => Some(u64::MAX),
            _ => None,
        }
    }

    /// What pays for sending back an answer that failed with this class: the retry policy if it names it, else the
    /// budget of asks, else, for what guards reject, a policy that does not name it. None: it is not sent back.
    #[must_use]
    pub fn re_asks(&self, class: ErrorClass) -> Option<ReAsks> {
        let policy = self.retry.as_ref().map(|policy| (policy.covers(class), ReAsks::Policy(policy.times)));
        let budget = self.budget.as_ref().and_then(|budget| budget.asks).map(ReAsks::Budget);
        match policy {
            Some((true, policy)) => Some(policy),
            Some((false, policy)) if class == ErrorClass::GuardFailed => budget.or(Some(policy)),
            _ => budget,
        }
    }

    /// How often an answer that failed with this class is sent back at most.
    #[must_use]
    pub fn most_re_asks(&self, class: ErrorClass) -> u64 {
        let by_budget = self.budget.as_ref().and_then(|budget| budget.asks).map(|asks| asks.saturating_sub(1));
        match self.re_asks(class) {
            Some(ReAsks::Policy(times)) => u64::from(times).min(by_budget.unwrap_or(u64::MAX)),
            Some(ReAsks::Budget(_)) => by_budget.unwrap_or(0),
            None => 0,
        }
    }

    /// Where a clause stands, if it is written.
    #[must_use]
    pub fn clause_at(&self, keyword: &str) -> Option<Span> {
        self.clauses_at.iter().find(|(name, _)| &**name == keyword).map(|(_, at)| *at)
    }

    /// Where a clause stands, or else the step's name.
    #[must_use]
    pub fn place_of(&self, keyword: &str) -> Span {
        self.clause_at(keyword).unwrap_or(self.at)
    }
}

/// A parameter of a step or flow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Param {
    /// Its name: an environment variable, a Python variable, a table of a query.
    pub name: Arc<str>,
    /// The variable by which the step's own expressions refer to it.
    pub var: VarId,
    /// Its type.
    pub ty: Type,
    /// The value when the call gives none (flows; calls of steps have it filled in).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Expr>,
    /// Labels such as `pii`, qualified: of this parameter, besides those of its type.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<Name>,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Body {
    /// A query: in process, or on a connection.
    Sql {
        /// The text, dedented. Scalars are `:name`.
        text: Arc<str>,
        /// `sql on CONN`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        connection: Option<Name>,
    },
    /// A POSIX shell script.
    Shell {
        /// The text, dedented.
        script: Arc<str>,
    },
    /// A Python program.
    Python {
        /// Its source, dedented; read from the file when compiling if `file` is given.
        source: Arc<str>,
        /// The file it came from, relative to the project's root.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<Arc<str>>,
    },
    /// A request.
    Http {
        /// `GET`, `POST`, …
        method: Arc<str>,
        /// The URL; holes are percent-encoded.
        url: Vec<Part>,
        /// The connection whose base URL and credentials are used.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        connection: Option<Name>,
        /// Headers.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        headers: Vec<(Arc<str>, HttpValue)>,
        /// Query parameters, appended and encoded.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        query: Vec<(Arc<str>, Expr)>,
        /// The body: a String is sent as text, everything else as JSON.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        body: Option<Expr>,
    },
    /// A question to a model.
    Ai(Box<AiBody>),
    /// A question to a person, who sees the arguments too; the step's timeout is how long it waits.
    Ask {
        /// Who is asked: a text for people.
        who: Expr,
        /// What is said.
        message: Expr,
    },
    /// A body that this version checks but cannot run (`container`, `ssh`, `outside`):
    /// a plan that would run it is refused.
    Other {
        /// The body's keyword.
        keyword: Arc<str>,
    },
}

/// The type of a person's yes, which the standard library declares.
pub const APPROVAL: &str = "std.people.Approval";

/// How long a person is waited for where nothing is written: a day.
pub const DEFAULT_WAIT_MS: u64 = 24 * 60 * 60 * 1000;

impl GuardAction {
    /// The word that writes it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Retry(_) => "retry",
            Self::Fail(_) => "fail",
            Self::Warn(_) => "warn",
            Self::Fallback(_) => "fallback",
            Self::Ask { .. } => "ask",
        }
    }

    /// The expressions in it.
    pub fn expressions(&self) -> impl Iterator<Item = &Expr> {
        let (first, second) = match self {
            Self::Retry(message) | Self::Fail(message) | Self::Warn(message) => (message.as_ref(), None),
            Self::Fallback(value) => (Some(value), None),
            Self::Ask { who, message, .. } => (Some(who), message.as_ref()),
        };
        first.into_iter().chain(second)
    }
}

impl Body {
    /// The keyword of the body kind.
    #[must_use]
    pub fn keyword(&self) -> &str {
        match self {
            Self::Sql { .. } => "sql",
            Self::Shell { .. } => "sh",
            Self::Python { .. } => "python",
            Self::Http { .. } => "http",
            Self::Ai(_) => "ai",
            Self::Ask { .. } => "ask",
            Self::Other { keyword } => keyword,
        }
    }
}

/// A header's value: an expression, or a secret that is put in at the last moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HttpValue {
    /// An expression, printed as text.
    Expr(Expr),
    /// Text around one secret: `"Bearer {api_key}"` is prefix, secret, suffix.
    Secret {
        /// Text before.
        prefix: Arc<str>,
        /// The secret.
        secret: Name,
        /// Text after.
        suffix: Arc<str>,
    },
}

/// `retry { … }`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RetryPolicy {
    /// How often it is tried again after the first attempt.
    pub times: u32,
    /// The classes that are tried again; `any` covers all.
    pub on: Vec<ErrorClass>,
    /// The first backoff's upper bound, milliseconds. Attempt n waits a random time in `0..min(max, min·2^n)` plus nothing: full jitter.
    pub backoff_min_ms: u64,
    /// The largest backoff, milliseconds.
    pub backoff_max_ms: u64,
    /// All attempts and waits must end within this, milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within_ms: Option<u64>,
}

impl RetryPolicy {
    /// Whether a failure of this class is tried again.
    #[must_use]
    pub fn covers(&self, class: ErrorClass) -> bool {
        self.on.iter().any(|named| *named == ErrorClass::Any || *named == class)
    }
}

/// What pays for sending an answer of an AI step back to its model, with what is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReAsks {
    /// The retry policy, so often in one execution.
    Policy(u32),
    /// The budget of so many asks, as long as it lasts.
    Budget(u64),
}

/// Classes of failure that a policy can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorClass {
    /// The attempt took longer than its timeout.
    Timeout,
    /// No connection, or it broke.
    Connection,
    /// The other side asks to slow down (HTTP 429 and the like).
    RateLimited,
    /// The other side failed (HTTP 5xx, a database's internal error).
    ServerError,
    /// The request was wrong (HTTP 4xx, an SQL error).
    ClientError,
    /// Credentials were missing or refused.
    Auth,
    /// A model refused to answer.
    Refused,
    /// The result does not fit its type or refinements.
    Malformed,
    /// A guard failed and had no other action.
    GuardFailed,
    /// Data was older than required.
    Stale,
    /// A process ended with this status.
    Exit(i32),
    /// A process was ended by a signal.
    Signal(i32),
    /// The runtime itself failed: no disk space, no permission, no such program.
    Internal,
    /// Every class but a cancel.
    Any,
}

impl ErrorClass {
    /// Its word in programs and records; a number that belongs to it is not in it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Connection => "connection",
            Self::RateLimited => "rate_limited",
            Self::ServerError => "server_error",
            Self::ClientError => "client_error",
            Self::Auth => "auth",
            Self::Refused => "refused",
            Self::Malformed => "malformed",
            Self::GuardFailed => "guard_failed",
            Self::Stale => "stale",
            Self::Exit(_) => "exit",
            Self::Signal(_) => "signal",
            Self::Internal => "internal",
            Self::Any => "any",
        }
    }
}

/// `idempotent`, `idempotent by KEY`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Idempotency {
    /// Running twice is harmless.
    Harmless,
    /// Made harmless by this key, which is sent along.
    By(Expr),
}

/// What a step does to the world, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Nothing.
    None,
    /// Looks at it.
    Read,
    /// Changes it.
    Write,
    /// Changes it in a way that cannot be undone.
    Irreversible,
}

/// `guard COND else ACTION`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Guard {
    /// The condition on `VarId::IT`.
    pub condition: Expr,
    /// The condition as written, in one line.
    pub text: Arc<str>,
    /// What happens when it does not hold.
    pub action: GuardAction,
}

/// What a failing guard does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GuardAction {
    /// The step is tried again (within its retry policy and budget); feedback is for models.
    Retry(Option<Expr>),
    /// The step fails with `guard_failed`.
    Fail(Option<Expr>),
    /// It is recorded, and shown.
    Warn(Option<Expr>),
    /// This value is the result.
    Fallback(Expr),
    /// A person is asked, who sees the result that does not hold.
    Ask {
        /// Who.
        who: Expr,
        /// What is said besides the condition.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<Expr>,
        /// How long is waited, milliseconds.
        within_ms: u64,
    },
}

/// `budget N asks, N tokens, $X`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Budget {
    /// Model calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asks: Option<u64>,
    /// Tokens, in and out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// Money, in millionths of a dollar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub micro_dollars: Option<u64>,
}

/// Whether results are reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CachePolicy {
    /// Never.
    Never,
    /// As long as code and inputs are the same.
    Unchanged,
    /// As `Unchanged`, for at most so many milliseconds.
    For(u64),
}

/// `needs cpu 2, memory 4GiB`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Needs {
    /// Cores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<u32>,
    /// Bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
}
