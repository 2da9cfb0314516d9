//! Every operation of the service behind the API's door, once, with a request that would succeed.
//!
//! A test reads the routers' source and fails when one of their routes is not in this table.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};
use shared::domain::Sha256;
use tests::api::{Answer, Api, Tenant};

/// What an operation needs of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Any partner's key.
    Read,
    /// `write`.
    Write,
    /// `release`.
    Release,
    /// The operator's key.
    Operator,
    /// Any key at all.
    AnyKey,
    /// No authorizer stands before it.
    Nothing,
}

/// One operation, as a partner called `acme` would call it on things of a [`World`].
#[derive(Debug, Clone)]
pub struct Operation {
    /// The method.
    pub method: &'static str,
    /// The route as the router has it.
    pub route: &'static str,
    /// The path of a request that would succeed, after `/v1/ota/partners/acme` for a partner's own.
    pub path: String,
    /// Its body.
    pub body: Value,
    /// The weakest right that does.
    pub needs: Needs,
}

/// The prefix of a partner's own paths.
pub const PARTNER: &str = "/v1/ota/partners/{partnerId}";

impl Operation {
    /// Whether it lies on a partner's own path.
    pub fn is_of_partner(&self) -> bool {
        self.route.starts_with(PARTNER)
    }

    /// Its path for `partner`.
    pub fn path_of(&self, partner: &str) -> String {
        if self.is_of_partner() {
            format!("/v1/ota/partners/{partner}{}", self.path)
        } else {
            self.path.clone()
        }
    }

    /// Its name in messages.
    pub fn name(&self) -> String {
        format!("{} {}", self.method, self.route)
    }

    /// Sends it for `partner` with a key.
    pub async fn send(&self, api: &Api, partner: &str, key: &str) -> Answer {
        api.call(self.method, &self.path_of(partner), key, self.body.clone()).await
    }
}

macro_rules! operations {
    ($($method:literal $route:literal => $path:expr, $body:tt, $needs:ident;)*) => {
        vec![$(Operation { method: $method, route: $route, path: $path.to_string(), body: json!($body), needs: Needs::$needs },)*]
    };
}

/// Things of partner `acme` for every operation to work on.
#[derive(Debug, Default)]
pub struct World {
    /// A binary that acme owns.
    pub owned: String,
    /// The repository URL of it.
    pub owned_url: String,
    /// One that it has staged.
    pub staged: String,
    /// A grant in its feed `dev`.
    pub grant: String,
    /// Two keys of it that no test uses.
    pub keys: [String; 2],
    /// Two proposals of somebody else of its: 105/1 into the feed `guarded` of spare, and of kettle.
    pub proposals: [String; 2],
}

