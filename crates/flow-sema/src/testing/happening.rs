//! `given STEP = …`: what happens at each attempt of a step.

use super::{
    given,
    problems::{NotGivable, NotInReply},
};
use crate::{
    decl::{UnknownClass, can_raise, item_of, mention, milliseconds, number, raised, text},
    expr::Elaborator,
    names::ItemId,
    problems::mismatch::Because,
};
use flow_diag::Span;
use flow_expr::{Expr, ExprKind, Name, Type};
use flow_plan::{Body, CsvOptions, ErrorClass, Given, GuardAction, Happening, Reply, Step};
use flow_syntax::ast;
use std::sync::Arc;

/// Words that say how an attempt fails.
const CLASSES: &[(&str, ErrorClass)] = &[
    ("timeout", ErrorClass::Timeout),
    ("connection", ErrorClass::Connection),
    ("rate_limited", ErrorClass::RateLimited),
    ("server_error", ErrorClass::ServerError),
    ("client_error", ErrorClass::ClientError),
    ("auth", ErrorClass::Auth),
    ("refused", ErrorClass::Refused),
    ("malformed", ErrorClass::Malformed),
    ("crash", ErrorClass::Signal(KILLED)),
    ("exit", ErrorClass::Exit(1)),
];

/// Words that say what a person answers.
const REPLIES: &[&str] = &["approved", "rejected", "unanswered"];

/// The signal that ends a process which does not end by itself.
const KILLED: i32 = 9;

/// Whether a word says how an attempt fails.
pub(super) fn is_class(word: &str) -> bool {
    CLASSES.iter().any(|(known, _)| *known == word)
}

/// The script of a step: one entry, or a list of them.
pub(super) fn script(el: &mut Elaborator<'_>, step: &Step, item: ItemId, written: &ast::Expr) -> Option<Given> {
    if given::word(el, written).as_deref() == Some("real") {
        return Some(Given::Real { step: step.name.clone() });
    }
    let entries: Vec<ast::Expr> = match written {
        ast::Expr::List(list) => list.items().collect(),
        other => vec![other.clone()],
    };
    if entries.is_empty() {
        let at = el.span(written.range());
        el.problem(super::problems::EmptyScript { at });
        return None;
    }
    let signature = el.env.signatures.get(&item)?.clone();
    let params: Vec<Type> = signature.params.iter().map(|param| param.ty.clone()).collect();
    let mut script = vec![];
    for entry in &entries {
        script.push(happening(el, step, &params, entry));
    }
    let script: Option<Vec<Happening>> = script.into_iter().collect();
    script.map(|script| Given::Step { step: step.name.clone(), script })
}

fn happening(el: &mut Elaborator<'_>, step: &Step, params: &[Type], written: &ast::Expr) -> Option<Happening> {
    let at = el.span(written.range());
    if let Some(word) = given::word(el, written)
        && let Some((name, class)) = CLASSES.iter().find(|(known, _)| **known == *word)
    {
        return fails(el, step, written, name, *class, at);
    }
    if let Some(word) = given::word(el, written).filter(|word| REPLIES.contains(&&**word)) {
        return reply(el, step, written, &word, at);
    }
    if let ast::Expr::Lambda(_) = written {
        let result = given::as_rows(el, &step.returns);
        let wanted = Type::Function(params.into(), Arc::new(result));
        let function = el.check(written, &wanted, Because::Place("as it answers for the step"));
        let ExprKind::Lambda(params, body) = function.kind else { return None };
        return Some(Happening::Answers { params, value: *body });
    }
    if let (Some(word), ast::Expr::Name(_)) = (given::word(el, written), written)
        && !word.starts_with(char::is_uppercase)
        && matches!(el.env.names.find(el.module, &word), crate::names::Found::Nothing)
        && crate::problems::nearest(&word, CLASSES.iter().map(|(known, _)| *known)).is_some()
    {
        el.problem(UnknownClass { name: &word, at, known: CLASSES.iter().map(|(known, _)| *known).collect() });
        return None;
    }
    if let Some(calls) = tool_calls(el, step, written) {
        return Some(Happening::Calls { calls: calls.into_iter().collect::<Option<_>>()? });
    }
    let value = given::value(el, written, &step.returns, &CsvOptions::default())?;
    Some(Happening::Gives { value })
}

/// A step that a model calls, with one value per parameter.
type ToolCall = (Name, Vec<Expr>);

