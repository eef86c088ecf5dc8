//! Selectors over the sample, and texts that are none.

use crate::sample::program;
use flow_plan::{
    graph::{Graph, VertexKind},
    select::{Selector, SelectorError, select},
};

fn selected(text: &str) -> Vec<String> {
    let graph = Graph::of(&program(0));
    let chosen = select(&graph, &Selector::parse(text).unwrap_or_else(|error| panic!("{error}")));
    let chosen = chosen.unwrap_or_else(|error| panic!("{error}"));
    let mut names: Vec<String> = chosen
        .into_iter()
        .map(|id| graph.vertex(id))
        .filter(|vertex| vertex.kind != VertexKind::Value)
        .map(|vertex| vertex.name.short().to_owned())
        .collect();
    names.sort();
    names
}

fn refused(text: &str) -> SelectorError {
    match Selector::parse(text) {
        Err(error) => error,
        Ok(selector) => select(&Graph::of(&program(0)), &selector).expect_err(text),
    }
}

#[test]
fn names_globs_and_methods() {
    assert_eq!(selected("daily"), ["daily"]);
    assert_eq!(selected("shop.daily"), ["daily"]);
    assert_eq!(selected("dataset:*"), ["note", "orders", "revenue"]);
    assert_eq!(selected("tag:daily"), ["daily", "report"]);
    assert_eq!(selected("owner:finance dataset:*e"), ["note", "revenue"]);
    assert_eq!(selected("step:?aily"), ["daily"]);
    assert_eq!(selected("owner:\"finance\" & step:*"), ["daily", "report"]);
    assert_eq!(selected("zzz*"), [""; 0]);
}

#[test]
fn a_flow_means_what_belongs_to_it() {
    assert_eq!(selected("make_note"), ["make_note", "note", "report"]);
}

#[test]
fn surroundings() {
    assert_eq!(selected("+revenue"), ["daily", "orders", "revenue"]);
    assert_eq!(selected("1+revenue"), ["daily", "revenue"]);
    assert_eq!(selected("revenue+"), ["note", "report", "revenue"]);
    assert_eq!(selected("revenue+1"), ["report", "revenue"]);
    assert_eq!(selected("1+revenue+1"), ["daily", "report", "revenue"]);
    assert_eq!(selected("(daily, report)+1"), ["daily", "note", "report", "revenue"]);
}

#[test]
fn sets() {
    assert_eq!(selected("daily, report"), ["daily", "report"]);
    assert_eq!(selected("step:* not daily"), ["report"]);
    assert_eq!(selected("orders+ & +note & dataset:*"), ["note", "orders", "revenue"]);
    assert_eq!(selected("not (step:*, flow:*, dataset:*)"), [""; 0]);
}

#[test]
fn errors_point_and_suggest() {
    let error = refused("+reveneu, daily");
    assert_eq!((error.at.clone(), &*error.nearest), (1..8, &["revenue".to_owned()][..]));
    assert_eq!(
        error.to_string(),
        "there is no step, dataset or flow `reveneu`\n  +reveneu, daily\n   ^^^^^^^ did you mean `revenue`?"
    );
    assert_eq!(refused("tag:dayly").nearest, ["daily"]);
    for text in
        ["", "  ", "a,", "(a", "a)", "a b &", "not", "a + b", "tag:", "colour:red", "a;b", "\"open", "99999999999+a"]
    {
        let error = refused(text);
        assert!(!error.message.is_empty() && error.at.end <= text.len().max(1), "{text}: {error:?}");
    }
}

#[test]
fn hostile_texts_are_refused_quickly() {
    refused(&"(".repeat(4000));
    refused(&"not ".repeat(1000));
    refused(&"a".repeat(100_000));
    refused(&("(a,".repeat(60) + "\u{202E}"));
    refused(&"+".repeat(4000));
}
