/**
 * Flow for tree-sitter. The normative grammar is `grammar/flow.pest`, and this one follows it rule by rule; a test of
 * `xtask` holds it to the parser over every program of the repository.
 *
 * Words of the language are reserved only where they mean something: the lexer takes a word for a keyword only in
 * states that know the keyword, which is just what the language wants. What needs a look around is in `src/scanner.c`:
 * the texts, and the brackets that go on with an expression only in its own line.
 */

const comma = rule => optional(list(rule));
const list = rule => seq(rule, repeat(seq(',', rule)), optional(','));
const some = (rule, sign) => seq(rule, repeat(seq(sign, rule)));

// Units of time from large to small, each at most once: `1h30m`.
const digits = '[0-9][0-9_]*';
const units = ['d', 'h', 'm', 's', 'ms'].map(unit => digits + unit);
const duration = units
  .map((unit, index) => unit + units.slice(index + 1).map(smaller => `(${smaller})?`).join(''))
  .join('|');
const day = '[0-9]{4}-[0-9]{2}-[0-9]{2}';
const clock = '[0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]+)?)?';

module.exports = grammar({
  name: 'flow',

  word: $ => $.identifier,

  extras: $ => [/[ \t\n]|\r\n/, $.comment, $.doc_comment, $.module_doc],

  externals: $ => [
    $._string_open,
    $._raw_open,
    $._code_open,
    $.string_content,
    $.raw_content,
    $._string_close,
    $._hole_open,
    $._call_open,
    $._index_open,
    $._percent,
    $._word_as_name,
    $._after_return,
    $._cut,
  ],

  inline: $ => [$._value_name, $._type_name, $._any_name, $._operand],

  supertypes: $ => [$.declaration, $.statement, $.expression, $.pattern, $.body, $.literal],

  conflicts: $ => [
    // A comma goes on with the list or ends the clause: what follows it tells.
    [$.calendar], [$.accepts], [$.tags], [$.needs], [$.after], [$.on_errors], [$.budget],
    // `expect x for 99%`, or the next statement, `for x in xs`.
    [$.expect],
    // `use a.b` and `use a.{b}`
    [$.use_path],
    // `(a, b) =>` and `(a)`
    [$.lambda_parameters, $._name],
  ],

  rules: {
    module: $ => repeat($.declaration),

    // ── Declarations ──────────────────────────────────────────────────────────────────────────────────────────

    declaration: $ => choice(
      $.use_declaration, $.label_declaration, $.type_declaration, $.const_declaration, $.var_declaration,
      $.secret_declaration, $.connection_declaration, $.model_declaration, $.pool_declaration,
      $.dataset_declaration, $.retry_declaration, $.guard_declaration, $.fn_declaration, $.step_declaration,
      $.flow_declaration, $.policy_declaration, $.test_declaration,
    ),

    use_declaration: $ => seq('use', field('path', $.use_path),
      optional(choice(seq('.', $.use_group), seq('as', field('alias', $._any_name))))),
    use_path: $ => some($._any_name, '.'),
    use_group: $ => seq('{', comma($.use_item), '}'),
    use_item: $ => seq(field('name', $._any_name), optional(seq('as', field('alias', $._any_name)))),

    label_declaration: $ => seq('label', field('name', $._value_name), optional($._text)),

    type_declaration: $ => seq('type', field('name', $._type_name), choice($.record_body, $.enum_body, $.alias_body)),
    record_body: $ => seq('{', repeat(seq($.field, optional(','))), '}'),
    enum_body: $ => seq('=', choice(
      seq('|', some($.variant, '|')),
      seq($.variant, repeat1(seq('|', $.variant))),
      alias($._variant_with_fields, $.variant),
    )),
    alias_body: $ => seq('=', $._refined_type),
    variant: $ => choice(field('name', $._type_name), $._variant_with_fields),
    _variant_with_fields: $ => seq(field('name', $._type_name), '(', comma($.field), ')'),
    field: $ => seq(field('name', $._value_name), ':', $._refined_type, optional(seq('=', field('default', $.expression)))),

    const_declaration: $ => seq('const', field('name', $._value_name), optional(seq(':', $._refined_type)),
      '=', field('value', $.expression)),
    var_declaration: $ => seq('var', field('name', $._value_name), optional(seq(':', $._refined_type)),
      optional(seq('=', field('value', $.expression)))),
    secret_declaration: $ => seq('secret', field('name', $._value_name), '=', field('value', $.expression)),

    connection_declaration: $ => seq('connection', field('name', $._value_name), $.settings),
    model_declaration: $ => seq('model', field('name', $._value_name), $.settings),
    pool_declaration: $ => seq('pool', field('name', $._value_name), $.settings),
    retry_declaration: $ => seq('retry', field('name', $._value_name), $.retry_block),

    guard_declaration: $ => seq('guard', field('name', $._value_name), optional($.type_parameters), $.parameters,
      optional($.result), optional(choice(alias($.judge, $.step_block), $.block))),
    judge: $ => seq('{', $.ai, optional(','), repeat(seq($._step_clause, optional(','))), '}'),
    fn_declaration: $ => seq('fn', field('name', $._value_name), optional($.type_parameters), $.parameters,
      optional($.result), optional($.block)),
    type_parameters: $ => seq('<', list($._type_name), '>'),
    parameters: $ => seq('(', comma(alias($.field, $.parameter)), ')'),
    result: $ => seq('->', $._type),

    step_declaration: $ => seq('step', field('name', $._value_name), $.parameters, optional($.result), $.step_block),
    flow_declaration: $ => seq('flow', field('name', $._value_name), optional($.parameters), optional($.result), $.block),
    policy_declaration: $ => seq('policy', field('name', $._value_name), optional($._text), $.block),
    test_declaration: $ => seq('test', field('name', $._text), $.block),

    // ── Types ─────────────────────────────────────────────────────────────────────────────────────────────────

    _refined_type: $ => seq(field('type', $._type), repeat($.label_reference), optional(seq('where', field('refinement', $.expression)))),
    label_reference: $ => seq('@', $._value_name),
    _type: $ => choice($.fn_type, $.optional_type, $.named_type),
    fn_type: $ => seq('fn', '(', comma($._type), ')', '->', $._type),
    optional_type: $ => seq($.named_type, '?'),
    named_type: $ => seq(repeat(seq(field('module', $._value_name), '.')), field('name', $._type_name), optional($.type_arguments)),
    type_arguments: $ => seq('<', list($._type), '>'),

    // ── Settings ──────────────────────────────────────────────────────────────────────────────────────────────

    settings: $ => seq('{', repeat(seq(
      choice($.price, $.limit, $.accepts, $.entry, $._for_people, $.setting), optional(','))), '}'),

    price: $ => seq('price', some($.price_item, ','), 'per', choice($.count, $.integer), 'tokens'),
    price_item: $ => prec(1, seq(field('kind', $._any_name), $.expression)),
    limit: $ => seq('limit', $.expression, optional(seq('per', $.expression))),
    accepts: $ => seq('accepts', some($.label_reference, ',')),
    entry: $ => seq(choice('header', 'query', 'form'), field('key', choice($._text, $._value_name)), ':',
      field('value', $.expression)),
    setting: $ => seq(
      field('key', choice($._any_name, alias(choice('price', 'header', 'query', 'form'), $.identifier))),
      field('value', $.expression)),

    _for_people: $ => choice($.owner, $.tags, $.doc),
    owner: $ => seq('owner', $.expression),
    tags: $ => seq('tags', some($._text, ',')),
    doc: $ => seq('doc', $._text),

    // ── Datasets and schedules ────────────────────────────────────────────────────────────────────────────────

    dataset_declaration: $ => seq('dataset', field('name', $._value_name), ':', field('type', $._type), $.dataset_block),
    dataset_block: $ => seq('{', repeat(seq(choice(
      $.at, $.fresh, $.arrives, $.expect, $.keep, $.partition, $.accepts, $._for_people), optional(','))), '}'),

    at: $ => seq('at', $.expression),
    fresh: $ => seq('fresh', 'within', $.expression, optional(seq('by', choice('modified', $._value_name)))),
    arrives: $ => seq('arrives', optional(choice(seq('by', 'hand'), $._schedule))),
    expect: $ => seq('expect', $.expression, optional(seq('for', $.expression)), optional($._expect_action)),
    _expect_action: $ => prec.right(seq('else', choice('warn', 'fail'), optional($._text))),
    keep: $ => seq('keep', $.expression, optional('versions')),
    partition: $ => seq('partition', field('name', $._value_name), ':', $._type),

    _schedule: $ => choice($.every, $.calendar, $.cron, $.when, $.webhook),
    every: $ => seq('every', $.expression),
    calendar: $ => seq('every', some($.day, ','), choice('at', 'by'), $.expression, repeat(seq(',', $.time)), optional($.zone)),
    cron: $ => seq('cron', $._text, optional($.zone)),
    when: $ => seq('when', some($.path, ','), 'updates'),
    webhook: $ => seq('on', 'webhook', $._text),
    zone: $ => seq('in', $.expression),
    day: _ => choice('day', 'weekday', 'weekend', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'),

    // ── Steps ─────────────────────────────────────────────────────────────────────────────────────────────────

    step_block: $ => seq('{', repeat(seq($._step_clause, optional(','))), $.body, optional(','),
      repeat(seq($._step_clause, optional(','))), '}'),

    body: $ => choice($.sql, $.sh, $.python, $.http, $.ai, $.container, $.ssh, $.ask, $.outside),
    sql: $ => seq('sql', optional(seq('on', $.path)), $._code),
    sh: $ => seq('sh', $._code),
    python: $ => seq('python', $._code),
    http: $ => seq('http', optional(seq('on', $.path)), field('method', $._type_name), field('url', $._text), optional($.settings)),
    ai: $ => seq('ai', field('model', $.expression), $.settings),
    container: $ => seq('container', field('image', $._text), $._code),
    ssh: $ => seq('ssh', $.path, $._code),
    ask: $ => seq('ask', field('who', $.expression), $._text),
    outside: $ => seq('outside', $._text, $._text),
    _code: $ => choice($.code, $.code_file),
    code: $ => seq($._code_open, optional($.raw_content), $._string_close),
    code_file: $ => seq('file', '(', $._text, ')'),

    _step_clause: $ => choice(
      $.timeout, $.retry, $.idempotent, $.effect, $.guard, $.budget, $.fallback, $.cache, $.pool, $.needs, $.after,
      $._for_people),
    timeout: $ => seq('timeout', $.expression),
    retry: $ => seq('retry', choice($.retry_block, $.path)),
    idempotent: $ => seq('idempotent', optional(seq('by', $.expression))),
    effect: $ => seq('effect', choice('none', 'read', 'write', 'irreversible')),
    guard: $ => seq('guard', $.expression, 'else', $.guard_action),
    guard_action: $ => prec.right(choice(
      seq(choice('retry', 'fail', 'warn'), optional($._text)),
      seq('fallback', $.expression),
      seq('ask', $._text, optional($._text), optional(seq('within', $.expression))),
    )),
    budget: $ => seq('budget', some($.cap, ',')),
    cap: $ => prec.right(seq(choice($.money, $.integer, $.parenthesized), optional(choice('asks', 'tokens')),
      optional(seq('per', $.expression)))),
    fallback: $ => seq('fallback', $.expression),
    cache: $ => prec.right(seq('cache', optional(choice(seq('for', $.expression), 'never')))),
    pool: $ => seq('pool', $.path),
    // `needs cpu 2, timeout 5m`: the second is a clause.
    needs: $ => seq('needs', $.need, repeat(seq(',', prec.dynamic(-1, $.need)))),
    need: $ => seq(field('name', $._value_name), $.expression),
    after: $ => seq('after', $.path, repeat(seq(',', $.path))),

    retry_block: $ => seq('{', repeat(seq(choice($.up_to, $.on_errors, $.backoff, $.within), optional(','))), '}'),
    up_to: $ => seq('up', 'to', $.expression, 'times'),
    on_errors: $ => seq('on', some($.error_class, ',')),
    backoff: $ => seq('backoff', $.expression),
    within: $ => seq('within', $.expression),
    error_class: $ => seq($._value_name, optional(seq('(', $.integer, ')'))),

    // ── Statements ────────────────────────────────────────────────────────────────────────────────────────────

    block: $ => seq('{', repeat($.statement), optional(field('value', $.expression)), '}'),

    statement: $ => prec(1, choice(
      $.start, $.finish, $.overlap, $.catch_up, $.require, $.let, $.write, $.do, $.wait, $.return, $.on_event, $.given,
      $.expect, $.budget, $._for_people, $.if, $.match, $.for, $.check)),

    start: $ => seq('start', $._schedule, optional(seq('with', some($.binding, ',')))),
    binding: $ => seq(field('name', $._value_name), '=', field('value', $.expression)),
    finish: $ => seq('finish', choice(seq('by', $.expression, optional($.zone)), seq('within', $.expression))),
    overlap: $ => seq('overlap', choice('skip', 'queue', 'allow', 'replace')),
    catch_up: $ => seq('catch', 'up', choice('none', 'last', 'all')),
    require: $ => seq('require', $.expression, optional(seq('fresh', 'within', $.expression)), 'else', $.require_action),
    require_action: $ => prec.right(choice(
      seq(choice('fail', 'warn'), optional($._text)), 'skip', 'refresh', seq('wait', 'up', 'to', $.expression))),
    let: $ => prec.right(seq('let', field('name', $._value_name), optional(seq(':', field('type', $._type))), '=',
      field('value', $.expression), optional($.recovery))),
    write: $ => seq('write', field('target', $._postfix), '=', field('value', $.expression)),
    do: $ => prec.right(seq('do', $.expression, optional($.recovery))),
    recovery: $ => seq('else', choice($.block, $.expression)),
    wait: $ => seq('wait', 'for', $.expression),
    return: $ => prec.right(seq('return', optional(choice($.expression, $._after_return)))),
    on_event: $ => seq('on', choice('failure', 'late', 'stale'), $.block),
    given: $ => seq('given', field('name', $._value_name), '=', field('value', $.expression)),

    // ── Expressions, from loosest to tightest ─────────────────────────────────────────────────────────────────

    expression: $ => choice($.lambda, $._any_of),
    lambda: $ => seq(
      field('parameters', choice($._value_name, $.lambda_parameters)), '=>', field('body', choice($.block, $.expression))),
    lambda_parameters: $ => seq('(', comma($._value_name), ')'),

    _any_of: $ => choice(alias($._or, $.binary), $._all_of),
    _or: $ => seq(field('left', $._any_of), field('operator', 'or'), field('right', $._all_of)),
    _all_of: $ => choice(alias($._and, $.binary), $._negation),
    _and: $ => seq(field('left', $._all_of), field('operator', 'and'), field('right', $._negation)),
    _negation: $ => choice(alias($._not, $.unary), $._comparison),
    _not: $ => seq(field('operator', 'not'), field('operand', $._negation)),
    _comparison: $ => choice(alias($._compare, $.binary), $._coalesce),
    _compare: $ => seq(field('left', $._coalesce), field('operator', choice('==', '!=', '<', '<=', '>', '>=')),
      field('right', $._coalesce)),
    _coalesce: $ => choice(alias($._or_else, $.binary), $._range),
    _or_else: $ => seq(field('left', $._range), field('operator', '??'), field('right', $._coalesce)),
    _range: $ => choice($.range, $._sum),
    range: $ => seq($._sum, choice('..', '..='), $._sum),
    _sum: $ => choice(alias($._add, $.binary), $._product),
    _add: $ => prec.left(1, seq(field('left', $._sum), field('operator', choice('+', '-')), field('right', $._product))),
    _product: $ => choice(alias($._multiply, $.binary), $._unary),
    _multiply: $ => seq(field('left', $._product), field('operator', choice('*', '/', '%')), field('right', $._unary)),
    _unary: $ => choice(alias($._minus, $.unary), $._postfix),
    _minus: $ => seq(field('operator', '-'), field('operand', $._unary)),

    _postfix: $ => choice($.field_access, $.call, $.index, $._operand),
    field_access: $ => seq(field('value', $._postfix), '.', field('name', $._any_name)),
    call: $ => seq(field('function', $._postfix), $.arguments),
    index: $ => seq(field('value', $._postfix), alias($._index_open, '['), $.expression, ']'),
    arguments: $ => seq(alias($._call_open, '('), comma(choice($.argument, $.spread)), ')'),
    argument: $ => seq(optional(seq(field('name', choice($._value_name, alias($._operand_word, $.identifier))), ':')),
      field('value', $.expression)),
    spread: $ => seq('..', $.expression),
    // Words that begin operands, but are names before a colon.
    _operand_word: _ => choice('if', 'match', 'for', 'check', 'run', 'not', 'true', 'false', 'none', 'csv', 'json', 'jsonl'),

    _operand: $ => choice(
      $._text, $.data, $.literal, $.if, $.match, $.for, $.check, $.run, $.parenthesized, $.list, $.map, $._name),
    _name: $ => choice(
      $.identifier, $.type_identifier, $.quoted_identifier, alias($._word_as_name, $.identifier),
      alias(choice('csv', 'json', 'jsonl'), $.identifier)),
    data: $ => seq(field('format', choice('csv', 'json', 'jsonl')), $.code),

    parenthesized: $ => seq('(', $.expression, ')'),
    list: $ => seq('[', comma($.expression), ']'),
    map: $ => seq('[', choice(':', list($.map_entry)), ']'),
    map_entry: $ => seq(field('key', $.expression), ':', field('value', $.expression)),

    if: $ => prec.right(seq('if', field('condition', $.expression), $.block, optional(seq('else', choice($.block, $.if))))),
    match: $ => seq('match', field('value', $.expression), '{', repeat($._arm), optional(alias($._last_arm, $.arm)), '}'),
    _arm: $ => choice(alias($._arm_with_value, $.arm), alias($._arm_with_block, $.arm)),
    _arm_head: $ => seq(field('pattern', $.pattern), optional(seq('if', field('guard', $._any_of))), '=>'),
    _arm_with_value: $ => seq($._arm_head, field('value', $.expression), ','),
    _arm_with_block: $ => prec.right(seq($._arm_head, field('value', $.block), optional(','))),
    _last_arm: $ => seq($._arm_head, field('value', $.expression)),
    for: $ => seq('for', field('name', $._value_name), 'in', field('value', $.expression),
      optional(seq('limit', $.expression)), optional(seq('parallel', $.expression)), $.block),
    check: $ => seq('check', field('value', $.expression), '{', repeat(seq($.guard, optional(','))), '}'),
    run: $ => prec.right(seq('run', $._postfix)),

    // ── Patterns ──────────────────────────────────────────────────────────────────────────────────────────────

    pattern: $ => choice($.or_pattern, $._one_pattern),
    or_pattern: $ => seq($._one_pattern, repeat1(seq('|', $._one_pattern))),
    _one_pattern: $ => choice($._pattern_value, $.range_pattern, $.variant_pattern, $.identifier),
    _pattern_value: $ => choice($._text, $.literal, $.negative),
    negative: $ => seq('-', $.literal),
    range_pattern: $ => seq($._pattern_value, choice('..', '..='), $._pattern_value),
    variant_pattern: $ => seq(repeat(seq($._any_name, '.')), field('name', $._type_name),
      optional(seq('(', comma(choice('..', $.field_pattern)), ')'))),
    field_pattern: $ => seq(field('name', $._value_name), optional(seq(':', $.pattern))),

    // ── Literals ──────────────────────────────────────────────────────────────────────────────────────────────

    literal: $ => choice(
      $.true, $.false, $.none, $.money, $.timestamp, $.date, $.time, $.percent, $.duration, $.size, $.fraction, $.integer),
    true: _ => 'true',
    false: _ => 'false',
    none: _ => 'none',
    timestamp: _ => new RegExp(`${day}T${clock}(Z|[+-][0-9]{2}:[0-9]{2})`),
    date: _ => new RegExp(day),
    time: _ => new RegExp(clock),
    money: _ => new RegExp(`\\$${digits}(\\.${digits})?`),
    percent: $ => $._percent,
    duration: _ => new RegExp(duration),
    size: _ => new RegExp(`${digits}([KMGTP]i?)?B`),
    fraction: _ => new RegExp(`${digits}(\\.${digits}([eE][+-]?[0-9]+)?|[eE][+-]?[0-9]+)`),
    integer: _ => new RegExp(digits),
    count: _ => new RegExp(`${digits}[KM]`),

    // ── Texts ─────────────────────────────────────────────────────────────────────────────────────────────────

    _text: $ => choice($.string, $.raw_string),
    string: $ => seq($._string_open, repeat(choice($.string_content, $.escape, $.hole)), $._string_close),
    raw_string: $ => seq($._raw_open, optional($.raw_content), $._string_close),
    escape: _ => token.immediate(/\\([ntr0\\"{}]|u\{[0-9a-fA-F]{1,6}\})/),
    hole: $ => seq(alias($._hole_open, '{'), $.expression, optional(seq('as', field('format', $._value_name))), '}'),

    // ── Names ─────────────────────────────────────────────────────────────────────────────────────────────────

    path: $ => some($._value_name, '.'),
    _value_name: $ => choice($.identifier, $.quoted_identifier),
    _type_name: $ => choice($.type_identifier, $.quoted_identifier),
    _any_name: $ => choice($.identifier, $.type_identifier, $.quoted_identifier),
    identifier: _ => /[a-z_][a-z0-9_]*/,
    type_identifier: _ => /[A-Z][A-Za-z0-9]*/,
    quoted_identifier: _ => /`[^`\r\n]+`/,

    comment: _ => token(prec(-1, /\/\/[^\r\n]*/)),
    doc_comment: _ => token(/\/\/\/[^\r\n]*/),
    module_doc: _ => token(/\/\/![^\r\n]*/),
  },
});