impl World {
    /// Makes them: image 3/1 in beta and release of `kettle`, in release of
    /// `spare`, whose device `SN-1` has reported without a token, and offered to hooli, 105/1 with a binary, 105/2 without,
    /// device types `spare` and `unused`, feed `lab`, platform type 10, devices `SN-1` and `SN-2` of kettle.
    pub async fn make(api: &Api, acme: &Tenant) -> Self {
        for other in ["hooli", "initech"] {
            api.tenant(other).await;
        }
        let operator = api.server.operator_key().to_owned();
        api.call("POST", "/v1/ota/admin/types", &operator, json!({"name": "MODEM", "type": 10}))
            .await
            .expect(201);
        api.create_type(acme, 105).await;
        api.create_device_type(acme, "kettle").await;
        let open = json!({"deviceTypeId": "spare", "name": "Spare", "anonymousReports": true});
        api.call("POST", &acme.path("/deviceTypes"), &acme.write, open).await.expect(201);
        api.create_device_type(acme, "unused").await;
        let radio = api.image(acme, 3, "1", b"radio").await;
        for feed in ["beta", "release"] {
            api.associate(acme, "kettle", &radio, feed).await.expect(201);
        }
        api.associate(acme, "spare", &radio, "release").await.expect(201);
        let runs = json!({"attributes": {"2003": 0}});
        api.device_call("spare/devices/SN-1/attributes", "", &runs).await.expect(200);
        let offer = format!("{}/offers/hooli", api.record_path(acme, &radio));
        api.call("PUT", &offer, &acme.write, Value::Null).await.expect(204);
        let owned = api.image(acme, 105, "1", b"owned").await;
        api.register(acme, 105, "bare", "2").await;
        api.call("PUT", &acme.path("/feeds/lab"), &acme.write, Value::Null).await.expect(204);
        let device = json!({"hexSha1": "0123456789abcdef0123456789abcdef01234567"});
        let grant =
            api.call("POST", &acme.path("/feeds/dev/devices"), &acme.release, device).await.expect(201);
        let mut keys = <[String; 2]>::default();
        for key in &mut keys {
            let wanted = json!({"rights": ["read"], "label": "unused"});
            let made = api.call("POST", &acme.path("/keys"), &acme.release, wanted).await.expect(201).json();
            made["keyId"].as_str().unwrap().clone_into(key);
        }
        let proposals = proposals(api, acme).await;
        let (staged, upload) = (Sha256::of(b"staged").to_string(), acme.path("/binaries"));
        let announced = json!({"sha256": staged, "size": 6});
        let upload =
            api.call("POST", &upload, &acme.write, announced).await.expect(201).json()["upload"].clone();
        api.put_presigned(&upload, b"staged".to_vec()).await.expect(200);
        for (device, versions) in [("SN-1", json!({"2003": "0"})), ("SN-2", json!({}))] {
            api.attributes("kettle", device, &json!({"attributes": versions})).await.expect(200);
        }
        Self {
            owned: Sha256::of(b"owned").to_string(),
            owned_url: owned["url"].as_str().unwrap().to_owned(),
            staged,
            grant: grant.json()["id"].as_str().unwrap().to_owned(),
            keys,
            proposals,
        }
    }
}

/// Makes a feed that asks for approvals for as long as it takes to propose something.
async fn proposals(api: &Api, acme: &Tenant) -> [String; 2] {
    let other = api.server.partner_key(&acme.id, "release").await.unwrap();
    let guarded = json!({"approvals": true});
    api.call("PUT", &acme.path("/feeds/guarded"), &acme.release, guarded).await.expect(204);
    let mut ids = <[String; 2]>::default();
    for (device_type, id) in ["spare", "kettle"].into_iter().zip(&mut ids) {
        let wanted = json!({"type": 105, "versionNumber": 1, "feed": "guarded"});
        let path = acme.path(&format!("/deviceTypes/{device_type}/firmwareImages"));
        let waits = api.call("POST", &path, &other, wanted).await.expect(202).json();
        waits["id"].as_str().unwrap().clone_into(id);
    }
    // What waits goes on waiting, and nothing else has to.
    let open = json!({"approvals": false});
    let ends = api.call("PUT", &acme.path("/feeds/guarded"), &other, open).await.expect(202).json();
    let path = acme.path(&format!("/approvals/{}/approve", ends["id"].as_str().unwrap()));
    api.call("POST", &path, &acme.release, Value::Null).await.expect(204);
    ids
}

