//! Models, and what steps ask of them.

use crate::problems::{nearest, one_of};
use flow_diag::{Problem, Span, codes};

/// A provider that is none.
pub(crate) struct NotAProvider<'a> {
    pub(crate) at: Span,
    pub(crate) found: &'a str,
    pub(crate) known: &'static [&'static str],
}

impl From<NotAProvider<'_>> for Problem {
    fn from(found: NotAProvider<'_>) -> Self {
        let NotAProvider { at, found, known } = found;
        let problem = Self::error(codes::E0183, at, format!("there is no provider `{found}`"), "not known")
            .note(format!("the providers are {}", one_of(known.iter().copied())));
        match nearest(found, known.iter().copied()) {
            Some(near) => problem.help(format!("did you mean `{near}`?")).fix(format!("use `{near}`"), at, near),
            None => problem.help("a server that speaks OpenAI's protocol is `provider openai` with its `endpoint`"),
        }
    }
}

/// A price that does not say what tokens in and out cost.
pub(crate) struct PriceItems {
    pub(crate) at: Span,
}

impl From<PriceItems> for Problem {
    fn from(found: PriceItems) -> Self {
        Self::error(codes::E0184, found.at, "a price says what `input` and `output` cost", "expected both, once each")
            .help("such as `price input $0.25, output $2.00 per 1M tokens`")
    }
}

/// A temperature outside its range.
pub(crate) struct TemperatureRange {
    pub(crate) at: Span,
}

impl From<TemperatureRange> for Problem {
    fn from(found: TemperatureRange) -> Self {
        Self::error(codes::E0184, found.at, "a temperature is a number from 0 to 2", "out of range")
    }
}

/// A model's name behind which the provider may put another model.
pub(crate) struct FloatingAlias<'a> {
    pub(crate) at: Span,
    pub(crate) alias: &'a str,
}

impl From<FloatingAlias<'_>> for Problem {
    fn from(found: FloatingAlias<'_>) -> Self {
        let FloatingAlias { at, alias } = found;
        let title = format!("`{alias}` may be another model tomorrow");
        Self::warning(codes::W0307, at, title, "the provider decides what this name stands for")
            .help("name the version that was tested, such as `gpt-5-mini-2025-08-07` or `llama4:8b`")
    }
}

/// `turns` without tools.
pub(crate) struct UselessTurns {
    pub(crate) at: Span,
}

impl From<UselessTurns> for Problem {
    fn from(found: UselessTurns) -> Self {
        Self::warning(
            codes::W0308,
            found.at,
            "`turns` bounds a conversation with tools, and there are none",
            "has no effect",
        )
        .help("name the steps that the model may call, `tools [find_order]`, or bound asks with `budget`")
    }
}

/// `samples` and `agree` that cannot be.
pub(crate) struct SamplesCannotAgree {
    pub(crate) at: Span,
    /// None where it says only what must agree.
    pub(crate) samples: Option<u64>,
    pub(crate) agree: u64,
}

impl From<SamplesCannotAgree> for Problem {
    fn from(found: SamplesCannotAgree) -> Self {
        let SamplesCannotAgree { at, samples, agree } = found;
        let title = match samples {
            None => "of one answer there is nothing to agree".to_owned(),
            Some(samples) => format!("of {samples} answers, {agree} cannot agree"),
        };
        Self::error(codes::E0185, at, title, "from 2 to 100 answers, of which at least 2 must agree")
            .help("such as `samples 3, agree 2`; without `agree` more than half of them must")
    }
}
