//! Texts of a given size for the benches of parser and formatter.

/// The whole program of the tests, over and over.
pub(crate) fn mixed(bytes: usize) -> String {
    const WHOLE: &str = include_str!("../../tests/corpus/whole.flow");
    WHOLE.repeat(bytes / WHOLE.len() + 1)
}

/// Short steps and flows without comments or long texts, each with other names.
pub(crate) fn dense(bytes: usize) -> String {
    let mut text = String::new();
    let mut number = 0;
    while text.len() < bytes {
        number += 1;
        text.push_str(&format!(
            "type Row{number} {{\n  id: Int\n  amount_{number}: Decimal where it >= 0\n}}\n\n\
             fn total_{number}(rows: List<Row{number}>, factor: Int) -> Decimal {{\n  \
             let doubled = rows.map(r => r.amount_{number} * 2 + factor)\n  \
             if doubled.count() > 10 and factor != 0 {{ doubled.sum() }} else {{ 0 }}\n}}\n\n"
        ));
    }
    text
}
