//! Failures that the driver itself finds, each with its code and its words.

use crate::{Answer, Judged, OverBudget, budgets::Refused, inner::Role, ledger::Passed};
use flow_expr::{Value, codec};
use flow_plan::{
    ErrorClass, Failure,
    words::{age, duration, money},
};

/// The plan contradicts itself; a compiler's plan never does.
pub(crate) fn plan_is_wrong(what: impl Into<String>) -> Failure {
    Failure::new(ErrorClass::Internal, "R0701", what)
}

/// A loop over more items than its limit.
pub(crate) fn too_many_items(items: usize, limit: u64) -> Failure {
    Failure::new(ErrorClass::Malformed, "R0702", format!("the loop has {items} items, its limit is {limit}"))
        .detail("nothing of it was run; raise `limit`, or filter the items first")
}

/// Data that is older than required.
pub(crate) fn stale(dataset: &str, age_ms: Option<u64>, within_ms: u64) -> Failure {
    let promise = duration(within_ms);
    let message = match age_ms {
        Some(age_ms) => format!("`{dataset}` is {} old, and must be fresh within {promise}", age(age_ms, within_ms)),
        None => format!("`{dataset}` has no version of known age yet, and must be fresh within {promise}"),
    };
    Failure::new(ErrorClass::Stale, "R0703", message)
}

/// A condition that does not hold.
pub(crate) fn required(text: &str, message: Option<&str>) -> Failure {
    let failure = Failure::new(
        ErrorClass::GuardFailed,
        "R0704",
        match message {
            Some(message) => message.to_owned(),
            None => format!("`{text}` does not hold"),
        },
    );
    if message.is_some() { failure.detail(format!("required: {text}")) } else { failure }
}

/// A guard that does not hold.
pub(crate) fn guard(text: &str, message: Option<&str>) -> Failure {
    let failure = Failure::new(
        ErrorClass::GuardFailed,
        "R0705",
        match message {
            Some(message) => message.to_owned(),
            None => format!("the guard `{text}` does not hold"),
        },
    );
    if message.is_some() { failure.detail(format!("guard: {text}")) } else { failure }
}

/// `previous(ds)` where there is none.
pub(crate) fn no_previous(dataset: &str) -> Failure {
    Failure::new(ErrorClass::Malformed, "R0706", format!("`{dataset}` has no version from before this run"))
}

/// `else refresh` where it cannot be done.
pub(crate) fn cannot_refresh(dataset: &str, why: impl std::fmt::Display) -> Failure {
    Failure::new(ErrorClass::Stale, "R0707", format!("`{dataset}` cannot be refreshed: {why}"))
}

/// A body that this version checks but cannot run.
pub(crate) fn body_not_runnable(keyword: &str) -> Failure {
    Failure::new(ErrorClass::Internal, "R0708", format!("this version cannot run `{keyword}` steps yet"))
}

/// Flows that call flows without end.
pub(crate) fn too_deep(flow: &str, depth: u32) -> Failure {
    Failure::new(ErrorClass::Internal, "R0709", format!("`{flow}` is the {depth}th flow inside a flow"))
}

/// A value of a kind that the checker lets nowhere near.
pub(crate) fn wrong_kind(wanted: &str) -> Failure {
    plan_is_wrong(format!("expected {wanted}: the plan is damaged"))
}

/// A selected node whose input is neither selected nor remembered.
pub(crate) fn not_selected(node: &str, need: &str) -> Failure {
    Failure::new(
        ErrorClass::Internal,
        "R0710",
        format!("`{node}` needs `{need}`, which is not selected and has no earlier result"),
    )
    .detail(format!("`--select +{node}` takes along everything that `{node}` needs"))
}

/// A person said no.
pub(crate) fn rejected(who: &str, answer: &Answer) -> Failure {
    let failure = Failure::new(ErrorClass::Refused, "R0760", format!("{} rejected it", answer.by));
    with_note(failure, who, answer)
}

/// A person did not let pass what a guard had not let pass.
pub(crate) fn draft_rejected(text: &str, who: &str, answer: &Answer) -> Failure {
    let message = format!("{} rejected the result, for which `{text}` does not hold", answer.by);
    with_note(Failure::new(ErrorClass::GuardFailed, "R0760", message), who, answer)
}

fn with_note(failure: Failure, who: &str, answer: &Answer) -> Failure {
    let failure = failure.detail(format!("asked: {who}"));
    match &answer.note {
        Some(note) => failure.detail(format!("note: {note}")),
        None => failure,
    }
}

/// Nobody answered in time.
pub(crate) fn unanswered(who: &str, waited_ms: u64) -> Failure {
    let message = format!("{who} gave no answer within {}", duration(waited_ms));
    Failure::new(ErrorClass::Timeout, "R0761", message)
}

