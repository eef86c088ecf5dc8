//! Settings of connections, models, pools and bodies, and secrets.

use crate::problems::{nearest, one_of};
use flow_diag::{Problem, Span, codes};
use flow_expr::Name;

/// A setting that the block does not have.
pub(crate) struct UnknownSetting<'a> {
    pub(crate) key: &'a str,
    pub(crate) at: Span,
    pub(crate) owner: &'a str,
    pub(crate) known: &'a [&'static str],
}

impl From<UnknownSetting<'_>> for Problem {
    fn from(found: UnknownSetting<'_>) -> Self {
        let UnknownSetting { key, at, owner, known } = found;
        let problem = Self::error(codes::E0156, at, format!("{owner} has no setting `{key}`"), "not known here");
        match nearest(key, known.iter().copied()) {
            Some(near) => problem.help(format!("did you mean `{near}`?")).fix(format!("rename to `{near}`"), at, near),
            None => problem.note(format!("it has {}", one_of(known.iter().copied()))),
        }
    }
}

/// A setting that must be there.
pub(crate) struct MissingSetting<'a> {
    pub(crate) key: &'static str,
    pub(crate) owner: &'a str,
    pub(crate) at: Span,
    pub(crate) example: &'static str,
}

impl From<MissingSetting<'_>> for Problem {
    fn from(found: MissingSetting<'_>) -> Self {
        let MissingSetting { key, owner, at, example } = found;
        Self::error(codes::E0157, at, format!("{owner} needs `{key}`"), format!("has no `{key}`"))
            .help(format!("say it with `{example}`"))
    }
}

/// Something that is no secret where a credential is expected.
pub(crate) struct NotASecret {
    pub(crate) key: &'static str,
    pub(crate) at: Span,
}

impl From<NotASecret> for Problem {
    fn from(found: NotASecret) -> Self {
        let NotASecret { key, at } = found;
        Self::error(codes::E0167, at, format!("`{key}` takes the name of a secret"), "not a secret")
            .help("declare where it is read, `secret NAME = env(\"VARIABLE\")`, and write the name here; credentials never stand in the text")
    }
}

/// A provider that cannot be used.
pub(crate) struct ConnectionKindProblem<'a> {
    pub(crate) provider: &'a str,
    pub(crate) at: Span,
    pub(crate) later: bool,
    pub(crate) supported: &'static [&'static str],
}

impl From<ConnectionKindProblem<'_>> for Problem {
    fn from(found: ConnectionKindProblem<'_>) -> Self {
        let ConnectionKindProblem { provider, at, later, supported } = found;
        let known = format!("connections can be {}", one_of(supported.iter().copied()));
        if later {
            return Self::error(
                codes::E0158,
                at,
                format!("`{provider}` connections are not supported yet"),
                "comes with a later version",
            )
            .note(known);
        }
        let problem =
            Self::error(codes::E0156, at, format!("there is no kind of connection `{provider}`"), "not known")
                .note(known);
        match nearest(provider, supported.iter().copied()) {
            Some(near) => problem.help(format!("did you mean `{near}`?")).fix(format!("use `{near}`"), at, near),
            None => problem,
        }
    }
}

/// An address in a secret where it must be known.
pub(crate) struct AddressIsSecret<'a> {
    pub(crate) at: Span,
    pub(crate) provider: &'a str,
    pub(crate) secret: Name,
}

impl From<AddressIsSecret<'_>> for Problem {
    fn from(found: AddressIsSecret<'_>) -> Self {
        let AddressIsSecret { at, provider, secret } = found;
        let title = format!("the address of a `{provider}` connection cannot be the secret `{}`", secret.short());
        Self::error(codes::E0167, at, title, "its address must be known")
            .help("write the address, and keep only the credential secret: `token NAME`")
    }
}

/// A source of secrets that is not known.
pub(crate) struct BadSecretSource {
    pub(crate) at: Span,
}

impl From<BadSecretSource> for Problem {
    fn from(found: BadSecretSource) -> Self {
        Self::error(codes::E0168, found.at, "a secret is read from a variable, a file or a command", "not one of these")
            .help(
                "write `env(\"VARIABLE\")`, `file(\"path\")` or `command(\"program\", \"argument\")`, with plain texts",
            )
    }
}
