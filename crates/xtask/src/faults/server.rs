//! An HTTP server on loopback that counts what it was asked, and is a model too.
//!
//! | path | answer |
//! | --- | --- |
//! | `/book/…` | 4 |
//! | `/flaky/…` | 503 twice, then 5 |
//! | `/v1/…` | an answer in OpenAI's protocol, 7 |
//!
//! What it counts has happened: also where nobody was left to read the answer. Tested below, and by what uses it.

use std::{
    collections::HashMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

/// How long it thinks, so that there is a moment in which one can be killed.
const THINKS: Duration = Duration::from_millis(12);

/// The keys (`Idempotency-Key`) that came with the requests of each path, in order; empty where none did.
type Seen = HashMap<String, Vec<String>>;

/// A running server. It ends with the program.
#[derive(Clone)]
pub(super) struct Server {
    pub(super) port: u16,
    seen: Arc<Mutex<Seen>>,
    busy: Arc<AtomicUsize>,
}

impl Server {
    pub(super) fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let server = Self { port, seen: Arc::default(), busy: Arc::default() };
        let accepting = server.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let server = accepting.clone();
                server.busy.fetch_add(1, Ordering::SeqCst);
                thread::spawn(move || {
                    let _ = server.serve(stream);
                    server.busy.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Ok(server)
    }

    /// The keys of the requests for a path.
    pub(super) fn keys(&self, path: &str) -> Vec<String> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned().unwrap_or_default()
    }

    /// Waits until what was sent has been read: what a dead client sent may still be on its way.
    pub(super) fn settle(&self) {
        let mut calm = 0;
        while calm < 5 {
            thread::sleep(Duration::from_millis(4));
            calm = if self.busy.load(Ordering::SeqCst) == 0 { calm + 1 } else { 0 };
        }
    }

    fn serve(&self, mut stream: TcpStream) -> std::io::Result<()> {
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head)? == 0 {
                return Ok(());
            }
        }
        let field =
            |name: &str| head.lines().find_map(|line| line.to_lowercase().strip_prefix(name).map(str::to_owned));
        let length = field("content-length: ").and_then(|length| length.parse().ok()).unwrap_or(0);
        reader.read_exact(&mut vec![0; length])?;
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        let times = {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            let keys = seen.entry(path.clone()).or_default();
            keys.push(field("idempotency-key: ").unwrap_or_default());
            keys.len()
        };
        thread::sleep(THINKS);
        let (status, body) = answer(&path, times);
        let head = format!("HTTP/1.1 {status} It\r\ncontent-type: application/json\r\nconnection: close\r\n");
        write!(stream, "{head}content-length: {}\r\n\r\n{body}", body.len())
    }
}

fn answer(path: &str, times: usize) -> (u16, String) {
    if path.starts_with("/flaky/") {
        return if times < 3 { (503, "{}".into()) } else { (200, "5".into()) };
    }
    if !path.starts_with("/v1/") {
        return (200, "4".into());
    }
    let message = serde_json::json!({ "role": "assistant", "content": "7" });
    let choice = serde_json::json!({ "index": 0, "message": message, "finish_reason": "stop" });
    let usage = serde_json::json!({ "prompt_tokens": 100, "completion_tokens": 2 });
    (200, serde_json::json!({ "id": "1", "model": "clerk", "choices": [choice], "usage": usage }).to_string())
}

#[cfg(test)]
mod tests {
    use super::Server;
    use std::{
        io::{Read as _, Write as _},
        net::TcpStream,
    };

    #[test]
    fn what_is_sent_is_counted_with_its_key_also_if_nobody_reads_the_answer() {
        let server = Server::start().unwrap();
        let send = || {
            let mut stream = TcpStream::connect(("127.0.0.1", server.port)).unwrap();
            stream.write_all(b"PUT /flaky/1 HTTP/1.1\r\nIdempotency-Key: k\r\nContent-Length: 2\r\n\r\n{}").unwrap();
            stream
        };
        drop(send());
        server.settle();
        assert_eq!(server.keys("/flaky/1"), ["k"]);
        let answer = || {
            let mut text = String::new();
            send().read_to_string(&mut text).unwrap();
            text
        };
        assert!(answer().starts_with("HTTP/1.1 503"));
        assert!(answer().ends_with("\r\n\r\n5"));
        assert_eq!(server.keys("/flaky/1").len(), 3);
    }
}
