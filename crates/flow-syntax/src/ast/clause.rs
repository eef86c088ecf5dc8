//! Clauses that several declarations share: settings, prices, limits, labels accepted, and what is
//! written for people.

use super::support::{Name, after_keyword, child, children, choice, name, node, nth_keyword};
use super::{Expr, LabelRef, Literal, StringLit};
use crate::kind::{SyntaxKind, SyntaxToken};

node! {
    /// `{ … }` around clauses.
    ClauseBlock = CLAUSE_BLOCK
    /// `key value`: a key that only the provider or body kind knows.
    Setting = SETTING
    /// `header "Name": value`, `query name: value`, `form name: value`
    Entry = ENTRY
    /// `price input $0.25, output $2.00 per 1M tokens`
    PriceClause = PRICE_CLAUSE
    /// `input $0.25`
    PriceItem = PRICE_ITEM
    /// `limit 60 per 1m`
    LimitClause = LIMIT_CLAUSE
    /// `accepts @pii, @health`
    AcceptsClause = ACCEPTS_CLAUSE
    /// `owner "team"`
    OwnerClause = OWNER_CLAUSE
    /// `tags "a", "b"`
    TagsClause = TAGS_CLAUSE
    /// `doc "…"`
    DocClause = DOC_CLAUSE
}

choice! {
    /// A clause of a connection, model, pool, HTTP or AI body. The grammar allows each in all of them;
    /// which make sense where is a matter of meaning.
    SettingClause {
        /// `key value`: `provider openai`, `url "…"`, `prompt "…"`, `max_tokens 600` and so on.
        Setting(Setting = SETTING),
        /// `header`, `query`, `form`
        Entry(Entry = ENTRY),
        /// `price`
        Price(PriceClause = PRICE_CLAUSE),
        /// `limit`
        Limit(LimitClause = LIMIT_CLAUSE),
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

impl ClauseBlock {
    /// The settings, in order.
    pub fn settings(&self) -> impl Iterator<Item = SettingClause> + use<> {
        children(&self.0)
    }
}

impl Setting {
    /// The key.
    #[must_use]
    pub fn key(&self) -> Option<Name> {
        nth_keyword(&self.0, 0).map(Name)
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> Option<Expr> {
        child(&self.0)
    }
}

impl Entry {
    /// `header`, `query` or `form`.
    #[must_use]
    pub fn key(&self) -> Option<Name> {
        nth_keyword(&self.0, 0).map(Name)
    }

    /// The entry's name when it is a word. See [`Self::quoted_name`].
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        name(&self.0)
    }

    /// The entry's name when it is in quotes, or else its value when that is a text: use [`Self::name_text`].
    fn strings(&self) -> impl Iterator<Item = StringLit> + use<> {
        children(&self.0)
    }

    /// The entry's name when it is in quotes.
    #[must_use]
    pub fn quoted_name(&self) -> Option<StringLit> {
        let colon = self.colon()?.text_range().start();
        self.strings().find(|text| text.range().end() <= colon)
    }

    /// The entry's name, in quotes or not.
    #[must_use]
    pub fn name_text(&self) -> Option<String> {
        self.name().map(|name| name.text().to_owned()).or_else(|| self.quoted_name()?.plain_text())
    }

    /// The value after the colon.
    #[must_use]
    pub fn value(&self) -> Option<Expr> {
        super::support::after_token(&self.0, SyntaxKind::COLON)
    }

    fn colon(&self) -> Option<SyntaxToken> {
        super::support::token(&self.0, SyntaxKind::COLON)
    }
}

impl PriceClause {
    /// The prices by kind of token.
    pub fn items(&self) -> impl Iterator<Item = PriceItem> + use<> {
        children(&self.0)
    }

    /// How many tokens the prices are for: a literal of kind [`super::LiteralKind::Int`] or `Count`.
    #[must_use]
    pub fn per(&self) -> Option<Literal> {
        child(&self.0)
    }
}

impl PriceItem {
    /// `input`, `output`, …
    #[must_use]
    pub fn kind(&self) -> Option<Name> {
        nth_keyword(&self.0, 0).map(Name)
    }

    /// The amount.
    #[must_use]
    pub fn amount(&self) -> Option<Expr> {
        child(&self.0)
    }
}

impl LimitClause {
    /// How many.
    #[must_use]
    pub fn count(&self) -> Option<Expr> {
        child(&self.0)
    }

    /// In what time.
    #[must_use]
    pub fn per(&self) -> Option<Expr> {
        after_keyword(&self.0, "per")
    }
}

impl AcceptsClause {
    /// The labels.
    pub fn labels(&self) -> impl Iterator<Item = LabelRef> + use<> {
        children(&self.0)
    }
}

impl OwnerClause {
    /// Who.
    #[must_use]
    pub fn owner(&self) -> Option<Expr> {
        child(&self.0)
    }
}

impl TagsClause {
    /// The tags.
    pub fn tags(&self) -> impl Iterator<Item = StringLit> + use<> {
        children(&self.0)
    }
}

impl DocClause {
    /// The text.
    #[must_use]
    pub fn text(&self) -> Option<StringLit> {
        child(&self.0)
    }
}
