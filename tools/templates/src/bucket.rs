//! The buckets: who may see them, how they keep what they hold, and for how long.

use serde_json::Value;

use crate::error::Error;
use crate::infra::{Infra, Resource};
use crate::policy::Statement;
use crate::property::symbols;

/// A bucket.
#[derive(Debug, Clone, PartialEq)]
pub struct Bucket {
    /// Where it stands, as `Storage.BinariesBucket`.
    pub id: String,
    /// How objects are encrypted by default: `AES256` for SSE-S3, `aws:kms` …; empty if it does not say.
    pub encryption: String,
    /// Whether all four ways of making it public are blocked.
    pub blocks_public_access: bool,
    /// Whether it keeps former versions.
    pub versioned: bool,
    /// Whether it outlives its stack, also when it is replaced.
    pub retained: bool,
    /// The rules of its lifecycle.
    pub lifecycle: Vec<Value>,
    /// Statements of its policies, wherever they are written.
    pub statements: Vec<Statement>,
    /// Everything, for what is not above: CORS, ownership.
    pub resource: Resource,
}

impl Infra {
    /// Every bucket.
    pub fn buckets(&self) -> Result<Vec<Bucket>, Error> {
        let policies = self.resources_of("AWS::S3::BucketPolicy")?;
        let buckets = self.resources_of("AWS::S3::Bucket")?.into_iter();
        buckets.map(|resource| Bucket::read(resource, &policies)).collect()
    }
}

impl Bucket {
    fn read(resource: Resource, policies: &[Resource]) -> Result<Self, Error> {
        let rules = "/BucketEncryption/ServerSideEncryptionConfiguration/0/ServerSideEncryptionByDefault";
        let blocked = ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"];
        let mut statements = Vec::new();
        for policy in policies {
            if symbols(policy.text("/Bucket").unwrap_or_default()).any(|symbol| symbol == resource.id) {
                statements.extend(Statement::of_document(
                    policy.property("/PolicyDocument").unwrap_or(&Value::Null),
                )?);
            }
        }
        let retain = |name: &str| resource.rest[name] == "Retain";
        let lifecycle = resource.property("/LifecycleConfiguration/Rules").and_then(Value::as_array);
        Ok(Self {
            id: resource.id.clone(),
            encryption: resource.text(&format!("{rules}/SSEAlgorithm")).unwrap_or_default().to_owned(),
            blocks_public_access: blocked
                .iter()
                .all(|each| resource.is_true(&format!("/PublicAccessBlockConfiguration/{each}"))),
            versioned: resource.text("/VersioningConfiguration/Status") == Some("Enabled"),
            retained: retain("DeletionPolicy") && retain("UpdateReplacePolicy"),
            lifecycle: lifecycle.cloned().unwrap_or_default(),
            statements,
            resource,
        })
    }
}
