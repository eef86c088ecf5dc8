//! Bounds and promises under what is assumed.

use crate::repository::shown;
use flow_compiler::{Compilation, MemoryWorld, Options, compile};

const PROGRAM: &str = "
type Row { n: Int }
dataset orders: Table<Row> { at csv(\"orders.csv\"), arrives every day by 05:30 in \"UTC\", fresh within 25h, owner \"shop\" }
dataset sums: Table<Row> { at csv(\"sums.csv\"), fresh within 50h, owner \"us\" }
dataset loose: Table<Row> { at csv(\"loose.csv\"), arrives every day by 05:30 in \"UTC\", owner \"them\" }
dataset others: Table<Row> { at csv(\"others.csv\"), owner \"us\" }
step add(rows: Table<Row>) -> Table<Row> { sql \"select n from rows\" timeout 5m }
step copy(rows: Table<Row>) -> Table<Row> { sql \"select n from rows\" timeout 5m }
flow daily { start every day at 06:00 in \"UTC\" finish within 20m  write sums = add(orders) }
flow second { start every day at 07:00 in \"UTC\"  write others = copy(loose) }
";

fn assuming(assume: &[&str]) -> Compilation {
    let assume = assume.iter().map(|said| (*said).to_owned()).collect();
    compile(&MemoryWorld::new([("a.flow", PROGRAM)]), &Options { assume, ..Options::default() })
}

fn errors(assume: &[&str]) -> Vec<String> {
    let compilation = assuming(assume);
    let all = &compilation.problems.0;
    all.iter()
        .filter(|found| found.code.as_str().starts_with('E'))
        .map(|found| found.code.as_str().to_owned())
        .collect()
}

#[test]
fn what_holds_by_itself_breaks_under_an_assumption() {
    let none: [&str; 0] = [];
    assert_eq!(errors(&[]), none, "{}", shown(&assuming(&[])));
    assert_eq!(errors(&["orders late 30m"]), none);
    assert_eq!(errors(&["orders late 3h"]), ["E0801"]);
    assert_eq!(errors(&["add takes 4x"]), none);
    assert_eq!(errors(&["add takes 5x"]), ["E0701"]);
    assert_eq!(errors(&["add takes 21m"]), ["E0701"]);
    assert_eq!(errors(&["a.add down 15m1s"]), ["E0701"]);
    assert_eq!(errors(&["add takes 4x", "add down 1m"]), ["E0701"]);
}

#[test]
fn what_cannot_be_assumed_is_said_with_a_way_out() {
    for (said, why) in [
        ("", "say `DATASET late 2h`"),
        ("orders early 2h", "say `DATASET late 2h`"),
        ("orders late soon", "`soon` is no time"),
        ("orders late -2h", "`-2h` is no time"),
        ("add takes 0x", "no factor"),
        ("ordres late 2h", "there is no dataset `ordres`"),
        ("writer down 1h", "there is no step, model or connection `writer`"),
        ("sums late 1h", "is late when `daily` is"),
        ("loose late 1h", "nobody promises how old `loose` may be"),
    ] {
        let compilation = assuming(&[said]);
        let text = shown(&compilation);
        assert_eq!(errors(&[said]), ["E0186"], "{text}");
        assert!(text.contains(why), "{said}: {text}");
    }
}
