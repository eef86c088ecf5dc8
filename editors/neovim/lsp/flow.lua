-- The server, for Neovim 0.11 and later; `vim.lsp.config('flow', { … })` changes it.
return {
  cmd = { 'flowc', 'lsp' },
  filetypes = { 'flow' },
  root_markers = { 'flow.toml', '.git' },
}
