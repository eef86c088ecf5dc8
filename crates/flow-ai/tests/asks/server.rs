//! A small HTTP server that does to a client whatever a test wants, byte by byte.

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
pub(crate) struct Seen {
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What the server does.
pub(crate) enum Act {
    /// Sends these bytes and closes.
    Send(String),
    /// Sends these bytes one by one and closes.
    Bytes(Vec<u8>),
    /// Sends these bytes, then nothing, and keeps the connection open.
    Hang(String),
    /// Breaks the connection at once.
    Reset,
    /// Sends a head, then this again and again.
    Endless(String),
}

/// A running server and what it saw.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// A server that acts by the request.
    pub(crate) async fn start(act: impl Fn(&Seen) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let (record, act) = (seen.clone(), Arc::new(act));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (record, act) = (record.clone(), act.clone());
                tokio::spawn(async move {
                    let mut stream = stream;
                    let request = read(&mut stream).await;
                    record.lock().unwrap().push(request.clone());
                    perform(stream, act(&request)).await;
                });
            }
        });
        Self { address, seen }
    }

    /// A server that always acts like this.
    pub(crate) async fn always(act: impl Fn() -> Act + Send + Sync + 'static) -> Self {
        Self::start(move |_| act()).await
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn last(&self) -> Seen {
        self.seen.lock().unwrap().last().cloned().unwrap_or_default()
    }

    pub(crate) fn count(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

/// An answer with a length.
pub(crate) fn answer(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

/// The head of a stream.
pub(crate) const STREAM: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";

/// One piece of a streamed answer.
pub(crate) fn piece(text: &str) -> String {
    let json = serde_json::json!({"model": "small-1-dated", "choices": [{"delta": {"content": text}}]});
    format!("data: {json}\n\n")
}

/// The end of one.
pub(crate) const END: &str = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n\
     data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n";

/// A whole streamed answer.
pub(crate) fn said(text: &str) -> String {
    format!("{STREAM}{}{END}", piece(text))
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
        Act::Endless(text) => {
            let _ = stream.write_all(STREAM.as_bytes()).await;
            while stream.write_all(text.as_bytes()).await.is_ok() {}
        }
    }
}
