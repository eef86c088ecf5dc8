//! The tutorial's programs and the standard library have nothing wrong with their names and types.

use crate::common::check_modules;

fn clean(modules: &[(&str, &str)]) {
    let (_, problems) = check_modules(modules);
    let texts: Vec<String> = problems
        .0
        .iter()
        .map(|problem| format!("{} {} {:?} {:?}", problem.code, problem.title, problem.labels, problem.notes))
        .collect();
    assert!(texts.is_empty(), "{}", texts.join("\n"));
}

#[test]
fn the_standard_library() {
    clean(&[]);
}

#[test]
fn one_file_examples() {
    clean(&[("hello", include_str!("../../../../examples/01-hello/hello.flow"))]);
    clean(&[("weather", include_str!("../../../../examples/02-weather/weather.flow"))]);
    clean(&[("flights", include_str!("../../../../examples/03-flights/flights.flow"))]);
    clean(&[("rates", include_str!("../../../../examples/04-flaky-api/rates.flow"))]);
}
