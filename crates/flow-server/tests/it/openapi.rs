//! The document says what the routes are.

use flow_server::api::document;

#[test]
fn every_operation_has_a_summary_a_role_and_its_parameters() {
    let document = document();
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.len() > 12);
    for (path, methods) in paths {
        for operation in methods.as_object().unwrap().values() {
            assert!(operation["summary"].as_str().is_some_and(|summary| !summary.is_empty()), "{path}");
            let named: Vec<&str> = operation["parameters"].as_array().map_or(vec![], |all| {
                all.iter().filter(|one| one["in"] == "path").map(|one| one["name"].as_str().unwrap()).collect()
            });
            let in_path: Vec<&str> =
                path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
            assert_eq!(named, in_path, "{path}");
        }
    }
}
