//! A small HTTP server that does to a client whatever a test wants, byte by byte.
//!
//! It has a thread of its own, so that plain tests use it as well as asynchronous ones, and lives as long as
//! the test's process. Tested by its users.

#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// One request as it came: head in lower case up to the values, and body.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// `GET /path HTTP/1.1`.
    pub line: String,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body as text.
    pub body: String,
}

impl Seen {
    /// The value of a header, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What the server does.
#[derive(Clone, Debug)]
pub enum Act {
    /// Sends these bytes and closes.
    Send(String),
    /// Sends these bytes one by one and closes.
    Bytes(Vec<u8>),
    /// Sends the first, then the second again and again.
    Endless(String, String),
    /// Sends these bytes, then nothing, and keeps the connection open.
    Hang(String),
    /// Breaks the connection at once.
    Reset,
    /// Sends a head, then one byte every 20 ms.
    Drip,
    /// Sends a head for so many bytes, and as many of them as the client takes.
    Flood(u64, bool),
}

/// A running server and what it saw.
#[derive(Debug)]
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    /// Every request so far.
    pub seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// A server that acts by the request.
    ///
    /// # Panics
    /// When the machine has no free port.
    #[must_use]
    pub fn start(act: impl Fn(&Seen) -> Act + Send + Sync + 'static) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let (record, act) = (seen.clone(), Arc::new(act));
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(serve(listener, &record, &act));
        });
        Self { address, seen }
    }

    /// A server that always acts like this.
    #[must_use]
    pub fn always(act: impl Fn() -> Act + Send + Sync + 'static) -> Self {
        Self::start(move |_| act())
    }

    /// A server that always sends this.
    #[must_use]
    pub fn sending(text: &str) -> Self {
        let text = text.to_owned();
        Self::always(move || Act::Send(text.clone()))
    }

    /// Requests so far.
    ///
    /// # Panics
    /// When the server's thread did.
    #[must_use]
    pub fn count(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    /// Its address as a URL, without a path.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The last request; an empty one if there was none.
    ///
    /// # Panics
    /// When the server's thread did.
    #[must_use]
    pub fn last(&self) -> Seen {
        self.seen.lock().unwrap().last().cloned().unwrap_or_default()
    }
}

async fn serve<A: Fn(&Seen) -> Act + Send + Sync + 'static>(
    listener: std::net::TcpListener,
    record: &Arc<Mutex<Vec<Seen>>>,
    act: &Arc<A>,
) {
    let listener = TcpListener::from_std(listener).unwrap();
    while let Ok((mut stream, _)) = listener.accept().await {
        let (record, act) = (record.clone(), act.clone());
        tokio::spawn(async move {
            let request = read(&mut stream).await;
            record.lock().unwrap().push(request.clone());
            perform(stream, act(&request)).await;
        });
    }
}

/// An answer with a length.
#[must_use]
pub fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

/// An answer of JSON.
#[must_use]
pub fn json(body: &str) -> String {
    answer("200 OK", "content-type: application/json\r\n", body)
}

async fn read(stream: &mut TcpStream) -> Seen {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return Seen::default();
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let line = lines.next().unwrap_or_default().to_owned();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let mut seen = Seen { line, headers, body: String::new() };
    let length: usize = seen.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    while bytes.len() < end + 4 + length && stream.read_buf(&mut bytes).await.unwrap_or(0) > 0 {}
    seen.body = String::from_utf8_lossy(&bytes[end + 4..]).into_owned();
    seen
}

/// Writes until the client has enough.
async fn perform(mut stream: TcpStream, act: Act) {
    match act {
        Act::Send(text) => {
            let _ = stream.write_all(text.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
        Act::Hang(text) => {
            let _ = stream.write_all(text.as_bytes()).await;
            std::future::pending::<()>().await;
        }
        Act::Reset => {
            let _ = stream.set_zero_linger();
        }
        Act::Bytes(bytes) => {
            for byte in bytes {
                let _ = stream.write_all(&[byte]).await;
            }
            let _ = stream.shutdown().await;
        }
        Act::Endless(head, text) => {
            let _ = stream.write_all(head.as_bytes()).await;
            while stream.write_all(text.as_bytes()).await.is_ok() {}
        }
        Act::Drip => {
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n";
            let _ = stream.write_all(head.as_bytes()).await;
            while stream.write_all(b" ").await.is_ok() {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        }
        Act::Flood(length, says_length) => {
            let length_header = if says_length { format!("content-length: {length}\r\n") } else { String::new() };
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{length_header}connection: close\r\n\r\n"
            );
            let _ = stream.write_all(head.as_bytes()).await;
            let chunk = vec![b' '; 1 << 20];
            for _ in 0..length >> 20 {
                if stream.write_all(&chunk).await.is_err() {
                    return;
                }
            }
            let _ = stream.shutdown().await;
        }
    }
}
