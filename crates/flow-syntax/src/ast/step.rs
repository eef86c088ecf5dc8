//! Steps: bodies, clauses, guards and retry terms.

use super::support::{Name, after_keyword, child, children, choice, keyword, name, node, nth_keyword, token, tokens};
use super::{ClauseBlock, DocClause, Expr, Literal, OwnerClause, Path, SettingClause, StringLit, TagsClause};
use crate::kind::SyntaxKind;

node! {
    /// `step s(a: T) -> U { body clause… }`
    StepDecl = STEP_DECL
    /// `{ body clause… }`
    StepBlock = STEP_BLOCK
    /// `sql """…"""`, `sql on conn """…"""`
    SqlBody = SQL_BODY
    /// `sh """…"""`
    ShBody = SH_BODY
    /// `python """…"""`, `python file("fit.py")`
    PythonBody = PYTHON_BODY
    /// `http GET "…" { … }`, `http on conn GET "…"`
    HttpBody = HTTP_BODY
    /// `ai model { … }`, `ai [first, backup] { … }`
    AiBody = AI_BODY
    /// `container "image" """…"""`
    ContainerBody = CONTAINER_BODY
    /// `ssh conn """…"""`
    SshBody = SSH_BODY
    /// `ask "who" "message"`
    AskBody = ASK_BODY
    /// `outside "tool" "job"`
    OutsideBody = OUTSIDE_BODY
    /// `file("x.sql")` in the place of code.
    CodeFile = CODE_FILE
    /// `timeout 5m`
    TimeoutClause = TIMEOUT_CLAUSE
    /// `retry patient`, `retry { … }`
    RetryClause = RETRY_CLAUSE
    /// `{ up to 4 times … }`
    RetryBlock = RETRY_BLOCK
    /// `up to 4 times`
    UpToClause = UP_TO_CLAUSE
    /// `on timeout, exit(2)`
    OnClause = ON_CLAUSE
    /// `timeout`, `exit(2)`
    ErrorClass = ERROR_CLASS
    /// `backoff 1s..60s`
    BackoffClause = BACKOFF_CLAUSE
    /// `within 10m`
    WithinClause = WITHIN_CLAUSE
    /// `idempotent`, `idempotent by key`
    IdempotentClause = IDEMPOTENT_CLAUSE
    /// `effect write`
    EffectClause = EFFECT_CLAUSE
    /// `guard cond else action`
    GuardClause = GUARD_CLAUSE
    /// `budget 3 asks, 12_000 tokens, $0.02`
    BudgetClause = BUDGET_CLAUSE
    /// `3 asks`, `$0.02`, `$50 per 1d`
    BudgetItem = BUDGET_ITEM
    /// `fallback value`
    FallbackClause = FALLBACK_CLAUSE
    /// `cache`, `cache for 1d`, `cache never`
    CacheClause = CACHE_CLAUSE
    /// `pool gpu`
    PoolClause = POOL_CLAUSE
    /// `needs cpu 2, memory 4GiB`
    NeedsClause = NEEDS_CLAUSE
    /// `cpu 2`
    NeedsItem = NEEDS_ITEM
    /// `after x, y`
    AfterClause = AFTER_CLAUSE
    /// What happens after `else` of a guard, a requirement or an expectation.
    Action = ACTION
}

choice! {
    /// What a step does.
    Body {
        /// A query.
        Sql(SqlBody = SQL_BODY),
        /// A shell script.
        Sh(ShBody = SH_BODY),
        /// A Python program.
        Python(PythonBody = PYTHON_BODY),
        /// A request.
        Http(HttpBody = HTTP_BODY),
        /// A model call.
        Ai(AiBody = AI_BODY),
        /// A shell script in a container.
        Container(ContainerBody = CONTAINER_BODY),
        /// A shell script on another machine.
        Ssh(SshBody = SSH_BODY),
        /// A question to a person.
        Ask(AskBody = ASK_BODY),
        /// Work that another tool does.
        Outside(OutsideBody = OUTSIDE_BODY),
    }
}

