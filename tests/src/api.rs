//! A service to talk to, and the few calls that most tests begin with.

use devserver::{Options, Server};
use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::Sha256;

use crate::lambda;
use crate::wire::Wire;

/// A running service with a broken-on-demand wire to its database.
pub struct Api {
    /// The server.
    pub server: Server,
    /// The wire between the service and its database.
    pub wire: Wire,
    /// The HTTP client of tests; follows no redirect.
    pub http: reqwest::Client,
}

/// An answer, whole.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: reqwest::header::HeaderMap,
    /// The body.
    pub bytes: Vec<u8>,
}

impl Answer {
    /// The body as JSON; `null` if it is empty.
    pub fn json(&self) -> Value {
        if self.bytes.is_empty() {
            return Value::Null;
        }
        serde_json::from_slice(&self.bytes).unwrap_or_else(|_| {
            panic!("not JSON ({}): {}", self.status, String::from_utf8_lossy(&self.bytes))
        })
    }

    /// The problem's code; empty if it has none.
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// One header; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Fails the test unless the status is `status`.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.bytes));
        self
    }

    /// Fails the test unless this is a problem with that status and code, complete in every member.
    #[track_caller]
    pub fn expect_problem(self, status: u16, code: &str) -> Self {
        let body = self.json();
        assert_eq!((self.status, body["code"].as_str()), (status, Some(code)), "{body}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(body["status"], status);
        assert_eq!(body["requestId"], self.header("x-request-id"), "{body}");
        for member in ["type", "title", "detail", "requestId", "error", "error_description", "trace"] {
            assert!(body[member].as_str().is_some_and(|text| !text.is_empty()), "{member} in {body}");
        }
        assert!(body["timestamp"].as_i64().is_some_and(|at| at > 0), "{body}");
        self
    }
}

/// A partner with a key of each right.
#[derive(Debug, Clone)]
pub struct Tenant {
    /// Its id.
    pub id: String,
    /// A key with `read`.
    pub read: String,
    /// A key with `write`.
    pub write: String,
    /// A key with `release`.
    pub release: String,
}

impl Tenant {
    /// A path of this partner.
    pub fn path(&self, rest: &str) -> String {
        format!("/v1/ota/partners/{}{rest}", self.id)
    }
}

impl Api {
    /// A service of its own, on the database that this test run is for.
    pub async fn start() -> Self {
        Self::start_with(Options::default()).await
    }

    /// The same with other options.
    pub async fn start_with(mut options: Options) -> Self {
        let wire = Wire::default();
        options.http_client = Some(wire.client());
        if options.dynamodb_endpoint.is_none() {
            options.dynamodb_endpoint = std::env::var("OTA_TEST_DYNAMODB").ok();
        }
        if options.lambda.is_none() {
            options.lambda = lambda::options();
        }
        let reaches = options.lambda.is_none() || options.s3_http_client.is_none();
        assert!(
            reaches,
            "a wire between functions and their bucket does not reach functions that Lambda runs"
        );
        let server = Box::pin(Server::start(options)).await.expect("the dev server starts");
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        wire.take_calls();
        Self { server, wire, http }
    }

    /// Lets time pass for the service: shifts its clock, or waits where functions have clocks of their own.
    pub async fn pass(&self, millis: u64) {
        if self.server.runs_lambda() {
            tokio::time::sleep(std::time::Duration::from_millis(millis)).await;
        } else {
            self.server.clock().shift(millis.try_into().unwrap());
        }
    }

    /// The same with a wire to the bucket that breaks on demand as well.
    pub async fn start_wired() -> (Self, Wire) {
        let bucket = Wire::default();
        let options = Options { s3_http_client: Some(bucket.client()), ..Options::default() };
        (Self::start_with(options).await, bucket)
    }

    /// A partner with its keys, made through the admin API.
    pub async fn tenant(&self, id: &str) -> Tenant {
        let key = async |right: &str| self.server.partner_key(id, right).await.expect("a key is made");
        Tenant {
            id: id.to_owned(),
            read: key("read").await,
            write: key("write").await,
            release: key("release").await,
        }
    }

