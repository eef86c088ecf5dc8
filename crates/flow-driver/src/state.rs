//! What a run consists of while it goes on: instances of nodes, of blocks and of flows, by number.
//!
//! Numbers are given in the order in which things come to be, so a replay gives the same ones. Only
//! data and look-ups; what happens is in the other files.

use crate::{How, InputRecord, Product, meaning::NodeMeaning};
use flow_expr::{Expr, Value, VarId};
use flow_plan::{Decision, HandlerEvent, Step};
use jiff::Timestamp;
use std::sync::Arc;

/// The instance that stands for the run itself.
pub(crate) const ROOT: u32 = 0;

/// A node in one execution of its block.
#[derive(Debug)]
pub(crate) struct Instance {
    /// The block's instance.
    pub(crate) block: u32,
    /// The position in the block.
    pub(crate) local: u32,
    /// Needs that have not settled.
    pub(crate) waiting: u32,
    /// Requests made so far.
    pub(crate) turn: u32,
    pub(crate) attempts: u32,
    /// Questions to people so far, those of judges and tools included.
    pub(crate) questions: u32,
    pub(crate) phase: Phase,
    pub(crate) activity: Activity,
    /// When the first attempt began.
    pub(crate) began: Option<Timestamp>,
    /// The oldest data time among what it was made from.
    pub(crate) data_time: Option<Timestamp>,
    pub(crate) decision: Option<Box<Decision>>,
    /// Those of other blocks that wait for it.
    pub(crate) waiters: Vec<Waiter>,
}

/// Something in an inner block that waits for a node of an outer one.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Waiter {
    Node(u32),
    /// The block's result mentions it.
    Block(u32),
}

/// How far an instance has come.
#[derive(Debug)]
pub(crate) enum Phase {
    /// For its needs.
    Waiting,
    /// An executor evaluates an expression.
    Evaluating(Box<Evaluation>),
    /// The store or the location is asked.
    Asking,
    /// For a free place.
    Queued,
    /// A step, read or write is under way.
    Working,
    /// For a time.
    Sleeping,
    /// For what a person answers.
    Asked,
    /// For the blocks in it.
    Inside,
    /// For another instance that reads the same version.
    Sharing,
    /// Done with.
    Settled(Settled),
}

/// How an instance ended.
#[derive(Debug)]
pub(crate) enum Settled {
    Value {
        value: Value,
        how: How,
    },
    /// `cause` is the instance whose failure it is: itself, or one inside.
    Failed {
        cause: u32,
    },
    NotRun {
        cause: u32,
    },
    Skipped,
    Cancelled,
    /// Only in plans.
    Unknown,
}

/// Expressions being evaluated, one after the other.
#[derive(Debug)]
pub(crate) struct Evaluation {
    pub(crate) exprs: Vec<Arc<Expr>>,
    pub(crate) done: Vec<Value>,
    pub(crate) then: Then,
}

/// What the values are for, which also says whose variables the expressions see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// The node's own expressions, in the flow.
    Operands,
    /// The words of a `require`, in the flow.
    RequireMessage,
    /// In the step, as are all that follow.
    IdempotencyKey,
    Guard,
    /// What a judge is asked about.
    JudgeArguments,
    GuardMessage,
    /// Whom a person is asked for, and what about.
    Question,
    GuardFallback,
    Fallback,
    /// What an answer says on what several must agree on.
    Sample,
}

impl Then {
    /// Whether the expressions belong to the step rather than to the flow.
    pub(crate) fn in_step(self) -> bool {
        !matches!(self, Self::Operands | Self::RequireMessage)
    }
}

/// What an instance remembers while it is under way.
#[derive(Debug)]
pub(crate) enum Activity {
    None,
    Call(Box<CallState>),
    Data(Box<DataState>),
    Compute(Box<ComputeState>),
    Loop(Box<LoopState>),
    /// The flow that it runs.
    Flow(u32),
}

/// A step being called.
#[derive(Debug)]
pub(crate) struct CallState {
    pub(crate) step: Arc<Step>,
    pub(crate) meaning: Arc<NodeMeaning>,
    pub(crate) args: Vec<Value>,
    pub(crate) inputs: Vec<InputRecord>,
    pub(crate) cache_key: Option<Arc<str>>,
    /// Whether the last record says the same as a new one would.
    pub(crate) recorded: bool,
    pub(crate) idempotency_key: Option<String>,
    /// What the guards look at.
    pub(crate) product: Option<Product>,
    pub(crate) guard: usize,
    /// What judges said of the product.
    pub(crate) verdicts: Vec<crate::judges::Verdict>,
    /// If this is a judge that is asked, or a step that a model calls: the call around it.
    pub(crate) outer: Option<Box<crate::inner::Outer>>,
    /// Whether it has not run yet, and its guards look at what a model gives it.
    pub(crate) before: bool,
    /// The conversation, if it is an AI step.
    pub(crate) asking: Option<Box<crate::asks::Asking>>,
    /// What people are asked.
    pub(crate) people: crate::people::People,
    /// Attempts of this call, those of others inside it left out.
    pub(crate) tries: u32,
    /// When the first of them began.
    pub(crate) since: Option<Timestamp>,
    /// When this attempt began.
    pub(crate) attempt_began: Option<Timestamp>,
}

