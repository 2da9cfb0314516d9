//! Breaks one operation at each of its database calls in turn, tries it again as a client would, and checks.

use serde_json::Value;
use tests::api::{Answer, Api, Tenant};
use tests::wire::{Fault, Wire};

/// How many attempts the SDK makes of one call.
const ATTEMPTS: usize = 3;
/// The call that writes.
const WRITE: &str = "TransactWriteItems";
/// How many transactions the store tries before it says that others were in the way.
const TRANSACTIONS: usize = 8;

/// A request that changes something.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: &'static str,
    /// The whole path.
    pub path: String,
    /// The key; none for `""`.
    pub key: String,
    /// The body: JSON, or a form for a text.
    pub body: Value,
    /// `Idempotency-Key`; none for `""`.
    pub idempotency: String,
}

impl Request {
    /// A request with a JSON body (none for `null`).
    pub fn new(method: &'static str, path: String, key: &str, body: Value) -> Self {
        Self { method, path, key: key.to_owned(), body, idempotency: String::new() }
    }

    /// Sends it.
    pub async fn send(&self, api: &Api) -> Answer {
        let mut request = api.request(self.method, &self.path);
        if !self.key.is_empty() {
            request = request.bearer_auth(&self.key);
        }
        if !self.idempotency.is_empty() {
            request = request.header("idempotency-key", &self.idempotency);
        }
        request = match &self.body {
            Value::Null => request,
            Value::String(form) => {
                request.header("content-type", "application/x-www-form-urlencoded").body(form.clone())
            }
            body => request.json(body),
        };
        api.send(request).await
    }
}

/// The service that one operation is broken on, again and again, with things that stay.
pub struct Bench {
    /// The service.
    pub api: Api,
    /// The wire to its bucket.
    pub bucket: Wire,
    /// A partner.
    pub acme: Tenant,
    /// Another.
    pub globex: Tenant,
    /// Counts runs, so that each works on things of its own.
    pub run: usize,
}

/// What an operation answers.
pub struct Expected {
    /// When all is well, and when the SDK hides the fault.
    pub status: u16,
    /// Besides, when it is tried again after an attempt whose outcome was unknown: none means only success will do.
    pub honest: Option<(u16, &'static str)>,
}

impl Bench {
    /// A service with two partners.
    pub async fn new() -> Self {
        let (api, bucket) = Api::start_wired().await;
        let (acme, globex) = (api.tenant("acme").await, api.tenant("globex").await);
        api.create_type(&acme, 105).await;
        let bench = Self { api, bucket, acme, globex, run: 0 };
        bench.warm().await;
        bench
    }

    /// Fails the test unless the table is whole, and the catalogues of what this run works on.
    async fn expect_whole(&self, name: &str) {
        let faults = self.api.faults_of(&format!("-{}", self.run)).await;
        assert!(faults.is_empty(), "{name}: {faults:#?}");
    }

    /// Uses every key once, so that no request notes a first use.
    async fn warm(&self) {
        for tenant in [&self.acme, &self.globex] {
            for key in [&tenant.read, &tenant.write, &tenant.release] {
                self.api.get("/v1/ota/whoami", key).await.expect(200);
            }
        }
    }
}

/// How often a fault strikes: once, which the SDK hides, or as often as anyone tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lasting {
    Once,
    ForGood,
}

/// The faults to try at a call.
///
/// All of them where something is written. A read that fails has failed, however it did: there each call meets
/// another one, unless `OTA_TEST_FAULTS=all`.
fn faults_of(operation: &str, index: usize) -> Vec<(Fault, Lasting)> {
    let both = |fault| [(fault, Lasting::Once), (fault, Lasting::ForGood)];
    let every = [Fault::Lost, Fault::ReplyLost, Fault::Throttled, Fault::ServerError];
    if operation == WRITE {
        return every.into_iter().chain([Fault::Conflict]).flat_map(both).collect();
    }
    if operation == "UpdateItem" || std::env::var("OTA_TEST_FAULTS").is_ok_and(|which| which == "all") {
        return every.into_iter().flat_map(both).collect();
    }
    vec![(every[index % 4], Lasting::Once), (every[(index + 1) % 4], Lasting::ForGood)]
}

