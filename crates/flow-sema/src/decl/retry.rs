//! Retry policies: declared by name, or written in a step.

use super::{
    Declaring,
    clause::{self, Seen, milliseconds, number},
    problems::{BackoffOrder, CannotRaise, NoAttempts, StatusRange, UnknownClass},
};
use crate::{
    expr::{Elaborator, Place},
    names::ItemId,
    source::has_errors,
};
use flow_diag::Span;
use flow_plan::{Body, ErrorClass, RetryPolicy};
use flow_syntax::ast;
use std::collections::HashMap;

/// The first backoff's bound where none is written.
const BACKOFF_MIN_MS: u64 = 1_000;
/// The largest backoff where none is written.
const BACKOFF_MAX_MS: u64 = 30_000;

/// The classes that a policy can name without a number.
const CLASSES: &[(&str, ErrorClass)] = &[
    ("timeout", ErrorClass::Timeout),
    ("connection", ErrorClass::Connection),
    ("rate_limited", ErrorClass::RateLimited),
    ("server_error", ErrorClass::ServerError),
    ("client_error", ErrorClass::ClientError),
    ("auth", ErrorClass::Auth),
    ("refused", ErrorClass::Refused),
    ("malformed", ErrorClass::Malformed),
    ("guard_failed", ErrorClass::GuardFailed),
    ("stale", ErrorClass::Stale),
    ("any", ErrorClass::Any),
];

pub(super) fn declare(declaring: &mut Declaring<'_>, id: ItemId, decl: &ast::RetryDecl) {
    let item = declaring.env.names.item(id);
    let (module, at) = (item.module, item.at);
    let mut el = declaring.elaborator(module, Place::Constant);
    let is_broken = decl.syntax().children().any(|child| has_errors(&child));
    if let Some((policy, _)) = policy(&mut el, decl.terms(), at, is_broken) {
        declaring.retries.insert(id, policy);
    }
}

/// The policy of a step's clause, with where each class is written if it is written there.
pub(super) fn of_clause(
    el: &mut Elaborator<'_>,
    declared: &HashMap<ItemId, RetryPolicy>,
    clause: &ast::RetryClause,
    body: Option<&Body>,
) -> Option<RetryPolicy> {
    let at = el.span(clause.range());
    let (policy, classes) = match (clause.policy(), clause.block()) {
        (Some(path), _) => {
            let id = clause::named(el, &path, &["retry"], "retry policy", "a retry policy")?;
            (declared.get(&id)?.clone(), vec![])
        }
        (None, Some(block)) => policy(el, block.terms(), at, has_errors(block.syntax()))?,
        (None, None) => return None,
    };
    if let Some(body) = body {
        for (class, text, at) in classes {
            if !can_raise(body, class) {
                let kind = body.keyword();
                el.problem(CannotRaise { class: &text, at, kind, raised: raised(body) });
            }
        }
    }
    Some(policy)
}

/// A class as written.
type WrittenClass = (ErrorClass, String, Span);

fn policy(
    el: &mut Elaborator<'_>,
    terms: impl Iterator<Item = ast::RetryTerm>,
    at: Span,
    is_broken: bool,
) -> Option<(RetryPolicy, Vec<WrittenClass>)> {
    let mut seen = Seen::default();
    let mut times = None;
    let mut classes: Vec<WrittenClass> = vec![];
    let (mut backoff, mut within_ms) = ((BACKOFF_MIN_MS, BACKOFF_MAX_MS), None);
    for term in terms {
        let here = el.span(term.range());
        match term {
            ast::RetryTerm::UpTo(term) => {
                if seen.first("up to", here) {
                    let count = number(el, term.times(), "up to … times", 0);
                    times = Some(count.map_or(0, |count| u32::try_from(count).unwrap_or(u32::MAX)));
                }
            }
            ast::RetryTerm::On(term) => {
                if seen.first("on", here) {
                    classes = term.classes().filter_map(|class| error_class(el, &class)).collect();
                }
            }
            ast::RetryTerm::Backoff(term) => {
                if seen.first("backoff", here) {
                    backoff = backoff_bounds(el, term.bounds()).unwrap_or(backoff);
                }
            }
            ast::RetryTerm::Within(term) => {
                if seen.first("within", here) {
                    within_ms = milliseconds(el, term.duration(), "within");
                }
            }
        }
    }
    let Some(times) = times else {
        if !is_broken {
            el.problem(NoAttempts { at });
        }
        return None;
    };
    let on =
        if classes.is_empty() { vec![ErrorClass::Any] } else { classes.iter().map(|(class, ..)| *class).collect() };
    let (backoff_min_ms, backoff_max_ms) = backoff;
    Some((RetryPolicy { times, on, backoff_min_ms, backoff_max_ms, within_ms }, classes))
}

