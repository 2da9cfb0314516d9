//! A distribution for purges to be asked of: where SSM is played, CloudFront is too. It forgets nothing, since the CDN
//! keeps nothing here.

use anyhow::Context as _;
use http::{HeaderMap, Method, header};

use crate::client;

/// By its scope, the player of many services tells whose request this is; nobody looks at the signature.
const FOR_CLOUDFRONT: &str = "AWS4-HMAC-SHA256 Credential=devserver/20260101/us-east-1/cloudfront/aws4_request, \
                              SignedHeaders=host, Signature=none";

/// Makes one at `endpoint`, and gives its id.
pub(crate) async fn create(endpoint: &str, stage: &str) -> anyhow::Result<String> {
    let config = format!(
        "<DistributionConfig xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\">\
         <CallerReference>{stage}</CallerReference><Comment></Comment><Enabled>true</Enabled>\
         <Origins><Quantity>1</Quantity><Items><Origin><Id>here</Id><DomainName>127.0.0.1</DomainName></Origin></Items>\
         </Origins><DefaultCacheBehavior><TargetOriginId>here</TargetOriginId>\
         <ViewerProtocolPolicy>allow-all</ViewerProtocolPolicy></DefaultCacheBehavior></DistributionConfig>"
    );
    let mut headers = HeaderMap::new();
    headers.insert(header::AUTHORIZATION, FOR_CLOUDFRONT.parse()?);
    headers.insert(header::CONTENT_TYPE, "text/xml".parse()?);
    let url = format!("{endpoint}/2020-05-31/distribution");
    let made = client::send(Method::POST, &url, headers, config).await?.expect(&[201], "a distribution")?;
    let text = String::from_utf8_lossy(&made.body);
    let id =
        text.split_once("<Id>").and_then(|(_, rest)| rest.split_once("</Id>")).map(|(id, _)| id.to_owned());
    id.with_context(|| format!("a distribution was made without an id: {text}"))
}
