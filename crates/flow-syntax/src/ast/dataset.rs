//! Datasets and their clauses.

use super::support::{Name, after_keyword, child, children, choice, keyword, name, node};
use super::{AcceptsClause, Action, ClauseBlock, DocClause, Expr, OwnerClause, Schedule, TagsClause, TypeExpr};

node! {
    /// `dataset d: Table<T> { … }`
    DatasetDecl = DATASET_DECL
    /// `at csv("…")`
    AtClause = AT_CLAUSE
    /// `fresh within 25h by placed_at`
    FreshClause = FRESH_CLAUSE
    /// `arrives every day by 05:30 in "Europe/London"`, `arrives by hand`, `arrives`
    ArrivesClause = ARRIVES_CLAUSE
    /// `expect rule for 99.9% else warn`
    ExpectClause = EXPECT_CLAUSE
    /// `keep 30 versions`, `keep 90d`
    KeepClause = KEEP_CLAUSE
    /// `partition day: Date`
    PartitionClause = PARTITION_CLAUSE
}

choice! {
    /// A clause of a dataset.
    DatasetClause {
        /// `at`
        At(AtClause = AT_CLAUSE),
        /// `fresh within`
        Fresh(FreshClause = FRESH_CLAUSE),
        /// `arrives`
        Arrives(ArrivesClause = ARRIVES_CLAUSE),
        /// `expect`
        Expect(ExpectClause = EXPECT_CLAUSE),
        /// `keep`
        Keep(KeepClause = KEEP_CLAUSE),
        /// `partition`
        Partition(PartitionClause = PARTITION_CLAUSE),
        /// `accepts`
        Accepts(AcceptsClause = ACCEPTS_CLAUSE),
        /// `owner`
        Owner(OwnerClause = OWNER_CLAUSE),
        /// `tags`
        Tags(TagsClause = TAGS_CLAUSE),
        /// `doc`
        Doc(DocClause = DOC_CLAUSE),
    }
}

impl DatasetDecl {
    /// The type of its content.
    #[must_use]
    pub fn ty(&self) -> Option<TypeExpr> {
        child(&self.0)
    }

    /// The clauses, in order.
    pub fn clauses(&self) -> impl Iterator<Item = DatasetClause> + use<> {
        child::<ClauseBlock>(&self.0).into_iter().flat_map(|block| children(block.syntax()))
    }
}

impl AtClause {
    /// The place: a call such as `csv("…")` or `conn.table("…")`.
    #[must_use]
    pub fn place(&self) -> Option<Expr> {
        child(&self.0)
    }
}

impl FreshClause {
    /// How old it may be.
    #[must_use]
    pub fn within(&self) -> Option<Expr> {
        after_keyword(&self.0, "within")
    }

    /// The column whose newest value dates the data; none for `by modified` too.
    #[must_use]
    pub fn by_column(&self) -> Option<Name> {
        name(&self.0)
    }

    /// Whether `by modified` is written.
    #[must_use]
    pub fn by_modified(&self) -> bool {
        keyword(&self.0, "modified").is_some()
    }
}

impl ArrivesClause {
    /// Whether somebody brings it `by hand`, now and then. No schedule either for a bare `arrives`.
    #[must_use]
    pub fn by_hand(&self) -> bool {
        keyword(&self.0, "hand").is_some()
    }

    /// When it comes.
    #[must_use]
    pub fn schedule(&self) -> Option<Schedule> {
        child(&self.0)
    }
}

impl ExpectClause {
    /// The rule.
    #[must_use]
    pub fn rule(&self) -> Option<Expr> {
        child(&self.0)
    }

    /// The share of rows for which it must hold.
    #[must_use]
    pub fn share(&self) -> Option<Expr> {
        after_keyword(&self.0, "for")
    }

    /// What happens when it does not hold; the default is to fail.
    #[must_use]
    pub fn action(&self) -> Option<Action> {
        child(&self.0)
    }
}

impl KeepClause {
    /// How many versions, or for how long.
    #[must_use]
    pub fn amount(&self) -> Option<Expr> {
        child(&self.0)
    }

    /// Whether `versions` is written.
    #[must_use]
    pub fn counts_versions(&self) -> bool {
        keyword(&self.0, "versions").is_some()
    }
}

impl PartitionClause {
    /// The key's name.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        name(&self.0)
    }

    /// The key's type.
    #[must_use]
    pub fn ty(&self) -> Option<TypeExpr> {
        child(&self.0)
    }
}
