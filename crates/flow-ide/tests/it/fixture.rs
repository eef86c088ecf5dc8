//! Programs with a cursor: files separated by lines `//- path`, and `$0` where the cursor is.

use flow_compiler::{MemoryWorld, Options, compile};
use flow_diag::{Encoding, FileId, Span};
use flow_ide::{Analysis, TextEdit};

/// A checked program with a place in it.
pub(crate) struct Fixture {
    pub(crate) analysis: Analysis,
    pub(crate) at: Span,
}

impl Fixture {
    /// Without a path, all is in `main.flow`.
    pub(crate) fn new(text: &str) -> Self {
        let mut files: Vec<(String, String)> = vec![];
        for line in text.trim_start_matches('\n').split_inclusive('\n') {
            match line.strip_prefix("//- ") {
                Some(path) => files.push((path.trim().to_owned(), String::new())),
                None => {
                    if files.is_empty() {
                        files.push(("main.flow".to_owned(), String::new()));
                    }
                    files.last_mut().expect("there is one").1.push_str(line);
                }
            }
        }
        let mut cursor = None;
        for (path, text) in &mut files {
            if let Some(at) = text.find("$0") {
                text.replace_range(at..at + 2, "");
                cursor = Some((path.clone(), at));
            }
        }
        let options = Options { year: Some(2026), for_editor: true, ..Options::default() };
        let analysis = Analysis::new(compile(&MemoryWorld::new(files), &options));
        let at = cursor.map_or_else(Span::default, |(path, at)| {
            let at = u32::try_from(at).expect("it is small");
            Span::new(analysis.file(&path).expect("it is there"), at, at)
        });
        Self { analysis, at }
    }

    /// `file:line text`, from line 1.
    pub(crate) fn show(&self, span: Span) -> String {
        let path = self.path(span.file);
        let lines = self.analysis.lines(span.file).expect("it is a file");
        let place = lines.position(self.analysis.text(span.file), span.start, Encoding::Utf8);
        format!("{path}:{} {}", place.line, self.analysis.text_of(span))
    }

    pub(crate) fn path(&self, file: FileId) -> &str {
        &self.analysis.source(file).expect("it is a file").path
    }

    /// The text of a file after some edits.
    pub(crate) fn edited(&self, file: FileId, edits: &[TextEdit]) -> String {
        let mut text = self.analysis.text(file).to_owned();
        let mut edits: Vec<&TextEdit> = edits.iter().filter(|edit| edit.at.file == file).collect();
        edits.sort_by_key(|edit| edit.at);
        for edit in edits.into_iter().rev() {
            text.replace_range(edit.at.start as usize..edit.at.end as usize, &edit.text);
        }
        text
    }
}
