//! What is said of something that cannot be undone and that nobody has said yes to.

use super::{Act, Lacks};
use crate::consent::Heard;
use flow_diag::{Problem, Span, codes};
use flow_plan::Flow;

/// An act without a yes, in a flow, at a call.
pub(super) struct NoYes<'a> {
    pub(super) flow: &'a Flow,
    pub(super) act: Act<'a>,
    pub(super) at: Span,
    pub(super) lacks: Lacks<'a>,
}

impl From<NoYes<'_>> for Problem {
    fn from(found: NoYes<'_>) -> Self {
        let NoYes { flow, act, at, lacks } = found;
        let name = act.step.name.short();
        let title = match lacks {
            Lacks::Spent(..) => format!("`{name}` cannot be undone, and happens twice by one yes"),
            Lacks::Kept(..) | Lacks::Repeated(..) | Lacks::Again(_) => {
                format!("`{name}` cannot be undone, and happens again and again by one yes")
            }
            _ => format!("`{name}` cannot be undone, and nobody has said yes to it"),
        };
        let mut problem = Self::error(codes::E0403, at, title, "whatever comes of this stays");
        if act.at != at {
            problem = problem.label(act.at, format!("`{name}` is called here, by the yes that the flow is given"));
        }
        problem = match &lacks {
            Lacks::Nobody => problem,
            Lacks::Kept(asks, asked) => problem
                .label(*asked, format!("`{}` asks a person", asks.name.short()))
                .label(asks.place_of("cache"), "and not again where the answer is kept: later runs take the same yes"),
            Lacks::Unseen(asks, asked, unseen) => problem
                .label(*asked, format!("`{}` asks a person", asks.name.short()))
                .label(*unseen, "who is not shown this value"),
            Lacks::Unheard(asks, asked, heard) => problem.label(*asked, unheard(heard, asks.name.short())),
            Lacks::Spent(asks, asked, before) => problem
                .label(*asked, format!("`{}` asks a person, once", asks.name.short()))
                .label(*before, "the yes is for this"),
            Lacks::Repeated(asks, asked, each) => problem
                .label(*asked, format!("`{}` asks a person, once", asks.name.short()))
                .label(*each, "this goes around with the same values"),
            Lacks::Again(each) => {
                problem.label(*each, "this goes around with the same values, and the yes that is given")
            }
        };
        problem
            .label(act.step.place_of("effect"), "its effect is `irreversible`")
            .help(help(&lacks, name, flow.name.short()))
            .help("what can be taken back has `effect write`")
    }
}

/// What is said of an answer that is no yes.
fn unheard(heard: &Heard, asks: &str) -> String {
    match heard {
        Heard::Anyway => format!("whatever `{asks}` is answered, this goes on"),
        Heard::StandsIn(Some(word)) => {
            format!("where `{asks}` gets no answer, `{word}` stands in, and this goes on")
        }
        Heard::StandsIn(None) => {
            format!("where `{asks}` gets no answer, something computed stands in, and this may go on")
        }
        Heard::Caught | Heard::Yes => format!("where `{asks}` gets a no, this goes on"),
    }
}

fn help(lacks: &Lacks<'_>, name: &str, flow: &str) -> String {
    match lacks {
        Lacks::Nobody => format!(
            "ask first, in `{flow}`, about the same arguments, and let `{name}` wait for the answer: by a parameter that \
             takes it (`_yes: Approval`), or by `after` in the step"
        ),
        Lacks::Kept(asks, _) => format!("leave `cache` out of `{}`: one yes is for one act", asks.name.short()),
        Lacks::Unseen(asks, ..) => {
            format!("give `{}` the same arguments, so that they are in the question", asks.name.short())
        }
        Lacks::Unheard(asks, _, heard) => {
            let asks = asks.name.short();
            match heard {
                Heard::Anyway => format!("let what `{asks}` gives decide: `if {asks}(…) == … {{ … }}`"),
                Heard::StandsIn(_) => {
                    format!("let an answer stand in with which `{name}` does not happen, written as it is")
                }
                Heard::Caught | Heard::Yes => {
                    format!("let a no end it, or look at what `{asks}` gave: `if … {{ … }}`")
                }
            }
        }
        Lacks::Again(_) => format!("let the loop go over a list that `{flow}` is given, and give `{name}` its items"),
        Lacks::Spent(asks, ..) => format!("call `{}` again for each", asks.name.short()),
        Lacks::Repeated(asks, ..) => format!(
            "call `{}` inside the loop, or give it the list that the loop goes over, and `{name}` the items of that list",
            asks.name.short()
        ),
    }
}
