//! `flowc lsp`: the language server, over standard input and output.

use crate::{
    cli::Global,
    exit::{Exit, Failure, Outcome},
    moment::now,
    world::DiskWorld,
};
use clap::Args;
use flow_compiler::{Options, World};
use flow_lsp::{Host, connect};
use jiff::tz::TimeZone;
use std::{
    io::BufReader,
    path::{Path, PathBuf},
    sync::Arc,
};
use tempfile::TempDir;

/// Serves editors: the language server, over standard input and output
#[derive(Debug, Args)]
pub(crate) struct Lsp {
    /// What editors pass that know several ways; there is only this one
    #[arg(long, hide = true)]
    stdio: bool,
}

impl Lsp {
    pub(crate) fn run(&self, global: &Global) -> Outcome {
        let shelf = tempfile::Builder::new().prefix("flowc-lsp-").tempdir();
        let shelf = shelf.map_err(|error| Failure::environment(format!("a folder for texts of flowc: {error}")))?;
        let connected = connect(BufReader::new(std::io::stdin()), std::io::stdout());
        let (connection, threads) =
            connected.map_err(|error| Failure::environment(format!("a thread cannot be started: {error}")))?;
        let host = Arc::new(Machine { global: global.clone(), shelf });
        let served = flow_lsp::serve(&connection, host, env!("CARGO_PKG_VERSION"));
        // What writes ends when nothing can be said any more.
        drop(connection);
        let took_leave = served.map_err(Failure::wrong)?;
        if took_leave {
            threads.join().map_err(|error| Failure::environment(format!("standard output: {error}")))?;
        }
        Ok(if took_leave { Exit::Done } else { Exit::StepFailed })
    }
}

/// The machine, as the server sees it.
struct Machine {
    global: Global,
    /// Where the library and pages of codes are written when an editor wants to open them; goes with the server.
    shelf: TempDir,
}

impl Host for Machine {
    fn world(&self, root: &Path) -> Box<dyn World> {
        Box::new(DiskWorld::new(root))
    }

    fn project(&self, path: &Path) -> Option<PathBuf> {
        path.ancestors().skip(1).find(|folder| folder.join("flow.toml").is_file()).map(Path::to_path_buf)
    }

    fn options(&self) -> Options {
        let (profile, set) = (self.global.profile.clone(), self.global.set.clone());
        let year = self.global.year.or_else(|| Some(now().to_zoned(TimeZone::UTC).year()));
        Options { profile, set, year, ..Options::default() }
    }

    #[expect(clippy::disallowed_methods, reason = "flowc is the rim at which files are written")]
    fn shelve(&self, path: &str, text: &str) -> Option<PathBuf> {
        let file = self.shelf.path().join(path);
        if !file.exists() {
            std::fs::create_dir_all(file.parent()?).ok()?;
            std::fs::write(&file, text).ok()?;
        }
        Some(file)
    }

    fn shelved(&self, file: &Path) -> Option<String> {
        Some(file.strip_prefix(self.shelf.path()).ok()?.to_string_lossy().into_owned())
    }
}