choice! {
    /// A clause of a step.
    Clause {
        /// `timeout`
        Timeout(TimeoutClause = TIMEOUT_CLAUSE),
        /// `retry`
        Retry(RetryClause = RETRY_CLAUSE),
        /// `idempotent`
        Idempotent(IdempotentClause = IDEMPOTENT_CLAUSE),
        /// `effect`
        Effect(EffectClause = EFFECT_CLAUSE),
        /// `guard`
        Guard(GuardClause = GUARD_CLAUSE),
        /// `budget`
        Budget(BudgetClause = BUDGET_CLAUSE),
        /// `fallback`
        Fallback(FallbackClause = FALLBACK_CLAUSE),
        /// `cache`
        Cache(CacheClause = CACHE_CLAUSE),
        /// `pool`
        Pool(PoolClause = POOL_CLAUSE),
        /// `needs`
        Needs(NeedsClause = NEEDS_CLAUSE),
        /// `after`
        After(AfterClause = AFTER_CLAUSE),
        /// `owner`
        Owner(OwnerClause = OWNER_CLAUSE),
        /// `tags`
        Tags(TagsClause = TAGS_CLAUSE),
        /// `doc`
        Doc(DocClause = DOC_CLAUSE),
    }
}

choice! {
    /// One term of a retry policy.
    RetryTerm {
        /// `up to N times`
        UpTo(UpToClause = UP_TO_CLAUSE),
        /// `on CLASS, …`
        On(OnClause = ON_CLAUSE),
        /// `backoff A..B`
        Backoff(BackoffClause = BACKOFF_CLAUSE),
        /// `within D`
        Within(WithinClause = WITHIN_CLAUSE),
    }
}

/// The code of a body: written there, or in a file beside the module.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// Code in quotes, taken as it stands.
    Inline(StringLit),
    /// `file("path")`
    File(CodeFile),
}

impl StepDecl {
    /// The braces with body and clauses.
    #[must_use]
    pub fn block(&self) -> Option<StepBlock> {
        child(&self.0)
    }

    /// The body: the first, if a mistake wrote several.
    #[must_use]
    pub fn body(&self) -> Option<Body> {
        self.block()?.body()
    }

    /// The clauses, in order.
    pub fn clauses(&self) -> impl Iterator<Item = Clause> + use<> {
        self.block().into_iter().flat_map(|block| block.clauses())
    }
}

impl StepBlock {
    /// The first body.
    #[must_use]
    pub fn body(&self) -> Option<Body> {
        child(&self.0)
    }

    /// All bodies; more than one is reported.
    pub fn bodies(&self) -> impl Iterator<Item = Body> + use<> {
        children(&self.0)
    }

    /// The clauses, in order.
    pub fn clauses(&self) -> impl Iterator<Item = Clause> + use<> {
        children(&self.0)
    }
}

/// The code among a node's children: for bodies whose only text is their code.
fn code(body: &crate::kind::SyntaxNode) -> Option<Code> {
    child(body).map(Code::File).or_else(|| children(body).last().map(Code::Inline))
}

impl SqlBody {
    /// The connection after `on`; none for a query in process.
    #[must_use]
    pub fn connection(&self) -> Option<Path> {
        child(&self.0)
    }

    /// The query.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        code(&self.0)
    }
}

impl ShBody {
    /// The script.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        code(&self.0)
    }
}

impl PythonBody {
    /// The program.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        code(&self.0)
    }
}

impl ContainerBody {
    /// The image.
    #[must_use]
    pub fn image(&self) -> Option<StringLit> {
        child(&self.0)
    }

    /// The script.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        child(&self.0).map(Code::File).or_else(|| children(&self.0).nth(1).map(Code::Inline))
    }
}

impl SshBody {
    /// The connection.
    #[must_use]
    pub fn connection(&self) -> Option<Path> {
        child(&self.0)
    }

    /// The script.
    #[must_use]
    pub fn code(&self) -> Option<Code> {
        code(&self.0)
    }
}

impl CodeFile {
    /// The path, relative to the module's file.
    #[must_use]
    pub fn path(&self) -> Option<StringLit> {
        child(&self.0)
    }
}

impl HttpBody {
    /// The connection after `on`, whose base URL precedes the path.
    #[must_use]
    pub fn connection(&self) -> Option<Path> {
        child(&self.0)
    }

