//! Requests as the clients' libraries send them: these bytes and no others, and answers read as strictly as they are.

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

/// An answer, as far as it was read.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) status: u16,
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// False if the connection was given up before the end of the body.
    pub(super) complete: bool,
}

impl Reply {
    /// A header by its lower-case name.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(each, _)| each == name).map(|(_, value)| value.as_str())
    }
}

/// One connection, kept open between requests as libcurl keeps it, and everything that was asked over it.
pub(super) struct Connection {
    address: String,
    stream: Option<BufReader<TcpStream>>,
    /// What was asked, as `GET /release/dev1/Packages 200`, with the lines that not every request has in brackets.
    pub(super) log: Vec<String>,
    /// How many bytes of the next body arrive before the network is gone.
    pub(super) cut: Option<usize>,
}

impl Connection {
    pub(super) fn new(base_url: &str) -> Self {
        let address = base_url.trim_start_matches("http://").to_owned();
        Self { address, stream: None, log: Vec::new(), cut: None }
    }

    /// Asks for `path` with `Host` and the given lines, and nothing else. `special` are those of `lines` worth logging.
    pub(super) async fn ask(
        &mut self,
        method: &str,
        path: &str,
        lines: &[String],
        special: &[String],
    ) -> Reply {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", self.address);
        for line in special.iter().chain(lines) {
            head.push_str(line);
            head.push_str("\r\n");
        }
        head.push_str("\r\n");
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => BufReader::new(TcpStream::connect(&self.address).await.unwrap()),
        };
        stream.get_mut().write_all(head.as_bytes()).await.unwrap();
        let reply = read(&mut stream, method, if method == "GET" { self.cut.take() } else { None }).await;
        let closes = reply.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        if reply.complete && !closes {
            self.stream = Some(stream);
        }
        let special: Vec<String> = special.iter().map(|line| format!(" [{line}]")).collect();
        self.log.push(format!("{method} {path}{} {}", special.concat(), reply.status));
        reply
    }

    /// Gives the connection up, as a process that ends does.
    pub(super) fn close(&mut self) {
        self.stream = None;
    }
}

async fn read(stream: &mut BufReader<TcpStream>, method: &str, cut: Option<usize>) -> Reply {
    let mut line = String::new();
    stream.read_line(&mut line).await.unwrap();
    let status =
        line.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)).and_then(|code| code.parse().ok());
    let status = status.unwrap_or_else(|| panic!("no status line, but {line:?}"));
    let mut headers = Vec::new();
    loop {
        line.clear();
        stream.read_line(&mut line).await.unwrap();
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let mut reply = Reply { status, headers, body: Vec::new(), complete: true };
    assert_eq!(reply.header("transfer-encoding"), None, "no client can show its progress in that");
    assert_eq!(reply.header("content-encoding"), None, "no client undoes that");
    if method == "HEAD" || status == 304 {
        return reply;
    }
    let length: usize = reply.header("content-length").expect("a length").parse().unwrap();
    let wanted = cut.map_or(length, |cut| cut.min(length));
    reply.complete = wanted == length;
    reply.body.resize(wanted, 0);
    stream.read_exact(&mut reply.body).await.unwrap();
    reply
}
