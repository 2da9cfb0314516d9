//! Version numbers under fire: many registrations at once, lost replies on the counter, conflicting transactions.

use std::collections::BTreeSet;

use futures::future::join_all;
use serde_json::{Value, json};
use tests::api::{Answer, Api, Tenant};
use tests::whole::expect_whole;
use tests::wire::Fault;

/// How many registrations run at once.
const MANY: usize = 64;
/// How many replies get lost: more would use up the SDK's budget of retries, which all share here and none in Lambda.
const LOST: usize = 32;

/// How many transactions meet a conflict: every fourth, since eight in a row would rightly be told to the client.
const CONFLICTS: usize = MANY / 4;

fn conflicts(api: &Api, count: usize) {
    for index in 1..=count {
        api.wire.inject(Some("TransactWriteItems"), 3 * index, 1, Fault::Conflict);
    }
}

/// Registers `MANY` images of a type at once, and answers their numbers, sorted.
async fn wave(api: &Api, tenants: &[&Tenant], number: u16, name: &str) -> Vec<u64> {
    let made =
        join_all(
            (0..MANY).map(|index| {
                let tenant = tenants[index % tenants.len()];
                let body = json!({"name": name, "type": number, "version": format!("{index}"), "url": ""});
                async move {
                    api.call("POST", &tenant.path("/pool"), &tenant.write, body).await.expect(201).json()
                }
            }),
        )
        .await;
    let mut numbers: Vec<u64> = made.iter().map(number_of).collect();
    numbers.sort_unstable();
    numbers
}

fn number_of(record: &Value) -> u64 {
    record["versionNumber"].as_str().unwrap().parse().unwrap()
}

async fn service() -> (Api, Tenant, Tenant) {
    let api = Api::start().await;
    let (acme, globex) = (api.tenant("acme").await, api.tenant("globex").await);
    for tenant in [&acme, &globex] {
        api.create_type(tenant, 105).await;
        api.get("/v1/ota/whoami", &tenant.write).await.expect(200);
    }
    (api, acme, globex)
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_replies_and_conflicts_make_gaps_and_never_a_repeat() {
    let (api, acme, _) = service().await;
    let mut all = BTreeSet::new();
    let mut highest = 0;
    for name in ["first", "second"] {
        api.wire.inject_first_attempts("UpdateItem", LOST, Fault::ReplyLost);
        conflicts(&api, CONFLICTS);
        let numbers = wave(&api, &[&acme], 105, name).await;
        assert_eq!(api.wire.clear(), 0, "every fault was met");
        assert!(numbers[0] > highest, "later registrations have higher numbers");
        highest = *numbers.last().unwrap();
        all.extend(numbers);
    }
    assert_eq!(all.len(), 2 * MANY);
    let dump = api.dump().await;
    assert_eq!(
        dump.row("COUNTER#105", "VERSION")["number"],
        2 * (MANY + LOST),
        "each lost reply leaves a gap"
    );
    expect_whole(&dump, "after both waves");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_partners_share_one_run_of_numbers() {
    let (api, acme, globex) = service().await;
    api.wire.inject_first_attempts("UpdateItem", LOST / 2, Fault::ReplyLost);
    api.wire.inject_first_attempts("TransactWriteItems", LOST / 2, Fault::ReplyLost);
    let numbers: BTreeSet<_> = wave(&api, &[&acme, &globex], 105, "shared").await.into_iter().collect();
    assert_eq!(numbers.len(), MANY);
    assert_eq!(api.wire.clear(), 0, "every fault was met");
    expect_whole(&api.dump().await, "afterwards");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_idempotency_key_makes_one_record_whatever_breaks() {
    let (api, acme, _) = service().await;
    api.wire.inject_first_attempts("UpdateItem", LOST / 2, Fault::ReplyLost);
    api.wire.inject_first_attempts("TransactWriteItems", LOST / 2, Fault::ReplyLost);
    conflicts(&api, CONFLICTS / 2);
    let body = json!({"name": "once", "type": 105, "version": "1", "url": ""});
    let answers: Vec<Answer> = join_all((0..MANY).map(|_| {
        let request = api.request("POST", &acme.path("/pool")).bearer_auth(&acme.write).json(&body);
        api.send(request.header("idempotency-key", "build-7"))
    }))
    .await;
    let mut numbers = BTreeSet::new();
    let mut first = 0;
    for answer in answers {
        let answer = answer.expect(201);
        first += usize::from(answer.header("idempotency-replayed").is_empty());
        numbers.insert(number_of(&answer.json()));
    }
    assert_eq!(numbers.len(), 1);
    // None, if the one that made it lost that reply and then met a conflict: it finds what it made itself.
    assert!(first <= 1, "{first} say that they made it");
    let dump = api.dump().await;
    assert_eq!(dump.under("POOL#acme").filter(|(_, sk, _)| sk.starts_with("DETAIL#")).count(), 1);
    expect_whole(&dump, "afterwards");
}
