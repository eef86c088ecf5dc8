//! Databases through the real binary: datasets in tables, `sql on`, and what goes wrong.
//!
//! The same program on SQLite and, where there is a server, on PostgreSQL.

use crate::sandbox::{Said, Sandbox};
use std::process::Command;

const HOSTILE: &str = "'; drop table orders; --";

const PROGRAM: &str = r#"
CONNECTION
type Order { id: Int, region: String, amount: Decimal }
type Total { region: String, total: Decimal }
dataset orders: Table<Order> { at db.table("ORDERS"), arrives by hand, expect unique(id) }
dataset picked: Table<Order> { at csv("out/picked.csv") }
dataset totals: Table<Total> { at db.table("TOTALS"), expect total >= 0 }

step make_table() { sql on db "create table ORDERS (id bigint, region text, amount numeric)"
  effect write }
step fill(made: Unit) { sql on db "insert into ORDERS values (1, 'North', 10.10), (2, 'South', 0.20), (3, 'North', 2)"
  effect write }
step drop_them() { sql on db "drop table ORDERS"
  effect write }

step pick(least: Decimal, region: String) -> Table<Order> {
  sql on db "select id, region, amount from ORDERS where amount >= :least and region <> :region order by id"
  timeout 1m
  retry { up to 5 times, on connection, backoff 1s..2s }
}
step sum_up(orders: Table<Order>, sign: Int) -> Table<Total> {
  sql "select region, sum(amount) * :sign as total from orders group by region order by region"
}
flow seed { do fill(make_table()) }
flow choose(least: Decimal = 1, region: String = "none") { write picked = pick(least, region) }
flow total(sign: Int = 1) { write totals = sum_up(orders, sign) }
flow seen -> Decimal {
  let all = totals.sum(r => r.total)
  return all
}
flow clean { do drop_them() }
"#;

struct Database {
    project: Sandbox,
    url: Option<String>,
}

impl Database {
    fn new(connection: &str, tables: &str, url: Option<String>) -> Self {
        let text = PROGRAM.replace("CONNECTION", connection);
        let text = text.replace("ORDERS", &format!("orders{tables}")).replace("TOTALS", &format!("totals{tables}"));
        Self { project: Sandbox::program(&text), url }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.project.command(arguments);
        command.env("SHOP_DB", self.url.as_deref().unwrap_or_default());
        command
    }

    fn flowc(&self, arguments: &[&str]) -> Said {
        crate::sandbox::said(self.command(arguments).output().unwrap())
    }
}

fn there_and_back(database: &Database) {
    database.flowc(&["run", "seed"]).ends(0);
    database.flowc(&["run", "choose"]).ends(0);
    let picked = database.project.read("out/picked.csv");
    assert_eq!(picked.lines().map(str::trim).collect::<Vec<_>>(), ["id,region,amount", "1,North,10.1", "3,North,2"]);
    // A hostile parameter is a value like any other: nothing is dropped, and everything differs from it.
    database.flowc(&["run", "choose", "--region", HOSTILE, "--least", "0"]).ends(0);
    assert_eq!(database.project.read("out/picked.csv").lines().count(), 4);

    database.flowc(&["run", "total"]).ends(0).tells("2 ran");
    assert_eq!(database.flowc(&["run", "-q", "seen"]).ends(0).out.trim(), "12.3");
    database.flowc(&["run", "total"]).ends(0).tells("nothing to do");
    // A version that breaks its rule is not published: readers still see the old one.
    database.flowc(&["run", "total", "--sign", "-1"]).ends(3).tells("total >= 0");
    assert_eq!(database.flowc(&["run", "-q", "seen"]).ends(0).out.trim(), "12.3");

    // A plan does not look; a dry run does.
    let planned = database.flowc(&["plan", "total"]).ends(0);
    assert!(planned.out.contains("maybe") && planned.out.contains("a plan connects to nothing"), "{}", planned.out);
    database.flowc(&["run", "total", "--dry-run"]).ends(0).gives("nothing to do");
    database.flowc(&["run", "clean"]).ends(0);
}

#[test]
fn sqlite_there_and_back() {
    let database = Database::new("connection db { sqlite \"shop.db\" }", "", None);
    there_and_back(&database);
    database.flowc(&["run", "total"]).ends(1).tells("no such table");
}

#[test]
fn postgres_there_and_back() {
    let Some(url) = flow_testing::postgres() else { return };
    let tables = format!("_{}", std::process::id());
    let connection = "secret shop = env(\"SHOP_DB\")\nconnection db { provider postgres, url shop }";
    let database = Database::new(connection, &tables, Some(url));
    there_and_back(&database);
}

#[test]
fn what_a_database_says_of_labelled_data_is_not_shown() {
    let Some(url) = flow_testing::postgres() else { return };
    const NAME: &str = "ada.of.the.shop";
    let program = r#"
secret shop = env("SHOP_DB")
connection db { provider postgres, url shop }
label pii "Identifies a person."
type Person { id: Int, name: String @pii }
type N { n: Int @pii }
dataset people: Table<Person> { at db.table("PEOPLE"), arrives by hand, accepts @pii }
dataset numbers: Table<N> { at csv("out.csv"), accepts @pii }
step make_table() { sql on db "create table PEOPLE (id bigint, name text primary key)"
  effect write }
step fill(made: Unit) { sql on db "insert into PEOPLE values (1, 'NAME')"
  effect write }
step twice() { sql on db "insert into PEOPLE select id, name from PEOPLE"
  effect write }
step cast_them() -> Table<N> { sql on db "select name::bigint as n from PEOPLE" }
step drop_them() { sql on db "drop table PEOPLE"
  effect write }
flow seed { do fill(make_table()) }
flow count { write numbers = cast_them() }
flow again { do twice() }
flow clean { do drop_them() }
"#;
    let program = program.replace("PEOPLE", &format!("people_{}", std::process::id())).replace("NAME", NAME);
    let database = Database { project: Sandbox::program(&program), url: Some(url) };
    database.flowc(&["run", "seed"]).ends(0);
    for (flow, state) in [("count", "22P02"), ("again", "23505")] {
        let said = database
            .flowc(&["run", flow, "--verbose"])
            .ends(1)
            .tells(state)
            .tells("what is said of ‹@pii› data is not shown");
        let whole = format!("{}{}", said.out, said.err).replace(&format!("values (1, '{NAME}')"), "");
        assert!(!whole.contains(NAME), "{whole}");
        let shown = database.flowc(&["show", "last"]);
        assert!(!shown.out.contains(NAME), "{}", shown.out);
    }
    database.flowc(&["run", "clean"]).ends(0);
}

