//! A table as it was before there were catalogues: packages are associated, and nothing has been read in them.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;
use tests::api::Api;

/// Makes a table older than it is: no index pointers, nothing listed in feeds, no stanzas, no catalogues.
pub async fn age(api: &Api) {
    let dump = api.dump().await;
    for (pk, sk) in dump.0.keys() {
        let pointer = pk.starts_with("DT#") && sk.starts_with("INDEX#");
        if pointer || pk.starts_with("FEED#") {
            api.erase(pk, sk).await;
        } else if pk.starts_with("PARTNER#") && sk.starts_with("BLOB#") {
            for name in ["stanza", "warnings"] {
                api.alter(pk, sk, name, None).await;
            }
        }
    }
    for sha256 in api.catalogues().await {
        lose(api, &format!("catalogues/{sha256}")).await;
    }
}

/// Takes an object out of the bucket behind the service's back.
pub async fn lose(api: &Api, key: &str) {
    let delete = api.server.s3_client().delete_object().bucket(api.server.bucket());
    delete.key(key).send().await.unwrap();
}

/// Writes an object behind the service's back.
pub async fn plant(api: &Api, key: &str, bytes: &[u8]) {
    let put = api.server.s3_client().put_object().bucket(api.server.bucket());
    put.key(key).body(bytes.to_vec().into()).send().await.unwrap();
}

/// The rows of a plain image of type 3 that is in feeds of `dev1` are made those of a package that nobody has read.
pub async fn believe_a_package(api: &Api, record: &Value, feeds: &[&str]) {
    let number: i64 = record["versionNumber"].as_str().unwrap().parse().unwrap();
    let (sha256, package) = (record["sha256"].as_str().unwrap(), AttributeValue::S("package".to_owned()));
    api.alter("PARTNER#acme", &format!("BLOB#{sha256}"), "kind", Some(package.clone())).await;
    let detail = format!("DETAIL#003#{number:019}");
    api.alter("POOL#acme", &detail, "binary.kind", Some(package.clone())).await;
    for feed in feeds {
        let association = format!("ASSOC#{feed}#003#{number:019}");
        api.alter("DT#dev1", &association, "kind", Some(package.clone())).await;
    }
}