fn backoff_bounds(el: &mut Elaborator<'_>, bounds: Option<ast::Expr>) -> Option<(u64, u64)> {
    match bounds? {
        ast::Expr::Range(range) => {
            let least = milliseconds(el, range.start(), "backoff");
            let most = milliseconds(el, range.end(), "backoff");
            let (least, most) = (least?, most?);
            if least > most {
                let at = el.span(range.range());
                el.problem(BackoffOrder { at });
                return None;
            }
            Some((least, most))
        }
        pause => {
            let pause = milliseconds(el, Some(pause), "backoff")?;
            Some((pause, pause))
        }
    }
}

fn error_class(el: &mut Elaborator<'_>, class: &ast::ErrorClass) -> Option<WrittenClass> {
    let name = class.name()?;
    let at = el.span(class.range());
    if name.text() == "exit" {
        let status = class.status().and_then(|status| status.int());
        return match status.and_then(|status| u8::try_from(status).ok()) {
            Some(status) => Some((ErrorClass::Exit(status.into()), format!("exit({status})"), at)),
            None => {
                el.problem(StatusRange { at });
                None
            }
        };
    }
    match CLASSES.iter().find(|(known, _)| *known == name.text()) {
        Some((text, class)) => Some((*class, (*text).to_owned(), at)),
        None => {
            el.problem(UnknownClass {
                name: name.text(),
                at,
                known: CLASSES.iter().map(|(known, _)| *known).collect(),
            });
            None
        }
    }
}

/// The classes that a body kind can raise, as a policy names them.
#[must_use]
pub fn raised(body: &Body) -> &'static [&'static str] {
    match body {
        Body::Sql { connection: None, .. } => &["timeout", "client_error", "malformed", "guard_failed"],
        Body::Shell { .. } | Body::Python { .. } => &["timeout", "exit(N)", "malformed", "guard_failed"],
        Body::Sql { .. } | Body::Http { .. } => &[
            "timeout",
            "connection",
            "rate_limited",
            "server_error",
            "client_error",
            "auth",
            "malformed",
            "guard_failed",
        ],
        Body::Ai(_) => &[
            "timeout",
            "connection",
            "rate_limited",
            "server_error",
            "client_error",
            "auth",
            "refused",
            "malformed",
            "guard_failed",
        ],
        // A no is a verdict: nobody is asked again.
        Body::Ask { .. } => &["timeout", "guard_failed"],
        Body::Other { keyword } => match &**keyword {
            "container" => &["timeout", "exit(N)", "malformed", "guard_failed"],
            "ssh" => &["timeout", "connection", "auth", "exit(N)", "malformed", "guard_failed"],
            _ => &["timeout", "refused", "stale", "malformed", "guard_failed"],
        },
    }
}

/// Whether a body can fail with a class.
pub(crate) fn can_raise(body: &Body, class: ErrorClass) -> bool {
    let name = match class {
        ErrorClass::Any => return true,
        ErrorClass::Exit(_) => "exit(N)",
        other => match CLASSES.iter().find(|(_, known)| *known == other) {
            Some((name, _)) => name,
            None => return true,
        },
    };
    raised(body).contains(&name)
}
