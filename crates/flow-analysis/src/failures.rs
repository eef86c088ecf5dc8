//! Where each way in which an AI step can go wrong ends: a value, the step's fallback, the call's `else`, or failure.
//!
//! Says of a step and one call of it what the driver does with each class, as data, so that nothing ends nowhere
//! unseen. Total: every class has a course, whatever the step says. Knows no run; `flow-driver`'s `asks` is what
//! does it, and a change there is a change here. Tested by tables of steps.

use flow_expr::Name;
use flow_plan::{Body, ErrorClass, GuardAction, Step};
use std::fmt;

/// A way in which an AI step can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// An ask fails with this class.
    Class(ErrorClass),
    /// A guard with this action does not hold.
    Guard(&'static str),
    /// The budget leaves no room for another ask.
    Budget,
}

/// What is done about it, in the order of the fields, and where that ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Course {
    /// What goes wrong.
    pub trouble: Trouble,
    /// How often the same ask is sent again, by the retry policy: for each model anew.
    pub retries: u32,
    /// How often the model is asked again with what is wrong with its answer, at most.
    pub asked_again: u64,
    /// The models that are asked then, in order.
    pub backups: Vec<Name>,
    /// What is left.
    pub end: End,
}

/// What a trouble ends in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    /// It is recorded, and the answer is the result.
    Recorded,
    /// The guard's own `fallback VALUE` is the result.
    GuardFallback,
    /// The step's `fallback` is the result.
    Fallback,
    /// The call's `else` gives the result.
    Recovered,
    /// The step fails, and with it the run.
    Fails,
}

/// What a connection or a server does wrong with an ask, in the order in which it is listed: the retry policy says
/// whether the same model is asked again, and then the next model has as many tries.
pub(crate) const TRANSPORT: [ErrorClass; 7] = [
    ErrorClass::Timeout,
    ErrorClass::Connection,
    ErrorClass::RateLimited,
    ErrorClass::ServerError,
    ErrorClass::ClientError,
    ErrorClass::Auth,
    ErrorClass::Refused,
];

/// The course of every trouble of a call of an AI step; nothing for other steps. `has_else` says that the call has one.
#[must_use]
pub fn courses(step: &Step, has_else: bool) -> Vec<Course> {
    let Body::Ai(ai) = &step.body else { return vec![] };
    let last = if has_else { End::Recovered } else { End::Fails };
    let end = if step.fallback.is_some() { End::Fallback } else { last };
    // Of several answers, one that does not fit agrees with none, and the others are asked for all the same.
    let malformed = ai.samples.is_none().then_some(ErrorClass::Malformed);
    let mut courses: Vec<Course> = TRANSPORT
        .into_iter()
        .chain(malformed)
        .map(|class| {
            let trouble = Trouble::Class(class);
            if class == ErrorClass::Malformed {
                return Course { trouble, retries: 0, asked_again: step.most_re_asks(class), backups: vec![], end };
            }
            let backups = ai.models.iter().skip(1).cloned().collect();
            Course { trouble, retries: retries(step, class), asked_again: 0, backups, end }
        })
        .collect();
    let plain = |trouble, end| Course { trouble, retries: 0, asked_again: 0, backups: vec![], end };
    if ai.samples.is_some() {
        let class = ErrorClass::GuardFailed;
        courses.push(Course { retries: retries(step, class), ..plain(Trouble::Class(class), end) });
    }
    for guard in &step.guards {
        let course = match guard.action {
            GuardAction::Retry(_) => Course {
                asked_again: step.most_re_asks(ErrorClass::GuardFailed),
                ..plain(Trouble::Guard("retry"), end)
            },
            // A verdict, not exhaustion: the step's fallback is not for it.
            GuardAction::Fail(_) => plain(Trouble::Guard("fail"), last),
            GuardAction::Fallback(_) => plain(Trouble::Guard("fallback"), End::GuardFallback),
            GuardAction::Warn(_) => plain(Trouble::Guard("warn"), End::Recorded),
            // Nobody answers in time, or says no.
            GuardAction::Ask { .. } => plain(Trouble::Guard("ask"), end),
        };
        if !courses.contains(&course) {
            courses.push(course);
        }
    }
    if step.budget.is_some() {
        courses.push(plain(Trouble::Budget, end));
    }
    courses
}

fn retries(step: &Step, class: ErrorClass) -> u32 {
    step.retry.as_ref().filter(|policy| policy.covers(class)).map_or(0, |policy| policy.times)
}

/// As it is written in programs: `timeout`, `guard … else retry`, `budget`.
impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Class(class) => f.write_str(class.word()),
            Self::Guard(action) => write!(f, "guard … else {action}"),
            Self::Budget => f.write_str("budget"),
        }
    }
}

/// What is done about the trouble, in words: `retried 3 times, then asked of `backup`, then the step's fallback`.
impl fmt::Display for Course {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let times = |count: u64| if count == 1 { "once".to_owned() } else { format!("{count} times") };
        let mut parts = vec![];
        if self.retries > 0 {
            let each = if self.backups.is_empty() { "" } else { " for each model" };
            parts.push(format!("sent again {}{each}", times(u64::from(self.retries))));
        }
        if self.asked_again > 0 {
            parts.push(format!("asked again at most {}", times(self.asked_again)));
        }
        if self.trouble == Trouble::Guard("ask") {
            parts.push("a person is asked".to_owned());
        }
        parts.extend(self.backups.iter().map(|model| format!("`{}` is asked", model.short())));
        parts.push(
            match self.end {
                End::Recorded => "recorded, and the answer is used",
                End::GuardFallback => "the guard's fallback",
                End::Fallback => "the step's fallback",
                End::Recovered => "the call's `else`",
                End::Fails => "the step fails",
            }
            .to_owned(),
        );
        f.write_str(&parts.join(", then "))
    }
}
