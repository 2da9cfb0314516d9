use std::path::Path;

use devserver::{Options, Server};

use crate::raw::{Answer, send};

async fn start(data: &Path, fresh: bool) -> Server {
    Server::start(Options { data: Some(data.to_owned()), fresh, ..Options::default() }).await.unwrap()
}

async fn call(server: &Server, method: &str, path: &str, body: &str) -> Answer {
    let head = format!(
        "{method} /v1/ota/partners/demo{path} HTTP/1.1\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         content-length: {}",
        server.demo_key().unwrap(),
        body.len(),
    );
    send(server.base_url(), &head, body.as_bytes()).await
}

#[tokio::test]
async fn what_was_answered_is_there_after_a_restart_until_started_afresh() {
    let folder = tempfile::TempDir::new().unwrap();
    let data = folder.path().join(".ota");
    let server = start(&data, false).await;
    let key = server.demo_key().unwrap().to_owned();
    let made = call(&server, "POST", "/types", r#"{"name": "Kettle", "type": 105}"#).await;
    assert_eq!(made.status, 201, "{}", made.text());
    server.stop().await.unwrap();

    let server = start(&data, false).await;
    assert_eq!(server.demo_key(), Some(key.as_str()));
    assert!(call(&server, "GET", "/types/105", "").await.text().contains("Kettle"));
    let second = Server::start(Options { data: Some(data.clone()), ..Options::default() }).await;
    assert!(second.unwrap_err().to_string().contains("another dev server"));
    server.stop().await.unwrap();

    // The texts of the keys are kept nowhere else: new ones are made, and the old ones go on.
    std::fs::remove_file(data.join("dev.env")).unwrap();
    let server = start(&data, false).await;
    assert_ne!(server.demo_key(), Some(key.as_str()));
    assert!(call(&server, "GET", "/types/105", "").await.text().contains("Kettle"));
    server.stop().await.unwrap();

    let server = start(&data, true).await;
    assert_eq!(call(&server, "GET", "/types/105", "").await.status, 404);
    server.stop().await.unwrap();
}

#[tokio::test]
async fn the_demo_catalogue_is_made_once_however_often_it_is_asked_for() {
    let folder = tempfile::TempDir::new().unwrap();
    let server = start(&folder.path().join(".ota"), false).await;
    let mut seen = Vec::new();
    for _ in 0..2 {
        devserver::demo::seed(server.base_url(), "demo", server.demo_key().unwrap()).await.unwrap();
        let pool = call(&server, "GET", "/pool?size=200", "").await.text();
        let grants = call(&server, "GET", "/feeds/dev/devices", "").await.text();
        seen.push((pool, grants));
    }
    assert_eq!(seen[0], seen[1]);
    let check = "GET /v1/ota/deviceTypes/kettle-k1/eligibility?2101=1&2001=0 HTTP/1.1";
    let answer = send(server.base_url(), check, b"").await;
    assert!(answer.text().contains("\"1.1.0\""), "{}", answer.text());
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let server = Server::start(Options::default()).await.unwrap();
    let port = server.base_url().rsplit(':').next().unwrap().parse().unwrap();
    let error = Server::start(Options { port, ..Options::default() }).await.unwrap_err();
    assert!(error.to_string().contains(&format!("port {port} is in use")), "{error}");
    server.stop().await.unwrap();
}

#[tokio::test]
async fn a_request_that_is_open_when_the_server_stops_is_answered() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let server = Server::start(Options::default()).await.unwrap();
    let address = server.base_url().trim_start_matches("http://").to_owned();
    let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
    let head = format!("POST /v1/nowhere HTTP/1.1\r\nhost: {address}\r\ncontent-length: 4\r\n\r\n12");
    stream.write_all(head.as_bytes()).await.unwrap();
    // Another request, so that the first has surely begun.
    send(server.base_url(), "GET /v1/nowhere HTTP/1.1", b"").await;
    let stopping = tokio::spawn(server.stop());
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    assert!(tokio::net::TcpStream::connect(&address).await.is_err());
    stream.write_all(b"34").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    stopping.await.unwrap().unwrap();
}
