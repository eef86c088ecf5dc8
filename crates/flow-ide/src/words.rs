//! The words that begin clauses and statements, with what they do: for completion and for hover.
//!
//! Which word may stand where is the grammar's business; the lists follow those of the parser. Tested in `tests/it`: each
//! example parses where it is offered.

/// A word with what it does, and how it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// The word, or words.
    pub word: &'static str,
    /// What it does.
    pub docs: &'static str,
    /// All of it, with `$1` and `${1:…}` where something is to be filled in.
    pub snippet: &'static str,
}

const fn word(word: &'static str, docs: &'static str, snippet: &'static str) -> Word {
    Word { word, docs, snippet }
}

/// At the top of a file.
pub const DECLARATIONS: &[Word] = &[
    word("use", "Names from another module.", "use ${1:module}.{${2:name}}"),
    word("label", "A sensitivity label for data.", "label ${1:name} \"${2:what it says of data}\""),
    word(
        "type",
        "A record, a choice of variants, or another name for a type.",
        "type ${1:Name} {\n  ${2:field}: ${3:String}\n}",
    ),
    word("const", "A value known when compiling.", "const ${1:name} = ${2:1}"),
    word("var", "A value set per profile or by `--set`.", "var ${1:name}: ${2:Int} = ${3:1}"),
    word("secret", "A named secret and where it is read.", "secret ${1:name} = env(\"${2:NAME}\")"),
    word(
        "connection",
        "Something outside that steps use.",
        "connection ${1:name} {\n  provider ${2:postgres}\n  url      \"${3:postgres://localhost/db}\"\n}",
    ),
    word(
        "model",
        "An AI model: provider, price, limits.",
        "model ${1:name} {\n  provider ${2:openai}\n  name     \"${3:name}\"\n}",
    ),
    word("pool", "Places that steps wait for.", "pool ${1:name} {\n  slots ${2:1}\n}"),
    word(
        "dataset",
        "Named, typed, located data and its promises.",
        "dataset ${1:name}: ${2:Table<Row>} {\n  at ${3:csv}(\"${4:data/file.csv}\")\n}",
    ),
    word("retry", "A named retry policy.", "retry ${1:name} {\n  up to ${2:3} times\n}"),
    word("guard", "A named check.", "guard ${1:name}(${2:text}: ${3:String}) {\n  ${4:true}\n}"),
    word("fn", "A pure function.", "fn ${1:name}(${2:value}: ${3:Int}) -> ${4:Int} {\n  ${5:value}\n}"),
    word(
        "step",
        "One unit of work: typed inputs, a typed output, one body.",
        "step ${1:name}(${2:input}: ${3:String}) -> ${4:String} {\n  ${5:sh} \"\"\"\n    $0\n  \"\"\"\n}",
    ),
    word("flow", "A graph of step calls, with a trigger, a deadline and outputs.", "flow ${1:name} {\n  $0\n}"),
    word("policy", "A rule over the whole system.", "policy ${1:name} \"${2:what it demands}\" {\n  $0\n}"),
    word("test", "A flow or step, run with given inputs.", "test \"${1:what holds}\" {\n  $0\n}"),
];

/// In a step.
pub const STEP: &[Word] = &[
    word("sql", "A query over tables and files, in process.", "sql \"\"\"\n  select $0\n\"\"\""),
    word("sh", "A POSIX shell script; parameters are environment variables.", "sh \"\"\"\n  $0\n\"\"\""),
    word("python", "A Python program; parameters are variables.", "python \"\"\"\n  $0\n\"\"\""),
    word("http", "A request.", "http ${1:GET} \"${2:https://}\""),
    word("ai", "A question to a model, with a typed answer.", "ai ${1:model} {\n  prompt \"\"\"\n    $0\n  \"\"\"\n}"),
    word("ask", "Waits for a person.", "ask \"${1:who}\" \"${2:message}\""),
    word("container", "As `sh`, in a container.", "container \"${1:image}\" \"\"\"\n  $0\n\"\"\""),
    word("ssh", "As `sh`, on another machine.", "ssh ${1:host} \"\"\"\n  $0\n\"\"\""),
    word("outside", "Another tool runs it; this is its place in the graph.", "outside \"${1:tool}\" \"${2:job}\""),
    word("timeout", "The longest that one attempt may take.", "timeout ${1:5m}"),
    word("retry", "What is tried again, how often, after which pauses.", "retry { up to ${1:3} times }"),
    word("idempotent", "Running twice is harmless.", "idempotent"),
    word("effect", "What it does to the world: none, read, write, irreversible.", "effect ${1:read}"),
    word(
        "guard",
        "A check of the result, `it`; what happens if it fails.",
        "guard ${1:it == it} else fail \"${2:why}\"",
    ),
    word("budget", "A cap on asks, tokens and money of one execution.", "budget ${1:3} asks"),
    word("fallback", "The result when everything else is exhausted.", "fallback ${1:none}"),
    word("cache", "Whether, and for how long, a result is used again.", "cache for ${1:1d}"),
    word("pool", "Where it waits for a place.", "pool ${1:name}"),
    word("needs", "What it needs of a machine.", "needs cpu ${1:2}, memory ${2:4GiB}"),
    word("after", "Order without data.", "after ${1:name}"),
    word("owner", "Who answers for it.", "owner \"${1:team}\""),
    word("tags", "Words to select it by.", "tags \"${1:tag}\""),
    word("doc", "What people should know.", "doc \"${1:text}\""),
];

