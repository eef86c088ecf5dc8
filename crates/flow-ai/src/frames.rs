//! Pieces of an answer from bytes that come in any portions: server-sent events, lines, or one document.
//!
//! What it is shows in the first byte, whatever the headers say, since servers that cannot stream send a document
//! all the same. Knows no protocol. Tested with every case split at every position.

use crate::failures::{no_protocol, snippet};
use flow_plan::Failure;

/// The longest piece, in bytes.
const MOST_BYTES: usize = 16 << 20;

/// One whole piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Frame {
    /// The data of a server-sent event, its lines joined.
    Event(String),
    /// A line of JSON, or the whole document.
    Json(String),
}

/// How an answer without events is cut into pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plain {
    /// It is one document.
    Document,
    /// It is one a line.
    Lines,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Unknown,
    Events,
    Plain,
}

/// Bytes on their way to be pieces.
#[derive(Debug)]
pub(crate) struct Frames {
    plain: Plain,
    shape: Shape,
    buffer: Vec<u8>,
    /// Up to where the buffer holds no end of line.
    searched: usize,
    data: Option<String>,
}

impl Frames {
    pub(crate) fn new(plain: Plain) -> Self {
        Self { plain, shape: Shape::Unknown, buffer: vec![], searched: 0, data: None }
    }

    /// Takes more bytes, gives the pieces that are now whole: also those before what fails.
    pub(crate) fn push(&mut self, bytes: &[u8], frames: &mut Vec<Frame>) -> Result<(), Failure> {
        self.buffer.extend_from_slice(bytes);
        if self.shape == Shape::Unknown {
            self.recognise()?;
        }
        if self.shape == Shape::Events || (self.shape == Shape::Plain && self.plain == Plain::Lines) {
            self.lines(frames)?;
        }
        if self.buffer.len() > MOST_BYTES || self.data.as_ref().is_some_and(|data| data.len() > MOST_BYTES) {
            return Err(no_protocol(format!("one piece of the answer is longer than {} MiB", MOST_BYTES >> 20)));
        }
        Ok(())
    }

    /// The last piece, when no more bytes come.
    pub(crate) fn end(&mut self, frames: &mut Vec<Frame>) -> Result<(), Failure> {
        let rest = std::mem::take(&mut self.buffer);
        match self.shape {
            Shape::Unknown => return Err(no_protocol("the answer is empty")),
            // An event without the blank line after it is cut off, but a server may have forgotten the line.
            Shape::Events => {
                self.line(&rest, frames)?;
                frames.extend(self.data.take().map(Frame::Event));
            }
            Shape::Plain => {
                let text = text(&rest)?;
                if !text.trim().is_empty() {
                    frames.push(Frame::Json(text.to_owned()));
                }
            }
        }
        Ok(())
    }

    fn recognise(&mut self) -> Result<(), Failure> {
        let bom = [0xef, 0xbb, 0xbf];
        let bytes = self.buffer.strip_prefix(&bom).unwrap_or(&self.buffer);
        if bom.starts_with(bytes) {
            return Ok(());
        }
        let Some(start) = bytes.iter().position(|byte| !byte.is_ascii_whitespace()) else { return Ok(()) };
        self.shape = match bytes[start] {
            b'{' | b'[' => Shape::Plain,
            // `data`, `event`, `id`, `retry`, or a comment.
            b'd' | b'e' | b'i' | b'r' | b':' => Shape::Events,
            b'<' => return Err(no_protocol("the answer is a page of HTML or XML, not a model's")),
            _ => {
                let begin = snippet(&String::from_utf8_lossy(&bytes[..bytes.len().min(300)]));
                return Err(no_protocol("the answer is not a model's").detail(format!("it begins: {begin}")));
            }
        };
        let start = start + self.buffer.len() - bytes.len();
        self.buffer.drain(..start);
        Ok(())
    }

