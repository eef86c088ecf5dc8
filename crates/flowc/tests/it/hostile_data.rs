//! Bad tables: each a message with its place, and what was published before is still there.

use crate::sandbox::{Said, Sandbox};

const PROGRAM: &str = "type Row { id: Int, name: String, amount: Decimal where it >= 0 }\n\
    dataset rows: Table<Row> { at csv(\"in.csv\"), arrives by hand }\n\
    dataset kept: Table<Row> { at csv(\"out.csv\") }\n\
    step keep(rows: Table<Row>) -> Table<Row> { sql \"select * from rows\" }\n\
    flow main() { write kept = keep(rows) }\n";

/// What was published last.
const GOOD: &str = "id,name,amount\n1,\"a\nb, \"\"q\"\"\",2\n2,x,3\n";

fn published() -> Sandbox {
    let project = Sandbox::program(PROGRAM);
    project.write("in.csv", GOOD);
    project.flowc(&["run"]).ends(0);
    assert_eq!(project.read("out.csv"), GOOD, "line ends and quotes inside cells stay what they are");
    project
}

/// What a run over other data says. What was published stays.
fn refused(project: &Sandbox, data: impl AsRef<[u8]>) -> Said {
    project.write("in.csv", data);
    let said = project.flowc(&["run"]).ends(3);
    assert_eq!(project.read("out.csv"), GOOD);
    assert!(!said.err.contains("panicked"), "{}", said.err);
    said
}

#[test]
fn columns_that_are_missing_or_too_many() {
    let project = published();
    refused(&project, "id,name\n1,a\n").tells("column `amount` (Decimal) is missing");
    refused(&project, "id,name,amount,more\n1,a,2,3\n").tells("column `more` is not declared");
    refused(&project, "id;name;amount\n1;a;2\n").tells("is `,` the sign between cells?");
    refused(&project, "").tells("in.csv is empty");
}

#[test]
fn a_bad_row_at_line_300000() {
    let project = published();
    let mut data = String::from("id,name,amount\n");
    for row in 1..300_100 {
        data.push_str(&format!("{row},n,{}\n", if row == 299_999 { "-5" } else { "5" }));
    }
    refused(&project, &data).tells("in.csv:300000: amount: expected `it >= 0`, found -5");
    refused(&project, data.replace("-5", "abc")).tells("in.csv:300000: amount: expected a Decimal, found \"abc\"");
    refused(&project, data.replace("-5", "1,2")).tells("in.csv:300000: 4 cells, but the header has 3");
}

#[test]
fn quotes_that_do_not_end_and_other_encodings() {
    let project = published();
    refused(&project, "id,name,amount\n1,\"a\nb,2\n2,x,3\n").tells("in.csv:2: ").tells("is a quote not closed?");
    let said = refused(&project, b"id,name,amount\n1,caf\xe9,2\n").tells("in.csv:2: column 2 is not UTF-8");
    assert!(!said.err.contains("in.csv:2: in.csv:2"), "the place is told once: {}", said.err);
    refused(&project, b"id,n\xe4me,amount\n1,a,2\n").tells("in.csv:1: column 2 is not UTF-8");
    refused(&project, b"\xff\xfei\0d\0\n\0").tells("in.csv is in UTF-16");
    project.write("in.csv", format!("\u{feff}{}", GOOD.replace("\n2,", "\r\n2,")));
    project.flowc(&["run"]).ends(0).tells("nothing to do").tells("up to date");
}

#[test]
fn files_that_are_missing_folders_or_closed() {
    let project = published();
    std::fs::remove_file(project.path("in.csv")).unwrap();
    project.flowc(&["run"]).ends(1).tells("in.csv: there is no such file");
    std::fs::create_dir(project.path("in.csv")).unwrap();
    project.flowc(&["run"]).ends(1).tells("is a folder without files that end in `.csv`");
    assert_eq!(project.read("out.csv"), GOOD);

    let other = Sandbox::program(PROGRAM);
    other.write("in.csv", GOOD);
    other.forbid("in.csv");
    other.open_to_all();
    other.flowc_as_nobody(&["run"]).ends(1).tells("the permission to read it is missing");
}

#[test]
fn a_result_in_a_file_is_named_as_the_script_names_it() {
    let project = Sandbox::program(
        "type Row { n: Int where it > 0 }\n\
         step made() -> Table<Row> {\n  sh \"printf 'n\\n1\\n-2\\n' > $out\"\n  effect none\n}\n\
         flow main() -> Int { return made().count() }\n",
    );
    let said = project.flowc(&["run"]).ends(1).tells("$out:3: n: expected `it > 0`, found -2");
    assert!(!said.err.contains("out.csv"), "{}", said.err);
}