/// In a dataset.
pub const DATASET: &[Word] = &[
    word("at", "Where it is.", "at ${1:csv}(\"${2:data/file.csv}\")"),
    word("fresh", "How old it may get.", "fresh within ${1:1d}"),
    word("arrives", "When others bring it.", "arrives every day by ${1:06:00} in \"${2:Europe/London}\""),
    word("expect", "A rule of its rows, or of the whole table.", "expect ${1:count() > 0}"),
    word("keep", "How many versions are kept.", "keep ${1:30} versions"),
    word("partition", "What it is split by.", "partition ${1:day}: ${2:Date}"),
    word("accepts", "The labels that may be in it.", "accepts @${1:label}"),
    word("owner", "Who answers for it.", "owner \"${1:team}\""),
    word("tags", "Words to select it by.", "tags \"${1:tag}\""),
    word("doc", "What people should know.", "doc \"${1:text}\""),
];

/// In a flow.
pub const FLOW: &[Word] = &[
    word("start", "What starts it.", "start every day at ${1:06:00} in \"${2:Europe/London}\""),
    word("finish", "Its deadline.", "finish within ${1:1h}"),
    word("overlap", "What happens to a start while a run is under way.", "overlap ${1:skip}"),
    word("catch up", "What happens to starts that were missed.", "catch up ${1:last}"),
    word("require", "What must hold before it goes on.", "require ${1:dataset} fresh within ${2:1h} else ${3:fail}"),
    word("let", "Names a value.", "let ${1:name} = $0"),
    word("write", "Publishes a new version of a dataset.", "write ${1:dataset} = $0"),
    word("do", "A call whose result is not used.", "do ${1:step}($0)"),
    word("if", "A branch.", "if ${1:true} {\n  $0\n}"),
    word("match", "A choice by the form of a value.", "match ${1:value} {\n  ${2:_} => $0,\n}"),
    word("for", "The same for each item of a list.", "for ${1:item} in ${2:items} limit ${3:50} {\n  $0\n}"),
    word("check", "Guards over a value.", "check ${1:value} {\n  guard ${2:true} else ${3:fail}\n}"),
    word("wait", "Waits.", "wait for ${1:5m}"),
    word("return", "What the flow gives.", "return $0"),
    word("on", "What is done on failure, when late, when stale.", "on ${1:failure} {\n  $0\n}"),
    word("budget", "A cap on what its asks cost.", "budget \\$${1:1} per ${2:1d}"),
    word("owner", "Who answers for it.", "owner \"${1:team}\""),
    word("tags", "Words to select it by.", "tags \"${1:tag}\""),
    word("doc", "What people should know.", "doc \"${1:text}\""),
];

/// In a test.
pub const TEST: &[Word] = &[
    word("given", "What a dataset holds, or what a step answers.", "given ${1:name} = $0"),
    word("let", "Names a value.", "let ${1:name} = run ${2:flow}"),
    word("expect", "What must hold.", "expect ${1:true}"),
];

/// In a retry policy.
pub const RETRY: &[Word] = &[
    word("up to", "How often it is tried again.", "up to ${1:3} times"),
    word("on", "The classes of failure that are tried again.", "on ${1:timeout}"),
    word("backoff", "The shortest and the longest pause.", "backoff ${1:1s}..${2:60s}"),
    word("within", "The time for all tries together.", "within ${1:10m}"),
];

/// In `ai { … }`.
pub const AI: &[Word] = &[
    word("system", "What the model is.", "system \"$0\""),
    word("prompt", "What it is asked.", "prompt \"\"\"\n  $0\n\"\"\""),
    word("max_tokens", "The longest answer.", "max_tokens ${1:600}"),
    word("temperature", "How freely it answers.", "temperature ${1:0}"),
    word("tools", "Steps that it may call.", "tools [${1:step}]"),
    word("turns", "How often it may call tools.", "turns ${1:6}"),
];

/// In `http … { … }`.
pub const HTTP: &[Word] = &[
    word("header", "A header.", "header \"${1:Name}\": ${2:\"value\"}"),
    word("query", "A parameter of the address.", "query ${1:name}: ${2:value}"),
    word("form", "A field of a form.", "form ${1:name}: ${2:value}"),
    word("body", "What is sent.", "body ${1:value}"),
];

/// What a word does, where several lists have it, by the list.
pub(crate) fn docs(list: &[Word], wanted: &str) -> Option<&'static str> {
    list.iter().find(|word| word.word.split(' ').next() == Some(wanted)).map(|word| word.docs)
}
