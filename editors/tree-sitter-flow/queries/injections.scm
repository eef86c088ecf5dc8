((sql (code (raw_content) @injection.content))
  (#set! injection.language "sql"))

([(sh (code (raw_content) @injection.content))
  (container (code (raw_content) @injection.content))
  (ssh (code (raw_content) @injection.content))]
  (#set! injection.language "bash"))

((python (code (raw_content) @injection.content))
  (#set! injection.language "python"))

((data format: "json" (code (raw_content) @injection.content))
  (#set! injection.language "json"))

((data format: "csv" (code (raw_content) @injection.content))
  (#set! injection.language "csv"))

; What a model is told. The stretches between holes are one text.
((ai (settings (setting key: (identifier) @_key value: (string (string_content) @injection.content))))
  (#any-of? @_key "prompt" "system")
  (#set! injection.language "markdown")
  (#set! injection.combined))

((doc (string (string_content) @injection.content))
  (#set! injection.language "markdown"))

([(comment) (doc_comment) (module_doc)] @injection.content
  (#set! injection.language "comment"))
