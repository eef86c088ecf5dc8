-- Runs in the editor itself; any mistake ends it with an exit code.

local function try()
  local function wait(what, condition)
    assert(vim.wait(30000, condition, 50), 'waited in vain: ' .. what)
  end
  local function line(number)
    return vim.api.nvim_buf_get_lines(0, number - 1, number, false)[1]
  end

  assert(vim.bo.filetype == 'flow', 'the file is known')
  assert(vim.bo.commentstring == '// %s')

  -- The problem is there, at its place.
  local function errors()
    return vim.diagnostic.get(0, { severity = vim.diagnostic.severity.ERROR })
  end
  wait('the problem', function() return #errors() == 1 end)
  local problem = errors()[1]
  assert(problem.message:find('sumed', 1, true), problem.message)
  assert(problem.code == 'E0101' or (problem.user_data or {}).lsp.code == 'E0101')
  assert(problem.lnum == 25 and problem.col == 17, vim.inspect(problem))

  -- Its fix is offered, and does what it says.
  vim.api.nvim_win_set_cursor(0, { 26, 18 })
  vim.ui.select = function(items, options, chosen)
    for index, item in ipairs(items) do
      if options.format_item(item):find('rename to `summed`', 1, true) then return chosen(item, index) end
    end
    error('the fix is not offered: ' .. vim.inspect(items))
  end
  vim.lsp.buf.code_action()
  wait('the fix', function() return line(26) == '  write totals = summed' end)
  wait('no problem', function() return #vim.diagnostic.get(0) == 0 end)

  -- What is known of a name, what could stand at a place, and a name changed wherever it is mentioned.
  local function ask(method, row, column, more)
    local params = vim.tbl_extend('force', {
      textDocument = { uri = vim.uri_from_bufnr(0) },
      position = { line = row - 1, character = column },
    }, more or {})
    for _, answer in pairs(vim.lsp.buf_request_sync(0, method, params, 10000) or {}) do
      if answer.result then return answer.result end
    end
    error('no answer to ' .. method)
  end
  local hover = ask('textDocument/hover', 25, 18)
  assert(vim.inspect(hover.contents):find('add_up', 1, true), vim.inspect(hover))
  local offers = ask('textDocument/completion', 25, 15)
  offers = vim.tbl_map(function(item) return item.label end, offers.items or offers)
  assert(vim.tbl_contains(offers, 'add_up'), vim.inspect(offers))
  vim.api.nvim_win_set_cursor(0, { 25, 7 })
  vim.lsp.buf.rename('added')
  wait('the new name', function() return line(26) == '  write totals = added' and line(25) == '  let added = add_up(orders)' end)
  vim.lsp.buf.rename('summed')
  wait('the old name', function() return line(26) == '  write totals = summed' end)

  -- The formatter is the compiler's.
  vim.api.nvim_buf_set_lines(0, 25, 26, false, { '      write   totals=summed' })
  if vim.lsp.buf.format then
    vim.lsp.buf.format({ timeout_ms = 10000 })
  else
    vim.lsp.buf.formatting_sync(nil, 10000)
  end
  assert(line(26) == '  write totals = summed', line(26))
  vim.cmd('write')

  -- The tree, with its colours where this editor can ask for them, and the texts inside.
  require('flow').build_parser()
  vim.cmd('edit morning.flow')
  local parser = vim.treesitter.get_parser(0, 'flow')
  local tree = parser:parse(true)[1]
  assert(not tree:root():has_error(), 'the tree has no mistake')
  local queries = (vim.treesitter.query or require('vim.treesitter.query'))
  for _, name in ipairs({ 'highlights', 'injections', 'folds', 'locals', 'indents' }) do
    assert((queries.get or queries.get_query)('flow', name), name)
  end
  if vim.treesitter.get_captures_at_pos then
    vim.treesitter.start(0, 'flow')
    local row = vim.fn.search('^step write_note') - 1
    local captures = vim.tbl_map(function(capture) return capture.capture end, vim.treesitter.get_captures_at_pos(0, row, 6))
    assert(vim.tbl_contains(captures, 'function'), vim.inspect(captures))
  end
  if vim.fn.has('nvim-0.11') == 1 then
    -- Markdown's parser comes with the editor.
    assert(parser:children().markdown, 'a prompt is Markdown')
  end
  vim.cmd('quitall!')
end

local done, why = xpcall(try, debug.traceback)
if not done then
  io.stderr:write(why .. '\n')
  vim.cmd('cquit 1')
end