    /// `GET`, `POST`, …
    #[must_use]
    pub fn method(&self) -> Option<Name> {
        name(&self.0)
    }

    /// The URL; its holes are percent-encoded.
    #[must_use]
    pub fn url(&self) -> Option<StringLit> {
        child(&self.0)
    }

    /// `header`, `query`, `form` entries and settings such as `body`.
    pub fn settings(&self) -> impl Iterator<Item = SettingClause> + use<> {
        child::<ClauseBlock>(&self.0).into_iter().flat_map(|block| block.settings())
    }
}

impl AiBody {
    /// The models in the order in which they are tried: one name, or the items of the list.
    pub fn models(&self) -> impl Iterator<Item = Expr> + use<> {
        let models: Vec<Expr> = match child::<Expr>(&self.0) {
            Some(Expr::List(list)) => list.items().collect(),
            Some(model) => vec![model],
            None => vec![],
        };
        models.into_iter()
    }

    /// `system`, `prompt`, `max_tokens`, `tools`, …
    pub fn settings(&self) -> impl Iterator<Item = SettingClause> + use<> {
        child::<ClauseBlock>(&self.0).into_iter().flat_map(|block| block.settings())
    }
}

impl AskBody {
    /// Who is asked.
    #[must_use]
    pub fn who(&self) -> Option<Expr> {
        children(&self.0).next()
    }

    /// What is said.
    #[must_use]
    pub fn message(&self) -> Option<Expr> {
        children(&self.0).nth(1)
    }
}

impl OutsideBody {
    /// The tool.
    #[must_use]
    pub fn tool(&self) -> Option<StringLit> {
        children(&self.0).next()
    }

    /// The job in that tool.
    #[must_use]
    pub fn job(&self) -> Option<StringLit> {
        children(&self.0).nth(1)
    }
}

impl TimeoutClause {
    /// How long one attempt may take.
    #[must_use]
    pub fn duration(&self) -> Option<Expr> {
        child(&self.0)
    }
}

impl RetryClause {
    /// The named policy.
    #[must_use]
    pub fn policy(&self) -> Option<Path> {
        child(&self.0)
    }

    /// The policy written in place.
    #[must_use]
    pub fn block(&self) -> Option<RetryBlock> {
        child(&self.0)
    }
}

impl RetryBlock {
    /// The terms, in order.
    pub fn terms(&self) -> impl Iterator<Item = RetryTerm> + use<> {
        children(&self.0)
    }
}

impl UpToClause {
    /// How many retries.
    #[must_use]
    pub fn times(&self) -> Option<Expr> {
        child(&self.0)
    }
}

impl OnClause {
    /// The error classes.
    pub fn classes(&self) -> impl Iterator<Item = ErrorClass> + use<> {
        children(&self.0)
    }
}

impl ErrorClass {
    /// The class.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        name(&self.0)
    }

    /// The status of `exit(N)`.
    #[must_use]
    pub fn status(&self) -> Option<Literal> {
        child(&self.0)
    }
}

impl BackoffClause {
    /// The bounds as a range expression, or one constant pause.
    #[must_use]
    pub fn bounds(&self) -> Option<Expr> {
        child(&self.0)
    }
}

impl WithinClause {
    /// The time for all attempts together.
    #[must_use]
    pub fn duration(&self) -> Option<Expr> {
        child(&self.0)
    }
}

impl IdempotentClause {
    /// The key after `by`.
    #[must_use]
    pub fn key(&self) -> Option<Expr> {
        child(&self.0)
    }
}

impl EffectClause {
    /// `none`, `read`, `write` or `irreversible`; the grammar admits no other.
    #[must_use]
    pub fn effect(&self) -> Option<Name> {
        nth_keyword(&self.0, 1).map(Name)
    }
}

impl GuardClause {
    /// What must hold; `it` is the result.
    #[must_use]
    pub fn condition(&self) -> Option<Expr> {
        child(&self.0)
    }

    /// What happens when it does not.
    #[must_use]
    pub fn action(&self) -> Option<Action> {
        child(&self.0)
    }
}

impl BudgetClause {
    /// The caps.
    pub fn items(&self) -> impl Iterator<Item = BudgetItem> + use<> {
        children(&self.0)
    }
}

