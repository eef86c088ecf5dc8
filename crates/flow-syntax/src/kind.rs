//! The kinds of tokens and nodes in the tree, and rowan's view of them.
//!
//! Knows nothing of how text becomes tokens or tokens become nodes. The shape of each node (which
//! children it has) is documented where it is read: in [`crate::ast`].

/// Makes the enum, the conversion from rowan's raw numbers, and the token/node border.
macro_rules! kinds {
    (tokens { $($(#[$tdoc:meta])* $token:ident,)* } nodes { $($(#[$ndoc:meta])* $node:ident,)* }) => {
        /// What a token or node is. Tokens come first, then nodes.
        #[allow(non_camel_case_types, reason = "rowan's convention, which keeps kinds and AST types apart")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u16)]
        pub enum SyntaxKind {
            $($(#[$tdoc])* $token,)*
            /// Not in any tree: what the parser sees after the last token.
            END,
            $($(#[$ndoc])* $node,)*
        }

        impl SyntaxKind {
            const ALL: &'static [Self] = &[$(Self::$token,)* Self::END, $(Self::$node,)*];
        }
    };
}

kinds! {
    tokens {
        /// Blanks, tabs, line ends, a byte order mark.
        WHITESPACE,
        /// `// …` to the end of the line.
        COMMENT,
        /// `/// …`: documents the declaration, field or variant that follows.
        DOC_COMMENT,
        /// `//! …`: documents the module.
        MODULE_DOC,
        /// A word used as a name, or a name between backticks.
        IDENT,
        /// A word that the parser took as a word of the language at this place.
        KEYWORD,
        /// `1_000`
        INT,
        /// `0.5`, `1e-3`
        FRACTION,
        /// `99.9%`
        PERCENT,
        /// `$0.02`
        MONEY,
        /// `1h30m`
        DURATION,
        /// `5MiB`
        SIZE,
        /// `1M`: only in `per 1M tokens`.
        COUNT,
        /// `06:00`, `06:00:30`
        TIME,
        /// `2026-11-22`
        DATE,
        /// `2026-11-22T06:00:00Z`
        TIMESTAMP,
        /// Digits with something attached that makes no literal.
        BAD_NUMBER,
        /// `"` or `"""` that begins a text with escapes and holes.
        STRING_OPEN,
        /// The opening quotes of a text without escapes and holes: code, data, or after `r`.
        RAW_OPEN,
        /// A stretch of text inside quotes.
        STRING_TEXT,
        /// The closing quotes.
        STRING_CLOSE,
        /// `{` of a hole.
        HOLE_OPEN,
        /// `}` of a hole.
        HOLE_CLOSE,
        /// `{`
        L_BRACE,
        /// `}`
        R_BRACE,
        /// `(`
        L_PAREN,
        /// `)`
        R_PAREN,
        /// `[`
        L_BRACKET,
        /// `]`
        R_BRACKET,
        /// `,`
        COMMA,
        /// `:`
        COLON,
        /// `.`
        DOT,
        /// `..`
        DOT2,
        /// `..=`
        DOT2_EQ,
        /// `=`
        EQ,
        /// `==`
        EQ2,
        /// `!=`
        NOT_EQ,
        /// `<`
        LT,
        /// `<=`
        LT_EQ,
        /// `>`
        GT,
        /// `>=`
        GT_EQ,
        /// `+`
        PLUS,
        /// `-`
        MINUS,
        /// `*`
        STAR,
        /// `/`
        SLASH,
        /// `%`
        PERCENT_SIGN,
        /// `->`
        ARROW,
        /// `=>`
        FAT_ARROW,
        /// `|`
        PIPE,
        /// `?`
        QUESTION,
        /// `??`
        QUESTION2,
        /// `@`
        AT,
        /// A character that the language does not use, or a sign of another language (`;`, `&&`).
        UNKNOWN,
    }
    nodes {
        /// A whole file.
        MODULE,
        /// Tokens that fit nowhere; always reported.
        ERROR,
        /// `a.b.c` where no expression is meant.
        PATH,
        /// `@pii`
        LABEL_REF,
        // Declarations.
        /// `use a.b.{x, y}`
        USE_DECL,
        /// `.{x, y as z}`
        USE_GROUP,
        /// `y as z`
        USE_ITEM,
        /// `label pii "…"`
        LABEL_DECL,
        /// `type T …`
        TYPE_DECL,
        /// `{ field… }`
        RECORD_BODY,
        /// `= A | B(x: Int)`
        ENUM_BODY,
        /// `= Decimal where it >= 0`
        ALIAS_BODY,
        /// `| B(x: Int)`
        VARIANT,
        /// `name: Type @label where … = default`
        FIELD,
        /// `const x = 1`
        CONST_DECL,
        /// `var x: Int = 1`
        VAR_DECL,
        /// `secret k = env("K")`
        SECRET_DECL,
        /// `connection c { … }`
        CONNECTION_DECL,
        /// `model m { … }`
        MODEL_DECL,
        /// `pool p { … }`
        POOL_DECL,
        /// `dataset d: T { … }`
        DATASET_DECL,
        /// `retry r { … }`
        RETRY_DECL,
        /// `guard g(…) { … }`
        GUARD_DECL,
        /// `fn f(…) -> T { … }`
        FN_DECL,
        /// `step s(…) -> T { … }`
        STEP_DECL,
        /// `flow f { … }`
        FLOW_DECL,
        /// `policy p { … }`
        POLICY_DECL,
        /// `test "…" { … }`
        TEST_DECL,
        /// `<T, U>` after a function's name.
        TYPE_PARAM_LIST,
        /// `(a: Int, b: T = x)`
        PARAM_LIST,
        /// `a: Int @label where … = default`
        PARAM,
        /// `{ … }` of a step or of a judging guard.
        STEP_BLOCK,
        /// `{ … }` of a connection, model, pool, dataset, HTTP or AI body.
        CLAUSE_BLOCK,
        // Clauses of connections, models, pools, datasets.
        /// `key value` with a key that the grammar does not know.
        SETTING,
        /// `header "Name": value`, `query name: value`, `form name: value`
        ENTRY,
        /// `price input $1, output $2 per 1M tokens`
        PRICE_CLAUSE,
        /// `input $1`
        PRICE_ITEM,
        /// `limit 60 per 1m`
        LIMIT_CLAUSE,
        /// `accepts @pii, @health`
        ACCEPTS_CLAUSE,
        /// `at csv("…")`
        AT_CLAUSE,
        /// `fresh within 25h by placed_at`
        FRESH_CLAUSE,
        /// `arrives every day by 05:30 in "…"`
        ARRIVES_CLAUSE,
        /// `expect rule for 99% else warn`, in datasets and tests.
        EXPECT_CLAUSE,
        /// `keep 30 versions`
        KEEP_CLAUSE,
        /// `partition day: Date`
        PARTITION_CLAUSE,
        // Clauses of retry policies.
        /// `{ up to 4 times, … }`
        RETRY_BLOCK,
        /// `up to 4 times`
        UP_TO_CLAUSE,
        /// `on timeout, exit(2)`
        ON_CLAUSE,
        /// `timeout`, `exit(2)`
        ERROR_CLASS,
        /// `backoff 1s..60s`
        BACKOFF_CLAUSE,
        /// `within 10m`
        WITHIN_CLAUSE,
        // Bodies of steps.
        /// `sql on c """…"""`
        SQL_BODY,
        /// `sh """…"""`
        SH_BODY,
        /// `python """…"""`
        PYTHON_BODY,
        /// `http on c GET "…" { … }`
        HTTP_BODY,
        /// `ai m { … }`
        AI_BODY,
        /// `container "image" """…"""`
        CONTAINER_BODY,
        /// `ssh c """…"""`
        SSH_BODY,
        /// `ask "who" "message"`
        ASK_BODY,
        /// `outside "tool" "job"`
        OUTSIDE_BODY,
        /// `file("x.sql")` in a code's place.
        CODE_FILE,
        // Clauses of steps; some also stand in flows.
        /// `timeout 5m`
        TIMEOUT_CLAUSE,
        /// `retry patient`, `retry { … }`
        RETRY_CLAUSE,
        /// `idempotent by key`
        IDEMPOTENT_CLAUSE,
        /// `effect read`
        EFFECT_CLAUSE,
        /// `guard cond else action`
        GUARD_CLAUSE,
        /// `budget 3 asks, $0.02`
        BUDGET_CLAUSE,
        /// `3 asks`, `$0.02 per 1d`
        BUDGET_ITEM,
        /// `fallback value`
        FALLBACK_CLAUSE,
        /// `cache for 1d`
        CACHE_CLAUSE,
        /// `pool p`
        POOL_CLAUSE,
        /// `needs cpu 2, memory 4GiB`
        NEEDS_CLAUSE,
        /// `cpu 2`
        NEEDS_ITEM,
        /// `after x, y`
        AFTER_CLAUSE,
        /// `owner "team"`
        OWNER_CLAUSE,
        /// `tags "a", "b"`
        TAGS_CLAUSE,
        /// `doc "…"`
        DOC_CLAUSE,
        /// `else retry "…"`, `else wait up to 10m`, …
        ACTION,
        // Statements.
        /// `{ statement… value }`
        BLOCK,
        /// `start every day at 06:00 in "…"`
        START_STMT,
        /// `every 15m`
        EVERY_SCHEDULE,
        /// `every monday, friday at 06:00 in "…"`
        CALENDAR_SCHEDULE,
        /// `cron "…" in "…"`
        CRON_SCHEDULE,
        /// `when orders updates`
        WHEN_SCHEDULE,
        /// `on webhook "/path"`
        WEBHOOK_SCHEDULE,
        /// `day = yesterday()`
        BINDING,
        /// `finish by 07:00`
        FINISH_STMT,
        /// `overlap skip`
        OVERLAP_STMT,
        /// `catch up last`
        CATCH_UP_STMT,
        /// `require orders fresh within 2h else fail`
        REQUIRE_STMT,
        /// `let x = a(y) else b`
        LET_STMT,
        /// `write d = x`
        WRITE_STMT,
        /// `do notify(x)`
        DO_STMT,
        /// `wait for 5m`
        WAIT_STMT,
        /// `return x`
        RETURN_STMT,
        /// `on failure { … }`
        ON_STMT,
        /// `given x = y`
        GIVEN_STMT,
        // Types.
        /// `shop.Order<T>`
        NAMED_TYPE,
        /// `<A, B>`
        TYPE_ARG_LIST,
        /// `T?`
        OPTIONAL_TYPE,
        /// `fn(A) -> B`
        FN_TYPE,
        // Expressions.
        /// `12`, `true`, `none`, `5m`
        LITERAL,
        /// `"text {hole}"`
        STRING,
        /// `{value as csv}`
        HOLE,
        /// `csv """…"""`
        DATA_EXPR,
        /// `orders`
        NAME_EXPR,
        /// `(x)`
        PAREN_EXPR,
        /// `[a, b]`
        LIST_EXPR,
        /// `["a": 1]`
        MAP_EXPR,
        /// `"a": 1`
        MAP_ENTRY,
        /// `-x`, `not x`
        UNARY_EXPR,
        /// `a + b`
        BINARY_EXPR,
        /// `a..b`
        RANGE_EXPR,
        /// `f(x)`
        CALL_EXPR,
        /// `(x, name: y, ..z)`
        ARG_LIST,
        /// `name: y`
        ARG,
        /// `..old`
        SPREAD_ARG,
        /// `x.f`
        FIELD_EXPR,
        /// `x[i]`
        INDEX_EXPR,
        /// `r => r.x`
        LAMBDA_EXPR,
        /// `(a, b)` of a lambda.
        LAMBDA_PARAM_LIST,
        /// `if a { … } else { … }`
        IF_EXPR,
        /// `match x { … }`
        MATCH_EXPR,
        /// `{ arm, … }`
        MATCH_ARM_LIST,
        /// `pattern if guard => value`
        MATCH_ARM,
        /// `for x in xs limit 50 { … }`
        FOR_EXPR,
        /// `check x { guard … }`
        CHECK_EXPR,
        /// `run flow(x)`
        RUN_EXPR,
        // Patterns.
        /// `_`
        WILDCARD_PATTERN,
        /// `12`, `"x"`, `-1`
        LITERAL_PATTERN,
        /// `1..10`
        RANGE_PATTERN,
        /// `name`
        BINDING_PATTERN,
        /// `Region.North`, `Failed(reason: r, ..)`
        VARIANT_PATTERN,
        /// `(reason: r, ..)`
        PATTERN_FIELD_LIST,
        /// `reason: r`, `reason`
        PATTERN_FIELD,
        /// `..`
        REST_PATTERN,
        /// `A | B`
        OR_PATTERN,
    }
}

impl SyntaxKind {
    /// Whether it separates and explains but never means: blanks and comments of every sort.
    #[must_use]
    pub fn is_trivia(self) -> bool {
        matches!(self, Self::WHITESPACE | Self::COMMENT | Self::DOC_COMMENT | Self::MODULE_DOC)
    }

    /// The kind of a node or token of the green tree.
    #[must_use]
    pub fn of_green(raw: rowan::SyntaxKind) -> Self {
        Self::ALL.get(raw.0 as usize).copied().unwrap_or(Self::ERROR)
    }

    /// Whether it is a token's kind, not a node's.
    #[must_use]
    pub fn is_token(self) -> bool {
        self < Self::END
    }
}

impl From<SyntaxKind> for rowan::SyntaxKind {
    fn from(kind: SyntaxKind) -> Self {
        Self(kind as u16)
    }
}

/// The type parameter that ties rowan's generic tree to [`SyntaxKind`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FlowLanguage {}

impl rowan::Language for FlowLanguage {
    type Kind = SyntaxKind;

    fn kind_from_raw(raw: rowan::SyntaxKind) -> SyntaxKind {
        SyntaxKind::of_green(raw)
    }

    fn kind_to_raw(kind: SyntaxKind) -> rowan::SyntaxKind {
        kind.into()
    }
}

/// A node of the tree without places and parents, which is cheaper to walk. See [`crate::Parse::green`].
pub type GreenNode = rowan::GreenNodeData;
/// A token of that tree.
pub type GreenToken = rowan::GreenTokenData;

/// A node of the tree. Cheap to clone; knows its parent. Not `Send`: share [`crate::Parse`] instead.
pub type SyntaxNode = rowan::SyntaxNode<FlowLanguage>;
/// A token of the tree.
pub type SyntaxToken = rowan::SyntaxToken<FlowLanguage>;
/// A node or a token.
pub type SyntaxElement = rowan::SyntaxElement<FlowLanguage>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_numbers_are_positions_in_all() {
        for (position, kind) in SyntaxKind::ALL.iter().enumerate() {
            assert_eq!(*kind as usize, position);
        }
    }
}
