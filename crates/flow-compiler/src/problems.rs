//! What can be wrong with files, before any syntax.

use crate::WorldError;
use flow_diag::{Problem, Span, codes};
use flow_expr::Name;
use flow_plan::{Flow, Param};
use std::sync::Arc;

/// A file or folder that cannot be read.
pub(crate) struct Unreadable {
    pub(crate) path: String,
    pub(crate) error: WorldError,
    pub(crate) at: Span,
}

impl From<Unreadable> for Problem {
    fn from(found: Unreadable) -> Self {
        let Unreadable { path, error, at } = found;
        let help = match &error {
            WorldError::NotFound => "check the path; it is relative to the folder of `flow.toml`",
            WorldError::IsFolder => "name a file in it, or say that it is the project: `--project DIR`",
            WorldError::IsFile => "name the folder that holds it",
            WorldError::Forbidden => "check its permissions",
            WorldError::TooLarge(_) => "split it into modules, or keep data in a data file",
            WorldError::Other(_) => "this is the operating system's message",
        };
        let why = error.to_string();
        Self::error(codes::E0150, at, format!("cannot read `{path}`: {why}"), "needed here").help(help)
    }
}

/// A file that is no UTF-8.
pub(crate) struct NotText {
    pub(crate) path: String,
    pub(crate) byte: u8,
    pub(crate) offset: u32,
    pub(crate) at: Span,
    pub(crate) binary: bool,
}

impl From<NotText> for Problem {
    fn from(found: NotText) -> Self {
        let NotText { path, byte, offset, at, binary } = found;
        let what = if binary { "a binary file" } else { "not UTF-8" };
        let problem = Self::error(codes::E0151, at, format!("`{path}` is {what}"), "the first byte that is no text")
            .note(format!("byte {offset} is 0x{byte:02X}"));
        if binary {
            problem
                .help("a file whose name ends in `.flow` holds a program; move other files or give them another ending")
        } else {
            problem.help("save the file as UTF-8")
        }
    }
}

/// Two files with one module name.
pub(crate) struct SameModule {
    pub(crate) name: Name,
    pub(crate) first: String,
    pub(crate) at: Span,
}

impl From<SameModule> for Problem {
    fn from(found: SameModule) -> Self {
        let SameModule { name, first, at } = found;
        Self::error(codes::E0152, at, format!("there are two modules `{name}`"), "this file would be it too")
            .note(format!("`{first}` is the first; a module's name is its path under its source folder"))
            .help("rename one of the files, or leave one folder out of `sources`")
    }
}

/// A project without a program.
pub(crate) struct NoProgram {
    pub(crate) folders: Vec<Arc<str>>,
    pub(crate) at: Span,
}

impl From<NoProgram> for Problem {
    fn from(found: NoProgram) -> Self {
        let folders: Vec<String> = found.folders.iter().map(|folder| format!("`{folder}`")).collect();
        Self::error(codes::E0153, found.at, "there is no `.flow` file here", "looked from this folder")
            .note(format!("looked in {} and all folders inside", folders.join(", ")))
            .help("`flowc new` makes a project that runs; or name a file: `flowc check FILE`")
    }
}

/// What cannot be assumed.
pub(crate) struct BadAssumption {
    pub(crate) at: Span,
    /// In words that a way out is in.
    pub(crate) why: String,
}

impl From<BadAssumption> for Problem {
    fn from(found: BadAssumption) -> Self {
        Self::error(codes::E0186, found.at, "this cannot be assumed", "assumed here").help(found.why)
    }
}

/// A flow that is not there.
pub(crate) struct NoSuchFlow<'a> {
    pub(crate) wanted: &'a str,
    pub(crate) known: Vec<Name>,
}

impl From<NoSuchFlow<'_>> for Problem {
    fn from(found: NoSuchFlow<'_>) -> Self {
        let NoSuchFlow { wanted, known } = found;
        let short = wanted.rsplit('.').next().unwrap_or(wanted);
        let nearest = known
            .iter()
            .map(|name| (strsim::damerau_levenshtein(name.short(), short), name))
            .filter(|(distance, _)| *distance <= (short.len() / 3).max(1))
            .min_by_key(|(distance, _)| *distance);
        let title = format!("there is no flow `{wanted}`");
        let problem = Self::error(codes::E0180, NOWHERE, title, "asked for");
        match nearest {
            _ if wanted.ends_with(".flow") => problem.help(
                "a flow is asked for by its name, not by its file; `--project FILE.flow` takes the file as the project",
            ),
            Some((_, name)) => problem.help(format!("did you mean `{}`?", name.short())),
            None => problem,
        }
        .note(flows(&known))
    }
}