/// Breaks `prepare`'s request at every call; fails the test at the first state that is not whole.
pub async fn break_everywhere(expected: Expected, prepare: impl AsyncFn(&Bench) -> Request) {
    let mut bench = Bench::new().await;
    let request = prepare(&bench).await;
    bench.api.wire.take_calls();
    request.send(&bench.api).await.expect(expected.status);
    let calls = bench.api.wire.take_calls();
    assert!(calls.iter().any(|call| call == WRITE), "it writes nothing: {calls:?}");
    for (index, operation) in calls.iter().enumerate() {
        for (fault, lasting) in faults_of(operation, index) {
            bench.run += 1;
            let name = format!("{fault:?} at call {index} ({operation}) of {calls:?}, {lasting:?}");
            let request = prepare(&bench).await;
            let times = match (lasting, fault) {
                (Lasting::Once, _) => 1,
                (Lasting::ForGood, Fault::Conflict) => TRANSACTIONS,
                (Lasting::ForGood, _) => ATTEMPTS,
            };
            bench.api.wire.inject(None, index, times, fault);
            let answer = request.send(&bench.api).await;
            assert_eq!(bench.api.wire.clear(), 0, "{name}: not met");
            let written = calls[..index].iter().any(|call| call == WRITE);
            let outcome = Outcome {
                answer,
                lasting: (lasting == Lasting::ForGood).then_some(fault),
                may_have_happened: written || (operation == WRITE && fault == Fault::ReplyLost),
            };
            check_run(&bench, &expected, &request, outcome, &name).await;
        }
    }
    expect_reconciled(&bench).await;
}

async fn expect_reconciled(bench: &Bench) {
    let report = bench.api.reconcile().await.expect("a whole table is reconciled");
    let found = (report.repairs, report.drifted, report.failed);
    assert_eq!(found, (0, 0, 0), "nothing was left to reconcile");
    bench.api.expect_whole("reconciled").await;
}

/// The same for a call of the bucket: its fault, and how many attempts meet it.
fn bucket_faults_of(operation: &str, index: usize) -> Vec<(Fault, usize)> {
    let every = [Fault::Lost, Fault::ReplyLost, Fault::ServerError];
    if operation.starts_with("GET ") || operation.starts_with("HEAD ") {
        return vec![(every[index % 3], 1), (every[(index + 1) % 3], ATTEMPTS)];
    }
    every.into_iter().flat_map(|fault| [(fault, 1), (fault, ATTEMPTS)]).collect()
}

/// Breaks `prepare`'s request at every call of the bucket. Until the table is written nothing has happened, so a
/// request that failed leaves the table as it was, and is carried out when it is sent again.
pub async fn break_bucket_everywhere(status: u16, prepare: impl AsyncFn(&Bench) -> Request) {
    let mut bench = Bench::new().await;
    let request = prepare(&bench).await;
    bench.bucket.take_calls();
    request.send(&bench.api).await.expect(status);
    let calls = bench.bucket.take_calls();
    assert!(!calls.is_empty(), "it calls no bucket");
    for (index, operation) in calls.iter().enumerate() {
        for (fault, times) in bucket_faults_of(operation, index) {
            bench.run += 1;
            let name = format!("{fault:?}, {times} times, at call {index} ({operation}) of {calls:?}");
            let request = prepare(&bench).await;
            let before = bench.api.dump().await;
            bench.bucket.inject(None, index, times, fault);
            let answer = request.send(&bench.api).await;
            assert_eq!(bench.bucket.clear(), 0, "{name}: not met");
            // What cannot be removed from staging stays there, and nobody is told.
            if times == 1 || operation.starts_with("DELETE ") {
                assert_eq!(answer.status, status, "{name}: {}", String::from_utf8_lossy(&answer.bytes));
            } else {
                answer.expect_problem(503, "dependency_unavailable");
                let difference = before.difference(&bench.api.dump().await);
                assert!(difference.is_empty(), "{name}: {difference:?}");
                request.send(&bench.api).await.expect(status);
            }
            bench.expect_whole(&name).await;
        }
    }
    expect_reconciled(&bench).await;
}

/// How a broken request ended.
struct Outcome {
    answer: Answer,
    lasting: Option<Fault>,
    may_have_happened: bool,
}

async fn check_run(bench: &Bench, expected: &Expected, request: &Request, outcome: Outcome, name: &str) {
    let Outcome { answer, lasting, may_have_happened } = outcome;
    let shown = format!("{name}: {} {}", answer.status, String::from_utf8_lossy(&answer.bytes));
    match lasting {
        None => assert_eq!(answer.status, expected.status, "{shown}"),
        Some(Fault::Conflict) => {
            assert_eq!((answer.status, answer.code().as_str()), (409, "conflict_retry"), "{shown}");
        }
        Some(_) => {
            assert_eq!((answer.status, answer.code().as_str()), (503, "dependency_unavailable"), "{shown}");
            assert!(!answer.header("retry-after").is_empty(), "{shown}");
        }
    }
    if lasting.is_some() {
        let again = request.send(&bench.api).await;
        let shown = format!("{name}, again: {} {}", again.status, String::from_utf8_lossy(&again.bytes));
        // Where nothing can have happened, nothing may stand in the way of the second attempt.
        let honest = expected.honest.filter(|_| may_have_happened);
        let honest = honest.is_some_and(|(status, code)| again.status == status && again.code() == code);
        assert!(again.status == expected.status || honest, "{shown}");
    }
    bench.api.wire.take_calls();
    bench.expect_whole(name).await;
    let dump = bench.api.dump().await;
    assert_eq!(dump.under("REPAIR").count(), 0, "{name}: something is left to repair");
}
