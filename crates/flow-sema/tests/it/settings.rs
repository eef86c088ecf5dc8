//! Values from profiles and the command line.

use flow_diag::{FileId, Problems, Span};
use flow_expr::{Name, Value};
use flow_sema::{
    ParsedModule,
    manifest::{Manifest, ProfileVar},
};
use std::collections::BTreeMap;

const PROGRAM: &str = r#"
type Region = North | South
var port: Int where it > 0 = 80
var rate: Decimal = 0.5
var wait: Duration = 5m
var home: Region = North
var folder: String = "out"
var names: List<String> = ["a"]
var since: Date? = none
var needed: Int
const double = port * 2
"#;

fn var(name: &str, value: &str) -> ProfileVar {
    let at = Span::new(FileId(1), 0, 1);
    ProfileVar { name: name.into(), name_at: at, value: value.into(), value_at: at }
}

fn check(manifest: &str, profile: Option<&str>, set: &[(&str, &str)]) -> (BTreeMap<Name, Value>, Vec<String>) {
    let parse = flow_syntax::parse(FileId(0), PROGRAM);
    assert!(parse.problems.is_empty(), "{:?}", parse.problems);
    let modules = [ParsedModule { name: Name::new("main"), file: FileId(0), module: parse.root() }];
    let (manifest, mut problems): (Manifest, Problems) = Manifest::parse(FileId(1), manifest);
    let overrides: Vec<ProfileVar> = set.iter().map(|(name, value)| var(name, value)).collect();
    let profile = profile.map(|profile| (profile, Span::new(FileId(1), 0, 1)));
    let (checked, found) = crate::common::run(&modules, &manifest, profile, &overrides);
    problems.extend(found);
    let problems = problems.0.iter().map(|problem| format!("{} {}", problem.code, problem.title)).collect();
    (checked.program.settings, problems)
}

fn value(settings: &BTreeMap<Name, Value>, name: &str) -> String {
    format!("{:?}", settings.get(&Name::new(format!("main.{name}"))))
}

#[test]
fn the_command_line_wins_over_the_profile_and_the_profile_over_the_default() {
    let manifest = "[profiles.prod.vars]\nport = 8080\nrate = 1\nwait = \"1h30m\"\nneeded = 1";
    let (settings, problems) = check(manifest, Some("prod"), &[("port", "9090"), ("main.home", "South")]);
    assert_eq!(problems, [""; 0]);
    assert_eq!(value(&settings, "port"), "Some(Int(9090))");
    assert_eq!(value(&settings, "rate"), "Some(Decimal(1))");
    assert_eq!(value(&settings, "wait"), "Some(Duration(1h 30m))");
    assert!(value(&settings, "home").contains("South"), "{}", value(&settings, "home"));
    assert_eq!(value(&settings, "folder"), "Some(String(\"out\"))");
}

#[test]
fn values_are_read_as_the_type_says() {
    let set = [("folder", "10"), ("names", "[\"x\", \"y\"]"), ("since", "2026-01-31"), ("needed", "1")];
    let (settings, problems) = check("", None, &set);
    assert_eq!(problems, [""; 0]);
    assert_eq!(value(&settings, "folder"), "Some(String(\"10\"))");
    assert_eq!(value(&settings, "names"), "Some(List([String(\"x\"), String(\"y\")]))");
    assert_eq!(value(&settings, "since"), "Some(Date(2026-01-31))");
}

#[test]
fn each_mistake_is_one_report() {
    let found = |set: &[(&str, &str)]| {
        let all: Vec<(&str, &str)> = set.iter().copied().chain([("needed", "1")]).collect();
        check("", None, &all).1
    };
    assert_eq!(check("", None, &[]).1, ["E0115 `var needed` has no value"]);
    assert_eq!(found(&[("prot", "1")]), ["E0113 no module declares a `var prot`"]);
    assert_eq!(found(&[("port", "many")]), ["E0114 `many` is no Int for `var port`"]);
    assert_eq!(found(&[("port", "1 + 1")]), ["E0114 `1 + 1` is no Int for `var port`"]);
    assert_eq!(found(&[("port", "1 const y = 2")]), ["E0114 `1 const y = 2` is no Int for `var port`"]);
    assert_eq!(found(&[("port", "")]), ["E0114 `` is no Int for `var port`"]);
    assert_eq!(found(&[("home", "West")]), ["E0114 `West` is no Region for `var home`"]);
    assert_eq!(found(&[("port", "0")]), ["E0225 `0` breaks the rule `it > 0`"]);
    let (_, problems) = check("[profiles.prod.vars]\nneeded = 1", Some("prd"), &[("needed", "2")]);
    assert_eq!(problems, ["E0112 there is no profile `prd`"]);
    let (_, problems) = check("[profiles.prod.vars]\nneded = 1", None, &[("needed", "2")]);
    assert_eq!(problems, ["E0113 no module declares a `var neded`"]);
}
