//! The world that the sample events are made for: a fresh service with [`crate::operations::World`], two versions of a
//! package, and what has an id that nobody could know beforehand, here with one that the samples name.

use serde_json::Value;
use shared::domain::{Actor, DeviceCredential, PartnerId, Right, Sha256};
use shared::store::access::Grant;
use shared::store::{Audit, Tx};
use shared::usecases::Context;
use shared::usecases::keys::{self, NewKey};
use tests::api::{Api, Tenant};
use tests::ipk::Ipk;

use crate::operations::World;

/// A second device that is let into `dev`.
const SECOND: &str = "2123456789abcdef0123456789abcdef01234567";
/// Its grant's id.
const GRANT: &str = "00000000000000000000";

/// Makes it.
pub async fn make(api: &Api) {
    let acme = api.tenant("acme").await;
    World::make(api, &acme).await;
    for (version, feeds) in [("1.0-r0", &["release"][..]), ("1.1-r0", &["release", "dev"])] {
        let record = package(api, &acme, version).await;
        for feed in feeds {
            api.associate(&acme, "kettle", &record, feed).await.expect(201);
        }
    }
    for fill in 0..3 {
        key(api, [fill; 32]).await;
    }
    grant(api).await;
    // Out of the burst: the times of a new index run ahead of the clock.
    api.server.clock().shift(3000);
}

async fn package(api: &Api, acme: &Tenant, version: &str) -> Value {
    let bytes = Ipk::new("hello", version).line("Description: Says hello").build();
    let name = &Sha256::of(&bytes).to_string()[..30];
    let mut record = api.register(acme, 3, name, version).await;
    record["url"] = api.upload(acme, &bytes).await.into();
    let path = api.record_path(acme, &record);
    api.call("PUT", &path, &acme.release, record.clone()).await.expect(204);
    record
}

/// A key of acme's that is made of these bytes, and of no chance.
async fn key(api: &Api, random: [u8; 32]) {
    let app = api.server.app();
    let acme: PartnerId = "acme".parse().unwrap();
    let operator =
        Actor { partner: None, right: Right::Operator, key: "sample".into(), bearer: false, expires: None };
    let cx = Context {
        store: &app.store,
        config: &app.config,
        secrets: &app.secrets,
        actor: "sample",
        right: Right::Operator,
        request_id: "sample",
        now: app.clock.now(),
    };
    let new = NewKey { rights: vec![Right::Release], label: "sample".parse().unwrap(), expires: None };
    keys::create(&cx, &acme, &operator, new, random).await.expect("a key is made");
}

/// Lets a device in, with a grant whose id is known.
async fn grant(api: &Api) {
    let app = api.server.app();
    let acme: PartnerId = "acme".parse().unwrap();
    let credential = DeviceCredential::parse(SECOND).unwrap();
    let made = Grant {
        id: GRANT.to_owned(),
        feed: "dev".parse().unwrap(),
        pseudonym: credential.pseudonym(app.secrets.pepper().unwrap().current().1),
        label: None,
        created: app.clock.now(),
    };
    let mut tx = Tx::new(&Audit {
        partner: Some(&acme),
        actor: "sample",
        request_id: "sample",
        at: app.clock.now(),
        action: "access.granted",
        subject: format!("access/dev/{GRANT}"),
        before: None,
        after: None,
    });
    tx.create_grant(&acme, &made);
    tx.commit(&app.store).await.expect("a grant is made");
}
