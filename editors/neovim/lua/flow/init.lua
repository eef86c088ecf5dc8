-- The server for editors before 0.11, and the parser's building.

local M = {}

-- `vim.g.flow_cmd = { '/path/to/flowc', 'lsp' }` before the first file is opened.
local function command()
  return vim.g.flow_cmd or { 'flowc', 'lsp' }
end

-- The folder of the nearest flow.toml above a file, or the file's own.
local function root(file)
  local folder = vim.fn.fnamemodify(file, ':p:h')
  local found = vim.fn.findfile('flow.toml', folder .. ';')
  return found ~= '' and vim.fn.fnamemodify(found, ':p:h') or folder
end

-- One client for each project.
local clients = {}

function M.start(buffer)
  local folder = root(vim.api.nvim_buf_get_name(buffer))
  local config = { name = 'flow', cmd = command(), root_dir = folder }
  if vim.fn.executable(config.cmd[1]) == 0 then
    vim.notify_once(config.cmd[1] .. ' is not there: Flow programs are not checked', vim.log.levels.WARN)
  elseif vim.lsp.start then
    vim.lsp.start(config, { bufnr = buffer })
  else
    if not (clients[folder] and vim.lsp.get_client_by_id(clients[folder])) then
      clients[folder] = vim.lsp.start_client(config)
    end
    vim.lsp.buf_attach_client(buffer, clients[folder])
  end
end

-- Compiles the parser, which stands beside this plugin in its repository, to where the editor looks for it.
function M.build_parser()
  local plugin = vim.fn.fnamemodify(debug.getinfo(1, 'S').source:sub(2), ':p:h:h:h')
  local source = plugin .. '/../tree-sitter-flow/src'
  vim.fn.mkdir(plugin .. '/parser', 'p')
  local compiler = vim.env.CC or 'cc'
  local said = vim.fn.system({
    compiler, '-shared', '-fPIC', '-O2', '-I', source,
    source .. '/parser.c', source .. '/scanner.c', '-o', plugin .. '/parser/flow.so',
  })
  if vim.v.shell_error ~= 0 then
    error('the parser is not built: ' .. said)
  end
end

return M
