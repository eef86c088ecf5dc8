//! Flows: blocks, statements and schedules.

use super::support::{
    AstNode, Name, after_keyword, after_token, child, children, choice, name, names, node, nth_keyword, tokens,
};
use super::{Action, BudgetClause, DocClause, ExpectClause, Expr, OwnerClause, StringLit, TagsClause, TypeExpr};
use crate::kind::{SyntaxKind, SyntaxToken};

node! {
    /// `flow f(a: T) -> U { … }`
    FlowDecl = FLOW_DECL
    /// `{ statement… value }`
    Block = BLOCK
    /// `start every day at 06:00 in "…" with day = yesterday()`
    StartStmt = START_STMT
    /// `every 15m`
    EverySchedule = EVERY_SCHEDULE
    /// `every monday, friday at 06:00, 18:00 in "…"`
    CalendarSchedule = CALENDAR_SCHEDULE
    /// `cron "0 6 * * 1-5" in "…"`
    CronSchedule = CRON_SCHEDULE
    /// `when orders, prices updates`
    WhenSchedule = WHEN_SCHEDULE
    /// `on webhook "/path"`
    WebhookSchedule = WEBHOOK_SCHEDULE
    /// `day = yesterday()`
    Binding = BINDING
    /// `finish by 07:00`, `finish within 45m`
    FinishStmt = FINISH_STMT
    /// `overlap skip`
    OverlapStmt = OVERLAP_STMT
    /// `catch up last`
    CatchUpStmt = CATCH_UP_STMT
    /// `require orders fresh within 2h else wait up to 10m`, `require cond else fail "…"`
    RequireStmt = REQUIRE_STMT
    /// `let x: T = value else other`
    LetStmt = LET_STMT
    /// `write d = value`
    WriteStmt = WRITE_STMT
    /// `do notify(x)`
    DoStmt = DO_STMT
    /// `wait for 5m`
    WaitStmt = WAIT_STMT
    /// `return value`
    ReturnStmt = RETURN_STMT
    /// `on failure { … }`
    OnStmt = ON_STMT
    /// `given x = value`
    GivenStmt = GIVEN_STMT
}

choice! {
    /// When a flow starts, or data arrives.
    Schedule {
        /// A fixed distance in time.
        Every(EverySchedule = EVERY_SCHEDULE),
        /// Days and times of day.
        Calendar(CalendarSchedule = CALENDAR_SCHEDULE),
        /// A cron expression.
        Cron(CronSchedule = CRON_SCHEDULE),
        /// New versions of datasets.
        When(WhenSchedule = WHEN_SCHEDULE),
        /// A call from outside.
        Webhook(WebhookSchedule = WEBHOOK_SCHEDULE),
    }
}

/// A statement. The grammar allows each in every block; which make sense in a flow, a function, a policy
/// or a test is a matter of meaning.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Stmt {
    /// `start`
    Start(StartStmt),
    /// `finish`
    Finish(FinishStmt),
    /// `overlap`
    Overlap(OverlapStmt),
    /// `catch up`
    CatchUp(CatchUpStmt),
    /// `require`
    Require(RequireStmt),
    /// `let`
    Let(LetStmt),
    /// `write`
    Write(WriteStmt),
    /// `do`
    Do(DoStmt),
    /// `wait for`
    Wait(WaitStmt),
    /// `return`
    Return(ReturnStmt),
    /// `on failure|late|stale`
    On(OnStmt),
    /// `given`, in tests.
    Given(GivenStmt),
    /// `expect`, in tests.
    Expect(ExpectClause),
    /// `budget`, in flows and policies.
    Budget(BudgetClause),
    /// `owner`
    Owner(OwnerClause),
    /// `tags`
    Tags(TagsClause),
    /// `doc`
    Doc(DocClause),
    /// `if`, `match`, `for`, `check` anywhere, or any expression at the block's end: its value.
    Expr(Expr),
}

