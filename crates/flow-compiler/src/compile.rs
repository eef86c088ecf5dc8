//! One pass over a project: texts, trees, names and types, analyses.
//!
//! Everything is checked in one go; between two compilations nothing is kept but trees of texts and types
//! of queries that are the same.

use crate::{Kept, LoadedModule, PolicyFile, Prompt, World, WorldError, assume, load, policies, prompt::Prompted};
use flow_analysis::{Mentions, calendar::Horizon, labels, sql::Queries};
use flow_diag::{FileId, Problem, Problems, Severity, Sources, Span, codes};
use flow_expr::Name;
use flow_plan::Program;
use flow_sema::{
    Answer, Checked, Input, ParsedModule, Places,
    index::{DefinitionKind, Index},
    manifest::ProfileVar,
};
use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

/// What is compiled, and how.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The profile of `flow.toml` whose values the program takes.
    pub profile: Option<String>,
    /// Values of `var`s, as `--set NAME=VALUE` gives them; later ones win.
    pub set: Vec<(String, String)>,
    /// Only these files, in place of all in the source folders: paths from the project's root.
    pub only: Vec<String>,
    /// The first year of the calendars that promises are proved over; 2026 if nobody says.
    pub year: Option<i16>,
    /// Files of policies that hold besides those of the project.
    pub policies: Vec<PolicyFile>,
    /// Whether the index is to answer what an editor asks: the type of every expression, mentions by place.
    pub for_editor: bool,
    /// What is taken to be so while bounds are worked out, as [`crate::Assumption`] reads it. What is compiled so is for
    /// looking at, not for running.
    pub assume: Vec<String>,
    /// What is entered at a prompt besides.
    pub prompt: Option<Prompt>,
    /// Whether what decides rows or a branch counts as part of what it decides, for labels.
    pub strict: bool,
}

/// A compiled program, or as much of it as could be made out.
#[derive(Debug)]
pub struct Compilation {
    /// All texts, with the manifest and the standard library.
    pub sources: Sources,
    /// What is wrong, by place.
    pub problems: Problems,
    /// The program. Without what is wrong.
    pub program: Program,
    /// Who defines and mentions what.
    pub index: Index,
    /// Where things stand that the program does not keep.
    pub places: Places,
    /// The days that were looked at.
    pub horizon: Horizon,
    /// Trees of the project's and the library's files.
    pub trees: HashMap<FileId, flow_syntax::Parse>,
    /// What is known of the queries of its steps.
    pub queries: Queries,
    /// What the expression of the prompt is.
    pub answer: Option<Answer>,
    /// Labels of what it gives, beyond those that its type names.
    pub answer_labels: Vec<Name>,
}

/// Compiles a project.
#[must_use]
pub fn compile(world: &dyn World, options: &Options) -> Compilation {
    compile_again(world, options, &mut Kept::default())
}

/// The same for a project that was compiled before: texts and queries that did not change are
/// not parsed and typed again.
#[must_use]
pub fn compile_again(world: &dyn World, options: &Options, kept: &mut Kept) -> Compilation {
    let mut loaded = load(world, &options.only);
    let command_line = CommandLine::of(options, &mut loaded.sources);
    let policies = policies::add(&mut loaded, &options.policies);
    let mut problems = std::mem::take(&mut loaded.problems);
    let prompted = options.prompt.as_ref().map(|prompt| Prompted::of(prompt, &mut loaded, &mut problems));
    let (trees, modules) = parse(&loaded.modules, kept, &mut problems);
    problems.extend(policies::check(&policies, &trees));
    let read_file = |module: FileId, path: &str| read_beside(world, &loaded.sources, module, path);
    let input = Input {
        modules: &modules,
        manifest: &loaded.manifest,
        profile: command_line.profile.as_ref().map(|(name, at)| (name.as_str(), *at)),
        overrides: &command_line.overrides,
        read_file: &read_file,
        for_editor: options.for_editor,
        question: prompted.as_ref().map(Prompted::question),
    };
    let (checked, found) = flow_sema::check(input);
    problems.extend(found);
    let Checked { mut program, index, places, answer } = checked;
    program.files = loaded.sources.iter().map(|(_, source)| source.path.as_str().into()).collect();
    assume::apply(&command_line.assumed, &mut program, &mut problems);
    let horizon = options.year.map_or_else(Horizon::default, Horizon::starting);
    let mentions = Mentions { horizon, ..mentions(&index, &places, labels::concerns(&program, &places.annotations)) };
    let is_complete = !problems.has_errors();
    problems.extend(flow_analysis::analyse(&program, &mentions, is_complete));
    let queries = &mut kept.queries;
    problems.extend(queries.check(&program, &places));
    let mut followed =
        answer.as_ref().zip(prompted.as_ref()).map(|(answer, prompted)| prompted.follow(answer, &mut program));
    // Where a value of one type stands for another, labels would seem to go where nothing goes.
    if !problems.0.iter().any(|problem| problem.code.as_str().starts_with("E02")) {
        let (found, hidden) = labels::check(&program, &mentions, queries, options.strict);
        problems.extend(found);
        hidden.apply(&mut program);
        followed.iter_mut().for_each(|followed| followed.found(&program));
    }
    let answer_labels = followed.map_or(vec![], |followed| followed.leave(&mut program));
    leave_out_library_warnings(&mut problems, &loaded.sources);
    leave_out_unused_where_unread(&mut problems, &trees);
    problems.sort();
    let queries = queries.clone();
    Compilation {
        sources: loaded.sources,
        problems,
        program,
        index,
        places,
        horizon,
        trees,
        queries,
        answer,
        answer_labels,
    }
}

