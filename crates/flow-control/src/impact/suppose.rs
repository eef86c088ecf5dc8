//! What is supposed, in words: `orders late 2h`, `writer down 1h`, `aggregate takes 3x`, `daily failed`, `orders bad`.

use crate::names::{Named, Unclear, named};
use flow_expr::Name;
use flow_plan::Program;
use jiff::{Span, SpanRelativeTo};

/// Something that is supposed. Lengths are in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Supposition {
    /// The next arrival of a dataset, or the next run of a flow, is so much later.
    Late(Name, i64),
    /// The next arrival of a dataset does not come; the next run of a flow fails.
    Failed(Name),
    /// A dataset is not renewed, a flow does not run.
    Stale(Name),
    /// What is there of a dataset is wrong.
    Bad(Name),
    /// A flow, or those with a step, take so many times as long.
    Takes(Name, u32),
    /// A model, or a step, cannot be used from an instant on, for so long.
    Down(Name, i64, i64),
}

impl Supposition {
    /// What it is about.
    #[must_use]
    pub fn of(&self) -> &Name {
        match self {
            Self::Late(of, _) | Self::Takes(of, _) | Self::Down(of, ..) => of,
            Self::Failed(of) | Self::Stale(of) | Self::Bad(of) => of,
        }
    }
}

/// Reads a supposition about a program, as of an instant.
///
/// # Errors
/// There is nothing of that name, it cannot be that, or it is written in another way.
pub fn suppose(program: &Program, text: &str, now: i64) -> Result<Supposition, Unclear> {
    let parts: Vec<&str> = text.split_whitespace().collect();
    let (name, what) = parts.split_first().ok_or_else(|| Unclear::new("nothing is supposed"))?;
    let (of, kind) = named(program, name)?;
    let is_moving = matches!(kind, Named::Flow | Named::Dataset);
    let found = match what {
        ["late", length] if is_moving => Supposition::Late(of, ms(length)?),
        ["failed" | "fails"] if is_moving => Supposition::Failed(of),
        ["failed" | "fails"] => Supposition::Down(of, now, DAY_MS),
        ["stale"] if is_moving => Supposition::Stale(of),
        ["bad"] if kind == Named::Dataset => Supposition::Bad(of),
        ["takes", times] if matches!(kind, Named::Flow | Named::Step) => Supposition::Takes(of, factor(times)?),
        ["down", length] if matches!(kind, Named::Model | Named::Step) => Supposition::Down(of, now, ms(length)?),
        _ => {
            let can = match kind {
                Named::Dataset => "`late 2h`, `failed`, `stale` or `bad`",
                Named::Flow => "`late 2h`, `failed`, `stale` or `takes 3x`",
                Named::Step => "`takes 3x` or `down 1h`",
                Named::Model => "`down 1h`",
            };
            return Err(Unclear::new(format!("of `{name}` can be supposed that it is {can}")));
        }
    };
    Ok(found)
}

const DAY_MS: i64 = 86_400_000;

fn ms(text: &str) -> Result<i64, Unclear> {
    let span: Option<Span> = text.parse().ok();
    let length = span.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok());
    let length = length.and_then(|length| i64::try_from(length.as_millis()).ok());
    let limit = 366 * DAY_MS;
    length
        .filter(|ms| (1..=limit).contains(ms))
        .ok_or_else(|| Unclear::new(format!("`{text}` is no length of time: write 30m or 2h, a year at most")))
}

fn factor(text: &str) -> Result<u32, Unclear> {
    let factor = text.strip_suffix('x').and_then(|number| number.parse().ok());
    factor
        .filter(|factor| (1..=1000).contains(factor))
        .ok_or_else(|| Unclear::new(format!("`{text}` is no factor: write 3x, 1000x at most")))
}
