; What stands further down wins where two patterns match.

(identifier) @variable
(quoted_identifier) @variable
(type_identifier) @type

[(comment) (module_doc)] @comment
(doc_comment) @comment.documentation
(module_doc) @comment.documentation

; Names

(use_path (identifier) @module)
(use_item name: (identifier) @variable)
(named_type module: (identifier) @module)

(named_type name: (type_identifier) @type)
((named_type name: (type_identifier) @type.builtin)
  (#any-of? @type.builtin
    "Bool" "Int" "Float" "Decimal" "String" "Bytes" "Date" "Time" "Timestamp" "Duration" "Size" "Money" "Percent" "List"
    "Map" "Table" "Json" "Secret" "File"))
(variant name: (type_identifier) @constructor)
(variant_pattern name: (type_identifier) @constructor)
(call function: (type_identifier) @constructor)

(field name: (identifier) @property)
(parameter name: (identifier) @variable.parameter)
(argument name: (identifier) @variable.parameter)
(binding name: (identifier) @variable.parameter)
(lambda parameters: (identifier) @variable.parameter)
(lambda_parameters (identifier) @variable.parameter)
(field_access name: (identifier) @property)
(field_pattern name: (identifier) @property)
(setting key: (identifier) @property)
(entry key: (identifier) @property)
(price_item kind: (identifier) @property)
(need name: (identifier) @property)
(partition name: (identifier) @property)
(hole format: (identifier) @keyword.modifier)
(error_class (identifier) @constant)

((identifier) @variable.builtin
  (#any-of? @variable.builtin "it" "now"))

(call function: (identifier) @function.call)
(call function: (field_access name: (identifier) @function.method.call))
(fn_declaration name: (identifier) @function)
(guard_declaration name: (identifier) @function)
(step_declaration name: (identifier) @function)
(flow_declaration name: (identifier) @function)
(policy_declaration name: (identifier) @function)
(retry_declaration name: (identifier) @function)
(const_declaration name: (identifier) @constant)

(label_declaration name: (identifier) @attribute)
(label_reference "@" @attribute (identifier) @attribute)
(http method: (type_identifier) @constant.builtin)

; Literals

[(integer) (count) (money) (percent) (duration) (size) (time) (date) (timestamp)] @number
(fraction) @number.float
[(true) (false)] @boolean
(none) @constant.builtin
[(string) (raw_string) (code)] @string
(escape) @string.escape
(hole "{" @punctuation.special "}" @punctuation.special)
(test_declaration name: (string) @string.special)
(code_file "file" @function.builtin)

; Words

["use" "as"] @keyword.import

[
  "label" "const" "var" "secret" "connection" "model" "pool" "dataset" "retry" "guard" "policy" "test" "let"
] @keyword

["type"] @keyword.type
["fn" "step" "flow"] @keyword.function
["if" "else" "match" "check"] @keyword.conditional
["for" "in" "parallel"] @keyword.repeat
["return"] @keyword.return
["and" "or" "not"] @keyword.operator

[
  "at" "fresh" "within" "by" "modified" "arrives" "hand" "expect" "keep" "versions" "partition" "accepts" "owner" "tags"
  "doc" "every" "cron" "when" "updates" "on" "webhook" "price" "limit" "per" "tokens" "asks" "header" "query" "form"
  "where" "timeout" "idempotent" "effect" "none" "read" "write" "irreversible" "budget" "fallback" "cache" "never"
  "needs" "after" "fail" "warn" "skip" "refresh" "ask" "up" "to" "times" "backoff" "start" "with" "finish" "overlap"
  "queue" "allow" "replace" "catch" "last" "all" "require" "do" "wait" "failure" "late" "stale" "given" "run"
  "sql" "sh" "python" "http" "ai" "container" "ssh" "outside" "csv" "json" "jsonl"
] @keyword
(day) @keyword

; Signs

["=" "=>" "->" "==" "!=" "<=" ">=" "+" "-" "*" "/" "%" "??" ".." "..=" "|" "?"] @operator
(binary operator: ["<" ">"] @operator)
["(" ")" "[" "]" "{" "}"] @punctuation.bracket
(type_arguments ["<" ">"] @punctuation.bracket)
(type_parameters ["<" ">"] @punctuation.bracket)
["," ":" "."] @punctuation.delimiter
