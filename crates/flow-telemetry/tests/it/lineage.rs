//! Events of a run: valid, complete, and the same whenever they are made.

use crate::sample::{self, RUN, at};
use flow_driver::RunStatus;
use flow_telemetry::{
    RunRecord,
    lineage::{Beginning, Naming, events, run_started, step_started},
};
use serde_json::Value as Json;

fn naming() -> Naming {
    Naming { namespace: "shop".into(), root: "/srv/shop".into(), parent: None }
}

fn told(record: &RunRecord) -> Vec<Json> {
    let schema: Json = serde_json::from_str(include_str!("../schemas/lineage.schema.json")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let events: Vec<Json> = events(record, &naming()).into_iter().map(|event| event.json).collect();
    for event in &events {
        let errors: Vec<String> =
            validator.iter_errors(event).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{errors:#?}\n{event:#}");
    }
    events
}

/// Type and job of each event.
fn outline(events: &[Json]) -> Vec<String> {
    let text = |json: &Json| json.as_str().unwrap_or_default().to_owned();
    events.iter().map(|event| format!("{} {}", text(&event["eventType"]), text(&event["job"]["name"]))).collect()
}

fn names(datasets: &Json) -> Vec<String> {
    datasets.as_array().unwrap().iter().map(|dataset| dataset["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_run_and_its_steps_begin_and_end() {
    let events = told(&sample::record());
    assert_eq!(
        outline(&events),
        [
            "START shop.daily",
            "START shop.daily.clean",
            "COMPLETE shop.daily.clean",
            "START shop.daily.write_note",
            "COMPLETE shop.daily.write_note",
            "COMPLETE shop.daily",
        ]
    );
    let run = &events[0]["run"];
    assert_eq!(run["facets"]["nominalTime"]["nominalEndTime"], at(3_600_000).to_string());
    let parent = &events[1]["run"]["facets"]["parent"];
    assert_eq!((&parent["run"]["runId"], &parent["job"]["name"]), (&run["runId"], &"shop.daily".into()));
    assert_eq!(events[1]["job"]["facets"]["sql"]["query"], "select * from x");
    assert_eq!(events[0]["job"]["facets"]["ownership"]["owners"][0]["name"], "board");
    assert!(events[3]["job"]["facets"].get("sql").is_none(), "a model's step has no query");
}

#[test]
fn data_is_followed_through_expressions_and_from_step_to_step() {
    let events = told(&sample::record());
    let clean = &events[2];
    assert_eq!(names(&clean["inputs"]), ["/srv/shop/data/orders.csv"]);
    assert_eq!(names(&clean["outputs"]), ["shop.daily.clean"], "its result passes to another step");
    let note = &events[4];
    assert_eq!(names(&note["inputs"]), ["shop.daily.clean"], "through an expression");
    assert_eq!(names(&note["outputs"]), ["/srv/shop/out/note.txt"]);
    let whole = events.last().unwrap();
    assert_eq!(names(&whole["inputs"]), ["/srv/shop/data/orders.csv"]);
    assert_eq!(names(&whole["outputs"]), ["/srv/shop/out/note.txt"]);
    assert_eq!(whole["outputs"][0]["outputFacets"]["outputStatistics"]["rowCount"], 1);
    let input = &whole["inputs"][0];
    assert_eq!(input["namespace"], "file");
    assert_eq!(input["facets"]["version"]["datasetVersion"], "f00d");
    assert_eq!(input["facets"]["schema"]["fields"][1]["description"], "@pii");
    let assertion = &input["inputFacets"]["dataQualityAssertions"]["assertions"][0];
    assert_eq!((&assertion["assertion"], &assertion["success"]), (&"unique".into(), &true.into()));
    assert_eq!(assertion["column"], "id");
}

#[test]
fn a_failure_says_why_and_a_cancel_is_an_abort() {
    let mut record = sample::failed();
    let events = told(&record);
    assert_eq!(outline(&events)[2..], ["FAIL shop.daily.clean", "FAIL shop.daily"]);
    let error = &events[2]["run"]["facets"]["errorMessage"];
    assert_eq!((&error["message"], &error["stackTrace"]), (&"no such column [R0312]".into(), &"line 1".into()));
    record.run.end.as_mut().unwrap().status = RunStatus::Cancelled;
    assert_eq!(told(&record).last().unwrap()["eventType"], "ABORT");
    // One that is still going on has no end.
    record.run.ended = None;
    record.run.end = None;
    assert_eq!(outline(&told(&record)).last().unwrap(), "FAIL shop.daily.clean");
}

#[test]
fn what_is_sent_at_once_is_what_is_made_later() {
    let (record, naming) = (sample::record(), naming());
    let later = events(&record, &naming);
    let beginning = Beginning { plan: &record.plan, run: RUN, started: at(0), deadline: Some(at(3_600_000)) };
    assert_eq!(run_started(&beginning, &naming), later[0]);
    assert_eq!(step_started(&beginning, &naming, "1", at(10)).unwrap(), later[1]);
    assert_eq!(step_started(&beginning, &naming, "0", at(0)), None, "a read is no job");
    assert_eq!(step_started(&beginning, &naming, "77", at(0)), None);
    assert_eq!(events(&record, &naming), later);
}

#[test]
fn a_run_can_be_part_of_another_tools_run() {
    let id = "01900000-0000-7000-8000-000000000000";
    let naming = Naming { parent: Some(("airflow".into(), "dag.task".into(), id.into())), ..naming() };
    let events = events(&sample::record(), &naming);
    let parent = &events[0].json["run"]["facets"]["parent"];
    assert_eq!((&parent["run"]["runId"], &parent["job"]["namespace"]), (&id.into(), &"airflow".into()));
}
