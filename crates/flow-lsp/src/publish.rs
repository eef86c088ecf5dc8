//! Diagnostics in the protocol's form, by file.

use crate::{snapshot::View, uri};
use flow_diag::{Code, FileId, Severity};
use lsp_types::{
    CodeDescription, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, DiagnosticTag, NumberOrString,
};
use std::collections::BTreeMap;

/// Who says it, as editors show it beside the message.
pub(crate) const SOURCE: &str = "flowc";

/// The diagnostics of all files that have some, by path from the root. Files of the compiler itself have none.
pub(crate) fn by_path(view: &View) -> BTreeMap<String, Vec<Diagnostic>> {
    let mut files: Vec<FileId> = view.analysis.compilation.problems.0.iter().map(|found| found.span().file).collect();
    files.dedup();
    let in_files = files.into_iter().filter_map(|file| {
        let path = view.analysis.source(file).map(|source| source.path.clone())?;
        Some((path, of_file(view, file)))
    });
    in_files.filter(|(path, _)| !path.starts_with("std/") && path != "command line").collect()
}

/// The diagnostics of a file.
pub(crate) fn of_file(view: &View, file: FileId) -> Vec<Diagnostic> {
    flow_ide::diagnostics(&view.analysis, file).map(|found| diagnostic(view, found)).collect()
}

fn diagnostic(view: &View, found: flow_ide::Diagnostic) -> Diagnostic {
    let related = found.related.into_iter().filter_map(|related| {
        let location = view.location(related.at)?;
        Some(DiagnosticRelatedInformation { location, message: related.text })
    });
    let related: Vec<_> = related.collect();
    Diagnostic {
        range: view.range(found.at),
        severity: Some(match found.severity {
            Severity::Error => DiagnosticSeverity::ERROR,
            Severity::Warning => DiagnosticSeverity::WARNING,
        }),
        code: Some(NumberOrString::String(found.code.as_str().to_owned())),
        code_description: page(view, found.code),
        source: Some(SOURCE.to_owned()),
        message: found.message,
        related_information: (!related.is_empty()).then_some(related),
        tags: found.unused.then(|| vec![DiagnosticTag::UNNECESSARY]),
        data: None,
    }
}

/// Where the page of a code can be opened.
fn page(view: &View, code: Code) -> Option<CodeDescription> {
    let path = view.around.host.shelve(&format!("pages/{code}.md"), code.page())?;
    Some(CodeDescription { href: uri::of_path(&path)? })
}
