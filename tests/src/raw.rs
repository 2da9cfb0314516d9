//! Requests with paths and headers as they are written, since client libraries tidy both up.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use std::fmt::Write as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::api::{Answer, Api};

impl Api {
    /// Sends a request line's path and some headers exactly so, and reads the whole answer.
    pub async fn raw(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let address = self.server.base_url().trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).await.expect("the server answers");
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
        for (name, value) in headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await.unwrap();
        parse(&all).unwrap_or_else(|| panic!("no answer to {head}"))
    }
}

fn parse(all: &[u8]) -> Option<Answer> {
    let end = all.windows(4).position(|four| four == b"\r\n\r\n")?;
    let text = std::str::from_utf8(&all[..end]).ok()?;
    let mut lines = text.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(':')?;
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        headers.append(name, HeaderValue::from_str(value.trim()).ok()?);
    }
    Some(Answer { status, headers, bytes: all[end + 4..].to_vec() })
}
