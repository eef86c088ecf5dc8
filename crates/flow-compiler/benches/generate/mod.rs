//! A large program, the same every time: modules of steps and flows that read each other's datasets.
//!
//! A tenth of the steps are queries, all different. 500 files of 50 steps are 100,000 lines.

use std::fmt::Write as _;

/// The files of a program: path and text.
pub(crate) fn project(files: usize, steps_per_file: usize) -> Vec<(String, String)> {
    let mut project = vec![("flow.toml".to_owned(), "name = \"large\"\nedition = \"2026\"\n".to_owned())];
    for file in 0..files {
        let folder = file / 50;
        project.push((format!("area_{folder}/module_{file}.flow"), module(file, steps_per_file)));
    }
    project
}

/// The lines of all files.
pub(crate) fn lines(project: &[(String, String)]) -> usize {
    project.iter().map(|(_, text)| text.lines().count()).sum()
}

fn module(number: usize, steps: usize) -> String {
    let mut text = format!("//! Module {number}.\n");
    let before = number.checked_sub(1);
    if let Some(before) = before {
        let folder = before / 50;
        writeln!(text, "use area_{folder}.module_{before}.{{result_{before}}}").expect("a string");
    }
    write!(
        text,
        "\ntype Row_{number} {{\n  id:     Int\n  amount: Decimal where it >= 0\n  name:   String\n  day:    Date\n}}\n\
         \ndataset result_{number}: String {{\n  at    text(\"out/result_{number}.txt\")\n  fresh within 26h by modified\n  owner \"team_{}\"\n}}\n\
         \ndataset rows_{number}: Table<Row_{number}> {{\n  at      csv(\"data/rows_{number}.csv\")\n  arrives by hand\n  expect  unique(id)\n  expect  amount < 1_000_000 for 99.9%\n}}\n",
        number % 7
    )
    .expect("a string");
    let text = text.replace("Row_", "Row");
    let mut text = text;
    for step in 0..steps {
        one_step(&mut text, number, step);
    }
    flow(&mut text, number, steps, before);
    text
}

fn one_step(text: &mut String, module: usize, step: usize) {
    let name = format!("step_{module}_{step}");
    if step.is_multiple_of(10) {
        write!(
            text,
            "\nstep {name}(rows: Table<Row{module}>, least: Decimal) -> Int {{\n  sql \"select count(*) as n from rows where amount >= :least and id % {} = {step}\"\n}}\n",
            module + 2
        )
        .expect("a string");
    } else {
        write!(text, "\nstep {name}(name: String) -> String {{\n  sh \"echo $name {step}\"\n}}\n").expect("a string");
    }
}

fn flow(text: &mut String, module: usize, steps: usize, before: Option<usize>) {
    let start = before.map_or("\"begin\"".to_owned(), |before| format!("result_{before}"));
    write!(text, "\nflow flow_{module} {{\n  start  every day at 06:00 in \"UTC\"\n  let v = {start}\n")
        .expect("a string");
    for step in 0..steps {
        let value = if step.is_multiple_of(10) {
            format!("step_{module}_{step}(rows_{module}, {step})")
        } else if step % 10 == 1 {
            format!("step_{module}_{step}(\"{{v}} {{a_{}}}\")", step - 1)
        } else {
            format!("step_{module}_{step}(a_{})", step - 1)
        };
        writeln!(text, "  let a_{step} = {value}").expect("a string");
    }
    let used: Vec<String> = (0..steps).map(|step| format!("{{a_{step}}}")).collect();
    write!(text, "  write result_{module} = \"{}\"\n}}\n", used.join(" ")).expect("a string");
}
