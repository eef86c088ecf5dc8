//! Python: words outside comments. Words inside strings count too, since an f-string may use a name.

use super::{Mention, name_length, through};

/// Whether a program mentions a name.
pub(crate) fn mentions(text: &str, name: &str) -> bool {
    words(text).any(|word| word.name == name)
}

/// All words of a program.
pub(crate) fn words(text: &str) -> impl Iterator<Item = Mention<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            let (start, length) = (at, name_length(rest));
            at += match length {
                0 if rest.starts_with('#') => through(rest, "\n"),
                0 => rest.chars().next().map_or(1, char::len_utf8),
                _ => length,
            };
            if length > 0 {
                return Some(Mention { name: &rest[..length], start });
            }
        }
        None
    })
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
