[
  (module)
  (step_declaration)
  (fn_declaration)
  (guard_declaration)
  (flow_declaration)
  (block)
  (lambda)
  (for)
  (arm)
] @local.scope

(parameter name: (identifier) @local.definition.parameter)
(lambda parameters: (identifier) @local.definition.parameter)
(lambda_parameters (identifier) @local.definition.parameter)
(let name: (identifier) @local.definition.var)
(for name: (identifier) @local.definition.var)
(arm pattern: (identifier) @local.definition.var)

(const_declaration name: (identifier) @local.definition.constant)
(var_declaration name: (identifier) @local.definition.var)
(dataset_declaration name: (identifier) @local.definition.var)
(fn_declaration name: (identifier) @local.definition.function)
(guard_declaration name: (identifier) @local.definition.function)
(step_declaration name: (identifier) @local.definition.function)
(flow_declaration name: (identifier) @local.definition.function)
(type_declaration name: (type_identifier) @local.definition.type)
(use_item name: [(identifier) (type_identifier)] @local.definition.import)

(identifier) @local.reference
(type_identifier) @local.reference
