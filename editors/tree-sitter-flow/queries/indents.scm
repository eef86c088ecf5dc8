[
  (block)
  (step_block)
  (dataset_block)
  (retry_block)
  (record_body)
  (settings)
  (use_group)
  (parameters)
  (arguments)
  (list)
  (map)
  (match)
  (check)
] @indent.begin

(enum_body) @indent.begin
(guard) @indent.begin

["}" ")" "]"] @indent.branch @indent.end

; A text block's lines are its own.
[(code) (string) (raw_string)] @indent.ignore
[(comment) (doc_comment) (module_doc)] @indent.auto