#[test]
fn a_wrong_password_is_one_clear_error_and_printed_nowhere() {
    let Some(url) = flow_testing::postgres() else { return };
    const WRONG: &str = "hunter2-is-not-it";
    let connection = "secret shop = env(\"SHOP_DB\")\nsecret word = env(\"SHOP_WORD\")\n\
                      connection db { provider postgres, url shop, password word }";
    let database = Database::new(connection, "", Some(url));
    let output = database.command(&["run", "choose", "--verbose"]).env("SHOP_WORD", WRONG).output().unwrap();
    let said = crate::sandbox::said(output).ends(1).tells("R0201").tells("password authentication failed");
    assert!(!said.err.contains("attempt 2"), "an error of class `auth` is not tried again:\n{}", said.err);
    let kept = Command::new("grep").args(["-rl", WRONG, "."]).current_dir(database.project.path(".")).output().unwrap();
    assert!(kept.stdout.is_empty(), "{}", String::from_utf8_lossy(&kept.stdout));
    assert!(!said.err.contains(WRONG) && !said.out.contains(WRONG));
}

#[test]
fn a_server_that_is_down_is_tried_again_as_the_policy_says() {
    let database = Database::new("connection db { postgres \"postgres://reader@127.0.0.1:1/shop\" }", "", None);
    database.project.change("main.flow", "up to 5 times", "up to 1 times");
    let said = database.flowc(&["run", "choose"]).ends(1).tells("attempt 2 of 2").tells("R0201");
    assert!(said.err.contains("no answer from the database"), "{}", said.err);
}

#[test]
fn encryption_that_is_asked_for_is_refused_rather_than_left_out() {
    for mode in ["require", "verify-full"] {
        let connection = format!("connection db {{ postgres \"postgres://reader@127.0.0.1:1/shop?sslmode={mode}\" }}");
        let database = Database::new(&connection, "", None);
        database.flowc(&["run", "choose"]).ends(1).tells("R0203").tells("tunnel");
    }
}

const WHOLE: &str = r#"
CONNECTION
type Row { id: Int, batch: Int }
dataset numbers: Table<Row> { at db.table("NUMBERS"), expect unique(id) }
step make(batch: Int) -> Table<Row> {
  sh """
    (echo id,batch; seq 1 40000 | sed "s/$/,$batch/") > "$out"
  """
  timeout 1m
}
flow publish(batch: Int) { write numbers = make(batch) }
step batches() -> Table<Row> {
  sql on db "select count(*) as id, batch from NUMBERS group by batch"
}
flow seen -> String {
  let found = batches()
  return found.map(row => "{row.id} of {row.batch}").join(", ")
}
"#;

/// While a version replaces another, whoever reads sees all of one of them.
fn never_half(connection: &str, tables: &str, url: Option<&str>) {
    let text = WHOLE.replace("CONNECTION", connection).replace("NUMBERS", &format!("numbers{tables}"));
    let writer = Sandbox::program(&text);
    // A project of its own, since one project runs one thing at a time.
    let reader = Sandbox::program(&text.replace("sqlite \"", &format!("sqlite \"{}/", writer.path(".").display())));
    let command = |project: &Sandbox, arguments: &[&str]| {
        let mut command = project.command(arguments);
        command.env("SHOP_DB", url.unwrap_or_default());
        command
    };
    crate::sandbox::said(command(&writer, &["run", "publish", "--batch", "0"]).output().unwrap()).ends(0);
    let mut versions = std::collections::BTreeSet::new();
    for batch in 1..=4 {
        let mut publishing =
            command(&writer, &["run", "-q", "publish", "--batch", &batch.to_string()]).spawn().unwrap();
        while publishing.try_wait().unwrap().is_none() {
            let said = crate::sandbox::said(command(&reader, &["run", "-q", "--force", "seen"]).output().unwrap());
            versions.insert(said.ends(0).out.trim().to_owned());
        }
        assert!(publishing.wait().unwrap().success());
    }
    let whole: Vec<String> = (0..=4).map(|batch| format!("40000 of {batch}")).collect();
    assert!(versions.len() > 1, "the reader saw only {versions:?}");
    assert!(versions.iter().all(|seen| whole.contains(seen)), "{versions:?}");
}

#[test]
fn readers_of_a_sqlite_table_never_see_half() {
    never_half("connection db { sqlite \"shop.db\" }", "", None);
}

#[test]
fn readers_of_a_postgres_table_never_see_half() {
    let Some(url) = flow_testing::postgres() else { return };
    let connection = "secret shop = env(\"SHOP_DB\")\nconnection db { provider postgres, url shop }";
    never_half(connection, &format!("_{}", std::process::id()), Some(&url));
}