/// A budget leaves no room for a first ask.
pub(crate) fn budget(refused: &Refused) -> Failure {
    let message = format!("{}: the model was not asked", budget_words(refused));
    let less = "ask for less: a shorter prompt, fewer rows, a smaller `max_tokens`";
    match refused {
        Refused::Step(_) => Failure::new(ErrorClass::ClientError, "R0711", message)
            .detail(format!("raise the step's `budget`, or {less}")),
        Refused::Around { step, role, .. } => Failure::new(ErrorClass::ClientError, "R0711", message)
            .detail(format!("a {}'s asks count for `{step}` too: raise its `budget`, or {less}", role_word(*role))),
        Refused::Flow(over) => {
            let failure = Failure::new(ErrorClass::ClientError, "R0716", message);
            match over.per_ms {
                // Time makes no room for what is larger than all of it.
                Some(per_ms) if over.wanted <= over.cap => failure.detail(format!(
                    "there is room again when asks of the last {} are older than that; `flowc cost` shows them",
                    duration(per_ms)
                )),
                _ => failure.detail(format!("raise the flow's `budget`, or {less}")),
            }
        }
    }
}

/// Which cap of which budget is reached.
pub(crate) fn budget_words(refused: &Refused) -> String {
    let amount = |what: &str, number: u64| match what {
        "dollars" => money(number),
        _ => format!("{number} {what}"),
    };
    match refused {
        Refused::Step(Passed { what, cap, wanted }) => {
            let (cap, wanted) = (amount(what, *cap), amount(what, *wanted));
            format!("the budget of {cap} would be passed: {wanted} with the next ask")
        }
        Refused::Around { step, role, passed: Passed { what, cap, wanted } } => {
            let (cap, wanted) = (amount(what, *cap), amount(what, *wanted));
            let inner = role_word(*role);
            format!("the budget of `{step}`, {cap}, would be passed: {wanted} with the next ask of its {inner}")
        }
        Refused::Flow(over) => {
            let OverBudget { flow, per_ms, what, cap, used, wanted } = over;
            let per = per_ms.map(|per_ms| format!(" per {}", duration(per_ms))).unwrap_or_default();
            let (cap, used) = (amount(what, *cap), amount(what, *used));
            let next = amount(what, *wanted);
            let flow = flow.short();
            format!(
                "the budget of `{flow}`, {cap}{per}, would be passed: {used} are used, and this ask could take {next}"
            )
        }
    }
}

fn role_word(role: Role) -> &'static str {
    match role {
        Role::Judge => "judge",
        Role::Tool => "tool",
    }
}

/// What judges said, with the failure of the guard that asked them.
pub(crate) fn judged(mut failure: Failure, judges: &[Judged]) -> Failure {
    for said in judges {
        let judge = said.judge.short();
        match (&said.verdict, &said.failure) {
            // In quotes, and on one line: a model said this, perhaps because data told it to.
            (Some(verdict), _) => {
                let quoted = codec::encode(&Value::String(verdict.clone()));
                failure = failure.detail(format!("the verdict of `{judge}`, as data: {quoted}"));
            }
            (None, Some(why)) => failure = failure.detail(format!("`{judge}`: {} [{}]", why.message, why.code)),
            (None, None) => {}
        }
    }
    if let Some(words) = no_verdict(judges) {
        failure.code = "R0717".into();
        failure.message = words;
    }
    failure
}

/// That a judge gave no verdict, if one did not.
pub(crate) fn no_verdict(judges: &[Judged]) -> Option<String> {
    let silent = judges.iter().find(|said| said.verdict.is_none())?;
    let why = silent.failure.as_ref().map(|why| format!(": {}", why.message)).unwrap_or_default();
    Some(format!("the judge `{}` gave no verdict{why}", silent.judge.short()))
}

/// Several answers of which too few agree.
pub(crate) fn disagreement(text: &str) -> Failure {
    Failure::new(ErrorClass::GuardFailed, "R0718", text)
}

/// A conversation with tools that does not end.
pub(crate) fn turns_exhausted(turns: u32) -> Failure {
    Failure::new(ErrorClass::Malformed, "R0712", format!("the model gave no answer within {turns} turns"))
        .detail("it called steps in each of them; raise `turns`, or say in the prompt when to stop")
}

/// What a model is told about its answer.
pub(crate) fn feedback(failure: &Failure, by_guard: bool) -> String {
    let details = failure.details.iter().filter(|detail| !by_guard || !detail.starts_with("guard: "));
    let facts: String = details.map(|detail| format!("\n- {detail}")).collect();
    match by_guard {
        true => format!("Your answer was not accepted: {}{facts}\nAnswer again, in the same form.", failure.message),
        false => format!(
            "Your answer could not be read: {}{facts}\nAnswer again, with nothing but the answer.",
            failure.message
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flow_expr::Name;

    #[test]
    fn time_is_waited_for_only_where_it_makes_room() {
        let over = |wanted| OverBudget {
            flow: Name::new("shop.daily"),
            per_ms: Some(86_400_000),
            what: "dollars".into(),
            cap: 200,
            used: 150,
            wanted,
        };
        let advice = |wanted| budget(&Refused::Flow(over(wanted))).details.join(" ");
        assert!(advice(100).starts_with("there is room again when asks of the last 1d are older"), "{}", advice(100));
        assert!(advice(201).starts_with("raise the flow's `budget`"), "{}", advice(201));
    }
}
