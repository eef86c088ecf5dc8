//! `flowc new [DIR]`: a small project that runs as it is, without a network.
//!
//! Its files are in `template/` of this crate. A test runs them.

use crate::{
    exit::{Exit, Failure, Outcome},
    project::working_folder,
    ui::{Style, Ui, paint},
};
use clap::Args;
use std::path::{Path, PathBuf};

const FILES: [(&str, &str); 5] = [
    ("flow.toml", include_str!("../../template/flow.toml")),
    ("sales.flow", include_str!("../../template/sales.flow")),
    ("data/sales.csv", include_str!("../../template/data/sales.csv")),
    ("README.md", include_str!("../../template/README.md")),
    (".gitignore", include_str!("../../template/gitignore")),
];

/// Makes a small project that runs
#[derive(Debug, Args)]
pub(crate) struct New {
    /// The folder; it is made if it is not there
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
    /// The project's name [default: the folder's]
    #[arg(long)]
    name: Option<String>,
}

impl New {
    pub(crate) fn run(&self, ui: &Ui) -> Outcome {
        let folder: PathBuf = working_folder()?.join(&self.folder).components().collect();
        let name = match &self.name {
            Some(name) => name.clone(),
            None => name_of(&folder),
        };
        if name.is_empty() || !name.chars().all(|char| char.is_alphanumeric() || "-_ .".contains(char)) {
            return Err(Failure::wrong(format!("`{name}` cannot name a project"))
                .hint("a name holds letters, digits, `-`, `_`, `.` and blanks: give one with --name"));
        }
        // All or nothing: what is there already belongs to somebody.
        let taken: Vec<&str> = FILES.iter().map(|(path, _)| *path).filter(|path| folder.join(path).exists()).collect();
        if !taken.is_empty() {
            return Err(Failure::wrong(format!("{} already has {}", folder.display(), taken.join(", ")))
                .hint("nothing was written; choose another folder"));
        }
        for (path, text) in FILES {
            write(&folder.join(path), &text.replace("{name}", &name))?;
        }
        ui.say(&format!("{} {}", paint(ui.color_err, Style::Good, "made"), folder.display()));
        let there = crate::arguments::quoted(&self.folder.display().to_string());
        let enter = if there == "." { String::new() } else { format!("cd {there} && ") };
        ui.say(&format!("  next: {enter}flowc run publish"));
        Ok(Exit::Done)
    }
}

fn name_of(folder: &Path) -> String {
    let tidied: PathBuf = folder.components().filter(|part| !matches!(part, std::path::Component::CurDir)).collect();
    let name = tidied.file_name().map(|name| name.to_string_lossy().into_owned());
    name.unwrap_or_else(|| "project".into())
}

#[expect(clippy::disallowed_methods, reason = "a command that makes files")]
fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(path, text))
        .map_err(|error| Failure::io("writing", path, &error))
}
