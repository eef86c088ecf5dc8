//! What is taken to be so while bounds are worked out: late data, slow steps, models and connections that are away.
//!
//! An assumption changes the program before it is analysed, so that every analysis answers under it, by the same rules as
//! always. Nothing that is assumed reaches a plan that runs. Tested in `tests/it/assume.rs`.

use crate::problems::BadAssumption;
use flow_diag::{Problems, Span};
use flow_expr::{Context, Name, Type, Value, codec};
use flow_plan::{Body, Program, Step, words};
use jiff::Timestamp;
use std::{fmt, sync::Arc};

/// One assumption: about what, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assumption {
    subject: String,
    what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// Data is so many milliseconds older than promised.
    Late(u64),
    /// An attempt takes so many times its timeout.
    Times(u64),
    /// An attempt takes so many milliseconds.
    Takes(u64),
    /// An attempt takes so many milliseconds longer.
    Down(u64),
}

/// What can be assumed, for messages.
const FORMS: &str = "say `DATASET late 2h`, `STEP takes 3x`, `STEP takes 10m`, or `MODEL down 1h`";

impl Assumption {
    /// Reads `orders late 2h`, `aggregate takes 3x`, `aggregate takes 10m`, `writer down 1h`.
    ///
    /// # Errors
    /// It is none of these; in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let [subject, verb, amount] = words[..] else { return Err(FORMS.to_owned()) };
        let what = match verb {
            "late" => What::Late(length(amount)?),
            "down" => What::Down(length(amount)?),
            "takes" => match amount.strip_suffix(['x', '×']) {
                Some(times) => match times.parse() {
                    Ok(times @ 1..=1000) => What::Times(times),
                    _ => return Err(format!("`{amount}` is no factor: from 1x to 1000x, whole")),
                },
                None => What::Takes(length(amount)?),
            },
            _ => return Err(FORMS.to_owned()),
        };
        Ok(Self { subject: subject.to_owned(), what })
    }

    /// Changes the program as if it were so.
    fn apply(&self, program: &mut Program) -> Result<(), String> {
        match self.what {
            What::Late(ms) => self.late(program, ms),
            What::Times(times) => self.slower(program, |step| step.timeout_ms.saturating_mul(times)),
            What::Takes(ms) => self.slower(program, |_| ms),
            What::Down(ms) => self.down(program, ms),
        }
    }

    fn late(&self, program: &mut Program, ms: u64) -> Result<(), String> {
        let name = self.only(program.datasets.keys(), "dataset")?;
        let Some(dataset) = program.datasets.get_mut(&name) else { return Err(FORMS.to_owned()) };
        let short = dataset.name.short();
        if let Some(writer) = &dataset.writer {
            return Err(format!(
                "`{short}` is late when `{}` is: assume of one of its steps that it takes longer",
                writer.short()
            ));
        }
        let Some(fresh) = &mut dataset.fresh else {
            return Err(format!("nobody promises how old `{short}` may be, so it cannot be late: `fresh within D`"));
        };
        fresh.within_ms = fresh.within_ms.saturating_add(ms);
        // When it comes is no longer known either: only the promise bounds its age.
        if let Some(arrives) = &mut dataset.arrives {
            arrives.schedule = None;
        }
        Ok(())
    }

    fn slower(&self, program: &mut Program, timeout_ms: impl Fn(&Step) -> u64) -> Result<(), String> {
        let name = self.only(program.steps.keys(), "step")?;
        program.steps.get_mut(&name).into_iter().for_each(|step| step.timeout_ms = timeout_ms(step));
        Ok(())
    }

    /// All attempts that need the step, model or connection take longer.
    fn down(&self, program: &mut Program, ms: u64) -> Result<(), String> {
        let known = program.steps.keys().chain(program.models.keys()).chain(program.connections.keys());
        let name = self.only(known, "step, model or connection")?;
        for step in program.steps.values_mut().chain(program.judges.values_mut()) {
            if step.name == name || needs(&step.body, &name) {
                step.timeout_ms = step.timeout_ms.saturating_add(ms);
            }
        }
        Ok(())
    }

    /// The one of these names that is meant.
    fn only<'n>(&self, names: impl Iterator<Item = &'n Name>, what: &str) -> Result<Name, String> {
        let found: Vec<&Name> =
            names.filter(|name| name.as_str() == self.subject || name.short() == self.subject).collect();
        match found[..] {
            [only] => Ok(only.clone()),
            [] => Err(format!("there is no {what} `{}`", self.subject)),
            _ => {
                let names: Vec<String> = found.iter().map(|name| format!("`{name}`")).collect();
                Err(format!("`{}` is one of several: {}", self.subject, names.join(", ")))
            }
        }
    }
}

impl fmt::Display for Assumption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subject = &self.subject;
        match self.what {
            What::Late(ms) => write!(f, "{subject} late {}", words::duration(ms)),
            What::Times(times) => write!(f, "{subject} takes {times}x"),
            What::Takes(ms) => write!(f, "{subject} takes {}", words::duration(ms)),
            What::Down(ms) => write!(f, "{subject} down {}", words::duration(ms)),
        }
    }
}

/// Whether a body asks this model or uses this connection.
fn needs(body: &Body, name: &Name) -> bool {
    match body {
        Body::Ai(ai) => ai.models.contains(name),
        Body::Sql { connection, .. } => connection.as_ref() == Some(name),
        Body::Http { connection, .. } => connection.as_ref() == Some(name),
        _ => false,
    }
}

/// A time as it is written in programs, in milliseconds.
fn length(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is no time: write 30s, 10m or 1h30m");
    let (functions, types) = Default::default();
    let context = Context::new(&functions, &types, Timestamp::UNIX_EPOCH);
    match codec::decode_text(text, &Type::Duration, "time", &context) {
        Ok(Value::Duration(length)) => u64::try_from(length.as_millis()).map_err(|_| wrong()),
        _ => Err(wrong()),
    }
}

/// Changes a program as if all of it were so; what cannot be assumed is reported where it is said.
pub(crate) fn apply(said: &[(Arc<str>, Span)], program: &mut Program, problems: &mut Problems) {
    for (text, at) in said {
        if let Err(why) = Assumption::parse(text).and_then(|assumption| assumption.apply(program)) {
            problems.push(BadAssumption { at: *at, why });
        }
    }
}