    fn lines(&mut self, frames: &mut Vec<Frame>) -> Result<(), Failure> {
        let buffer = std::mem::take(&mut self.buffer);
        let mut start = 0;
        while let Some(found) = buffer[self.searched.max(start)..].iter().position(|byte| *byte == b'\n') {
            let end = self.searched.max(start) + found;
            let line = &buffer[start..end];
            self.line(line.strip_suffix(b"\r").unwrap_or(line), frames)?;
            start = end + 1;
        }
        self.buffer = buffer[start..].to_vec();
        self.searched = self.buffer.len();
        Ok(())
    }

    fn line(&mut self, line: &[u8], frames: &mut Vec<Frame>) -> Result<(), Failure> {
        let line = text(line)?;
        if self.shape == Shape::Plain {
            if !line.trim().is_empty() {
                frames.push(Frame::Json(line.to_owned()));
            }
        } else if line.is_empty() {
            frames.extend(self.data.take().map(Frame::Event));
        } else if let Some(data) = line.strip_prefix("data:") {
            let data = data.strip_prefix(' ').unwrap_or(data);
            match &mut self.data {
                Some(before) => {
                    before.push('\n');
                    before.push_str(data);
                }
                none => *none = Some(data.to_owned()),
            }
        }
        Ok(())
    }
}

fn text(bytes: &[u8]) -> Result<&str, Failure> {
    std::str::from_utf8(bytes).map_err(|_| no_protocol("the answer is not text in UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pieces, whatever the portions.
    fn all(plain: Plain, bytes: &[u8]) -> Result<Vec<Frame>, Failure> {
        let whole = portions(plain, &[bytes]);
        for middle in 0..=bytes.len() {
            assert_eq!(portions(plain, &[&bytes[..middle], &bytes[middle..]]), whole, "split at {middle}");
        }
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(portions(plain, &single), whole);
        whole
    }

    fn portions(plain: Plain, portions: &[&[u8]]) -> Result<Vec<Frame>, Failure> {
        let mut frames = Frames::new(plain);
        let mut found = Vec::new();
        for portion in portions {
            frames.push(portion, &mut found)?;
        }
        frames.end(&mut found)?;
        Ok(found)
    }

    fn event(data: &str) -> Frame {
        Frame::Event(data.to_owned())
    }

    #[test]
    fn events_of_all_manners() {
        let bytes = "\u{feff}: hello\r\n\r\nevent: x\r\ndata: {\"a\":\"ü😀\"}\r\n\r\ndata:one\ndata: two\n\nid: 7\n\ndata: last";
        let expected = vec![event("{\"a\":\"ü😀\"}"), event("one\ntwo"), event("last")];
        assert_eq!(all(Plain::Document, bytes.as_bytes()), Ok(expected));
    }

    #[test]
    fn documents_and_lines() {
        let document = "\n {\"a\":\n 1}\n";
        assert_eq!(all(Plain::Document, document.as_bytes()), Ok(vec![Frame::Json("{\"a\":\n 1}\n".into())]));
        let lines = "{\"a\":1}\n\n{\"b\":2}\r\n{\"c\"";
        let json = |text: &str| Frame::Json(text.to_owned());
        assert_eq!(all(Plain::Lines, lines.as_bytes()), Ok(vec![json("{\"a\":1}"), json("{\"b\":2}"), json("{\"c\"")]));
    }

    #[test]
    fn what_is_no_protocol_is_named() {
        let message = |bytes: &[u8]| portions(Plain::Document, &[bytes]).unwrap_err().message;
        assert!(message(b"<!doctype html>").contains("HTML"));
        assert!(message(b"").contains("empty"));
        assert!(message(b"  \n").contains("empty"));
        assert!(message(b"data: \xf0\x9f\n\n").contains("UTF-8"));
        assert!(message(b"Bad gateway").contains("not a model's"));
        assert!(message(b"\0\0").contains("not a model's"));
    }

    #[test]
    fn one_endless_piece_is_ended() {
        let mut frames = Frames::new(Plain::Document);
        let chunk = vec![b'x'; 1 << 20];
        frames.push(b"data: ", &mut vec![]).unwrap();
        let failed = (0..20).find_map(|_| frames.push(&chunk, &mut vec![]).err());
        assert!(failed.unwrap().message.contains("16 MiB"));
    }
}
