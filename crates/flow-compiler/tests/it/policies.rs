//! What policies see of a program is what `std.system` declares, and each policy of the library can be broken and kept.

use crate::repository::{compile_text, shown};
use flow_compiler::Compilation;
use flow_expr::TypeDef;

const THINGS: &str = r#"
label pii "Identifies a person."
type Person { name: String @pii }
model writer { provider openai, name "gpt-5-mini" }
connection rates { provider http, url "https://rates.example" }
dataset people: Table<Person> { at parquet("out/people.parquet") }
dataset orders: Table<Person> { at csv("orders.csv"), arrives by hand, owner "shop", fresh within 2h by modified }
step write_up(text: String) -> String { ai writer { prompt "Write up {text}" } timeout 1m }
step list(orders: Table<Person>) -> Table<Person> { sql "select name from orders" }
flow daily {
  start every day at 06:00 in "UTC"
  write people = list(orders)
  let note = write_up("x")
  require note != "" else warn
}
"#;

fn codes(compilation: &Compilation, code: &str) -> Vec<String> {
    let found = compilation.problems.0.iter().filter(|problem| problem.code.as_str() == code);
    found.map(|problem| problem.title.clone()).collect()
}

#[test]
fn a_policy_sees_what_the_library_declares() {
    let compilation = compile_text(THINGS);
    let lists = [
        ("datasets", "Dataset"),
        ("steps", "Step"),
        ("flows", "Flow"),
        ("models", "Model"),
        ("connections", "Connection"),
    ];
    let mut policy = String::from("policy sees_everything {\n");
    for (list, ty) in lists {
        let name = flow_expr::Name::new(format!("std.system.{ty}"));
        let Some(TypeDef::Record(fields)) = compilation.program.types.get(&name) else { panic!("{name} is a record") };
        policy.push_str(&format!("  require {list}.count() > 0 else fail \"no {list}\"\n  for one in {list} {{\n"));
        for field in fields {
            // A field that is missing, or of another type than declared, has no value in the message.
            policy.push_str(&format!("    require one.{0} != one.{0} else fail \"{list} {0}\"\n", field.name));
        }
        policy.push_str("  }\n");
    }
    policy.push_str("}\n");
    let compilation = compile_text(&format!("{THINGS}{policy}"));
    assert_eq!(codes(&compilation, "E1002"), Vec::<String>::new(), "{}", shown(&compilation));
    let told = codes(&compilation, "E1001");
    for (list, ty) in lists {
        let name = flow_expr::Name::new(format!("std.system.{ty}"));
        let Some(TypeDef::Record(fields)) = compilation.program.types.get(&name) else { panic!("{name} is a record") };
        let missing: Vec<_> = fields.iter().filter(|field| !told.contains(&format!("{list} {}", field.name))).collect();
        assert!(missing.is_empty(), "{list}: {missing:?}");
    }
}

#[test]
fn each_policy_of_the_library_is_broken_and_kept() {
    let broken = [
        ("datasets_owned", "dataset `people` has no owner"),
        ("flows_owned", "flow `daily` has no owner"),
        ("ai_guarded", "AI step `write_up` has no guard that stops anything"),
        ("ai_budgeted", "AI step `write_up` has no budget"),
        ("models_pinned", "model `writer` is named `gpt-5-mini`, which may be another one tomorrow"),
        ("models_priced", "model `writer` has no price"),
        ("timeouts_declared", "step `list` takes the default timeout of its body"),
        ("deadlines_set", "flow `daily` has no `finish`"),
        ("labelled_data_forgotten", "dataset `people` holds labelled data: say `keep 30d`"),
    ];
    let kept = THINGS
        .replace("\"gpt-5-mini\"", "\"gpt-5-mini-2025-08-07\", price input $0.25, output $2.00 per 1M tokens")
        .replace("people.parquet\") }", "people.parquet\"), owner \"shop\", keep 30d }")
        .replace("timeout 1m }", "timeout 1m budget 2 asks guard it.length() > 1 else fail }")
        .replace("from orders\" }", "from orders\" timeout 10m }")
        .replace("flow daily {", "flow daily {\n  owner \"shop\"\n  finish within 2h\n");
    for (policy, title) in broken {
        let text = format!("use std.policy.{{{policy}}}\n{THINGS}");
        assert_eq!(codes(&compile_text(&text), "E1001"), [title], "{policy}");
        let compilation = compile_text(&format!("use std.policy.{{{policy}}}\n{kept}"));
        assert!(!compilation.problems.has_errors(), "{policy}: {}", shown(&compilation));
    }
    let tight = kept.replace("finish within 2h", "finish within 12m");
    for (text, told) in [(&kept, 0), (&tight, 1)] {
        let compilation = compile_text(&format!("use std.policy.{{deadlines_with_slack}}\n{text}"));
        assert_eq!(codes(&compilation, "E1001").len(), told, "{}", shown(&compilation));
    }
    let none = compile_text(THINGS);
    assert_eq!(codes(&none, "E1001"), Vec::<String>::new(), "a policy of the library holds only where it is taken");
}

#[test]
fn labels_of_an_alias_count_too() {
    let text = r#"
use std.policy.{labelled_data_forgotten}
label pii "Identifies a person."
type Email = String @pii where it.length() > 3
type Reader { email: Email }
dataset readers: Table<Reader> { at parquet("out/readers.parquet") }
step gather() -> Table<Reader> { python "pass" effect read timeout 1m }
flow daily { write readers = gather() }
"#;
    let told = ["dataset `readers` holds labelled data: say `keep 30d`"];
    let compilation = compile_text(text);
    assert_eq!(codes(&compilation, "E1001"), told, "{}", shown(&compilation));
}