impl CallState {
    /// A call that has done nothing yet.
    pub(crate) fn new(
        step: Arc<Step>,
        meaning: Arc<NodeMeaning>,
        args: Vec<Value>,
        asking: Option<Box<crate::asks::Asking>>,
    ) -> Self {
        Self {
            step,
            meaning,
            args,
            inputs: vec![],
            cache_key: None,
            recorded: false,
            idempotency_key: None,
            product: None,
            guard: 0,
            verdicts: vec![],
            outer: None,
            before: false,
            asking,
            people: Default::default(),
            tries: 0,
            since: None,
            attempt_began: None,
        }
    }
}

/// A dataset being read, written or looked at.
#[derive(Debug)]
pub(crate) struct DataState {
    pub(crate) partition: crate::Partition,
    /// What is to be written.
    pub(crate) value: Option<Value>,
    pub(crate) last: Option<Box<crate::VersionRecord>>,
    /// Until when a `require` waits.
    pub(crate) until: Option<Timestamp>,
    /// Whether a `require` has had the data made anew.
    pub(crate) refreshed: bool,
}

/// An expression over data.
#[derive(Debug)]
pub(crate) struct ComputeState {
    pub(crate) meaning: Arc<NodeMeaning>,
    pub(crate) bindings: Vec<(VarId, Value)>,
    pub(crate) inputs: Vec<InputRecord>,
    pub(crate) cache_key: Option<Arc<str>>,
    pub(crate) recorded: bool,
}

/// A loop.
#[derive(Debug)]
pub(crate) struct LoopState {
    pub(crate) items: Arc<[Value]>,
    pub(crate) results: Vec<Value>,
    pub(crate) next: usize,
    pub(crate) open: usize,
    pub(crate) worst: Option<Ending>,
    /// Blocks of turns that are done and had no nodes: nothing refers to them any more, so later turns have them.
    pub(crate) idle: Vec<u32>,
}

/// A block in one execution.
#[derive(Debug)]
pub(crate) struct BlockInstance {
    pub(crate) flow: u32,
    pub(crate) block: u32,
    /// The block around it; none for a flow's body.
    pub(crate) parent: Option<u32>,
    /// The instance of its first node; the others follow.
    pub(crate) first: u32,
    /// The node that it belongs to.
    pub(crate) owner: u32,
    pub(crate) scope: u32,
    pub(crate) role: Role,
    /// Nodes, and outer nodes that the result mentions, that have not settled.
    pub(crate) pending: u32,
    pub(crate) bindings: Vec<(VarId, Value)>,
    /// The worst that happened in it.
    pub(crate) worst: Option<Ending>,
    pub(crate) data_time: Option<Timestamp>,
}

/// What a block is to the node that it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Body,
    Handler,
    Recovery,
    Branch,
    Item(u32),
}

/// How a block ends when it has no value, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ending {
    Unknown,
    Skipped,
    Cancelled,
    /// By the failure of this instance.
    Failed(u32),
}

/// A flow in one execution.
#[derive(Debug)]
pub(crate) struct Scope {
    pub(crate) flow: u32,
    /// The root, the call of the flow, or the `require` that has it run.
    pub(crate) owner: u32,
    pub(crate) body: u32,
    /// Flows around it.
    pub(crate) depth: u32,
    /// A `require … else skip` ended it.
    pub(crate) skipping: bool,
    pub(crate) late: bool,
    pub(crate) deadline: Option<(Timestamp, u32)>,
    /// What the flow's asks may use in this execution, and have used.
    pub(crate) pots: Vec<crate::budgets::Pot>,
    pub(crate) started: Vec<HandlerEvent>,
    pub(crate) handlers_open: u32,
    /// The failure of a handler.
    pub(crate) handler_failed: Option<u32>,
    /// How the body ended, once it has.
    pub(crate) outcome: Option<Result<Value, Ending>>,
    pub(crate) ended: bool,
}

/// The older of two data times.
pub(crate) fn oldest(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

impl Instance {
    pub(crate) fn new(block: u32, local: u32) -> Self {
        Self {
            block,
            local,
            waiting: 0,
            turn: 0,
            attempts: 0,
            questions: 0,
            phase: Phase::Waiting,
            activity: Activity::None,
            began: None,
            data_time: None,
            decision: None,
            waiters: vec![],
        }
    }

    pub(crate) fn settled(&self) -> Option<&Settled> {
        match &self.phase {
            Phase::Settled(settled) => Some(settled),
            _ => None,
        }
    }

    /// The result, if it has one.
    pub(crate) fn value(&self) -> Option<&Value> {
        match &self.phase {
            Phase::Settled(Settled::Value { value, .. }) => Some(value),
            _ => None,
        }
    }
}
