//! Expressions.

use super::support::{
    AstNode, Name, after_keyword, after_token, child, children, choice, name, names, node, nth_keyword, token, tokens,
};
use super::{Block, GuardClause, Literal, Pattern, StringLit};
use crate::kind::{SyntaxKind, SyntaxToken};

node! {
    /// `csv """…"""`, `json "…"`: data written in the program, taken as it stands.
    DataExpr = DATA_EXPR
    /// `orders`, `North`
    NameExpr = NAME_EXPR
    /// `(x)`
    ParenExpr = PAREN_EXPR
    /// `[a, b]`
    ListExpr = LIST_EXPR
    /// `["a": 1]`, `[:]`
    MapExpr = MAP_EXPR
    /// `"a": 1`
    MapEntry = MAP_ENTRY
    /// `-x`, `not x`
    UnaryExpr = UNARY_EXPR
    /// `a + b`
    BinaryExpr = BINARY_EXPR
    /// `a..b`, `a..=b`
    RangeExpr = RANGE_EXPR
    /// `f(x)`, `x.f(y)`, `Note(headline: "h")`
    CallExpr = CALL_EXPR
    /// `(x, name: y, ..z)`
    ArgList = ARG_LIST
    /// `x`, `name: y`
    Arg = ARG
    /// `..old`
    SpreadArg = SPREAD_ARG
    /// `x.f`
    FieldExpr = FIELD_EXPR
    /// `x[i]`
    IndexExpr = INDEX_EXPR
    /// `r => r.x`, `(a, b) => a + b`
    LambdaExpr = LAMBDA_EXPR
    /// `if a { … } else { … }`
    IfExpr = IF_EXPR
    /// `match x { … }`
    MatchExpr = MATCH_EXPR
    /// `{ arm, … }`
    MatchArmList = MATCH_ARM_LIST
    /// `pattern if guard => value`
    MatchArm = MATCH_ARM
    /// `for x in xs limit 50 parallel 8 { … }`
    ForExpr = FOR_EXPR
    /// `check x { guard … }`
    CheckExpr = CHECK_EXPR
    /// `run flow(x)`, in tests.
    RunExpr = RUN_EXPR
    /// `(a, b)` of a lambda.
    LambdaParamList = LAMBDA_PARAM_LIST
}

choice! {
    /// An expression.
    Expr {
        /// A literal but no text.
        Literal(Literal = LITERAL),
        /// A text, perhaps with holes.
        String(StringLit = STRING),
        /// Data in a format.
        Data(DataExpr = DATA_EXPR),
        /// A name.
        Name(NameExpr = NAME_EXPR),
        /// An expression in parentheses.
        Paren(ParenExpr = PAREN_EXPR),
        /// A list.
        List(ListExpr = LIST_EXPR),
        /// A map.
        Map(MapExpr = MAP_EXPR),
        /// `-`, `not`
        Unary(UnaryExpr = UNARY_EXPR),
        /// Two operands.
        Binary(BinaryExpr = BINARY_EXPR),
        /// A range.
        Range(RangeExpr = RANGE_EXPR),
        /// A call, also of methods, records and variants.
        Call(CallExpr = CALL_EXPR),
        /// A field, or a member of a module.
        Field(FieldExpr = FIELD_EXPR),
        /// An element, entry or partition.
        Index(IndexExpr = INDEX_EXPR),
        /// A function in place.
        Lambda(LambdaExpr = LAMBDA_EXPR),
        /// `if`
        If(IfExpr = IF_EXPR),
        /// `match`
        Match(MatchExpr = MATCH_EXPR),
        /// `for`
        For(ForExpr = FOR_EXPR),
        /// `check`
        Check(CheckExpr = CHECK_EXPR),
        /// `run`
        Run(RunExpr = RUN_EXPR),
    }
}

impl DataExpr {
    /// `csv`, `json` or `jsonl`.
    #[must_use]
    pub fn format(&self) -> Option<Name> {
        nth_keyword(&self.0, 0).map(Name)
    }

    /// The data.
    #[must_use]
    pub fn text(&self) -> Option<StringLit> {
        child(&self.0)
    }
}

impl NameExpr {
    /// The name.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        name(&self.0)
    }
}

impl ParenExpr {
    /// What is in the parentheses.
    #[must_use]
    pub fn inner(&self) -> Option<Expr> {
        child(&self.0)
    }
}

impl ListExpr {
    /// The items.
    pub fn items(&self) -> impl Iterator<Item = Expr> + use<> {
        children(&self.0)
    }
}

impl MapExpr {
    /// The entries.
    pub fn entries(&self) -> impl Iterator<Item = MapEntry> + use<> {
        children(&self.0)
    }
}

impl MapEntry {
    /// The key.
    #[must_use]
    pub fn key(&self) -> Option<Expr> {
        child(&self.0)
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> Option<Expr> {
        after_token(&self.0, SyntaxKind::COLON)
    }
}

/// Operators with one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    /// `-`
    Negate,
    /// `not`
    Not,
}

