//! The project is tidy: the same checks as `cargo xtask tidy`, so that plain `cargo test` finds it too.

#[test]
fn the_project_is_tidy() {
    let complaints = xtask::tidy::check(&xtask::root()).expect("the project can be read");
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}
