vim.bo.commentstring = '// %s'
vim.bo.comments = '://!,:///,://'
vim.bo.shiftwidth = 2
vim.bo.softtabstop = 2
vim.bo.expandtab = true
vim.bo.suffixesadd = '.flow'

-- Colours of the tree, where its parser has been built (`:FlowParser`) and the editor can show it.
if vim.treesitter.start then
  pcall(vim.treesitter.start, 0, 'flow')
end
