//! An nginx that caches as answers tell it to, in the place of the CDN. Its configuration names no time of its own:
//! what is fresh, what may be stale and for how long is for `Cache-Control` to say.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tests::api::Answer;

/// How long it may take to begin.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running nginx before one upstream; dropping it ends it.
pub struct Nginx {
    process: Child,
    base_url: String,
    http: reqwest::Client,
    _folder: TempDir,
}

fn configuration(folder: &Path, port: u16, upstream: &str) -> String {
    let folder = folder.display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {folder}/{kind};\n"))
        .concat();
    // The key is what the CDN's policies have in theirs. One process: the tests end it by ending that.
    format!(
        "daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
         events {{ worker_connections 64; }}
         http {{
           access_log off; {temporary}
           proxy_cache_path {folder}/cache keys_zone=cdn:1m inactive=1h use_temp_path=off;
           server {{
             listen 127.0.0.1:{port};
             location / {{
               proxy_pass {upstream};
               proxy_http_version 1.1;
               proxy_set_header Connection \"\";
               proxy_connect_timeout 2s; proxy_read_timeout 5s;
               proxy_cache cdn; proxy_cache_lock on;
               proxy_cache_key \"$request_uri $http_authorization $http_accept\";
               proxy_cache_revalidate on; proxy_cache_background_update on;
               add_header X-Cache $upstream_cache_status always;
             }}
           }}
         }}\n"
    )
}

impl Nginx {
    /// Starts the nginx that `OTA_TEST_NGINX` names before `upstream`, as `http://127.0.0.1:8080`.
    pub async fn start(upstream: &str) -> Self {
        let program = std::env::var("OTA_TEST_NGINX")
            .expect("OTA_TEST_NGINX names the nginx to use (cargo xtask test --only cdn provides it)");
        let folder = TempDir::new().unwrap();
        let port = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let file = folder.path().join("nginx.conf");
        std::fs::write(&file, configuration(folder.path(), port, upstream)).unwrap();
        let mut command = Command::new(program);
        command
            .arg("-c")
            .arg(&file)
            .arg("-p")
            .arg(folder.path())
            .arg("-e")
            .arg(folder.path().join("error.log"));
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().expect("nginx starts");
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let mut this = Self { process, base_url: format!("http://127.0.0.1:{port}"), http, _folder: folder };
        let began = Instant::now();
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            assert!(this.process.try_wait().unwrap().is_none(), "nginx ended by itself");
            assert!(began.elapsed() < PATIENCE, "nginx does not answer");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        this
    }

    /// Asks for a path with some headers.
    pub async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.http.request(method, format!("{}{path}", self.base_url));
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

impl Drop for Nginx {
    fn drop(&mut self) {
        // These fail only if it is gone already, which is what is wanted.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
