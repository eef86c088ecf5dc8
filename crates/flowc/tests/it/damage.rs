//! Journals and stores that are not what was written: told, never a panic, never a wrong success; and throwing away.

use crate::{doubts::PAY, sandbox::Sandbox};
use std::process::Command;

impl Sandbox {
    /// Changes the store as another program would.
    fn sql(&self, statements: &str) {
        let script =
            "import sqlite3, sys\nc = sqlite3.connect('.flow/runs.db')\nc.executescript(sys.argv[1])\nc.commit()";
        let done =
            Command::new("python3").args(["-c", script, statements]).current_dir(self.path(".")).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
}

#[test]
fn a_damaged_event_stops_its_run_and_no_other() {
    let project = Sandbox::program(PAY);
    project.cut_off(&["run"], "pay.log", 1);
    project.sql("update events set json = replace(json, 'instance', 'instanco') where run = 1 and seq = 2");
    let killed = project.flowc(&["history"]).ends(0).gives("cut off").out.split_whitespace().next().unwrap().to_owned();
    for command in [
        &["resume"][..],
        &["cancel", "last"],
        &["retry"],
        &["retry", "--from", "pay"],
        &["resolve", "last", "pay", "--again", "--as", "ada"],
    ] {
        project.flowc(command).ends(4).tells(&format!("event 2 of run `{killed}` is damaged")).tells("[R0727]");
    }
    assert_eq!(project.read("pay.log"), "1\n");
    project.write("go", "");
    project.flowc(&["run"]).ends(0);
    project.flowc(&["retry", "--from", "tell"]).ends(0);
    project.flowc(&["gc"]).ends(0);
}

#[test]
fn a_store_of_the_version_before_is_brought_up_to_date_and_its_run_goes_on() {
    let project = Sandbox::program(PAY);
    project.cut_off(&["run"], "pay.log", 1);
    project.sql(
        "alter table events drop column sum; drop table resolutions; drop table starts; drop index runs_of;
         drop index runs_open; pragma user_version = 5",
    );
    project.flowc(&["history"]).ends(0).gives("in doubt");
    project.flowc(&["resume"]).ends(5);
    project.flowc(&["resolve", "last", "pay", "--done", "--with", "3", "--as", "ada"]).ends(0);
    assert_eq!(project.flowc(&["resume"]).ends(0).out, "3\n");
    // One of a version that is not known is not touched.
    project.sql("pragma user_version = 9");
    for command in [&["history"][..], &["run"], &["resume"], &["gc"], &["retry", "--from", "pay"]] {
        project.flowc(command).ends(4).tells("written by a later flowc").tells("[R0720]");
    }
}

#[test]
fn bytes_overwritten_anywhere_in_the_store_are_no_panic_and_no_wrong_success() {
    let project = Sandbox::program(PAY);
    project.write("go", "");
    project.flowc(&["run"]).ends(0);
    std::fs::remove_file(project.path("go")).unwrap();
    project.cut_off(&["run"], "pay.log", 2);
    let read = |name: &str| std::fs::read(project.path(".flow").join(name)).unwrap_or_default();
    let with_log = [("runs.db", read("runs.db")), ("runs.db-wal", read("runs.db-wal"))];
    project.sql("pragma wal_checkpoint(truncate)");
    let without = [("runs.db", read("runs.db")), ("runs.db-wal", vec![])];
    let mut told = 0;
    for round in 0..12_usize {
        let files = if round % 3 == 0 { &with_log } else { &without };
        let (name, content) = &files[usize::from(round % 6 == 0)];
        for (name, content) in files {
            project.write(&format!(".flow/{name}"), content);
        }
        let _ = std::fs::remove_file(project.path(".flow/runs.db-shm"));
        let filled: Vec<usize> = (0..content.len()).filter(|at| content[*at] != 0).collect();
        let mut broken = content.clone();
        let from = filled[(round * 7919 * 31 + round * round * 104_729) % filled.len()];
        let to = (from + 400).min(broken.len());
        broken[from..to].iter_mut().for_each(|byte| *byte ^= 0x5a);
        project.write(&format!(".flow/{name}"), broken);
        // Damage of the log reads as a tail that a crash tore off, and what that said is not known any more.
        let is_log = *name == "runs.db-wal";
        if is_log {
            project.write("go", "");
        }
        for command in [
            &["history"][..],
            &["show"],
            &["resume"],
            &["gc", "--dry-run"],
            &["resolve", "last", "pay", "--done", "--with", "5", "--as", "ada"],
        ] {
            let said = project.flowc(command);
            assert!((0..=5).contains(&said.code), "{name} {from}: {command:?} ended with {}:\n{}", said.code, said.err);
            assert!(!said.err.contains("panicked"), "{name} {from}: {}", said.err);
            told += usize::from(said.code == 4);
        }
        if is_log {
            std::fs::remove_file(project.path("go")).unwrap();
            project.write("pay.log", "1\n1\n");
        }
        assert_eq!(project.read("pay.log"), "1\n1\n", "what is in doubt is not done by mistake");
    }
    assert!(told > 3, "{told} times something was damaged");
}

#[test]
fn gc_says_what_goes_and_leaves_what_a_run_needs_that_was_cut_off() {
    let project = Sandbox::program(
        "type Row { n: Int }\n\
         step rows(k: Int) -> Table<Row> {\n  sh \"{ echo n; seq $k; } > $out\"\n  cache never\n}\n\
         step total(rows: Table<Row>) -> Int {\n  sh \"echo x >> total.log; test -e go || sleep 1000; tail -n 1 $rows\"\n  \
         effect read\n  cache never\n}\n\
         flow main(k: Int = 3) -> Int { total(rows(k)) }\n",
    );
    project.flowc(&["gc"]).ends(0).gives("nothing is superfluous");
    project.write("go", "");
    for k in ["k=4", "k=5", "k=6"] {
        project.flowc(&["run", k]).ends(0);
    }
    std::fs::remove_file(project.path("go")).unwrap();
    project.cut_off(&["run"], "total.log", 4);
    project.write("go", "");
    let would = project.flowc(&["gc", "--dry-run", "--keep-runs", "1", "--keep-days", "0"]).ends(0).gives("3 runs");
    assert!(would.out.contains("would go"), "{}", would.out);
    assert_eq!(project.flowc(&["history"]).out.lines().count(), 4, "nothing has gone");
    let json = project.flowc(&["gc", "--keep-runs", "1", "--keep-days", "0", "--format", "json"]).ends(0);
    let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(json["gone"]["runs"], 3, "{json}");
    assert!(json["bytes"].as_u64().unwrap() > 0 && json["gone"]["artifacts"]["count"].as_u64().unwrap() > 0, "{json}");
    assert_eq!(project.flowc(&["history"]).out.lines().count(), 1);
    assert_eq!(project.flowc(&["resume"]).ends(0).out, "3\n");
}