impl UnaryExpr {
    /// The operator.
    #[must_use]
    pub fn op(&self) -> Option<UnaryOp> {
        Some(match self.op_token()?.kind() {
            SyntaxKind::MINUS => UnaryOp::Negate,
            _ => UnaryOp::Not,
        })
    }

    /// The operator's token.
    #[must_use]
    pub fn op_token(&self) -> Option<SyntaxToken> {
        tokens(&self.0).next()
    }

    /// The operand.
    #[must_use]
    pub fn operand(&self) -> Option<Expr> {
        child(&self.0)
    }
}

/// Operators with two operands, but ranges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// `or`
    Or,
    /// `and`
    And,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `??`
    Coalesce,
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Remainder,
}

impl BinaryOp {
    /// The operator as written.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            Self::Or => "or",
            Self::And => "and",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Coalesce => "??",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }
}

impl BinaryExpr {
    /// The operator.
    #[must_use]
    pub fn op(&self) -> Option<BinaryOp> {
        let token = self.op_token()?;
        Some(match token.kind() {
            SyntaxKind::EQ2 => BinaryOp::Equal,
            SyntaxKind::NOT_EQ => BinaryOp::NotEqual,
            SyntaxKind::LT => BinaryOp::Less,
            SyntaxKind::LT_EQ => BinaryOp::LessOrEqual,
            SyntaxKind::GT => BinaryOp::Greater,
            SyntaxKind::GT_EQ => BinaryOp::GreaterOrEqual,
            SyntaxKind::QUESTION2 => BinaryOp::Coalesce,
            SyntaxKind::PLUS => BinaryOp::Add,
            SyntaxKind::MINUS => BinaryOp::Subtract,
            SyntaxKind::STAR => BinaryOp::Multiply,
            SyntaxKind::SLASH => BinaryOp::Divide,
            SyntaxKind::PERCENT_SIGN => BinaryOp::Remainder,
            SyntaxKind::KEYWORD if token.text() == "or" => BinaryOp::Or,
            SyntaxKind::KEYWORD if token.text() == "and" => BinaryOp::And,
            // The signs of other languages are reported, and understood.
            SyntaxKind::UNKNOWN => match token.text() {
                "||" => BinaryOp::Or,
                "&&" => BinaryOp::And,
                "===" => BinaryOp::Equal,
                "!==" => BinaryOp::NotEqual,
                _ => return None,
            },
            _ => return None,
        })
    }

    /// The operator's token.
    #[must_use]
    pub fn op_token(&self) -> Option<SyntaxToken> {
        tokens(&self.0).next()
    }

    /// The operand before the operator.
    #[must_use]
    pub fn left(&self) -> Option<Expr> {
        let op = self.op_token()?.text_range().start();
        children::<Expr>(&self.0).find(|operand| operand.range().end() <= op)
    }

    /// The operand after the operator.
    #[must_use]
    pub fn right(&self) -> Option<Expr> {
        let op = self.op_token()?.text_range().start();
        children::<Expr>(&self.0).find(|operand| operand.range().start() > op)
    }
}

impl RangeExpr {
    /// The first value.
    #[must_use]
    pub fn start(&self) -> Option<Expr> {
        children(&self.0).next()
    }

    /// The bound.
    #[must_use]
    pub fn end(&self) -> Option<Expr> {
        children(&self.0).nth(1)
    }

    /// Whether the bound belongs to it: `..=`.
    #[must_use]
    pub fn is_inclusive(&self) -> bool {
        token(&self.0, SyntaxKind::DOT2_EQ).is_some()
    }
}

/// One argument of a call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Argument {
    /// By place or by name.
    Arg(Arg),
    /// The other fields of a record: `..old`.
    Spread(SpreadArg),
}

impl CallExpr {
    /// What is called.
    #[must_use]
    pub fn callee(&self) -> Option<Expr> {
        child(&self.0)
    }

    /// The parentheses.
    #[must_use]
    pub fn arg_list(&self) -> Option<ArgList> {
        child(&self.0)
    }

    /// The arguments but spreads, in order.
    pub fn args(&self) -> impl Iterator<Item = Arg> + use<> {
        self.arg_list().into_iter().flat_map(|list| list.args())
    }

    /// For `x.f(y)`: `x` and `f`. (`f` may as well be a member of the module `x`.)
    #[must_use]
    pub fn method(&self) -> Option<(Expr, Name)> {
        match self.callee()? {
            Expr::Field(field) => Some((field.receiver()?, field.name()?)),
            _ => None,
        }
    }
}

impl ArgList {
    /// All arguments, in order.
    pub fn arguments(&self) -> impl Iterator<Item = Argument> + use<> {
        self.0.children().filter_map(|node| match node.kind() {
            SyntaxKind::ARG => Arg::cast(node).map(Argument::Arg),
            SyntaxKind::SPREAD_ARG => SpreadArg::cast(node).map(Argument::Spread),
            _ => None,
        })
    }

    /// The arguments but spreads, in order.
    pub fn args(&self) -> impl Iterator<Item = Arg> + use<> {
        children(&self.0)
    }
}

