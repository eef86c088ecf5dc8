//! Expressions in one line.
//!
//! Operators are put in brackets wherever one stands within another: right without a table of bindings.

use super::{Variables, value};
use flow_expr::{BinaryOp, Expr, ExprKind, Part, Pattern, UnaryOp};
use std::sync::Arc;

/// Deeper parts are shown as `…`: nobody reads them in one line, and the stack is finite.
const DEEPEST: usize = 12;

/// An expression in one line.
pub(crate) fn expr(expression: &Expr, variables: &Variables) -> String {
    let mut out = String::new();
    Writer { out: &mut out, variables, depth: 0 }.expr(expression);
    out
}

struct Writer<'w> {
    out: &'w mut String,
    variables: &'w Variables,
    depth: usize,
}

impl Writer<'_> {
    fn expr(&mut self, expression: &Expr) {
        if self.depth >= DEEPEST {
            self.out.push('…');
            return;
        }
        self.depth += 1;
        self.kind(&expression.kind);
        self.depth -= 1;
    }

    fn kind(&mut self, kind: &ExprKind) {
        match kind {
            ExprKind::Const(constant) => self.out.push_str(&value(constant)),
            ExprKind::Var(variable) => self.out.push_str(&self.variables.name(*variable)),
            ExprKind::Field { base, name } => {
                self.operand(base);
                self.out.push('.');
                self.out.push_str(name);
            }
            ExprKind::Record { ty, base, fields } => self.record(ty.short(), base.as_deref(), fields),
            ExprKind::Variant { variant, fields, .. } if fields.is_empty() => self.out.push_str(variant),
            ExprKind::Variant { variant, fields, .. } => self.record(variant, None, fields),
            ExprKind::List(items) => self.group("[", items, "]"),
            ExprKind::Range(low, high) => {
                self.operand(low);
                self.out.push_str("..");
                self.operand(high);
            }
            ExprKind::Unary(UnaryOp::Negate, inner) => {
                self.out.push('-');
                self.operand(inner);
            }
            ExprKind::Unary(UnaryOp::Not, inner) => {
                self.out.push_str("not ");
                self.operand(inner);
            }
            ExprKind::Binary(operator, left, right) => {
                self.operand(left);
                self.out.push_str(&format!(" {} ", symbol(*operator)));
                self.operand(right);
            }
            ExprKind::If(condition, then, otherwise) => {
                for (text, part) in [("if ", condition), (" { ", then), (" } else { ", otherwise)] {
                    self.out.push_str(text);
                    self.expr(part);
                }
                self.out.push_str(" }");
            }
            ExprKind::Match(subject, arms) => {
                self.out.push_str("match ");
                self.operand(subject);
                self.out.push_str(" { ");
                for (index, arm) in arms.iter().enumerate() {
                    self.out.push_str(if index == 0 { "" } else { ", " });
                    self.pattern(&arm.pattern);
                    if let Some(condition) = &arm.condition {
                        self.out.push_str(" if ");
                        self.expr(condition);
                    }
                    self.out.push_str(" => ");
                    self.expr(&arm.body);
                }
                self.out.push_str(" }");
            }
            ExprKind::Call(function, arguments) => self.group(&format!("{}(", function.short()), arguments, ")"),
            ExprKind::Builtin(name, arguments) => self.group(&format!("{name}("), arguments, ")"),
            ExprKind::Lambda(params, body) => {
                let names: Vec<String> = params.iter().map(|param| self.variables.name(*param)).collect();
                self.out.push_str(&if names.len() == 1 { names[0].clone() } else { format!("({})", names.join(", ")) });
                self.out.push_str(" => ");
                self.expr(body);
            }
            ExprKind::Interpolate(parts) => self.parts(parts),
            ExprKind::IntToDecimal(inner) | ExprKind::Refined(inner, _) => self.expr(inner),
        }
    }

    fn parts(&mut self, parts: &[Part]) {
        self.out.push('"');
        for part in parts {
            match part {
                Part::Text(text) => self.out.push_str(&text.replace('\n', "\\n")),
                Part::Hole(hole, format) => {
                    self.out.push('{');
                    self.expr(hole);
                    if let Some(format) = format {
                        self.out.push_str(&format!(" as {format}"));
                    }
                    self.out.push('}');
                }
            }
        }
        self.out.push('"');
    }

    fn operand(&mut self, inner: &Expr) {
        let wrap = matches!(
            inner.kind,
            ExprKind::Binary(..) | ExprKind::Lambda(..) | ExprKind::Range(..) | ExprKind::If(..) | ExprKind::Match(..)
        );
        if wrap {
            self.out.push('(');
        }
        self.expr(inner);
        if wrap {
            self.out.push(')');
        }
    }

    fn group(&mut self, open: &str, items: &[Expr], close: &str) {
        self.out.push_str(open);
        for (index, item) in items.iter().enumerate() {
            self.out.push_str(if index == 0 { "" } else { ", " });
            self.expr(item);
        }
        self.out.push_str(close);
    }

    fn record(&mut self, name: &str, base: Option<&Expr>, fields: &[(Arc<str>, Expr)]) {
        self.out.push_str(name);
        self.out.push('(');
        if let Some(base) = base {
            self.out.push_str("..");
            self.expr(base);
        }
        for (index, (name, field)) in fields.iter().enumerate() {
            self.out.push_str(if index == 0 && base.is_none() { "" } else { ", " });
            self.out.push_str(&format!("{name}: "));
            self.expr(field);
        }
        self.out.push(')');
    }

    fn pattern(&mut self, pattern: &Pattern) {
        match pattern {
            Pattern::Any => self.out.push('_'),
            Pattern::Bind(variable) => self.out.push_str(&self.variables.name(*variable)),
            Pattern::Const(constant) => self.out.push_str(&value(constant)),
            Pattern::Absent => self.out.push_str("none"),
            Pattern::Variant(name, _) => self.out.push_str(name),
            Pattern::Either(choices) => {
                for (index, choice) in choices.iter().take(DEEPEST).enumerate() {
                    self.out.push_str(if index == 0 { "" } else { " | " });
                    match choice {
                        Pattern::Either(_) => self.out.push('…'),
                        plain => self.pattern(plain),
                    }
                }
            }
        }
    }
}

fn symbol(operator: BinaryOp) -> &'static str {
    match operator {
        BinaryOp::Add => "+",
        BinaryOp::Subtract => "-",
        BinaryOp::Multiply => "*",
        BinaryOp::Divide => "/",
        BinaryOp::Remainder => "%",
        BinaryOp::Equal => "==",
        BinaryOp::NotEqual => "!=",
        BinaryOp::Less => "<",
        BinaryOp::LessEqual => "<=",
        BinaryOp::Greater => ">",
        BinaryOp::GreaterEqual => ">=",
        BinaryOp::And => "and",
        BinaryOp::Or => "or",
        BinaryOp::Coalesce => "??",
    }
}
