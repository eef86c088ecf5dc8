//! Tells Zed how the language server of Flow is started. Zed compiles it to WebAssembly when the extension is installed.

use zed_extension_api::{self as zed, settings::LspSettings, Command, LanguageServerId, Result, Worktree};

struct Flow;

impl zed::Extension for Flow {
    fn new() -> Self {
        Self
    }

    fn language_server_command(&mut self, server: &LanguageServerId, worktree: &Worktree) -> Result<Command> {
        let set = LspSettings::for_worktree(server.as_ref(), worktree).ok().and_then(|settings| settings.binary);
        let set = set.and_then(|binary| binary.path);
        let command = set.or_else(|| worktree.which("flowc")).ok_or("flowc is not in PATH: install it, or set its path as `lsp.flowc.binary.path`")?;
        Ok(Command { command, args: vec!["lsp".to_owned()], env: worktree.shell_env() })
    }
}

zed::register_extension!(Flow);