/// Every operation on acme's things. Each would succeed on a fresh [`World`] with a strong enough key.
#[rustfmt::skip]
#[expect(clippy::too_many_lines, reason = "a table")]
pub fn all(world: &World) -> Vec<Operation> {
    let new = Sha256::of(b"new").to_string();
    operations! {
        "GET" "/v1/ota/partners/{partnerId}/types" => "/types", null, Read;
        "POST" "/v1/ota/partners/{partnerId}/types" => "/types", {"name": "NEW", "type": 150}, Write;
        "GET" "/v1/ota/partners/{partnerId}/types/{type}" => "/types/105", null, Read;
        "PUT" "/v1/ota/partners/{partnerId}/types/{type}" => "/types/105", {"name": "RENAMED"}, Write;
        "GET" "/v1/ota/partners/{partnerId}/pool" => "/pool", null, Read;
        "POST" "/v1/ota/partners/{partnerId}/pool" => "/pool", {"name": "n", "type": 105, "version": "9", "url": ""}, Write;
        "GET" "/v1/ota/partners/{partnerId}/pool/types/{type}" => "/pool/types/105", null, Read;
        "GET" "/v1/ota/partners/{partnerId}/pool/types/{type}/names/{name}/versions/{version}/exists"
            => "/pool/types/105/names/image%20105/versions/1/exists", null, Read;
        "GET" "/v1/ota/partners/{partnerId}/pool/types/{type}/versionNumbers/{versionNumber}"
            => "/pool/types/3/versionNumbers/1", null, Read;
        "PUT" "/v1/ota/partners/{partnerId}/pool/types/{type}/versionNumbers/{versionNumber}"
            => "/pool/types/105/versionNumbers/2", {"name": "edited", "version": "2", "url": ""}, Write;
        "DELETE" "/v1/ota/partners/{partnerId}/pool/types/{type}/versionNumbers/{versionNumber}"
            => "/pool/types/105/versionNumbers/2", null, Write;
        "GET" "/v1/ota/partners/{partnerId}/pool/types/{type}/versionNumbers/{versionNumber}/associations"
            => "/pool/types/3/versionNumbers/1/associations", null, Read;
        "GET" "/v1/ota/partners/{partnerId}/pool/types/{type}/versionNumbers/{versionNumber}/offers"
            => "/pool/types/3/versionNumbers/1/offers", null, Read;
        "PUT" "/v1/ota/partners/{partnerId}/pool/types/{type}/versionNumbers/{versionNumber}/offers/{receiver}"
            => "/pool/types/3/versionNumbers/1/offers/initech", null, Write;
        "DELETE" "/v1/ota/partners/{partnerId}/pool/types/{type}/versionNumbers/{versionNumber}/offers/{receiver}"
            => "/pool/types/3/versionNumbers/1/offers/hooli", null, Write;
        "GET" "/v1/ota/partners/{partnerId}/tags" => "/tags", null, Read;
        "POST" "/v1/ota/partners/{partnerId}/binaries" => "/binaries", {"sha256": new, "size": 3}, Write;
        "POST" "/v1/ota/partners/{partnerId}/binaries/moveToRepository"
            => "/binaries/moveToRepository", {"value": world.staged}, Write;
        "GET" "/v1/ota/partners/{partnerId}/binaries/{sha256}"
            => format!("/binaries/{}", world.owned), null, Read;
        "GET" "/v1/ota/partners/{partnerId}/deviceTypes" => "/deviceTypes", null, Read;
        "POST" "/v1/ota/partners/{partnerId}/deviceTypes" => "/deviceTypes", {"deviceTypeId": "toaster", "name": "Toaster"}, Write;
        "GET" "/v1/ota/partners/{partnerId}/deviceTypes/{deviceTypeId}" => "/deviceTypes/kettle", null, Read;
        "PUT" "/v1/ota/partners/{partnerId}/deviceTypes/{deviceTypeId}" => "/deviceTypes/kettle", {"name": "Better"}, Write;
        "DELETE" "/v1/ota/partners/{partnerId}/deviceTypes/{deviceTypeId}" => "/deviceTypes/unused", null, Write;
        "GET" "/v1/ota/partners/{partnerId}/deviceTypes/{deviceTypeId}/firmwareImages" => "/deviceTypes/kettle/firmwareImages", null, Read;
        "POST" "/v1/ota/partners/{partnerId}/deviceTypes/{deviceTypeId}/firmwareImages"
            => "/deviceTypes/spare/firmwareImages", {"type": 105, "versionNumber": "1", "feed": "beta"}, Write;
        "POST" "/v1/ota/partners/{partnerId}/deviceTypes/{deviceTypeId}/firmwareImages"
            => "/deviceTypes/kettle/firmwareImages",
            {"name": "profile", "type": 4, "version": "1", "url": world.owned_url, "feed": "beta"}, Write;
        "GET" "/v1/ota/partners/{partnerId}/deviceTypes/{deviceTypeId}/firmwareImages/types/{type}"
            => "/deviceTypes/kettle/firmwareImages/types/3", null, Read;
        "GET" "/v1/ota/partners/{partnerId}/deviceTypes/{deviceTypeId}/firmwareImages/types/{type}/versionNumbers/{versionNumber}"
            => "/deviceTypes/kettle/firmwareImages/types/3/versionNumbers/1", null, Read;
        "DELETE" "/v1/ota/partners/{partnerId}/deviceTypes/{deviceTypeId}/firmwareImages/types/{type}/versionNumbers/{versionNumber}"
            => "/deviceTypes/kettle/firmwareImages/types/3/versionNumbers/1?feed=beta", null, Write;
        "POST" "/v1/ota/partners/{partnerId}/deviceTypes/{deviceTypeId}/firmwareImages/types/{type}/versionNumbers/{versionNumber}/promote"
            => "/deviceTypes/kettle/firmwareImages/types/3/versionNumbers/1/promote", {"from": "beta", "to": "alpha"}, Write;
        "GET" "/v1/ota/partners/{partnerId}/deviceTypes/{deviceTypeId}/firmwareImages/types/{type}/versionNumbers/{versionNumber}/rollout"
            => "/deviceTypes/kettle/firmwareImages/types/3/versionNumbers/1/rollout?feed=beta", null, Read;
        "PUT" "/v1/ota/partners/{partnerId}/deviceTypes/{deviceTypeId}/firmwareImages/types/{type}/versionNumbers/{versionNumber}/rollout"
            => "/deviceTypes/kettle/firmwareImages/types/3/versionNumbers/1/rollout?feed=beta", {"percent": 5, "steps": [{"atTimestamp": 4_102_444_800_000_i64, "percent": 100}]}, Release;
        "POST" "/v1/ota/partners/{partnerId}/deviceTypes/{deviceTypeId}/firmwareImages/types/{type}/versionNumbers/{versionNumber}/rollout/pause"
            => "/deviceTypes/kettle/firmwareImages/types/3/versionNumbers/1/rollout/pause?feed=beta", null, Release;
        "POST" "/v1/ota/partners/{partnerId}/deviceTypes/{deviceTypeId}/firmwareImages/types/{type}/versionNumbers/{versionNumber}/rollout/resume"
            => "/deviceTypes/kettle/firmwareImages/types/3/versionNumbers/1/rollout/resume?feed=beta", null, Release;
        "POST" "/v1/ota/partners/{partnerId}/deviceTypes/{deviceTypeId}/firmwareImages/types/{type}/versionNumbers/{versionNumber}/rollout/withdraw"
            => "/deviceTypes/kettle/firmwareImages/types/3/versionNumbers/1/rollout/withdraw?feed=release", null, Release;
        "POST" "/v1/ota/partners/{partnerId}/deviceTypes/{deviceTypeId}/deviceTokens"
            => "/deviceTypes/kettle/deviceTokens", {"deviceId": "SN-9"}, Write;
        "POST" "/v1/ota/partners/{partnerId}/deviceTypes/{deviceTypeId}/deviceSecret" => "/deviceTypes/kettle/deviceSecret", null, Release;
        "POST" "/v1/ota/partners/{partnerId}/deviceTypes/{deviceTypeId}/deviceSecret/rotate"
            => "/deviceTypes/kettle/deviceSecret/rotate", null, Release;
        "GET" "/v1/ota/partners/{partnerId}/deviceTypes/{deviceTypeId}/devices" => "/deviceTypes/kettle/devices", null, Read;
        "GET" "/v1/ota/partners/{partnerId}/deviceTypes/{deviceTypeId}/devices/{deviceId}" => "/deviceTypes/kettle/devices/SN-1", null, Read;
        "PATCH" "/v1/ota/partners/{partnerId}/deviceTypes/{deviceTypeId}/devices/{deviceId}"
            => "/deviceTypes/kettle/devices/SN-1", {"blocked": true}, Write;
        "DELETE" "/v1/ota/partners/{partnerId}/deviceTypes/{deviceTypeId}/devices/{deviceId}" => "/deviceTypes/kettle/devices/SN-2", null, Write;
        "GET" "/v1/ota/partners/{partnerId}/deviceTypes/{deviceTypeId}/devices/{deviceId}/explain"
            => "/deviceTypes/kettle/devices/SN-1/explain", null, Read;
        "POST" "/v1/ota/partners/{partnerId}/deviceTypes/{deviceTypeId}/explain"
            => "/deviceTypes/kettle/explain", {"attributes": {"2003": "0"}, "at": 4_102_444_800_000_i64}, Read;
        "GET" "/v1/ota/partners/{partnerId}/deviceTypes/{deviceTypeId}/devices/{deviceId}/versions"
            => "/deviceTypes/kettle/devices/SN-1/versions", null, Read;
        "GET" "/v1/ota/partners/{partnerId}/deviceTypes/{deviceTypeId}/versions" => "/deviceTypes/kettle/versions", null, Read;
        "GET" "/v1/ota/partners/{partnerId}/deviceTypes/{deviceTypeId}/firmwareImages/types/{type}/versionNumbers/{versionNumber}/reach"
            => "/deviceTypes/kettle/firmwareImages/types/3/versionNumbers/1/reach", null, Read;
        "GET" "/v1/ota/partners/{partnerId}/audit" => "/audit?deviceType=kettle&order=asc", null, Read;
        "PUT" "/v1/ota/partners/{partnerId}/deviceTypes/{deviceTypeId}/firmwareImages/{firmwareImageId}/push"
            => "/deviceTypes/spare/firmwareImages/1003/push", {"value": "SN-1"}, Release;
        "POST" "/v1/ota/partners/{partnerId}/deviceTypes/{deviceTypeId}/stop" => "/deviceTypes/spare/stop", null, Write;
        "GET" "/v1/ota/partners/{partnerId}/stop" => "/stop", null, Read;
        "POST" "/v1/ota/partners/{partnerId}/stop" => "/stop", null, Write;
        "DELETE" "/v1/ota/partners/{partnerId}/stop" => "/stop", null, Release;
        "DELETE" "/v1/ota/partners/{partnerId}/deviceTypes/{deviceTypeId}/stop" => "/deviceTypes/spare/stop", null, Release;
        "GET" "/v1/ota/partners/{partnerId}/feeds" => "/feeds", null, Read;
        "PUT" "/v1/ota/partners/{partnerId}/feeds/{feed}" => "/feeds/field", null, Write;
        "DELETE" "/v1/ota/partners/{partnerId}/feeds/{feed}" => "/feeds/lab", null, Write;
        "GET" "/v1/ota/partners/{partnerId}/feeds/{feed}/devices" => "/feeds/dev/devices", null, Read;
        "POST" "/v1/ota/partners/{partnerId}/feeds/{feed}/devices"
            => "/feeds/dev/devices", {"hexSha1": "1123456789abcdef0123456789abcdef01234567"}, Release;
        "DELETE" "/v1/ota/partners/{partnerId}/feeds/{feed}/devices/{id}" => format!("/feeds/dev/devices/{}", world.grant), null, Release;
        "GET" "/v1/ota/partners/{partnerId}/approvals" => "/approvals?state=pending", null, Read;
        "GET" "/v1/ota/partners/{partnerId}/approvals/{id}" => format!("/approvals/{}", world.proposals[0]), null, Read;
        "POST" "/v1/ota/partners/{partnerId}/approvals/{id}/approve" => format!("/approvals/{}/approve", world.proposals[0]), null, Release;
        "POST" "/v1/ota/partners/{partnerId}/approvals/{id}/reject" => format!("/approvals/{}/reject", world.proposals[1]), null, Release;
        "GET" "/v1/ota/partners/{partnerId}/keys" => "/keys", null, Release;
        "POST" "/v1/ota/partners/{partnerId}/keys" => "/keys", {"rights": ["read"], "label": "new"}, Release;
        "DELETE" "/v1/ota/partners/{partnerId}/keys/{keyId}" => format!("/keys/{}", world.keys[0]), null, Release;
        "GET" "/v1/ota/admin/partners" => "/v1/ota/admin/partners", null, Operator;
        "POST" "/v1/ota/admin/partners" => "/v1/ota/admin/partners", {"partnerId": "newcomer", "name": "New"}, Operator;
        "GET" "/v1/ota/admin/partners/{partner}/keys" => "/v1/ota/admin/partners/acme/keys", null, Operator;
        "POST" "/v1/ota/admin/partners/{partner}/keys"
            => "/v1/ota/admin/partners/acme/keys", {"rights": ["read"], "label": "by the operator"}, Operator;
        "DELETE" "/v1/ota/admin/partners/{partner}/keys/{keyId}" => format!("/v1/ota/admin/partners/acme/keys/{}", world.keys[1]), null, Operator;
        "POST" "/v1/ota/admin/types" => "/v1/ota/admin/types", {"name": "RADIO", "type": 9}, Operator;
        "PUT" "/v1/ota/admin/types/{type}" => "/v1/ota/admin/types/10", {"name": "CELLULAR"}, Operator;
        "GET" "/v1/ota/whoami" => "/v1/ota/whoami", null, AnyKey;
        "POST" "/oauth/token" => "/oauth/token", null, Nothing;
        "POST" "/v1/ota/deviceTypes/{deviceTypeId}/devices/{deviceId}/attributes"
            => "/v1/ota/deviceTypes/spare/devices/SN-1/attributes", {"attributes": {"2003": "0"}}, Nothing;
        "POST" "/v1/ota/deviceTypes/{deviceTypeId}/devices/{deviceId}/status"
            => "/v1/ota/deviceTypes/spare/devices/SN-1/status", {"type": 3, "versionNumber": 1, "state": "downloading"}, Nothing;
        "POST" "/v1/ota/deviceTypes/{deviceTypeId}/devices/{deviceId}/checks"
            => "/v1/ota/deviceTypes/spare/devices/SN-1/checks",
            {"devices": [{"deviceType": "spare", "deviceId": "SN-1", "attributes": {"2003": "0"}}]}, Nothing;
    }
}

