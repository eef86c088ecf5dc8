autocmd BufRead,BufNewFile *.flow set filetype=flow
