//! Programs by the names that people give them: the files as they are, a plan, a run, a git revision.

use crate::{
    cli::Global,
    engine,
    exit::{Exit, Failure},
    git::GitWorld,
    moment::now,
    project::{Project, read_named},
    report::{self, ProblemFormat},
    ui::Ui,
    world::DiskWorld,
};
use flow_compiler::{Compilation, Options, PolicyFile, World, compile};
use flow_expr::Name;
use flow_plan::{Plan, Program};
use jiff::tz::TimeZone;
use std::path::Path;

/// One side of a comparison.
pub(crate) struct Side {
    /// The program, or the part of it that a plan holds.
    pub(crate) program: Program,
    /// The flow, if it is a plan.
    pub(crate) flow: Option<Name>,
}

/// Compiles the files of a project as they are.
pub(crate) fn compiled(project: &Project, global: &Global) -> Compilation {
    checked(project, global, vec![], false)
}

/// The same with policies from outside of it; `strict` follows labels through what decides too.
pub(crate) fn checked(project: &Project, global: &Global, policies: Vec<PolicyFile>, strict: bool) -> Compilation {
    let options = Options { policies, strict, ..options(project, global) };
    compile(&DiskWorld::new(&project.root), &options)
}

fn compile_world(world: &dyn World, project: &Project, global: &Global) -> Compilation {
    compile(world, &options(project, global))
}

pub(crate) fn options(project: &Project, global: &Global) -> Options {
    let only = if project.is_loose { project.files.clone() } else { vec![] };
    let (profile, set, assume) = (global.profile.clone(), global.set.clone(), global.assume.clone());
    let year = global.year.or_else(|| Some(now().to_zoned(TimeZone::UTC).year()));
    Options { profile, set, only, year, assume, ..Options::default() }
}

/// The program of that name; none if it has errors, which have been shown then.
pub(crate) fn named(name: &str, global: &Global, ui: &Ui) -> Result<Option<Program>, Failure> {
    Ok(side(name, global, ui)?.map(|side| side.program))
}

/// The program of that name with its flow, if it is a plan; none if it has errors, which have been shown then.
pub(crate) fn side(name: &str, global: &Global, ui: &Ui) -> Result<Option<Side>, Failure> {
    if Path::new(name).extension().is_some_and(|extension| extension == "json") {
        return Ok(Some(of_plan(plan_file(Path::new(name))?)));
    }
    let project = Project::find(global)?;
    let compilation = if name == "." {
        compiled(&project, global)
    } else if let Some(plan) = engine::plan_of_run(&project, name)? {
        return Ok(Some(of_plan(plan)));
    } else {
        compile_world(&GitWorld::open(&project.root, name)?, &project, global)
    };
    if compilation.problems.has_errors() {
        report::show(ui, ProblemFormat::Text, &compilation.problems, &compilation.sources)?;
        ui.say(&report::summary(ui, &compilation.problems));
        return Ok(None);
    }
    Ok(Some(Side { program: compilation.program, flow: None }))
}

fn of_plan(plan: Plan) -> Side {
    Side { program: plan.program, flow: Some(plan.flow) }
}

/// A plan from a file, if it is one that this flowc would obey.
pub(crate) fn plan_file(path: &Path) -> Result<Plan, Failure> {
    let text = read_named(path)?;
    Plan::from_json(&text, flow_compiler::VERSION)
        .map_err(|error| engine::with_code(Exit::Wrong, error.code(), &format!("{}: {error}", path.display())))
}
