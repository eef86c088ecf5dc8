//! Addresses of documents to paths and back. What is no file gets a path that no file has, and keeps its address.

use lsp_types::Uri;
use std::{
    path::{Path, PathBuf},
    str::FromStr,
};

/// The path of a document.
pub(crate) fn path(uri: &Uri) -> PathBuf {
    let text = uri.as_str();
    let Some(rest) = text.strip_prefix("file://") else {
        return Path::new("/").join(decoded(text).replace("://", ":").replace("//", "/"));
    };
    // A host before the path names this machine, or one that only the editor can reach.
    let path = decoded(rest.find('/').map_or(rest, |slash| &rest[slash..]));
    // `/c:/folder` of a drive.
    let is_drive = matches!(path.as_bytes(), [b'/', letter, b':', ..] if letter.is_ascii_alphabetic());
    PathBuf::from(if is_drive && cfg!(windows) { &path[1..] } else { &path })
}

fn decoded(text: &str) -> String {
    urlencoding::decode(text).map_or_else(|_| text.to_owned(), std::borrow::Cow::into_owned)
}

/// The address of a file.
pub(crate) fn of_path(path: &Path) -> Option<Uri> {
    let text = path.to_string_lossy().replace('\\', "/");
    let parts: Vec<String> = text.split('/').map(|part| urlencoding::encode(part).into_owned()).collect();
    let slash = if text.starts_with('/') { "" } else { "/" };
    Uri::from_str(&format!("file://{slash}{}", parts.join("/"))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for text in ["/a/b.flow", "/with blank/ä#?%.flow"] {
            let uri = of_path(Path::new(text)).expect("it is one");
            assert_eq!(path(&uri), Path::new(text));
        }
        let uri = |text| Uri::from_str(text).expect("it is one");
        assert_eq!(path(&uri("file://host/a.flow")), Path::new("/a.flow"));
        assert_eq!(path(&uri("untitled:Untitled-1")), Path::new("/untitled:Untitled-1"));
    }
}
