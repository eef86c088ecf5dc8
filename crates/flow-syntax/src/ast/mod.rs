//! A typed view of the tree: one type per construct, each a thin handle on a node.
//!
//! Rules that hold throughout, so that users need not look:
//!
//! - Every accessor returns an `Option` or an iterator: in broken text anything may be missing, and
//!   what is missing has been reported by the parser. Consumers stay silent about it.
//! - Every node type has `.syntax()` and `.range()` (and implements [`AstNode`]); a range starts at the
//!   construct's first real token, after blanks and comments.
//! - Names are [`Name`]s (tokens): `.text()` without backticks, `.range()`.
//! - A choice between constructs is an enum named after the choice: [`Decl`], [`Clause`], [`Body`],
//!   [`Stmt`], [`Expr`], [`Pattern`], [`TypeExpr`].
//!
//! Knows nothing of meaning. The values of literals and texts are decoded in [`Literal`] and [`StringLit`]
//! because their spelling is syntax. Tested through the parser's tests.

mod clause;
mod dataset;
mod decl;
mod expr;
mod flow;
pub(crate) mod literal;
mod pattern;
mod step;
mod string;
mod support;
mod types;

pub use clause::{
    AcceptsClause, ClauseBlock, DocClause, Entry, LimitClause, OwnerClause, PriceClause, PriceItem, Setting,
    SettingClause, TagsClause,
};
pub use dataset::{
    ArrivesClause, AtClause, DatasetClause, DatasetDecl, ExpectClause, FreshClause, KeepClause, PartitionClause,
};
pub use decl::{
    AliasBody, ConnectionDecl, ConstDecl, Decl, EnumBody, Field, FnDecl, GuardDecl, LabelDecl, ModelDecl, Module,
    Param, ParamList, PolicyDecl, PoolDecl, RecordBody, RetryDecl, SecretDecl, TestDecl, TypeBody, TypeDecl,
    TypeParamList, UseDecl, UseGroup, UseItem, VarDecl, Variant,
};
pub use expr::{
    Arg, ArgList, Argument, BinaryExpr, BinaryOp, CallExpr, CheckExpr, DataExpr, ElseBranch, Expr, FieldExpr, ForExpr,
    IfExpr, IndexExpr, LambdaBody, LambdaExpr, LambdaParamList, ListExpr, MapEntry, MapExpr, MatchArm, MatchArmList,
    MatchExpr, NameExpr, ParenExpr, RangeExpr, RunExpr, SpreadArg, UnaryExpr, UnaryOp,
};
pub use flow::{
    Binding, Block, CalendarSchedule, CatchUpStmt, CronSchedule, DoStmt, EverySchedule, FinishStmt, FlowDecl,
    GivenStmt, LetStmt, OnStmt, OverlapStmt, Recovery, RequireStmt, ReturnStmt, Schedule, StartStmt, Stmt, WaitStmt,
    WebhookSchedule, WhenSchedule, WriteStmt,
};

pub use literal::{Literal, LiteralKind};
pub use pattern::{
    BindingPattern, LiteralPattern, OrPattern, Pattern, PatternField, PatternFieldList, RangePattern, RestPattern,
    VariantPattern, WildcardPattern,
};
pub use step::{
    Action, ActionKind, AfterClause, AiBody, AskBody, BackoffClause, Body, BudgetClause, BudgetItem, CacheClause,
    CachePolicy, Clause, Code, CodeFile, ContainerBody, EffectClause, ErrorClass, FallbackClause, GuardClause,
    HttpBody, IdempotentClause, NeedsClause, NeedsItem, OnClause, OutsideBody, PoolClause, PythonBody, RetryBlock,
    RetryClause, RetryTerm, ShBody, SqlBody, SshBody, StepBlock, StepDecl, TimeoutClause, UpToClause, WithinClause,
};
pub use string::{Hole, StringLit, StringPart, TextMap};
pub use support::{AstNode, Documented, Name};
pub use types::{FnType, LabelRef, NamedType, OptionalType, Path, TypeArgList, TypeExpr};
