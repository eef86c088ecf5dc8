local flow = require('flow')

if vim.lsp.enable then
  vim.lsp.enable('flow')
else
  vim.api.nvim_create_autocmd('FileType', {
    pattern = 'flow',
    callback = function(event)
      flow.start(event.buf)
    end,
  })
end

vim.api.nvim_create_user_command('FlowParser', flow.build_parser, { desc = 'Builds the tree-sitter parser of Flow' })
