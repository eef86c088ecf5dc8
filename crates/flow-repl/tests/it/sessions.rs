//! What entries mean, one behind the other.

use crate::memory::{PROGRAM, Talk};

#[test]
fn values_are_computed_kept_and_used_again() {
    let mut talk = Talk::new();
    assert_eq!(talk.says("1 + 2 * 3"), "7: Int\n");
    assert_eq!(talk.says("it + 1"), "8: Int\n");
    assert_eq!(talk.says("let x = [1, 2]"), "x: List<Int>\nList<Int> of 2 items\n  1\n  2\n");
    assert_eq!(talk.says("let n = x.count()"), "n = 2: Int\n");
    assert_eq!(talk.says("let n = n + 1"), "n = 3: Int\n");
    assert_eq!(talk.says("n"), "3: Int\n");
    assert_eq!(talk.says(":type x.map(n => n > 1)"), "List<Bool>\n");
    assert_eq!(talk.says("// only a comment"), "");
    assert!(talk.refuses("nothing + 1").contains("E0101"));
    assert!(talk.refuses("1 +").contains("E00"));
    assert!(talk.refuses("n / 0").contains("division by zero"));
    assert!(talk.refuses("let N = 1").contains("`let n = …`"));
    assert_eq!(talk.says("n"), "3: Int\n", "what is wrong changes nothing");
}

#[test]
fn data_is_shown_without_what_is_labelled() {
    let mut talk = Talk::new();
    let shown = talk.says("orders");
    assert!(shown.starts_with("dataset orders: Table<Order>\n"), "{shown}");
    assert!(shown.contains("customer: String @pii") && shown.contains("at most 25h old"), "{shown}");
    assert!(shown.contains("‹@pii›") && !shown.contains("ada"), "{shown}");
    assert!(
        shown.contains("  age       30h, of 1969-12-30T18:00:00Z\n") && shown.contains("read      by `daily`"),
        "{shown}"
    );
    assert!(shown.ends_with("3 rows\n"), "{shown}");
    assert_eq!(talk.says("orders.sum(o => o.amount)"), "55.75: Decimal\n");
    assert_eq!(talk.says("shop.orders.count()"), "3: Int\n");
    assert!(talk.refuses("large").contains("R0301"));
}

#[test]
fn declarations_are_taken_if_they_are_right_and_hide_the_project_s() {
    let mut talk = Talk::new();
    assert_eq!(talk.says("fn double(n: Int) -> Int { n * 2 }"), "declared: fn `double`\n");
    assert_eq!(talk.says("double(21)"), "42: Int\n");
    assert_eq!(talk.says("fn double(n: Int) -> Int { n * 20 }"), "declared anew: fn `double`\n");
    assert!(talk.refuses("fn double(n: Int) -> Int { n + \"a\" }").contains("E02"));
    assert_eq!(talk.says("double(1)"), "20: Int\n", "the one before stays");
    assert_eq!(talk.says("type Order { id: Int }"), "declared: type `Order`\n");
    assert_eq!(talk.says("Order(id: 3)"), "Order\n  id  3\n");
    assert!(talk.says(":names").contains("double"));
    assert_eq!(talk.says(":reset"), "forgotten\n");
    assert!(talk.refuses("double(1)").contains("E0101"));
}

#[test]
fn queries_become_steps() {
    let mut talk = Talk::new();
    talk.says("sql select id from orders");
    assert_eq!(talk.memory.ran, [("prompt.sql_query".to_owned(), 1)]);
    talk.says("let some = orders");
    talk.says("sql select a.id as a, b.id as b from some a join orders b on a.id = b.id");
    assert_eq!(talk.memory.ran[1].1, 2);
    assert!(talk.refuses("sql select nothing from orders").contains("valid names: `id`, `amount`, `customer`"));
    assert!(talk.refuses("sql select count(*) from orders").contains("`… as total`"));
    assert!(talk.refuses("sql selec id from orders").contains("E110"));
}

#[test]
fn steps_are_run_with_what_is_at_hand() {
    let mut talk = Talk::new();
    talk.says(":run over");
    talk.says(":run over(orders, limit: 3.0)");
    assert_eq!(talk.memory.ran, [("shop.over".to_owned(), 2), ("shop.over".to_owned(), 2)]);
    assert!(talk.refuses(":run over(orders, 3.0, 4)").contains("no such argument: `4`"));
    assert!(talk.refuses(":run over(limt: 3.0)").contains("no such argument: `3.0`"));
    assert!(talk.refuses(":run over(1)").contains("E02"));
    assert!(talk.refuses(":run daily").contains("`:start daily`"));
    assert!(talk.refuses(":run nothing").contains("no step `nothing`"));
    assert!(talk.refuses(":ask over").contains("asks no model"));
    talk.says("step log(n: Int) -> Int { sh \"echo $n\" effect write }");
    assert!(talk.refuses(":run log(3)").contains("`:run ! log(3)`"));
    assert_eq!(talk.says(":run ! log(3)"), "3: Int\n");
    assert!(talk.refuses("over(orders)").contains("`:run` before the call"));
}