/// `find_order(3)`, or a list of such: steps that the model calls in one answer; none if this is anything else.
fn tool_calls(el: &mut Elaborator<'_>, step: &Step, written: &ast::Expr) -> Option<Vec<Option<ToolCall>>> {
    let Body::Ai(ai) = &step.body else { return None };
    let written: Vec<ast::Expr> = match written {
        ast::Expr::List(list) => list.items().collect(),
        one => vec![one.clone()],
    };
    let tool = |entry: &ast::Expr| {
        let ast::Expr::Call(call) = entry else { return None };
        let callee = call.callee()?;
        let item = item_of(el, &callee)?;
        ai.tools.contains(&el.env.names.item(item).name).then(|| (callee, call.clone(), item))
    };
    let found: Option<Vec<_>> = written.iter().map(tool).collect();
    let calls = found.filter(|found| !found.is_empty())?.into_iter().map(|(callee, call, item)| {
        mention(el, &callee, item);
        let (given, at) = (el.given(&call), el.span(call.range()));
        let (args, _) = el.call_arguments(item, given, at)?;
        Some((el.env.names.item(item).name.clone(), args))
    });
    Some(calls.collect())
}

/// `approved`, `approved(2h, by: "ada")`, `rejected(note: "too much")`, `unanswered`.
fn reply(el: &mut Elaborator<'_>, step: &Step, written: &ast::Expr, word: &str, at: Span) -> Option<Happening> {
    let asks_about_results = step.guards.iter().any(|guard| matches!(guard.action, GuardAction::Ask { .. }));
    if !asks_about_results && !matches!(step.body, Body::Ask { .. }) {
        el.problem(NotGivable { at, class: word.to_owned(), to: "a step that asks nobody" });
        return None;
    }
    if word == "unanswered" {
        return Some(Happening::Silent);
    }
    let (mut after_ms, mut by, mut note) = (0, Arc::from("the test"), None);
    let mut reply = if word == "approved" { Reply::Approved } else { Reply::Rejected };
    let args = match written {
        ast::Expr::Call(call) => call.args().collect::<Vec<_>>(),
        _ => vec![],
    };
    for arg in args {
        let name = arg.name().map(|name| (name.text().to_owned(), el.span(name.range())));
        match name.as_ref().map_or("after", |(name, _)| name.as_str()) {
            "after" => after_ms = milliseconds(el, arg.value(), word)?,
            "by" => by = text(el, arg.value(), "by")?,
            "note" => note = Some(text(el, arg.value(), "note")?),
            "with" if word == "approved" => {
                let value = given::value(el, &arg.value()?, &step.returns, &CsvOptions::default())?;
                reply = Reply::Gives(value);
            }
            other => {
                let at = name.as_ref().map_or(at, |(_, at)| *at);
                el.problem(NotInReply { at, word: word.to_owned(), name: other.to_owned() });
                return None;
            }
        }
    }
    Some(Happening::Replies { reply, by, note, after_ms })
}

/// `timeout`, `rate_limited(30s)`, `exit(3)`, `malformed("…")`.
fn fails(
    el: &mut Elaborator<'_>,
    step: &Step,
    written: &ast::Expr,
    word: &str,
    class: ErrorClass,
    at: Span,
) -> Option<Happening> {
    let argument = match written {
        ast::Expr::Call(call) => call.args().next().and_then(|arg| arg.value()),
        _ => None,
    };
    let has_argument = argument.is_some();
    let (mut class, mut retry_after_ms, mut said) = (class, None, None);
    match class {
        ErrorClass::RateLimited if has_argument => retry_after_ms = Some(milliseconds(el, argument, "rate_limited")?),
        ErrorClass::Malformed if has_argument => said = Some(text(el, argument, "malformed")?),
        ErrorClass::Exit(_) if has_argument => {
            let status = number(el, argument, "exit", 1)?;
            class = ErrorClass::Exit(i32::try_from(status.min(255)).unwrap_or(1));
        }
        _ => {}
    }
    let is_process = matches!(step.body.keyword(), "sh" | "python" | "container" | "ssh");
    let possible = match class {
        ErrorClass::Signal(_) => is_process,
        class => can_raise(&step.body, class),
    };
    if !possible {
        let to = step.body.keyword();
        el.problem(NotGivable { at, class: word.to_owned(), to: article(to) }.among(raised(&step.body)));
        return None;
    }
    Some(Happening::Fails { class, retry_after_ms, text: said })
}

fn article(keyword: &str) -> &'static str {
    match keyword {
        "sql" => "an `sql` step",
        "sh" => "a `sh` step",
        "python" => "a `python` step",
        "http" => "an `http` step",
        "ai" => "an `ai` step",
        "ask" => "an `ask` step",
        _ => "such a step",
    }
}
