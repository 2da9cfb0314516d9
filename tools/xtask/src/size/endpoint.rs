//! A local Runtime API, and just enough of SSM, DynamoDB and S3 for a function to start: parameters that parse, and
//! nothing in the table or the bucket. It says nothing of what functions do; it is there to time them.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Instant;

use anyhow::Result;
use serde_json::{Value, json};

/// What a function did.
pub(super) enum Heard {
    /// It asked for its next event.
    Next(Instant),
    /// It answered the event that it was given.
    Answered,
    /// It said that it cannot start, or failed.
    Failed(String),
}

/// A listening endpoint; its thread ends with the process.
pub(super) struct Endpoint {
    pub(super) address: SocketAddr,
    heard: Receiver<Heard>,
}

impl Endpoint {
    /// Listens on a free port; the first event that is asked for is `event`, and there is no other.
    pub(super) fn start(event: Option<String>) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let (say, heard) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (say, event) = (say.clone(), event.clone());
                std::thread::spawn(move || {
                    // A connection that breaks is a function that was ended.
                    let _ = serve(&stream, &say, event.as_deref());
                });
            }
        });
        Ok(Self { address, heard })
    }

    /// Waits for what the function does next.
    pub(super) fn next(&self, patience: std::time::Duration) -> Result<Heard> {
        Ok(self.heard.recv_timeout(patience)?)
    }
}

struct Question {
    line: String,
    target: String,
    body: Vec<u8>,
}

fn serve(stream: &TcpStream, say: &Sender<Heard>, event: Option<&str>) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    let mut writer = stream;
    let mut given = false;
    while let Some(question) = read(&mut reader)? {
        if question.line.contains("/invocation/next") {
            let _ = say.send(Heard::Next(Instant::now()));
            match event {
                Some(event) if !given => {
                    given = true;
                    let headers = "Lambda-Runtime-Aws-Request-Id: r1\r\nLambda-Runtime-Deadline-Ms: 4102444800000\r\n\
                                   Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:000000000000:function:x\r\n";
                    answer(&mut writer, "200 OK", headers, event)?;
                }
                // As Lambda does: nobody answers until there is something to do.
                _ => loop {
                    std::thread::park();
                },
            }
        } else if question.line.contains("/response") {
            let _ = say.send(Heard::Answered);
            answer(&mut writer, "202 Accepted", "", "")?;
        } else if question.line.contains("/error") {
            let _ = say.send(Heard::Failed(String::from_utf8_lossy(&question.body).into_owned()));
            answer(&mut writer, "202 Accepted", "", "")?;
        } else if question.target.starts_with("AmazonSSM") {
            answer(&mut writer, "200 OK", AMZ_JSON, &parameters(&question.body).to_string())?;
        } else if question.target.starts_with("DynamoDB") {
            answer(&mut writer, "200 OK", AMZ_JSON, "{}")?;
        } else {
            answer(&mut writer, "404 Not Found", "", "")?;
        }
    }
    Ok(())
}

const AMZ_JSON: &str = "Content-Type: application/x-amz-json-1.0\r\n";

fn read(reader: &mut BufReader<&TcpStream>) -> std::io::Result<Option<Question>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let (mut target, mut length) = (String::new(), 0);
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header)? == 0 || header.trim().is_empty() {
            break;
        }
        let Some((name, value)) = header.split_once(':') else { continue };
        match name.to_ascii_lowercase().as_str() {
            "x-amz-target" => value.trim().clone_into(&mut target),
            "content-length" => length = value.trim().parse().unwrap_or(0),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(Some(Question { line, target, body }))
}

fn answer(writer: &mut &TcpStream, status: &str, headers: &str, body: &str) -> std::io::Result<()> {
    let length = body.len();
    write!(writer, "HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\n\r\n{body}")
}

/// The parameters that were asked for, each with a value that parses. Keys are made up, and sign nothing.
fn parameters(question: &[u8]) -> Value {
    let asked: Value = serde_json::from_slice(question).unwrap_or_default();
    let names = asked["Names"].as_array().cloned().unwrap_or_default();
    let secret = |bytes: usize| json!({"current": {"id": "d1", "key": "07".repeat(bytes)}}).to_string();
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for name in names.iter().filter_map(Value::as_str) {
        let value = match name.rsplit('/').next().unwrap_or_default() {
            "base-url" => "https://ota.example.com".to_owned(),
            "distribution-id" => "E1EXAMPLE".to_owned(),
            "key-ids" => json!({"download": "d1"}).to_string(),
            "download" | "pepper" | "devices" => secret(32),
            "usign" => secret(40),
            _ => {
                missing.push(name);
                continue;
            }
        };
        found.push(json!({"Name": name, "Value": value, "Type": "String", "Version": 1}));
    }
    json!({"Parameters": found, "InvalidParameters": missing})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_that_are_asked_for_are_given_and_others_named() {
        let given = parameters(br#"{"Names": ["/ota/x/base-url", "/ota/x/devices", "/ota/x/openpgp"]}"#);
        assert_eq!(given["Parameters"][0]["Value"], "https://ota.example.com");
        assert_eq!(given["Parameters"][1]["Name"], "/ota/x/devices");
        assert_eq!(given["InvalidParameters"][0], "/ota/x/openpgp");
    }
}
