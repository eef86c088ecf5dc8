//! What is asked of texts. Each question is answered for a whole column by Rust code (`input/text.rs`); compiled
//! code sees the answers as a column.

use super::{
    Constant, Node, Op, Source, Why,
    lower::{Frame, Lower, column_of},
};
use crate::kind::Kind;
use flow_expr::{BinaryOp, Expr, ExprKind, Value};
use regex::{Regex, RegexBuilder};
use std::{collections::HashSet, sync::Arc};

/// A question about a text.
#[derive(Clone, Debug)]
pub(crate) enum TextOp {
    /// Whether there is one.
    Presence,
    Compare(BinaryOp, Arc<str>),
    CompareWith(BinaryOp, TextSide),
    /// How many characters.
    Length,
    IsEmpty,
    IsBlank,
    StartsWith(Arc<str>),
    EndsWith(Arc<str>),
    Contains(Arc<str>),
    OneOf(HashSet<Arc<str>>),
    Matches(Regex),
}

/// A column of texts, and what stands for one that is not there (`name ?? "nobody"`).
#[derive(Clone, Debug)]
pub(crate) struct TextSide {
    pub(crate) column: usize,
    pub(crate) default: Option<Arc<str>>,
}

/// One side of a comparison.
enum Text {
    Side(TextSide),
    Constant(Arc<str>),
}

impl Lower<'_> {
    /// The column of texts that an expression is.
    fn side(&self, expr: &Expr, frame: &Frame) -> Option<TextSide> {
        match &expr.kind {
            ExprKind::Var(var) if !frame.contains_key(var) => {
                let column = column_of(*var)?;
                let kind = Kind::of(self.columns.get(column)?, self.context.types)?;
                (kind == Kind::Text).then_some(TextSide { column, default: None })
            }
            ExprKind::Var(var) => {
                let source = &frame.get(var)?.source;
                if source == expr { None } else { self.side(source, &Frame::new()) }
            }
            ExprKind::Binary(BinaryOp::Coalesce, text, default) => {
                let side = self.side(text, frame)?;
                let default = self.constant_text(default, frame)?;
                Some(TextSide { default: Some(side.default.unwrap_or(default)), ..side })
            }
            _ => None,
        }
    }

    fn constant_text(&self, expr: &Expr, frame: &Frame) -> Option<Arc<str>> {
        match self.constant(expr, frame) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    fn text(&self, expr: &Expr, frame: &Frame) -> Option<Text> {
        let side = self.side(expr, frame).map(Text::Side);
        side.or_else(|| self.constant_text(expr, frame).map(Text::Constant))
    }

    fn asked(&mut self, op: TextOp, side: TextSide) -> Result<Arc<Node>, Why> {
        let kind = if matches!(op, TextOp::Length) { Kind::Int } else { Kind::Bool };
        self.input(Source::Text(op, side), kind)
    }

    /// A comparison of texts; none if it is not one that is asked of columns.
    pub(super) fn text_comparison(
        &mut self,
        op: BinaryOp,
        left: &Expr,
        right: &Expr,
        frame: &Frame,
    ) -> Result<Option<Arc<Node>>, Why> {
        let (side, question) = match (self.text(left, frame), self.text(right, frame)) {
            (Some(Text::Side(side)), Some(Text::Constant(text))) => (side, TextOp::Compare(op, text)),
            (Some(Text::Constant(text)), Some(Text::Side(side))) => (side, TextOp::Compare(op.mirrored(), text)),
            (Some(Text::Side(side)), Some(Text::Side(other))) => (side, TextOp::CompareWith(op, other)),
            _ => return Ok(None),
        };
        let absent = match (&question, op) {
            // What is not there is equal to no text.
            (TextOp::Compare(..), BinaryOp::Equal) => Some(false),
            (TextOp::Compare(..), BinaryOp::NotEqual) => Some(true),
            _ => None,
        };
        let asked = self.asked(question, side)?;
        match absent {
            Some(verdict) => {
                let verdict = self.node(Op::Const(Constant::Bool(verdict)), Kind::Bool)?;
                self.node(Op::Coalesce(asked, verdict), Kind::Bool).map(Some)
            }
            None => self.node(Op::Required(asked), Kind::Bool).map(Some),
        }
    }

    /// Whether there is a text; none if it is not about a column of texts.
    pub(super) fn text_presence(&mut self, value: &Expr, frame: &Frame) -> Result<Option<Arc<Node>>, Why> {
        let Some(side) = self.side(value, frame) else { return Ok(None) };
        let asked = self.asked(TextOp::Presence, side)?;
        self.node(Op::IsPresent(asked), Kind::Bool).map(Some)
    }

    /// A built-in about texts; none if it is not one that is asked of columns.
    pub(super) fn text_builtin(
        &mut self,
        name: &str,
        arguments: &[Expr],
        frame: &Frame,
    ) -> Result<Option<Arc<Node>>, Why> {
        if let ("contains", [list, item]) = (name, arguments)
            && let (Some(Value::List(items)), Some(side)) = (self.constant(list, frame), self.side(item, frame))
        {
            return self.one_of(&items, side).map(Some);
        }
        let Some(side) = arguments.first().and_then(|text| self.side(text, frame)) else { return Ok(None) };
        let given = arguments.get(1).map(|argument| self.constant_text(argument, frame));
        let question = match (name, given) {
            ("length", None) => TextOp::Length,
            ("is_empty", None) => TextOp::IsEmpty,
            ("is_blank", None) => TextOp::IsBlank,
            ("starts_with", Some(Some(text))) => TextOp::StartsWith(text),
            ("ends_with", Some(Some(text))) => TextOp::EndsWith(text),
            ("contains", Some(Some(text))) => TextOp::Contains(text),
            // As the built-in makes it.
            ("matches", Some(Some(text))) => match RegexBuilder::new(&text).size_limit(1 << 20).build() {
                Ok(regex) => TextOp::Matches(regex),
                Err(_) => return Ok(None),
            },
            _ => return Ok(None),
        };
        if arguments.len() > 2 {
            return Ok(None);
        }
        let kind = if matches!(question, TextOp::Length) { Kind::Int } else { Kind::Bool };
        let asked = self.asked(question, side)?;
        self.node(Op::Required(asked), kind).map(Some)
    }

    /// `["a", "b"].contains(name)`.
    fn one_of(&mut self, items: &[Value], side: TextSide) -> Result<Arc<Node>, Why> {
        let text = |item: &Value| match item {
            Value::String(text) => Some(text.clone()),
            _ => None,
        };
        let set = items.iter().map(text).collect::<Option<HashSet<_>>>();
        let asked = self.asked(TextOp::OneOf(set.ok_or("it looks into a list of more than texts")?), side)?;
        let no = self.node(Op::Const(Constant::Bool(false)), Kind::Bool)?;
        self.node(Op::Coalesce(asked, no), Kind::Bool)
    }
}
