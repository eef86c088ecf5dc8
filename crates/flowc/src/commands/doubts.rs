//! Steps in doubt, as people see them: which they are, and the two ways out, as commands that can be copied.

use crate::{
    arguments::{quoted, suggested},
    engine,
    exit::Failure,
    moment::moment,
    project::Project,
};
use flow_diag::render::clean;
use flow_engine::{Doubt, DoubtRow, Engine, Resolution, Resolved, RunRow};
use flow_plan::{Effect, Plan};

/// The steps in doubt of a run; none if it is over or under way, or its plan is gone.
pub(crate) fn of(project: &Project, engine: &Engine, run: &RunRow) -> Result<Vec<DoubtRow>, Failure> {
    if run.ended.is_some() {
        return Ok(vec![]);
    }
    match engine::plan_of_run(project, &run.run)? {
        Some(plan) => engine.doubts(&run.run, &plan).map_err(|error| engine::failure(&error)),
        None => Ok(vec![]),
    }
}

/// What is to be known of a step in doubt, in lines.
pub(crate) fn lines(doubt: &Doubt) -> Vec<String> {
    let effect = match doubt.effect {
        Effect::Irreversible => "cannot be undone",
        _ => "changes the world, and is not `idempotent`",
    };
    let (label, began) = (&doubt.label, moment(doubt.began));
    let step = doubt.step.short();
    let step = if *step == **label { String::new() } else { format!(" (step `{step}`)") };
    vec![
        format!("`{label}`{step} began {began}, attempt {}; it {effect}", doubt.attempt),
        format!("  {}", clean(&doubt.does)),
    ]
}

/// The commands that say what became of a step. One with a value needs it.
pub(crate) fn ways_out(run: &str, doubt: &Doubt, plan: Option<&Plan>) -> [String; 2] {
    let step = plan.and_then(|plan| plan.program.steps.get(&doubt.step));
    let with = step.is_none_or(|step| step.returns != flow_expr::Type::Unit);
    let with = if with { " --with RESULT" } else { "" };
    let step = quoted(&doubt.label);
    [
        format!("it was done:      {}", suggested(&format!("resolve {run} {step} --done{with}"))),
        format!("do it once more:  {}", suggested(&format!("resolve {run} {step} --again"))),
    ]
}

/// What was said of a step, in a few words.
pub(crate) fn said(resolution: &Resolution) -> String {
    let what = match &resolution.says {
        Resolved::Done { value } => match value {
            flow_expr::Value::Unit => "it was done".into(),
            value => format!("it was done, and gave {}", flow_plan::words::value(value)),
        },
        Resolved::Again => "it is to be made again".into(),
    };
    format!("{}: {what}", clean(&resolution.by))
}

/// Tells that runs of a flow wait for somebody to say what became of their steps.
pub(crate) fn warn(project: &Project, engine: &Engine, plan: &Plan, ui: &crate::ui::Ui) {
    // A run does not fail for what is wrong with others; `flowc resume` says that.
    let Ok(unfinished) = engine.unfinished(&plan.flow) else { return };
    for run in unfinished {
        let Ok(doubts) = of(project, engine, &run) else { continue };
        let labels: Vec<String> =
            doubts.iter().filter(|row| row.said.is_none()).map(|row| format!("`{}`", row.doubt.label)).collect();
        if !labels.is_empty() {
            ui.tell(&format!(
                "run {} of this flow was cut off in {}, and nobody has said whether it took effect: {}",
                run.run,
                labels.join(", "),
                suggested(&format!("resume {}", run.run))
            ));
        }
    }
}