/// The `(method, route)` pairs that the source of the routers mounts.
pub fn mounted() -> BTreeSet<(String, String)> {
    mounted_by().into_iter().map(|(_, method, route)| (method, route)).collect()
}

/// The same with the function before each. Feeds are no routes: whatever path nothing else has is theirs.
pub fn mounted_by() -> BTreeSet<(String, String, String)> {
    let functions = Path::new(env!("CARGO_MANIFEST_DIR")).join("../functions");
    let mut found = BTreeSet::new();
    for function in std::fs::read_dir(functions).unwrap() {
        let function = function.unwrap();
        let name = function.file_name().into_string().unwrap();
        let Ok(source) = std::fs::read_to_string(function.path().join("src/lib.rs")) else { continue };
        let mut routes = BTreeSet::new();
        routes_in(&source, &mut routes);
        if name != "feeds" {
            found.extend(routes.into_iter().map(|(method, route)| (name.clone(), method, route)));
        }
    }
    found
}

/// Reads `.route(path, get(…).post(…))` with `path` a text, a `format!` of one, or a variable that holds either.
fn routes_in(source: &str, found: &mut BTreeSet<(String, String)>) {
    let mut variables = Vec::new();
    for line in source.lines().map(str::trim) {
        if let Some((name, value)) = line.strip_prefix("let ").and_then(|rest| rest.split_once(" = "))
            && let Some(path) = path(value, &variables)
        {
            variables.push((name.to_owned(), path));
        }
    }
    for call in source.split(".route(").skip(1) {
        let call = call.split(".with_state").next().unwrap();
        let (first, methods) = call.split_once(',').unwrap();
        let route =
            path(first, &variables).unwrap_or_else(|| panic!("a route that this test cannot read: {call}"));
        for method in ["get", "post", "put", "delete", "patch", "head", "any"] {
            let begins =
                |at: usize| !methods[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
            if methods.match_indices(&format!("{method}(")).any(|(at, _)| begins(at)) {
                found.insert((method.to_uppercase(), route.clone()));
            }
        }
    }
}

fn path(text: &str, variables: &[(String, String)]) -> Option<String> {
    let text = text.trim().trim_start_matches('&');
    if !text.contains('"') {
        return variables.iter().find(|(name, _)| name == text).map(|(_, path)| path.clone());
    }
    let mut quoted = text.split('"').nth(1)?.to_owned();
    if text.starts_with("format!(") {
        for (name, value) in variables {
            quoted = quoted.replace(&format!("{{{name}}}"), &value.replace('{', "{{").replace('}', "}}"));
        }
        quoted = quoted.replace("{{", "{").replace("}}", "}");
    }
    quoted.starts_with('/').then_some(quoted)
}