impl AstNode for Stmt {
    fn cast(node: crate::kind::SyntaxNode) -> Option<Self> {
        Some(match node.kind() {
            SyntaxKind::START_STMT => Self::Start(StartStmt::cast(node)?),
            SyntaxKind::FINISH_STMT => Self::Finish(FinishStmt::cast(node)?),
            SyntaxKind::OVERLAP_STMT => Self::Overlap(OverlapStmt::cast(node)?),
            SyntaxKind::CATCH_UP_STMT => Self::CatchUp(CatchUpStmt::cast(node)?),
            SyntaxKind::REQUIRE_STMT => Self::Require(RequireStmt::cast(node)?),
            SyntaxKind::LET_STMT => Self::Let(LetStmt::cast(node)?),
            SyntaxKind::WRITE_STMT => Self::Write(WriteStmt::cast(node)?),
            SyntaxKind::DO_STMT => Self::Do(DoStmt::cast(node)?),
            SyntaxKind::WAIT_STMT => Self::Wait(WaitStmt::cast(node)?),
            SyntaxKind::RETURN_STMT => Self::Return(ReturnStmt::cast(node)?),
            SyntaxKind::ON_STMT => Self::On(OnStmt::cast(node)?),
            SyntaxKind::GIVEN_STMT => Self::Given(GivenStmt::cast(node)?),
            SyntaxKind::EXPECT_CLAUSE => Self::Expect(ExpectClause::cast(node)?),
            SyntaxKind::BUDGET_CLAUSE => Self::Budget(BudgetClause::cast(node)?),
            SyntaxKind::OWNER_CLAUSE => Self::Owner(OwnerClause::cast(node)?),
            SyntaxKind::TAGS_CLAUSE => Self::Tags(TagsClause::cast(node)?),
            SyntaxKind::DOC_CLAUSE => Self::Doc(DocClause::cast(node)?),
            _ => Self::Expr(Expr::cast(node)?),
        })
    }

    fn syntax(&self) -> &crate::kind::SyntaxNode {
        match self {
            Self::Start(stmt) => stmt.syntax(),
            Self::Finish(stmt) => stmt.syntax(),
            Self::Overlap(stmt) => stmt.syntax(),
            Self::CatchUp(stmt) => stmt.syntax(),
            Self::Require(stmt) => stmt.syntax(),
            Self::Let(stmt) => stmt.syntax(),
            Self::Write(stmt) => stmt.syntax(),
            Self::Do(stmt) => stmt.syntax(),
            Self::Wait(stmt) => stmt.syntax(),
            Self::Return(stmt) => stmt.syntax(),
            Self::On(stmt) => stmt.syntax(),
            Self::Given(stmt) => stmt.syntax(),
            Self::Expect(stmt) => stmt.syntax(),
            Self::Budget(stmt) => stmt.syntax(),
            Self::Owner(stmt) => stmt.syntax(),
            Self::Tags(stmt) => stmt.syntax(),
            Self::Doc(stmt) => stmt.syntax(),
            Self::Expr(expr) => expr.syntax(),
        }
    }
}

/// What stands after `else` of a `let` or `do`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Recovery {
    /// Another value.
    Expr(Expr),
    /// Statements that end in another value.
    Block(Block),
}

fn recovery(node: &crate::kind::SyntaxNode) -> Option<Recovery> {
    after_keyword(node, "else").map(Recovery::Expr).or_else(|| child(node).map(Recovery::Block))
}

impl FlowDecl {
    /// The statements in braces.
    #[must_use]
    pub fn body(&self) -> Option<Block> {
        child(&self.0)
    }
}

impl Block {
    /// The statements in order, the value at the end included.
    pub fn stmts(&self) -> impl Iterator<Item = Stmt> + use<> {
        children(&self.0)
    }

    /// The expression at the end: the block's value.
    #[must_use]
    pub fn value(&self) -> Option<Expr> {
        match self.stmts().last()? {
            Stmt::Expr(expr) => Some(expr),
            _ => None,
        }
    }
}

impl StartStmt {
    /// When.
    #[must_use]
    pub fn schedule(&self) -> Option<Schedule> {
        child(&self.0)
    }

    /// The flow's parameters, after `with`.
    pub fn bindings(&self) -> impl Iterator<Item = Binding> + use<> {
        children(&self.0)
    }
}

impl Binding {
    /// The parameter.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        name(&self.0)
    }

    /// Its value.
    #[must_use]
    pub fn value(&self) -> Option<Expr> {
        child(&self.0)
    }
}

impl EverySchedule {
    /// The distance.
    #[must_use]
    pub fn period(&self) -> Option<Expr> {
        child(&self.0)
    }
}

impl CalendarSchedule {
    /// `day`, `weekday`, `weekend`, or names of days: `monday` … `sunday`.
    pub fn days(&self) -> impl Iterator<Item = SyntaxToken> + use<> {
        tokens(&self.0)
            .filter(|token| token.kind() == SyntaxKind::KEYWORD)
            .skip(1)
            .take_while(|token| !matches!(token.text(), "at" | "by" | "in"))
    }

