//! The page of each syntax problem: its bad example raises exactly that problem, its good one raises none.

mod support;

use flow_diag::FileId;
use flow_syntax::parse;

#[test]
fn examples_on_pages_do_what_they_say() {
    let blocks = support::repository::blocks("flow-diag/pages/E00");
    assert!(blocks.len() >= 28, "{} examples", blocks.len());
    for block in blocks {
        let page = block.place.rsplit('/').next().unwrap_or_default();
        let code = page.split('.').next().unwrap_or_default();
        let problems = parse(FileId(0), &block.text).problems.0;
        let codes: Vec<&str> = problems.iter().map(|problem| problem.code.as_str()).collect();
        let expected: Vec<&str> = if block.fails { vec![code] } else { vec![] };
        assert_eq!(codes, expected, "{}", block.place);
    }
}
