//! The files of a project as the editor sees them: what is open there stands over what is on disk.
//!
//! Knows neither editor nor disk: both are given. Tested here.

use flow_compiler::{World, WorldError};
use std::{collections::BTreeMap, sync::Arc};

/// A world with the texts of open files in front.
pub struct Overlay<'a> {
    /// The files on disk.
    pub disk: &'a dyn World,
    /// Open files by their paths from the root.
    pub open: &'a BTreeMap<String, Arc<str>>,
}

impl World for Overlay<'_> {
    fn list(&self, folder: &str) -> Result<Vec<String>, WorldError> {
        let prefix = match folder.trim_start_matches("./").trim_end_matches('/') {
            "." | "" => String::new(),
            folder => format!("{folder}/"),
        };
        let is_hidden = |path: &str| path.split('/').any(|part| part.starts_with('.'));
        let inside =
            |path: &&String| path.ends_with(".flow") && path.strip_prefix(&prefix).is_some_and(|rest| !is_hidden(rest));
        let open: Vec<&String> = self.open.keys().filter(inside).collect();
        let mut listed = match self.disk.list(folder) {
            Err(_) if !open.is_empty() => vec![],
            listed => listed?,
        };
        let unsaved: Vec<String> = open.into_iter().filter(|path| !listed.contains(path)).cloned().collect();
        listed.extend(unsaved);
        Ok(listed)
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, WorldError> {
        match self.open.get(path) {
            Some(text) => Ok(text.as_bytes().to_vec()),
            None => self.disk.read(path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flow_compiler::MemoryWorld;

    #[test]
    fn what_is_open_hides_what_is_on_disk_and_adds_to_it() {
        let disk = MemoryWorld::new([("a.flow", "old"), ("flows/b.flow", "b")]);
        let open = BTreeMap::from([("a.flow".to_owned(), "new".into()), ("flows/c.flow".to_owned(), "c".into())]);
        let world = Overlay { disk: &disk, open: &open };
        assert_eq!(world.read("a.flow"), Ok(b"new".to_vec()));
        assert_eq!(world.read("flows/b.flow"), Ok(b"b".to_vec()));
        assert_eq!(world.list("flows"), Ok(vec!["flows/b.flow".to_owned(), "flows/c.flow".to_owned()]));
        assert_eq!(world.list(".").map(|paths| paths.len()), Ok(3));
    }
}
