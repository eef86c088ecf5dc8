//! `--coverage`: what no test has reached, by flow and step.

use super::show::place;
use crate::ui::{Style, Ui, paint};
use flow_diag::Sources;
use flow_sim::Point;
use std::fmt::Write as _;

/// The ways that were not taken, and how many were.
pub(crate) fn text(points: &[(Point, bool)], sources: &Sources, ui: &Ui) -> String {
    let reached = points.iter().filter(|(_, reached)| *reached).count();
    if points.is_empty() {
        return "\ncoverage: there are no guards, retries, fallbacks or branches\n".to_owned();
    }
    let share = reached * 100 / points.len();
    let mut text = format!(
        "\ncoverage: {reached} of {} guards, retries, fallbacks and branches reached ({share}%)\n",
        points.len()
    );
    let mut owner = None;
    for (point, _) in points.iter().filter(|(_, reached)| !reached) {
        if owner != Some(&point.owner) {
            owner = Some(&point.owner);
            let _ = writeln!(text, "  {}", paint(ui.color_out, Style::Bold, point.owner.short()));
        }
        let (path, line, column) = place(point.at, sources);
        let at = paint(ui.color_out, Style::Dim, &format!("{path}:{line}:{column}"));
        let _ = writeln!(text, "    never: {}  {at}", point.what);
    }
    text
}
