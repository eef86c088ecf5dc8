//! Python: words outside comments. Words inside strings count too, since an f-string may use a name.

use super::{name_length, through};

/// Whether a program mentions a name.
pub(crate) fn mentions(text: &str, name: &str) -> bool {
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let length = name_length(rest);
        if length > 0 && &rest[..length] == name {
            return true;
        }
        at += match length {
            0 if rest.starts_with('#') => through(rest, "\n"),
            0 => rest.chars().next().map_or(1, char::len_utf8),
            _ => length,
        };
    }
    false
}

#[cfg(test)]
mod tests {
    use super::mentions;

    #[test]
    fn whole_words_outside_comments() {
        assert!(mentions("print(f\"{name}\")", "name"));
        assert!(!mentions("# name\nrename(names)", "name"));
        assert!(!mentions("", "name"));
    }
}
