//! A purge asked of moto, which plays `CloudFront`, instead of a server of our own.
//!
//! Only where `OTA_TEST_MOTO` names moto's address; there it must answer.

use serde_json::json;
use shared::http::Clock;
use tests::api::Api;

use super::cdn::connect;
use super::{Bench, batch_of, event_of};

const CONFIG: &str = r#"<DistributionConfig xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/">
    <CallerReference>test</CallerReference><Comment></Comment><Enabled>true</Enabled>
    <Origins><Quantity>1</Quantity><Items><Origin><Id>o</Id><DomainName>o.example.com</DomainName>
    <CustomOriginConfig><HTTPPort>80</HTTPPort><HTTPSPort>443</HTTPSPort>
    <OriginProtocolPolicy>https-only</OriginProtocolPolicy></CustomOriginConfig></Origin></Items></Origins>
    <DefaultCacheBehavior><TargetOriginId>o</TargetOriginId><ViewerProtocolPolicy>allow-all</ViewerProtocolPolicy>
    </DefaultCacheBehavior></DistributionConfig>"#;

fn inside<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    text.split(&format!("<{name}>")).skip(1).map(|rest| rest.split('<').next().unwrap()).collect()
}

#[tokio::test]
async fn moto_writes_down_the_purges_that_it_is_asked_for() {
    let Ok(moto) = std::env::var("OTA_TEST_MOTO") else {
        eprintln!("SKIPPED: OTA_TEST_MOTO names no moto");
        return;
    };
    let api = Api::start().await;
    let at = format!("{moto}/2020-05-31/distribution");
    let ask = async |request: reqwest::RequestBuilder| {
        let signed = "AWS4-HMAC-SHA256 Credential=x/20261122/us-east-1/cloudfront/aws4_request, SignedHeaders=host, Signature=x";
        api.send(request.header("authorization", signed)).await
    };
    let made = ask(api.request("POST", &at).body(CONFIG)).await.expect(201);
    let text = String::from_utf8(made.bytes).unwrap();
    let id = inside(&text, "Id")[0];
    let mut bench = Bench::beside(&api).await;
    bench.reconciler.cdn = connect(&moto, id, Clock::default());
    let row = serde_json::from_value(json!({
        "at": 1, "actor": "key", "requestId": "r", "action": "association.removed",
        "subject": "kettle/release/105/7", "before": {"feeds": ["release"]},
    }));
    let event = event_of(&row.unwrap());
    bench.call(event.clone()).await.unwrap();
    assert_eq!(
        bench.call(batch_of(std::slice::from_ref(&event))).await.unwrap(),
        json!({"batchItemFailures": []})
    );
    let list = ask(api.request("GET", &format!("{at}/{id}/invalidation"))).await.expect(200);
    let list = String::from_utf8(list.bytes).unwrap();
    let purges = inside(&list, "Id");
    assert_eq!(purges.len(), 2, "{list}");
    for purge in purges {
        let one = ask(api.request("GET", &format!("{at}/{id}/invalidation/{purge}"))).await.expect(200);
        let one = String::from_utf8(one.bytes).unwrap();
        assert_eq!(inside(&one, "Path"), ["/release/kettle*", "/v1/ota/deviceTypes/kettle/*"], "{one}");
    }
    bench.reconciler.cdn = connect(&moto, "ENOTTHERE", Clock::default());
    let error = bench.call(event).await.unwrap_err().to_string();
    assert!(error.contains("NoSuchDistribution"), "{error}");
}
