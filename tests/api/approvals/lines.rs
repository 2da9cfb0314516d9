//! Who is somebody else: nobody whose key descends from the same key of an operator's.

use serde_json::{Value, json};
use shared::domain::Right;
use shared::domain::key::{KeyKind, KeyText};
use shared::store::api_keys::ApiKey;
use shared::store::{Audit, Tx};

use super::Guarded;

async fn made_by(this: &Guarded, key: &str, right: &str) -> String {
    let wanted = json!({"rights": [right], "label": "made"});
    let path = this.it.acme.path("/keys");
    let made = this.it.api.call("POST", &path, key, wanted).await.expect(201).json();
    made["key"].as_str().unwrap().to_owned()
}

async fn bearer_of(this: &Guarded, key: &str) -> String {
    let form =
        format!("grant_type=client_credentials&client_id={}&client_secret={key}", this.key_id(key).await);
    let request = this.it.api.request("POST", "/oauth/token").body(form);
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    this.it.api.send(request).await.expect(200).json()["access_token"].as_str().unwrap().to_owned()
}

async fn propose(this: &Guarded, record: &Value, key: &str) -> String {
    let mut body = record.clone();
    body["feed"] = "release".into();
    Guarded::proposed(this.it.api.call("POST", &this.it.images(), key, body).await)
}

#[tokio::test]
async fn nobody_approves_with_a_key_of_the_line_that_proposed() {
    let this = Guarded::start().await;
    let first = this.it.acme.release.clone();
    let child = made_by(&this, &first, "release").await;
    let grandchild = made_by(&this, &child, "release").await;
    let sibling = made_by(&this, &first, "release").await;
    let bearer = bearer_of(&this, &child).await;
    let line = [first, child, grandchild, sibling, bearer];
    let record = this.it.image("1.0").await;
    for proposer in &line {
        let id = propose(&this, &record, proposer).await;
        for approver in &line {
            this.approve_as(&id, approver).await.expect_problem(403, "own_proposal");
        }
        assert_eq!(this.read(&id).await["state"], "pending");
    }
    assert_eq!(this.it.feeds_of(&record).await, [""; 0]);
}

#[tokio::test]
async fn a_second_persons_bearer_and_the_keys_it_made_are_somebody_else() {
    let this = Guarded::start().await;
    let (child, bearer) =
        (made_by(&this, &this.second, "release").await, bearer_of(&this, &this.second).await);
    for (version, key) in [("1.0", &child), ("2.0", &bearer)] {
        let record = this.it.image(version).await;
        let id = propose(&this, &record, &this.it.acme.release).await;
        this.approve_as(&id, key).await.expect(204);
    }
    // And the first person, to what the second proposed.
    let record = this.it.image("3.0").await;
    let id = propose(&this, &record, &bearer).await;
    this.approve_as(&id, &child).await.expect_problem(403, "own_proposal");
    this.approve_as(&id, &this.it.acme.release).await.expect(204);
}

#[tokio::test]
async fn a_pipeline_may_propose_where_it_may_associate_and_never_approves() {
    let this = Guarded::start().await;
    this.rule("beta", true, &this.it.acme.release).await.expect(204);
    let mut record = this.it.image("1.0").await;
    record["feed"] = "beta".into();
    let id = Guarded::proposed(
        this.it.api.call("POST", &this.it.images(), &this.it.acme.write, record.clone()).await,
    );
    let other = this.it.api.server.partner_key("acme", "write").await.unwrap();
    this.approve_as(&id, &other).await.expect_problem(403, "right_missing");
    this.reject_as(&id, &other).await.expect_problem(403, "right_missing");
    record["feed"] = "release".into();
    let refused = this.it.api.call("POST", &this.it.images(), &this.it.acme.write, record).await;
    refused.expect_problem(403, "right_missing");
    this.approve(&id).await.expect(204);
}

#[tokio::test]
async fn the_same_request_is_the_same_proposal_and_another_persons_is_another() {
    let this = Guarded::start().await;
    let record = this.it.image("1.0").await;
    let first = this.it.acme.release.clone();
    let id = propose(&this, &record, &first).await;
    let table = this.it.api.dump().await;
    assert_eq!(propose(&this, &record, &first).await, id);
    assert_eq!(propose(&this, &record, &bearer_of(&this, &first).await).await, id);
    let changed = table.difference(&this.it.api.dump().await);
    assert!(changed.iter().all(|row| !row.contains("APPROVAL")), "{changed:?}");
    let theirs = propose(&this, &record, &this.second).await;
    assert_ne!(theirs, id);
    this.approve(&id).await.expect(204);
    let why = {
        this.approve_as(&theirs, &first).await.expect_problem(409, "approval_failed");
        this.read(&theirs).await["reason"].as_str().unwrap().to_owned()
    };
    assert!(why.contains("already associated"), "{why}");
}

/// A key as it was made before roots were kept.
async fn old_key(this: &Guarded, random: u8) -> String {
    let app = this.it.api.server.app();
    let (text, partner) = (KeyText::new(KeyKind::Key, [random; 32]), "acme".parse().unwrap());
    let mut id = text.digest().to_string();
    id.truncate(16);
    let mut tx = Tx::new(&Audit {
        partner: Some(&partner),
        actor: "sample",
        request_id: "sample",
        at: app.clock.now(),
        action: "key.created",
        subject: format!("key/{id}"),
        before: None,
        after: None,
    });
    tx.create_api_key(&ApiKey {
        id,
        digest: text.digest(),
        partner: Some(partner.clone()),
        right: Right::Release,
        label: "old".parse().unwrap(),
        created: app.clock.now(),
        expires: None,
        revoked: None,
        last_used_day: None,
        parent: None,
        root: None,
        expires_at: None,
    });
    tx.commit(&app.store).await.unwrap();
    text.reveal().to_owned()
}

#[tokio::test]
async fn keys_of_which_nobody_knows_the_line_are_one_line() {
    let this = Guarded::start().await;
    let old = [old_key(&this, 1).await, old_key(&this, 2).await];
    let child = made_by(&this, &old[1], "release").await;
    let record = this.it.image("1.0").await;
    let id = propose(&this, &record, &old[0]).await;
    for key in [&old[0], &old[1], &child, &bearer_of(&this, &old[1]).await] {
        this.approve_as(&id, key).await.expect_problem(403, "own_proposal");
    }
    this.approve(&id).await.expect(204);
}
