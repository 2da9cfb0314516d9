//! A cache in the place of the CDN, and what tests ask through it.

use std::path::Path;

use devserver::Beside;
use tempfile::TempDir;
use tests::api::Answer;

/// A running nginx before one upstream; dropping it ends it.
pub struct Nginx {
    // Before its folder, so that it ends before that is gone.
    running: Beside,
    http: reqwest::Client,
    _folder: TempDir,
}

impl Nginx {
    /// Starts the nginx that `OTA_TEST_NGINX` names before `upstream`, as `http://127.0.0.1:8080`.
    pub async fn start(upstream: &str) -> Self {
        let program = std::env::var("OTA_TEST_NGINX")
            .expect("OTA_TEST_NGINX names the nginx to use (cargo xtask test --only cdn provides it)");
        let folder = TempDir::new().unwrap();
        let running = Beside::nginx(Path::new(&program), folder.path(), upstream).await.unwrap();
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { running, http, _folder: folder }
    }

    /// Asks for a path with some headers.
    pub async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.http.request(method, format!("{}{path}", self.running.url()));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.expect("nginx answers");
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Answer { status, headers, bytes: answer.bytes().await.unwrap().to_vec() }
    }

    /// Asks with GET, and answers what the cache said of it beside the answer.
    pub async fn get(&self, path: &str) -> (String, Answer) {
        let answer = self.ask("GET", path, &[]).await;
        (answer.header("x-cache").to_owned(), answer)
    }
}
