//! A flow as a graph: blocks of nodes whose edges come from the variables they use.

use crate::{Budget, Param};
use flow_diag::Span;
use flow_expr::{Expr, Name, Pattern, Type, VarId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A graph of step calls with a trigger, a deadline and outputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Flow {
    /// Its qualified name.
    pub name: Name,
    /// Parameters; `start … with day = …` or the command line gives them.
    pub params: Vec<Param>,
    /// What it returns; `Unit` if nothing.
    pub returns: Type,
    /// When it starts by itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub starts: Vec<Start>,
    /// When it must be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish: Option<Finish>,
    /// What happens to a start while a run is under way.
    pub overlap: Overlap,
    /// What happens to starts that were missed.
    pub catch_up: CatchUp,
    /// What asks of models may use: in one run, or over runs in a time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub budgets: Vec<FlowBudget>,
    /// The graph.
    pub body: Block,
    /// `on failure|late|stale { … }`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub handlers: Vec<Handler>,
    /// Who answers for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Arc<str>>,
    /// Tags, for selectors.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Arc<str>>,
    /// Where it is declared.
    #[serde(default)]
    pub at: Span,
}

/// `budget 5 asks, $5`, `budget $50 per 1d`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FlowBudget {
    /// The caps.
    pub caps: Budget,
    /// For all runs within so many milliseconds, counted back from each ask; none for each run by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_ms: Option<u64>,
    /// Where it is written.
    #[serde(default)]
    pub at: Span,
}

/// `start …`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Start {
    /// When.
    pub trigger: Trigger,
    /// `with day = yesterday()`: values for parameters, evaluated at the nominal start.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<(Arc<str>, Expr)>,
    /// Where it is written.
    #[serde(default)]
    pub at: Span,
}

/// What starts a flow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// The clock.
    Schedule(Schedule),
    /// A new version of any of these datasets.
    Updates(Vec<Name>),
    /// A request to this path.
    Webhook(Arc<str>),
}

/// Times on a calendar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
    /// `every 15m`, counted from midnight UTC.
    Every {
        /// Milliseconds between starts.
        period_ms: u64,
    },
    /// `every day|weekday|monday… at 06:00 in "Zone"`.
    Days {
        /// Days of the week, 1 = Monday … 7 = Sunday.
        days: Vec<u8>,
        /// Minutes after midnight; for `arrives … by` the latest one.
        minutes: Vec<u16>,
        /// IANA name of the zone.
        zone: Arc<str>,
    },
    /// `every month on 1 at 06:00 in "Zone"`, through cron: five fields.
    Cron {
        /// The expression.
        expression: Arc<str>,
        /// IANA name of the zone.
        zone: Arc<str>,
    },
}

/// `finish by|within …`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Finish {
    /// The deadline.
    pub deadline: Deadline,
    /// Where it is written.
    #[serde(default)]
    pub at: Span,
}

/// A deadline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Deadline {
    /// `within 45m` of the start, milliseconds.
    Within(u64),
    /// `by 06:30 in "Zone"`.
    By {
        /// Minutes after midnight.
        minutes: u16,
        /// The zone that is written there; none for that of the first start with one (UTC if none has).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        zone: Option<Arc<str>>,
    },
}

/// What happens to a start while a run is under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    /// The new start is dropped.
    #[default]
    Skip,
    /// It waits.
    Queue,
    /// Both run.
    Allow,
    /// The old run is cancelled.
    Replace,
}

/// What happens to starts that were missed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CatchUp {
    /// Nothing.
    None,
    /// The last one runs.
    #[default]
    Last,
    /// All run, in order.
    All,
}

/// `on EVENT { … }`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Handler {
    /// What it waits for.
    pub on: HandlerEvent,
    /// What it does.
    pub body: Block,
}

/// What a handler waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HandlerEvent {
    /// The run failed.
    Failure,
    /// The deadline passed while it was running.
    Late,
    /// A required dataset was too old.
    Stale,
}

