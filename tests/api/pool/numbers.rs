//! Version numbers: allocated once, never again.

use std::collections::BTreeSet;

use futures::future::join_all;
use serde_json::Value;
use tests::api::Api;

use super::{Pool, image, numbers};

#[tokio::test]
async fn sixty_four_registrations_at_once_get_64_numbers() {
    let pool = Pool::start().await;
    let answers = join_all((0..64).map(|each| pool.post(image(&each.to_string())))).await;
    let made: Vec<Value> = answers.into_iter().map(|answer| answer.expect(201).json()).collect();
    let different: BTreeSet<u64> = numbers(&made).into_iter().collect();
    assert_eq!(different, (1..=64).collect());
    for record in &made {
        assert_eq!(pool.read(record).await, *record);
    }
    assert_eq!(numbers(&pool.all().await), (1..=64).collect::<Vec<_>>());
}

#[tokio::test]
async fn numbers_of_a_type_are_unique_across_partners_that_both_call_it_105() {
    let api = Api::start().await;
    let (acme, other) = (api.tenant("acme").await, api.tenant("other").await);
    for tenant in [&acme, &other] {
        api.create_type(tenant, 105).await;
    }
    let mut made = Vec::new();
    for each in 0..4 {
        for tenant in [&acme, &other] {
            made.push(api.register(tenant, 105, "image", &each.to_string()).await);
        }
    }
    // One after the other, they rise over both.
    assert_eq!(numbers(&made), (1..=8).collect::<Vec<_>>());
    let at_once = (0..32).map(|each| {
        let tenant = if each % 2 == 0 { &acme } else { &other };
        let version = format!("at once {each}");
        let api = &api;
        async move { api.register(tenant, 105, "image", &version).await }
    });
    made.extend(join_all(at_once).await);
    let different: BTreeSet<u64> = numbers(&made).into_iter().collect();
    assert_eq!(different, (1..=40).collect());
    // A number of the other's is nothing of mine.
    let theirs = api.record_path(&acme, &made[1]);
    api.get(&theirs, &acme.read).await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn the_number_of_a_deleted_record_is_not_given_again() {
    let pool = Pool::start().await;
    for expected in 1..=3 {
        let made = pool.post(image("1")).await.expect(201).json();
        assert_eq!(numbers(std::slice::from_ref(&made)), [expected]);
        pool.api.call("DELETE", &pool.path(&made), &pool.acme.write, Value::Null).await.expect(204);
    }
}