/// No flow, or several, where one is meant.
pub(crate) struct WhichFlow {
    pub(crate) known: Vec<Name>,
}

impl From<WhichFlow> for Problem {
    fn from(found: WhichFlow) -> Self {
        if found.known.is_empty() {
            return Self::error(codes::E0180, NOWHERE, "the program has no flow to run", "asked for")
                .help("declare one: `flow NAME { … }`");
        }
        Self::error(codes::E0180, NOWHERE, "say which flow", "asked for")
            .note(flows(&found.known))
            .help("a short name will do where only one module has it")
    }
}

/// The flows that there are, as a note.
fn flows(known: &[Name]) -> String {
    const SHOWN: usize = 12;
    if known.is_empty() {
        return "the program has no flows".to_owned();
    }
    let names: Vec<String> = known.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    let more = if known.len() > SHOWN { format!(", … ({} in all)", known.len()) } else { String::new() };
    format!("the flows are {}{more}", names.join(", "))
}

/// For what was said on the command line.
const NOWHERE: Span = Span { file: flow_diag::FileId(u32::MAX), start: 0, end: 0 };

/// A value for no parameter.
pub(crate) struct UnknownParameter<'a> {
    pub(crate) flow: &'a Flow,
    pub(crate) name: &'a str,
}

impl From<UnknownParameter<'_>> for Problem {
    fn from(found: UnknownParameter<'_>) -> Self {
        let UnknownParameter { flow, name } = found;
        let params: Vec<String> = flow.params.iter().map(|param| format!("`{}: {}`", param.name, param.ty)).collect();
        let title = format!("`{}` has no parameter `{name}`", flow.name.short());
        let problem = Self::error(codes::E0181, flow.at, title, "the flow that is asked for");
        if params.is_empty() {
            problem.note("it has no parameters")
        } else {
            problem.note(format!("it has {}", params.join(", ")))
        }
    }
}

/// A parameter without a value.
pub(crate) struct MissingParameter<'a> {
    pub(crate) flow: &'a Flow,
    pub(crate) param: &'a Param,
}

impl From<MissingParameter<'_>> for Problem {
    fn from(found: MissingParameter<'_>) -> Self {
        let MissingParameter { flow, param } = found;
        let title = format!("`{}` needs a value for `{}`", flow.name.short(), param.name);
        Self::error(codes::E0181, flow.at, title, format!("takes `{}: {}`", param.name, param.ty))
            .help(format!("give it: `--{} VALUE`", param.name))
    }
}

/// A text that is no value of the parameter.
pub(crate) struct WrongParameter<'a> {
    pub(crate) flow: &'a Flow,
    pub(crate) param: &'a Param,
    pub(crate) text: &'a str,
    pub(crate) why: String,
}

impl From<WrongParameter<'_>> for Problem {
    fn from(found: WrongParameter<'_>) -> Self {
        let WrongParameter { flow, param, text, why } = found;
        let title = format!("`{text}` is no `{}`, which `{}` of `{}` takes", param.ty, param.name, flow.name.short());
        Self::error(codes::E0181, flow.at, title, format!("takes `{}: {}`", param.name, param.ty)).note(why)
    }
}

/// A step that this version cannot run.
pub(crate) struct CannotRunYet<'a> {
    pub(crate) step: &'a Name,
    pub(crate) keyword: &'a str,
    pub(crate) at: Span,
}

impl From<CannotRunYet<'_>> for Problem {
    fn from(found: CannotRunYet<'_>) -> Self {
        let CannotRunYet { step, keyword, at } = found;
        let title = format!("`{}` cannot run: `{keyword}` bodies are not supported yet", step.short());
        Self::error(codes::E0182, at, title, "the flow would call this step")
            .help("this version runs `sql`, `sh`, `python`, `http`, `ai` and `ask` bodies")
    }
}
