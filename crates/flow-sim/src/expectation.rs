//! `expect COND`: whether it holds, and if not, what the parts of the condition were.

use flow_diag::{Problem, Span, codes};
use flow_expr::{BinaryOp, Context, Expr, ExprKind, Scope, UnaryOp, Value, evaluate};

/// Characters of a value that are shown.
const SHOWN: usize = 200;

/// Why an expectation fails; none if it holds.
pub(crate) fn judge(
    condition: &Expr,
    text: &str,
    at: Span,
    scope: &dyn Scope,
    context: &Context<'_>,
) -> Option<Problem> {
    match evaluate(condition, scope, context) {
        Ok(Value::Bool(true)) => None,
        Ok(_) => {
            let mut problem = Problem::error(codes::R0740, at, format!("`{text}` does not hold"), "expected here");
            let mut parts = vec![];
            blame(condition, scope, context, &mut parts);
            if let Some((place, found)) = parts.first() {
                problem.labels[0].span = *place;
                problem.labels[0].text.clone_from(found);
            }
            for (place, found) in parts.into_iter().skip(1) {
                problem = problem.label(place, found);
            }
            Some(problem)
        }
        Err(error) => {
            let title = format!("`{text}` has no value: {}", error.message);
            Some(Problem::error(codes::R0740, error.at, title, "while computing this"))
        }
    }
}

/// The parts that make a condition false, with their values.
fn blame(condition: &Expr, scope: &dyn Scope, context: &Context<'_>, parts: &mut Vec<(Span, String)>) {
    let is_true = |expr: &Expr| matches!(evaluate(expr, scope, context), Ok(Value::Bool(true)));
    match &condition.kind {
        ExprKind::Binary(BinaryOp::And, left, right) => {
            blame(if is_true(left) { right } else { left }, scope, context, parts);
        }
        ExprKind::Binary(BinaryOp::Or, left, right) => {
            blame(left, scope, context, parts);
            blame(right, scope, context, parts);
        }
        ExprKind::Binary(op, left, right) if is_comparison(*op) => {
            for side in [left, right] {
                if !matches!(side.unconverted().kind, ExprKind::Const(_)) {
                    parts.push((side.at, shown(side, scope, context)));
                }
            }
        }
        ExprKind::Unary(UnaryOp::Not, inner) => parts.push((inner.at, shown(inner, scope, context))),
        ExprKind::Builtin(_, args) | ExprKind::Call(_, args) => {
            parts.push((condition.at, "is `false`".to_owned()));
            let looked_at = args.iter().filter(|arg| !matches!(arg.kind, ExprKind::Const(_) | ExprKind::Lambda(..)));
            parts
                .extend(looked_at.filter(|arg| arg.at != condition.at).map(|arg| (arg.at, shown(arg, scope, context))));
        }
        _ => parts.push((condition.at, shown(condition, scope, context))),
    }
}

fn is_comparison(op: BinaryOp) -> bool {
    matches!(
        op,
        BinaryOp::Equal
            | BinaryOp::NotEqual
            | BinaryOp::Less
            | BinaryOp::LessEqual
            | BinaryOp::Greater
            | BinaryOp::GreaterEqual
    )
}

fn shown(expr: &Expr, scope: &dyn Scope, context: &Context<'_>) -> String {
    match evaluate(expr, scope, context) {
        Ok(Value::Table(table)) => {
            let rows = crate::tables::rows(&table);
            let text = flow_expr::codec::encode(&Value::List(rows.into())).to_string();
            format!("is a table of {} rows: {}", table.rows, cut(&text))
        }
        Ok(Value::Record(record)) => {
            format!("is {}", cut(&flow_expr::codec::encode(&Value::Record(record)).to_string()))
        }
        Ok(Value::List(items)) => format!("is {}", cut(&flow_expr::codec::encode(&Value::List(items)).to_string())),
        Ok(Value::Absent) => "has no value".to_owned(),
        Ok(value) => format!("is `{}`", cut(&flow_plan::words::value(&value))),
        Err(error) => format!("has no value: {}", error.message),
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
