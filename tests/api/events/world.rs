//! The world that the sample events are made for: a fresh service with [`crate::operations::World`], two versions of a
//! package, and what has an id that nobody could know beforehand, here with one that the samples name.

use serde_json::Value;
use shared::domain::approval::{LIVES_SECONDS, Proposed, Proposer, State};
use shared::domain::{Actor, Approval, DeviceCredential, ImageRef, PartnerId, Right, Sha256};
use shared::store::access::Grant;
use shared::store::{Audit, Tx};
use shared::usecases::approvals::Basis;
use shared::usecases::keys::{self, NewKey};
use shared::usecases::{Context, Standing};
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
    for number in 1..=3 {
        proposal(api, number).await;
    }
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
    let operator = Actor {
        partner: None,
        right: Right::Operator,
        key: "sample".into(),
        bearer: false,
        expires: None,
        root: "sample".into(),
    };
    let cx = Context {
        store: &app.store,
        config: &app.config,
        secrets: &app.secrets,
        actor: "sample",
        right: Right::Operator,
        request_id: "sample",
        now: app.clock.now(),
        standing: Standing::default(),
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

/// What waits for an approval, in a proposal whose id is known: the third was made by the key that the samples come with.
async fn proposal(api: &Api, number: u8) {
    let app = api.server.app();
    let (acme, now): (PartnerId, _) = ("acme".parse().unwrap(), app.clock.now());
    let image = ImageRef::pooled(acme.clone(), "1105".parse().unwrap());
    let basis = Basis::of(Some(&app.store.image(&image).await.unwrap().unwrap().slots), "");
    let key = if number == 3 { "549d7587affc06d6" } else { "sample" };
    let made = Approval {
        id: format!("179530560000{number}-00000000000{number}").parse().unwrap(),
        change: Proposed::Associate { device_type: "spare".parse().unwrap(), image: image.id, wanted: None },
        feed: "guarded".parse().unwrap(),
        basis: basis.digest,
        bytes: basis.bytes,
        by: Proposer { key: key.to_owned(), root: key.to_owned() },
        created: now,
        expires: now.plus_seconds(LIVES_SECONDS),
        state: State::Pending,
    };
    let mut tx = Tx::new(&Audit {
        partner: Some(&acme),
        actor: key,
        request_id: "sample",
        at: now,
        action: "approval.proposed",
        subject: format!("approval/{}", made.id),
        before: None,
        after: None,
    });
    tx.create_approval(&acme, &made);
    tx.commit(&app.store).await.expect("a proposal is made");
}