    /// Sends a request built by hand; `path` may be a whole URL.
    pub fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let url = if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", self.server.base_url())
        };
        self.http.request(Method::from_bytes(method.as_bytes()).unwrap(), url)
    }

    /// Sends it and reads the whole answer.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.expect("the server answers");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answer { status, headers, bytes: response.bytes().await.expect("the body arrives").to_vec() }
    }

    /// A request with a key (none for `""`) and a JSON body (none for `null`).
    pub async fn call(&self, method: &str, path: &str, key: &str, body: Value) -> Answer {
        let mut request = self.request(method, path);
        if !key.is_empty() {
            request = request.bearer_auth(key);
        }
        if !body.is_null() {
            request = request.json(&body);
        }
        self.send(request).await
    }

    /// GET with a key (none for `""`).
    pub async fn get(&self, path: &str, key: &str) -> Answer {
        self.call("GET", path, key, Value::Null).await
    }

    /// Creates an MCU type called `TYPE <number>`.
    pub async fn create_type(&self, tenant: &Tenant, number: u16) {
        let body = json!({"name": format!("TYPE {number}"), "type": number});
        self.call("POST", &tenant.path("/types"), &tenant.write, body).await.expect(201);
    }

    /// Creates a device type.
    pub async fn create_device_type(&self, tenant: &Tenant, id: &str) {
        let body = json!({"deviceTypeId": id, "name": format!("Model {id}")});
        self.call("POST", &tenant.path("/deviceTypes"), &tenant.write, body).await.expect(201);
    }

    /// Registers an image without a binary and answers the record.
    pub async fn register(&self, tenant: &Tenant, number: u16, name: &str, version: &str) -> Value {
        let body = json!({"name": name, "type": number, "version": version, "url": ""});
        self.call("POST", &tenant.path("/pool"), &tenant.write, body).await.expect(201).json()
    }

    /// Uploads bytes through a presigned URL, moves them, and answers their repository URL.
    pub async fn upload(&self, tenant: &Tenant, bytes: &[u8]) -> String {
        let sha256 = Sha256::of(bytes).to_string();
        let body = json!({"sha256": sha256, "size": bytes.len()});
        let answer = self.call("POST", &tenant.path("/binaries"), &tenant.write, body).await;
        if answer.status == 201 {
            self.put_presigned(&answer.json()["upload"], bytes.to_vec()).await.expect(200);
        }
        self.move_to_repository(tenant, &sha256).await.expect(200).json()["value"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// PUTs bytes to a presigned URL with the headers that came with it.
    pub async fn put_presigned(&self, upload: &Value, bytes: Vec<u8>) -> Answer {
        let mut request = self.request("PUT", upload["url"].as_str().unwrap());
        for (name, value) in upload["headers"].as_object().unwrap() {
            request = request.header(name, value.as_str().unwrap());
        }
        self.send(request.body(bytes)).await
    }

    /// Calls `moveToRepository`.
    pub async fn move_to_repository(&self, tenant: &Tenant, sha256: &str) -> Answer {
        let path = tenant.path("/binaries/moveToRepository");
        self.call("POST", &path, &tenant.write, json!({"value": sha256})).await
    }

    /// Registers an image with these bytes and answers the record as read.
    pub async fn image(&self, tenant: &Tenant, number: u16, version: &str, bytes: &[u8]) -> Value {
        let mut record = self.register(tenant, number, &format!("image {number}"), version).await;
        record["url"] = self.upload(tenant, bytes).await.into();
        let path = self.record_path(tenant, &record);
        self.call("PUT", &path, &tenant.release, record.clone()).await.expect(204);
        self.get(&path, &tenant.read).await.expect(200).json()
    }

    /// The path of a pool record.
    pub fn record_path(&self, tenant: &Tenant, record: &Value) -> String {
        let number = record["versionNumber"].as_str().unwrap();
        tenant.path(&format!("/pool/types/{}/versionNumbers/{number}", record["type"]))
    }

    /// Associates a record with a device type in a feed.
    pub async fn associate(&self, tenant: &Tenant, device_type: &str, record: &Value, feed: &str) -> Answer {
        let mut body = record.clone();
        body["feed"] = feed.into();
        let path = tenant.path(&format!("/deviceTypes/{device_type}/firmwareImages"));
        self.call("POST", &path, &tenant.release, body).await
    }

    /// A device's check; `query` as in `feed=beta&2105=3`.
    pub async fn check(&self, device_type: &str, query: &str) -> Answer {
        self.get(&format!("/v1/ota/deviceTypes/{device_type}/eligibility?{query}"), "").await
    }

    /// The numbers that a check offers, as `(type, versionNumber)`.
    pub async fn offers(&self, device_type: &str, query: &str) -> Vec<(u64, String)> {
        let body = self.check(device_type, query).await.expect(200).json();
        let updates = body["updates"].as_array().unwrap().iter();
        updates
            .map(|each| (each["type"].as_u64().unwrap(), each["versionNumber"].as_str().unwrap().to_owned()))
            .collect()
    }
}
