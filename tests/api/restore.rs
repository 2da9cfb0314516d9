//! The drill of a restore: a table goes back to how it was an hour ago, and no version number is ever given out twice.
//!
//! The restored table is a copy of all items, made before the numbers that are then lost are given out.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use futures::future::join_all;
use serde_json::{Value, json};
use shared::domain::Timestamp;
use shared::store::Store;
use shared::usecases::counters::{Known, Outcome, raise};
use tests::api::{Api, Tenant};

type Item = HashMap<String, AttributeValue>;
/// A version number of a type.
type Number = (u64, i64);

/// The types that are registered, each in its own way; of 106 there is nothing yet when the copy is made.
const TYPES: [u64; 4] = [3, 4, 105, 106];

async fn items(api: &Api) -> Vec<Item> {
    let (mut all, mut from) = (Vec::new(), None);
    loop {
        let scan = api.server.dynamodb_client().scan().table_name(api.server.table());
        let page = scan.consistent_read(true).set_exclusive_start_key(from).send().await.unwrap();
        all.extend(page.items.unwrap_or_default());
        from = page.last_evaluated_key;
        if from.is_none() {
            return all;
        }
    }
}

/// A service on a table that holds exactly these items.
async fn restored(copy: &[Item]) -> Api {
    let api = Api::start().await;
    for item in items(&api).await {
        api.erase(item["PK"].as_s().unwrap(), item["SK"].as_s().unwrap()).await;
    }
    for item in copy {
        let put = api.server.dynamodb_client().put_item().table_name(api.server.table());
        put.set_item(Some(item.clone())).send().await.unwrap();
    }
    api
}

struct Drill {
    original: Api,
    acme: Tenant,
    copy: Vec<Item>,
    /// Given out after the copy was made: devices run them, and the copy knows nothing of them.
    lost: BTreeSet<Number>,
}

impl Drill {
    async fn begin() -> Self {
        let original = Api::start().await;
        let acme = original.tenant("acme").await;
        for number in [105, 106] {
            original.create_type(&acme, number).await;
        }
        original.create_device_type(&acme, "kettle").await;
        original.upload(&acme, b"a description").await;
        for number in [3, 4, 105] {
            register(&original, &acme, number, "before", 4).await;
        }
        let copy = items(&original).await;
        let mut lost = BTreeSet::new();
        for number in TYPES {
            lost.extend(register(&original, &acme, number, "lost", 6).await);
        }
        Self { original, acme, copy, lost }
    }

    async fn raised(&self, restored: &Api, known: &Known<'_>, margin: u32) -> Outcome {
        let store = &restored.server.app().store;
        raise(store, known, margin, "drill", Timestamp::from_millis(1_795_305_600_000)).await.unwrap()
    }

    /// Registers many of each type at once, and fails the test if a number was lost, or is given twice.
    async fn expect_no_repeat(&self, restored: &Api, label: &str) {
        let mut known = self.lost.clone();
        for number in TYPES {
            for given in register(restored, &self.acme, number, label, 24).await {
                assert!(known.insert(given), "{label}: {given:?} was given out before");
            }
        }
        restored.expect_whole(label).await;
    }

    fn highest_lost(&self, number: u64) -> i64 {
        self.lost.iter().filter(|(kind, _)| *kind == number).map(|(_, number)| *number).max().unwrap()
    }
}

/// Registers so many images at once; answers their numbers.
async fn register(api: &Api, acme: &Tenant, number: u64, label: &str, times: usize) -> Vec<Number> {
    let one = async |at: usize| {
        let mut body = json!({"name": format!("{label} {at}"), "type": number, "version": "1", "url": ""});
        let mut path = acme.path("/pool");
        if number == 4 {
            body["url"] = api.upload(acme, b"a description").await.into();
            path = acme.path("/deviceTypes/kettle/firmwareImages");
        }
        let key = format!("{label}-{number}-{at}");
        let request = api.request("POST", &path).bearer_auth(&acme.release).header("idempotency-key", key);
        let answer = api.send(request.json(&body)).await.expect(201).json();
        (number, answer["versionNumber"].as_str().unwrap().parse().unwrap())
    };
    // Descriptions share a manifest, which takes them one after the other.
    if number == 4 {
        let mut all = Vec::new();
        for at in 0..times {
            all.push(one(at).await);
        }
        return all;
    }
    join_all((0..times).map(one)).await
}

fn of(outcome: &Outcome, number: u64) -> (i64, i64) {
    let each = outcome.counters.iter().find(|each| u64::from(each.number.get()) == number).unwrap();
    (each.before, each.after)
}

#[tokio::test]
async fn a_restored_table_would_give_out_the_lost_numbers_again() {
    let drill = Drill::begin().await;
    let restored = restored(&drill.copy).await;
    for number in TYPES {
        let given = register(&restored, &drill.acme, number, "again", 6).await;
        assert!(given.iter().all(|given| drill.lost.contains(given)), "{given:?}");
    }
}

#[tokio::test]
async fn after_raising_no_number_is_given_out_again() {
    let drill = Drill::begin().await;
    let restored = restored(&drill.copy).await;
    let outcome = drill.raised(&restored, &Known::default(), 1000).await;
    assert_eq!((outcome.counters.len(), &outcome.implausible), (200, &Vec::new()));
    assert_eq!((of(&outcome, 105), of(&outcome, 4)), ((4, 1004), (4, 1004)));
    assert_eq!(
        (of(&outcome, 106), of(&outcome, 200)),
        ((0, 1000), (0, 1000)),
        "of which the copy knows nothing"
    );
    drill.expect_no_repeat(&restored, "raised").await;
}

