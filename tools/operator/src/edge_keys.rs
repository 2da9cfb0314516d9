//! `edge-keys`: the download keys, as the edge's key value store takes them.

use anyhow::Result;
use shared::secrets::Secret;

use crate::target::Target;

/// Prints every download key that is accepted, as `aws cloudfront-keyvaluestore update-keys --puts` reads them.
pub(crate) async fn run(target: &Target) -> Result<()> {
    let vault = target.vault().await?;
    println!("{}", json(&vault.secrets().await?.download));
    Ok(())
}

/// `[{"Key": <key id>, "Value": <key in hex>}…]`: in use first, then the one before it and the one to follow.
fn json(download: &Secret) -> String {
    let puts = download.values().map(|(id, key)| serde_json::json!({"Key": id, "Value": hex::encode(key)}));
    puts.collect::<serde_json::Value>().to_string()
}

/// The command that puts them there. The keys go through a pipe, so that no list of processes shows them.
pub(crate) fn command(arguments: &str) -> String {
    format!(
        "    cargo xtask edge-keys {arguments} | aws cloudfront-keyvaluestore update-keys {STORE} --puts file:///dev/stdin"
    )
}

/// The command that takes one away.
pub(crate) fn removal(id: &str) -> String {
    format!("    aws cloudfront-keyvaluestore delete-key {STORE} --key {id}")
}

/// The store, by the stack's output `KeyValueStore`, and its version, which changes with each change.
const STORE: &str = "--kvs-arn \"$KEY_VALUE_STORE\" --if-match \"$(aws cloudfront-keyvaluestore \
     describe-key-value-store --kvs-arn \"$KEY_VALUE_STORE\" --query ETag --output text)\"";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_that_is_accepted_goes_to_the_edge_under_its_id_and_in_hex() {
        let one = Secret::new("d1", vec![0x0A; 32]).rotated("d2", vec![0xFF; 32]);
        let begun = one.begun(Secret::new("d3", vec![0; 32])).unwrap();
        let value: serde_json::Value = serde_json::from_str(&json(&begun)).unwrap();
        let put = |id: &str, byte: &str| serde_json::json!({"Key": id, "Value": byte.repeat(32)});
        assert_eq!(value, serde_json::json!([put("d2", "ff"), put("d1", "0a"), put("d3", "00")]));
    }
}