#[test]
fn what_depends_on_what_is_told() {
    let mut talk = Talk::new();
    assert_eq!(talk.says(":reads large"), "  dataset large · us\n  dataset orders · shop\n  step over in daily\n");
    assert_eq!(
        talk.says(":path orders large"),
        "    dataset orders · shop\n  → step over in daily\n  → dataset large · us\n"
    );
    assert_eq!(talk.says(":path large orders"), "nothing of `orders` comes from `large`\n");
    assert!(talk.refuses(":feeds nothing").contains("nothing"));
    let doc = talk.says(":doc over");
    assert!(doc.contains("step over(orders: Table<Order>, limit: Decimal = …) -> Table<Order>"), "{doc}");
    assert!(doc.contains("Orders over a limit."), "{doc}");
}

#[test]
fn what_if_says_what_breaks_and_goes_to_the_commands_that_answer_under_it() {
    let mut talk = Talk::new();
    let said = talk.says(":assume over takes 5x");
    assert!(said.contains("E0701") && said.contains("1 promise cannot be kept"), "{said}");
    let said = talk.says(":assume orders late 1s");
    assert!(said.contains("assumed: over takes 5x, orders late 1s"), "{said}");
    assert_eq!(talk.command(":bounds daily"), "bounds|daily|--assume|over takes 5x|--assume|orders late 1s");
    assert_eq!(talk.command(":history"), "history");
    assert_eq!(talk.command(":why over"), "why|over");
    assert_eq!(talk.command(":graph"), "graph|--format=mermaid");
    assert_eq!(talk.command(":graph +large -o g.svg"), "graph|+large|-o|g.svg");
    assert!(talk.refuses(":assume nothing late 1h").contains("there is no dataset `nothing`"));
    talk.says(":clear");
    assert_eq!(talk.command(":plan daily"), "plan|daily");
    assert!(talk.says(":assume over takes 2x").contains("every promise holds all the same"));
}

#[test]
fn commands_that_are_not_there_say_which_are() {
    let mut talk = Talk::new();
    assert!(talk.refuses(":pla").contains("there is `:plan`"));
    assert!(talk.refuses(":").contains("`:help` lists"));
    assert!(talk.refuses(":type").contains(":type EXPR"));
    let help = talk.says(":help");
    assert!(help.lines().count() <= 24 && help.lines().all(|line| line.chars().count() <= 80), "it fits a screen");
}

#[test]
fn a_changed_file_is_seen_and_what_was_kept_stays() {
    let mut talk = Talk::new();
    talk.says("let x = 1");
    talk.memory.change(&PROGRAM.replace("finish within 20m", "finish within 20m  let y = 3").replace("over", "above"));
    assert_eq!(talk.says(":reads large"), "  dataset large · us\n  dataset orders · shop\n  step above in daily\n");
    assert_eq!(talk.says("x"), "1: Int\n");
    talk.memory.change("flow {");
    assert_eq!(talk.says("x + 1"), "2: Int\n", "a project that is broken does not end the session");
}

#[test]
fn completion_knows_commands_names_and_fields() {
    let mut talk = Talk::new();
    talk.says("let order_count = 3");
    let mut words = |text: &str| -> Vec<String> {
        let (_, found) = talk.session.complete(text, text.len(), &talk.memory);
        found.into_iter().map(|candidate| candidate.word).collect()
    };
    assert_eq!(words(":bou"), ["bounds"]);
    assert_eq!(words("1 + orde"), ["order_count", "orders"]);
    assert!(words("orders.cou").contains(&"count".to_owned()));
    assert_eq!(words("orders.filter(o => o.amount > 1.0 and o.cus"), ["customer"]);
    assert_eq!(words("orders.filter(o => o.")[..3], ["amount", "customer", "id"]);
    assert_eq!(words("let x = orders.map(order => ord"), ["order", "order_count", "orders"]);
    assert_eq!(words(":type orders.sum(o => o.am"), ["amount"]);
    assert_eq!(words("sql select amo"), Vec::<String>::new());
    assert_eq!(words("sql select id from orders where cus"), ["customer"]);
    assert_eq!(words(":assume orders l"), ["late"]);
    assert_eq!(words(":plan dai"), ["daily"]);
    assert_eq!(words(":feeds orde"), ["order_count", "orders"]);
}