impl Arg {
    /// The parameter's name, if written.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        name(&self.0)
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> Option<Expr> {
        child(&self.0)
    }
}

impl SpreadArg {
    /// The record whose fields are taken.
    #[must_use]
    pub fn value(&self) -> Option<Expr> {
        child(&self.0)
    }
}

impl FieldExpr {
    /// What has the field.
    #[must_use]
    pub fn receiver(&self) -> Option<Expr> {
        child(&self.0)
    }

    /// The field.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        name(&self.0)
    }
}

impl IndexExpr {
    /// What is looked into.
    #[must_use]
    pub fn receiver(&self) -> Option<Expr> {
        child(&self.0)
    }

    /// The place or key.
    #[must_use]
    pub fn index(&self) -> Option<Expr> {
        after_token(&self.0, SyntaxKind::L_BRACKET)
    }
}

/// What a lambda computes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum LambdaBody {
    /// One expression.
    Expr(Expr),
    /// Statements that end in a value.
    Block(Block),
}

impl LambdaExpr {
    /// The parameters' names.
    pub fn params(&self) -> impl Iterator<Item = Name> + use<> {
        let listed = child::<LambdaParamList>(&self.0);
        names(listed.as_ref().map_or(&self.0, |list| &list.0))
    }

    /// What it computes.
    #[must_use]
    pub fn body(&self) -> Option<LambdaBody> {
        child(&self.0).map(LambdaBody::Expr).or_else(|| child(&self.0).map(LambdaBody::Block))
    }
}

/// What stands after `else` of an `if`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ElseBranch {
    /// `else { … }`
    Block(Block),
    /// `else if …`
    If(IfExpr),
}

impl IfExpr {
    /// The condition.
    #[must_use]
    pub fn condition(&self) -> Option<Expr> {
        let first: Expr = child(&self.0)?;
        // In `if { … } else if …` the only expression is the second `if`.
        let otherwise = super::support::keyword(&self.0, "else").map(|word| word.text_range().start());
        otherwise.is_none_or(|otherwise| first.range().start() < otherwise).then_some(first)
    }

    /// The block when it holds.
    #[must_use]
    pub fn then(&self) -> Option<Block> {
        child(&self.0)
    }

    /// The branch when it does not.
    #[must_use]
    pub fn otherwise(&self) -> Option<ElseBranch> {
        after_keyword(&self.0, "else")
            .map(ElseBranch::Block)
            .or_else(|| after_keyword(&self.0, "else").map(ElseBranch::If))
    }
}

impl MatchExpr {
    /// What is looked at.
    #[must_use]
    pub fn subject(&self) -> Option<Expr> {
        child(&self.0)
    }

    /// The arms, in order.
    pub fn arms(&self) -> impl Iterator<Item = MatchArm> + use<> {
        child::<MatchArmList>(&self.0).into_iter().flat_map(|list| children(&list.0))
    }
}

impl MatchArm {
    /// What it accepts.
    #[must_use]
    pub fn pattern(&self) -> Option<Pattern> {
        child(&self.0)
    }

    /// The condition after `if`.
    #[must_use]
    pub fn guard(&self) -> Option<Expr> {
        let arrow = token(&self.0, SyntaxKind::FAT_ARROW).map(|arrow| arrow.text_range().start());
        after_keyword::<Expr>(&self.0, "if").filter(|guard| arrow.is_none_or(|arrow| guard.range().start() < arrow))
    }

    /// What it gives.
    #[must_use]
    pub fn body(&self) -> Option<LambdaBody> {
        // A thin arrow has been reported.
        [SyntaxKind::FAT_ARROW, SyntaxKind::ARROW].into_iter().find_map(|arrow| {
            let block = || after_token(&self.0, arrow).map(LambdaBody::Block);
            after_token(&self.0, arrow).map(LambdaBody::Expr).or_else(block)
        })
    }
}

impl ForExpr {
    /// The name of the current element.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        name(&self.0)
    }

    /// What is walked through.
    #[must_use]
    pub fn items(&self) -> Option<Expr> {
        after_keyword(&self.0, "in")
    }

    /// How many elements there may be.
    #[must_use]
    pub fn limit(&self) -> Option<Expr> {
        after_keyword(&self.0, "limit")
    }

    /// How many run at once.
    #[must_use]
    pub fn parallel(&self) -> Option<Expr> {
        after_keyword(&self.0, "parallel")
    }

    /// What is done for each.
    #[must_use]
    pub fn body(&self) -> Option<Block> {
        child(&self.0)
    }
}

impl CheckExpr {
    /// What is checked; in the guards it is `it`.
    #[must_use]
    pub fn subject(&self) -> Option<Expr> {
        child(&self.0)
    }

    /// The guards, in order.
    pub fn guards(&self) -> impl Iterator<Item = GuardClause> + use<> {
        children(&self.0)
    }
}

impl RunExpr {
    /// The flow or step: a name or a call.
    #[must_use]
    pub fn target(&self) -> Option<Expr> {
        child(&self.0)
    }
}
