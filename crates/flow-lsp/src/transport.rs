//! Messages over streams: frames of the base protocol in and out, a thread each.
//!
//! What is no message is answered with an error that names no request, and the next one is looked for: a client that
//! stumbles once goes on. Knows nothing of what messages mean. Tested in `tests/it/transport.rs`.

use crossbeam_channel::{Receiver, Sender, bounded, select, unbounded};
use lsp_server::{Connection, ErrorCode, Message, Notification};
use serde_json::json;
use std::{
    io::{self, BufRead, Read, Write},
    thread::{Builder, JoinHandle},
};

/// The longest line of a header, in bytes.
const LONGEST_LINE: u64 = 8 * 1024;

/// The longest message, in bytes: four times the longest file.
const LONGEST_MESSAGE: u64 = 256 * 1024 * 1024;

/// The threads of a connection.
pub struct Threads {
    writer: JoinHandle<io::Result<()>>,
}

impl Threads {
    /// Waits until all that was said has been written.
    ///
    /// # Errors
    /// The client went away before.
    pub fn join(self) -> io::Result<()> {
        self.writer.join().unwrap_or_else(|_| Err(io::Error::other("the thread that writes has panicked")))
    }
}

/// A connection over streams. It ends when the input does, or after `exit`.
///
/// # Errors
/// Threads cannot be started.
pub fn connect(
    mut input: impl BufRead + Send + 'static,
    output: impl Write + Send + 'static,
) -> io::Result<(Connection, Threads)> {
    let (sender, outgoing) = unbounded();
    let (incoming, receiver) = bounded(0);
    let (complaints, complained) = unbounded();
    // Nobody waits for it: where a client neither says `exit` nor closes the stream, it goes with the process.
    let _reader = Builder::new().name("read".to_owned()).spawn(move || read(&mut input, &incoming, &complaints))?;
    let writer = Builder::new().name("write".to_owned()).spawn(move || write(output, &outgoing, &complained))?;
    Ok((Connection { sender, receiver }, Threads { writer }))
}

fn read(input: &mut impl BufRead, incoming: &Sender<Message>, complaints: &Sender<String>) {
    // What cannot be read any more is over.
    while let Ok(Some(found)) = next(input) {
        match found {
            Ok(message) => {
                let is_over =
                    matches!(&message, Message::Notification(Notification { method, .. }) if method == "exit");
                if incoming.send(message).is_err() || is_over {
                    return;
                }
            }
            Err(why) => {
                let error = json!({ "code": ErrorCode::ParseError as i32, "message": why });
                let _ = complaints.send(json!({ "jsonrpc": "2.0", "id": null, "error": error }).to_string());
            }
        }
    }
}

/// The next message, or why it is none; nothing at the end.
fn next(input: &mut impl BufRead) -> io::Result<Option<Result<Message, String>>> {
    let length = match header(input)? {
        Some(Ok(length)) => length,
        Some(Err(why)) => return Ok(Some(Err(why))),
        None => return Ok(None),
    };
    let mut body = input.take(length);
    if length > LONGEST_MESSAGE {
        io::copy(&mut body, &mut io::sink())?;
        return Ok(Some(Err(format!("{length} bytes are more than a message may have: {LONGEST_MESSAGE}"))));
    }
    let mut bytes = vec![];
    body.read_to_end(&mut bytes)?;
    if (bytes.len() as u64) < length {
        return Ok(None);
    }
    Ok(Some(serde_json::from_slice(&bytes).map_err(|error| format!("this is no message: {error}"))))
}

/// The length that a header tells, or why it tells none; nothing at the end.
fn header(input: &mut impl BufRead) -> io::Result<Option<Result<u64, String>>> {
    let (mut length, mut is_empty) = (None, true);
    loop {
        let mut line = vec![];
        if input.take(LONGEST_LINE).read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim();
        if !line.is_empty() {
            is_empty = false;
            let named = line.split_once(':').filter(|(name, _)| name.trim().eq_ignore_ascii_case("content-length"));
            length = named.and_then(|(_, value)| value.trim().parse().ok()).or(length);
        } else if let Some(length) = length {
            return Ok(Some(Ok(length)));
        } else if !is_empty {
            return Ok(Some(Err("the header has no `Content-Length`".to_owned())));
        }
    }
}

/// Writes what is said until nobody can say anything more.
fn write(mut output: impl Write, outgoing: &Receiver<Message>, complained: &Receiver<String>) -> io::Result<()> {
    loop {
        select! {
            recv(outgoing) -> message => match message {
                Ok(message) => message.write(&mut output)?,
                Err(_) => return Ok(()),
            },
            recv(complained) -> complaint => match complaint {
                Ok(text) => {
                    write!(output, "Content-Length: {}\r\n\r\n{text}", text.len())?;
                    output.flush()?;
                }
                // The client has said all that it will: what is left is answers.
                Err(_) => return outgoing.iter().try_for_each(|message| message.write(&mut output)),
            },
        }
    }
}