impl BudgetItem {
    /// The amount: a number for asks and tokens, money without a unit.
    #[must_use]
    pub fn amount(&self) -> Option<Expr> {
        child(&self.0)
    }

    /// `asks` or `tokens`.
    #[must_use]
    pub fn unit(&self) -> Option<Name> {
        nth_keyword(&self.0, 0).filter(|word| word.text() != "per").map(Name)
    }

    /// The period after `per`, in flows and policies.
    #[must_use]
    pub fn per(&self) -> Option<Expr> {
        after_keyword(&self.0, "per")
    }
}

impl FallbackClause {
    /// The result when all else is exhausted.
    #[must_use]
    pub fn value(&self) -> Option<Expr> {
        child(&self.0)
    }
}

/// What a `cache` clause asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CachePolicy {
    /// `cache`
    Always,
    /// `cache for D`
    For(Expr),
    /// `cache never`
    Never,
}

impl CacheClause {
    /// What it asks for.
    #[must_use]
    pub fn policy(&self) -> CachePolicy {
        if keyword(&self.0, "never").is_some() {
            return CachePolicy::Never;
        }
        child(&self.0).map_or(CachePolicy::Always, CachePolicy::For)
    }
}

impl PoolClause {
    /// The pool.
    #[must_use]
    pub fn pool(&self) -> Option<Path> {
        child(&self.0)
    }
}

impl NeedsClause {
    /// The resources.
    pub fn items(&self) -> impl Iterator<Item = NeedsItem> + use<> {
        children(&self.0)
    }
}

impl NeedsItem {
    /// `cpu`, `memory`, …
    #[must_use]
    pub fn resource(&self) -> Option<Name> {
        name(&self.0)
    }

    /// How much.
    #[must_use]
    pub fn amount(&self) -> Option<Expr> {
        child(&self.0)
    }
}

impl AfterClause {
    /// What must be done before.
    pub fn names(&self) -> impl Iterator<Item = Path> + use<> {
        children(&self.0)
    }
}

/// The kinds of [`Action`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ActionKind {
    /// Ask the model again, with feedback.
    Retry,
    /// Fail, saying why.
    Fail,
    /// Record and go on.
    Warn,
    /// Use another value.
    Fallback,
    /// Ask a person.
    Ask,
    /// Do not run this time.
    Skip,
    /// Bring the dataset up to date first.
    Refresh,
    /// Wait for the dataset.
    Wait,
}

impl Action {
    /// Which action.
    #[must_use]
    pub fn kind(&self) -> Option<ActionKind> {
        let word = tokens(&self.0).filter(|token| token.kind() == SyntaxKind::KEYWORD).find(|w| w.text() != "else")?;
        Some(match word.text() {
            "retry" => ActionKind::Retry,
            "fail" => ActionKind::Fail,
            "warn" => ActionKind::Warn,
            "fallback" => ActionKind::Fallback,
            "ask" => ActionKind::Ask,
            "skip" => ActionKind::Skip,
            "refresh" => ActionKind::Refresh,
            "wait" => ActionKind::Wait,
            _ => return None,
        })
    }

    /// The feedback of `retry`, or the reason of `fail` and `warn`.
    #[must_use]
    pub fn message(&self) -> Option<StringLit> {
        match self.kind()? {
            ActionKind::Retry | ActionKind::Fail | ActionKind::Warn => child(&self.0),
            ActionKind::Ask => children::<StringLit>(&self.0).nth(1),
            _ => None,
        }
    }

    /// The value of `fallback`.
    #[must_use]
    pub fn value(&self) -> Option<Expr> {
        (self.kind()? == ActionKind::Fallback).then(|| child(&self.0)).flatten()
    }

    /// Who is asked by `ask`.
    #[must_use]
    pub fn who(&self) -> Option<StringLit> {
        (self.kind()? == ActionKind::Ask).then(|| child(&self.0)).flatten()
    }

    /// The bound of `ask … within D` and `wait up to D`.
    #[must_use]
    pub fn bound(&self) -> Option<Expr> {
        after_keyword(&self.0, "within").or_else(|| after_keyword(&self.0, "to"))
    }

    /// Whether the action is complete enough to have a token at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        token(&self.0, SyntaxKind::KEYWORD).is_none()
    }
}