/// Nodes that live and die together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Block {
    /// Nodes in the order of the text, which means nothing for running.
    pub nodes: Vec<Node>,
    /// The block's value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Box<Expr>>,
}

/// A node's number: unique in its flow, dense, in the order of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct NodeId(pub u32);

/// One thing that a run does or decides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Node {
    /// Its number.
    pub id: NodeId,
    /// What people call it: the `let` name, the step's short name (`write_note`, `write_note#2`), `write board_note`.
    pub label: Arc<str>,
    /// The variable that holds its result.
    pub var: VarId,
    /// The type of its result.
    pub ty: Type,
    /// What it does.
    pub kind: NodeKind,
    /// Nodes of this block, or of a block around it, whose results it uses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<NodeId>,
    /// Nodes that must be done first without giving data: `after`, `require`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<NodeId>,
    /// Where it is written.
    #[serde(default)]
    pub at: Span,
}

/// What a node does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case", tag = "do")]
pub enum NodeKind {
    /// Takes a dataset's version: one for the whole run, or the one before the run's own write.
    Read {
        /// The dataset.
        dataset: Name,
        /// `previous(ds)`.
        #[serde(default)]
        previous: bool,
        /// Values of the partition keys.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        partition: Vec<Expr>,
    },
    /// Evaluates an expression. `data` says that it looks into tables or files, so an executor does it.
    Compute {
        /// The expression.
        expr: Expr,
        /// Whether it looks into tables or files.
        data: bool,
    },
    /// Runs a step.
    Call {
        /// The step.
        step: Name,
        /// One value per parameter.
        args: Vec<Expr>,
        /// `else EXPR`: its value when the step has failed for good.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        recover: Option<Block>,
    },
    /// Runs a flow inside this one.
    Flow {
        /// The flow.
        flow: Name,
        /// One value per parameter.
        args: Vec<Expr>,
        /// `else EXPR`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        recover: Option<Block>,
    },
    /// `if`.
    If {
        /// The condition.
        condition: Expr,
        /// When it holds.
        then: Block,
        /// When not; may be empty.
        otherwise: Block,
    },
    /// `match`.
    Match {
        /// What is looked at.
        subject: Expr,
        /// In order; the checker proved that one fits.
        arms: Vec<MatchArm>,
    },
    /// `for x in xs limit L parallel P { … }`; its value is the list of the body's results.
    For {
        /// The loop variable.
        item: VarId,
        /// What it goes over.
        items: Expr,
        /// More items than this is an error.
        limit: u64,
        /// How many bodies run at once.
        parallel: u32,
        /// The body.
        body: Block,
    },
    /// `wait for D`.
    Wait {
        /// How long: a Duration.
        duration: Expr,
    },
    /// `write ds = expr`.
    Write {
        /// The dataset.
        dataset: Name,
        /// Its new value.
        value: Expr,
        /// Values of the partition keys.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        partition: Vec<Expr>,
    },
    /// `require ds fresh within D else …`.
    RequireFresh {
        /// The dataset.
        dataset: Name,
        /// The greatest age, milliseconds.
        within_ms: u64,
        /// Values of the partition keys.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        partition: Vec<Expr>,
        /// What happens when it is older.
        action: StaleAction,
    },
    /// `require COND else fail "why"`.
    Require {
        /// The condition.
        condition: Expr,
        /// As written, in one line.
        text: Arc<str>,
        /// Whether a breach is only recorded.
        warn: bool,
        /// Why it matters, in the author's words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<Box<Expr>>,
    },
}

/// An arm of a `match` over blocks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct MatchArm {
    /// What must fit.
    pub pattern: Pattern,
    /// The arm's `if`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<Expr>,
    /// What is done.
    pub body: Block,
}

/// What happens when a required dataset is too old.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StaleAction {
    /// The run fails with `stale`.
    Fail,
    /// It is recorded, and shown.
    Warn,
    /// The run ends well, having done nothing.
    Skip,
    /// The flow that writes it runs first.
    Refresh,
    /// It is looked at again until it is fresh, for so many milliseconds; then the run fails.
    Wait(u64),
}