    /// The times of day after `at` or `by`.
    pub fn times(&self) -> impl Iterator<Item = Expr> + use<> {
        let zone = self.zone();
        children(&self.0).filter(move |time| Some(time) != zone.as_ref())
    }

    /// The zone after `in`.
    #[must_use]
    pub fn zone(&self) -> Option<Expr> {
        after_keyword(&self.0, "in")
    }
}

impl CronSchedule {
    /// The cron expression.
    #[must_use]
    pub fn expression(&self) -> Option<StringLit> {
        child(&self.0)
    }

    /// The zone after `in`.
    #[must_use]
    pub fn zone(&self) -> Option<Expr> {
        after_keyword(&self.0, "in")
    }
}

impl WhenSchedule {
    /// The datasets of which any new version starts the flow.
    pub fn datasets(&self) -> impl Iterator<Item = super::Path> + use<> {
        children(&self.0)
    }
}

impl WebhookSchedule {
    /// The path.
    #[must_use]
    pub fn path(&self) -> Option<StringLit> {
        child(&self.0)
    }
}

impl FinishStmt {
    /// The time of day after `by`.
    #[must_use]
    pub fn by(&self) -> Option<Expr> {
        after_keyword(&self.0, "by")
    }

    /// The zone after `in`, if it is not the start's.
    #[must_use]
    pub fn zone(&self) -> Option<Expr> {
        after_keyword(&self.0, "in")
    }

    /// The time after `within`.
    #[must_use]
    pub fn within(&self) -> Option<Expr> {
        after_keyword(&self.0, "within")
    }
}

impl OverlapStmt {
    /// `skip`, `queue`, `allow` or `replace`; the grammar admits no other.
    #[must_use]
    pub fn mode(&self) -> Option<Name> {
        nth_keyword(&self.0, 1).map(Name)
    }
}

impl CatchUpStmt {
    /// `none`, `last` or `all`; the grammar admits no other.
    #[must_use]
    pub fn mode(&self) -> Option<Name> {
        nth_keyword(&self.0, 2).map(Name)
    }
}

impl RequireStmt {
    /// The dataset of `fresh within`, else the condition.
    #[must_use]
    pub fn subject(&self) -> Option<Expr> {
        child(&self.0)
    }

    /// The age after `fresh within`; without it the subject is a condition.
    #[must_use]
    pub fn fresh_within(&self) -> Option<Expr> {
        after_keyword(&self.0, "within")
    }

    /// What happens otherwise.
    #[must_use]
    pub fn action(&self) -> Option<Action> {
        child(&self.0)
    }
}

impl LetStmt {
    /// The name.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        name(&self.0)
    }

    /// The type, if written.
    #[must_use]
    pub fn ty(&self) -> Option<TypeExpr> {
        child(&self.0)
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> Option<Expr> {
        after_token(&self.0, SyntaxKind::EQ)
    }

    /// What stands in when the value fails.
    #[must_use]
    pub fn recovery(&self) -> Option<Recovery> {
        recovery(&self.0)
    }
}

impl WriteStmt {
    /// The dataset, or a partition of it: `sales[day]`.
    #[must_use]
    pub fn target(&self) -> Option<Expr> {
        child(&self.0)
    }

    /// What is published.
    #[must_use]
    pub fn value(&self) -> Option<Expr> {
        after_token(&self.0, SyntaxKind::EQ)
    }
}

impl DoStmt {
    /// The call.
    #[must_use]
    pub fn call(&self) -> Option<Expr> {
        child(&self.0)
    }

    /// What happens when the call fails.
    #[must_use]
    pub fn recovery(&self) -> Option<Recovery> {
        recovery(&self.0)
    }
}

impl WaitStmt {
    /// How long.
    #[must_use]
    pub fn duration(&self) -> Option<Expr> {
        child(&self.0)
    }
}

impl ReturnStmt {
    /// The value.
    #[must_use]
    pub fn value(&self) -> Option<Expr> {
        child(&self.0)
    }
}

impl OnStmt {
    /// `failure`, `late` or `stale`; the grammar admits no other.
    #[must_use]
    pub fn event(&self) -> Option<Name> {
        nth_keyword(&self.0, 1).map(Name)
    }

    /// What is done.
    #[must_use]
    pub fn body(&self) -> Option<Block> {
        child(&self.0)
    }
}

impl GivenStmt {
    /// What is replaced: a dataset, a step, a var or `now`.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        names(&self.0).next()
    }

    /// Its value; a list gives the answers of a step's calls in order.
    #[must_use]
    pub fn value(&self) -> Option<Expr> {
        after_token(&self.0, SyntaxKind::EQ)
    }
}