#[tokio::test]
async fn every_change_of_a_counter_is_in_the_audit() {
    let drill = Drill::begin().await;
    let restored = restored(&drill.copy).await;
    drill.raised(&restored, &Known::default(), 10).await;
    let store = &restored.server.app().store;
    let rows = store.audit(None, Timestamp::from_millis(1_795_305_600_000)).await.unwrap();
    let raised: Vec<_> = rows.iter().filter(|row| row.action == "counter.raised").collect();
    assert_eq!(raised.len(), 200);
    let row = raised.iter().find(|row| row.subject == "counter/105").unwrap();
    assert_eq!((row.actor.as_str(), row.request_id.as_str()), ("raise-counters", "drill"));
    assert_eq!(
        (row.before.clone(), row.after.clone()),
        (Some(json!({"number": 4})), Some(json!({"number": 14})))
    );
}

#[tokio::test]
async fn the_lost_table_says_which_numbers_it_gave_out_if_it_can_be_read() {
    let drill = Drill::begin().await;
    let restored = restored(&drill.copy).await;
    let lost = &drill.original.server.app().store;
    let known = Known { lost_table: Some(lost), ..Known::default() };
    let outcome = drill.raised(&restored, &known, 0).await;
    for number in TYPES {
        assert_eq!(of(&outcome, number).1, drill.highest_lost(number), "{number}");
    }
    drill.expect_no_repeat(&restored, "lost table").await;
}

#[tokio::test]
async fn what_devices_report_counts_as_given_out() {
    let drill = Drill::begin().await;
    let restored = restored(&drill.copy).await;
    let reported: BTreeMap<_, _> = TYPES
        .iter()
        .map(|number| {
            let kind = u16::try_from(*number).unwrap().try_into().unwrap();
            (kind, drill.highest_lost(*number).try_into().unwrap())
        })
        .collect();
    let outcome = drill.raised(&restored, &Known { reported, ..Known::default() }, 0).await;
    assert_eq!(of(&outcome, 106), (0, drill.highest_lost(106)));
    drill.expect_no_repeat(&restored, "reported").await;
}

#[tokio::test]
async fn raising_twice_and_beside_registrations_lowers_no_counter_and_repeats_no_number() {
    let drill = Drill::begin().await;
    let restored = restored(&drill.copy).await;
    let known = Known::default();
    // Registrations of a restored table come too early before its counters are raised; they only must not break it.
    let (first, early, second) = tokio::join!(
        drill.raised(&restored, &known, 1000),
        register(&restored, &drill.acme, 105, "early", 40),
        drill.raised(&restored, &known, 500),
    );
    let distinct: BTreeSet<_> = early.iter().collect();
    assert_eq!(distinct.len(), early.len());
    let store = &restored.server.app().store;
    for outcome in [first, second] {
        for each in outcome.counters {
            assert!(each.before <= each.after, "{each:?}");
            assert!(store.last_version_number(each.number).await.unwrap() >= each.after, "{each:?}");
        }
    }
    let before = store.last_version_number(200.try_into().unwrap()).await.unwrap();
    let third = drill.raised(&restored, &known, 0).await;
    assert_eq!(of(&third, 200), (before, before), "nothing to do");
    drill.expect_no_repeat(&restored, "twice").await;
}

#[tokio::test]
async fn a_counter_goes_above_numbers_that_only_other_rows_still_know() {
    let api = Api::start().await;
    let plant = async |pk: &str, sk: &str, row: Value| {
        let mut item: Item = row
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.clone(), AttributeValue::N(value.to_string())))
            .collect();
        item.insert("PK".into(), AttributeValue::S(pk.into()));
        item.insert("SK".into(), AttributeValue::S(sk.into()));
        let put = api.server.dynamodb_client().put_item().table_name(api.server.table());
        put.set_item(Some(item)).send().await.unwrap();
    };
    plant("COUNT#kettle#03", "IMAGE#release#105#0000000000000000077", json!({"offered": 9})).await;
    plant("DEV#kettle#1", "META", json!({"2106": 55})).await;
    plant("SOMETHING#new", "META", json!({"number": 107, "versionNumber": 66})).await;
    plant("DEV#kettle#2", "META", json!({"2108": i64::MAX})).await;
    let store: &Store = &api.server.app().store;
    let outcome = raise(store, &Known::default(), 1, "drill", Timestamp::from_millis(1)).await.unwrap();
    assert_eq!([105, 106, 107, 108].map(|number| of(&outcome, number).1), [78, 56, 67, 1]);
    assert_eq!(outcome.implausible, ["DEV#kettle#2 / META"], "a device may say anything");
    let reported = BTreeMap::from([(108.try_into().unwrap(), i64::MAX.try_into().unwrap())]);
    let known = Known { reported, ..Known::default() };
    let error = raise(store, &known, 1, "drill", Timestamp::from_millis(1)).await.unwrap_err();
    assert!(error.to_string().contains("/108 has 9223372036854775807 reported"), "{error}");
    assert_eq!(store.last_version_number(3.try_into().unwrap()).await.unwrap(), 1, "and nothing was raised");
    // A counter that stands so high all the same keeps no other from being raised.
    plant("COUNTER#108", "VERSION", json!({"number": i64::MAX})).await;
    let outcome = raise(store, &Known::default(), 1, "drill", Timestamp::from_millis(1)).await.unwrap();
    assert_eq!([108, 109].map(|number| of(&outcome, number)), [(i64::MAX, i64::MAX), (1, 2)]);
    plant("SOMETHING#untyped", "META", json!({"versionNumber": 5000})).await;
    let outcome = raise(store, &Known::default(), 1, "drill", Timestamp::from_millis(1)).await.unwrap();
    assert_eq!([105, 3].map(|number| of(&outcome, number).1), [5001, 5001], "it may be of any type");
}