/// Trees by file, and the modules for the checker.
fn parse(
    modules: &[LoadedModule],
    kept: &mut Kept,
    problems: &mut Problems,
) -> (HashMap<FileId, flow_syntax::Parse>, Vec<ParsedModule>) {
    let (mut trees, mut parsed) = (HashMap::new(), vec![]);
    for module in modules {
        let mut tree = kept.parse(module.file, &module.text);
        problems.extend(std::mem::take(&mut tree.problems));
        parsed.push(ParsedModule { name: module.name.clone(), file: module.file, module: tree.root() });
        trees.insert(module.file, tree);
    }
    (trees, parsed)
}

/// The text of a file that stands beside a module, with its path from the root.
fn read_beside(
    world: &dyn World,
    sources: &Sources,
    module: FileId,
    path: &str,
) -> Result<(Arc<str>, Arc<str>), String> {
    let module = sources.get(module).map_or("", |source| source.path.as_str());
    let mut parts: Vec<&str> = module.rsplit_once('/').map_or(vec![], |(folder, _)| folder.split('/').collect());
    if path.starts_with('/') {
        return Err("it is not under the project's root".to_owned());
    }
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.pop().is_none() => return Err("it is not under the project's root".to_owned()),
            ".." => {}
            part => parts.push(part),
        }
    }
    let full = parts.join("/");
    match world.read(&full) {
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Ok((full.into(), text.into())),
            Err(_) => Err("it is not UTF-8 text".to_owned()),
        },
        Err(WorldError::NotFound) => Err(format!("there is no file `{full}`")),
        Err(error) => Err(error.to_string()),
    }
}

/// What the index and the places say that analyses need.
fn mentions(index: &Index, places: &Places, with_fields: bool) -> Mentions {
    let mut mentions =
        Mentions { inside: places.inside.clone(), annotations: places.annotations.clone(), ..Mentions::default() };
    for (definition, used) in index.mentioned() {
        if with_fields && matches!(definition.kind, DefinitionKind::Field | DefinitionKind::Declaration("type")) {
            mentions.fields.insert(definition.name.clone(), definition.at);
        }
        let DefinitionKind::Declaration(keyword) = definition.kind else { continue };
        if keyword == "fn" {
            mentions.functions.insert(definition.name.clone(), definition.at);
        }
        if used {
            mentions.used.insert(definition.name.clone());
        }
    }
    mentions
}

/// Nobody who writes a program can do anything about warnings in the standard library.
fn leave_out_library_warnings(problems: &mut Problems, sources: &Sources) {
    problems.0.retain(|problem| {
        let of_library = sources.get(problem.span().file).is_some_and(|source| source.path.starts_with("std/"));
        problem.severity == Severity::Error || !of_library
    });
}

/// What could not be read of a declaration may use every parameter of it.
fn leave_out_unused_where_unread(problems: &mut Problems, trees: &HashMap<FileId, flow_syntax::Parse>) {
    let is_syntax =
        |problem: &&Problem| problem.severity == Severity::Error && problem.code.as_str().starts_with("E00");
    let mut declarations: HashMap<FileId, Vec<Span>> = HashMap::new();
    let mut unread: HashSet<Span> = HashSet::new();
    for at in problems.0.iter().filter(is_syntax).map(Problem::span) {
        let Some(tree) = trees.get(&at.file) else { continue };
        let in_file = declarations
            .entry(at.file)
            .or_insert_with(|| tree.root().syntax().children().map(|child| tree.span(child.text_range())).collect());
        unread.extend(around(in_file, at));
    }
    problems.0.retain(|problem| {
        let declared = (problem.code == codes::W0304).then(|| declarations.get(&problem.span().file)).flatten();
        declared.and_then(|in_file| around(in_file, problem.span())).is_none_or(|whole| !unread.contains(&whole))
    });
}

/// The last of some spans that begins before a place, all in the order of their file.
fn around(spans: &[Span], at: Span) -> Option<Span> {
    spans.partition_point(|whole| whole.start <= at.start).checked_sub(1).map(|index| spans[index])
}

/// The options as a text of their own, so that problems can point into them.
struct CommandLine {
    profile: Option<(String, Span)>,
    overrides: Vec<ProfileVar>,
    /// What is assumed, where it is said.
    assumed: Vec<(Arc<str>, Span)>,
}

impl CommandLine {
    fn of(options: &Options, sources: &mut Sources) -> Self {
        if options.profile.is_none() && options.set.is_empty() && options.assume.is_empty() {
            return Self { profile: None, overrides: vec![], assumed: vec![] };
        }
        let file = FileId(u32::try_from(sources.iter().count()).unwrap_or(u32::MAX));
        let mut text = String::from("flowc");
        let mut put = |before: &str, shown: &str| {
            text.push_str(before);
            let start = u32::try_from(text.len()).unwrap_or(u32::MAX);
            text.push_str(shown);
            Span::new(file, start, u32::try_from(text.len()).unwrap_or(u32::MAX))
        };
        let profile = options.profile.as_ref().map(|name| (name.clone(), put(" --profile ", name)));
        let overrides = options.set.iter().map(|(name, value)| {
            let name_at = put(" --set ", name);
            let value_at = put("=", value);
            ProfileVar { name: name.as_str().into(), name_at, value: value.as_str().into(), value_at }
        });
        let overrides = overrides.collect();
        let assumed = options.assume.iter().map(|said| (said.as_str().into(), put(" --assume ", said))).collect();
        sources.add("command line", text);
        Self { profile, overrides, assumed }
    }
}

impl Compilation {
    /// The flows of the project, by name.
    pub fn flows(&self) -> impl Iterator<Item = &Name> {
        self.program.flows.keys()
    }
}
