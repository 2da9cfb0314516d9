//! `POST /approvals/{id}/approve`.

use serde_json::json;
use tests::whole::expect_whole;

use super::Guarded;

#[tokio::test]
async fn what_somebody_else_approves_takes_effect_and_the_audit_names_both() {
    let this = Guarded::start().await;
    let (api, acme) = (&this.it.api, &this.it.acme);
    let record = this.it.image("1.0").await;
    let before = this.it.answers().await;
    let id = Guarded::proposed(this.associate(&record, "release").await);
    assert_eq!(this.it.answers().await, before, "nothing is given yet");
    assert_eq!(this.it.feeds_of(&record).await, [""; 0]);
    let read = this.read(&id).await;
    let proposer = this.key_id(&acme.release).await;
    assert_eq!(
        (&read["action"], &read["feed"], &read["deviceTypeId"], &read["versionNumber"], &read["proposedBy"]),
        (&json!("association.created"), &json!("release"), &json!("kettle"), &json!("1"), &json!(proposer))
    );
    assert_eq!(read["sha256"], this.it.record(&record).await["sha256"]);

    this.approve(&id).await.expect(204);
    assert_eq!(api.offers("kettle", "2105=0").await, [(105, "1".to_owned())]);
    let read = this.read(&id).await;
    let approver = this.key_id(&this.second).await;
    assert_eq!((&read["state"], &read["settledBy"]), (&json!("approved"), &json!(approver)));
    let audit = api.audit("acme").await;
    let made: Vec<_> = audit.iter().filter(|row| row.action == "association.created").collect();
    let [made] = made.as_slice() else { panic!("{made:?}") };
    let by = made.approval.as_ref().unwrap();
    assert_eq!((&made.actor, &by.id, &by.proposed_by), (&approver, &id, &proposer));
    let asked: Vec<_> = audit.iter().filter(|row| row.action == "approval.proposed").collect();
    assert_eq!((asked.len(), &asked[0].actor), (1, &proposer));

    // A lost answer, and a third person.
    let third = api.server.partner_key("acme", "release").await.unwrap();
    let table = api.dump().await;
    this.approve(&id).await.expect(204);
    this.approve_as(&id, &third).await.expect(204);
    let changed = table.difference(&api.dump().await);
    assert!(changed.iter().all(|row| row.contains("KEY#")), "{changed:?}");
    this.reject_as(&id, &third).await.expect_problem(409, "approval_closed");
    expect_whole(&api.dump().await, "approved");
}

#[tokio::test]
async fn two_who_approve_at_once_do_it_once() {
    let this = Guarded::start().await;
    let third = this.it.api.server.partner_key("acme", "release").await.unwrap();
    let record = this.it.image("1.0").await;
    let id = Guarded::proposed(this.associate(&record, "release").await);
    let (one, other) = tokio::join!(this.approve(&id), this.approve_as(&id, &third));
    assert_eq!((one.status, other.status), (204, 204), "{one:?} {other:?}");
    let audit = this.it.api.audit("acme").await;
    assert_eq!(audit.iter().filter(|row| row.action == "association.created").count(), 1);
}

#[tokio::test]
async fn of_yes_and_no_at_once_one_holds() {
    let this = Guarded::start().await;
    for turn in 0..4 {
        let record = this.it.image(&format!("1.{turn}")).await;
        let id = Guarded::proposed(this.associate(&record, "release").await);
        let (yes, no) = tokio::join!(this.approve(&id), this.reject_as(&id, &this.it.acme.release));
        let given = this.it.feeds_of(&record).await == ["release"];
        match (yes.status, no.status) {
            (204, 409) => assert!(given && this.read(&id).await["state"] == "approved"),
            (409, 204) => assert!(!given && this.read(&id).await["state"] == "rejected"),
            other => panic!("{other:?}"),
        }
    }
    expect_whole(&this.it.api.dump().await, "decided");
}

#[tokio::test]
async fn a_proposal_that_nobody_answers_ends_and_can_be_made_anew() {
    let this = Guarded::start().await;
    let record = this.it.image("1.0").await;
    let id = Guarded::proposed(this.associate(&record, "release").await);
    this.it.api.server.clock().shift(7 * 86_400_000);
    let refused = this.approve(&id).await.expect_problem(409, "approval_closed");
    assert!(refused.json()["detail"].as_str().unwrap().contains("expired"));
    this.reject_as(&id, &this.second).await.expect_problem(409, "approval_closed");
    let anew = Guarded::proposed(this.associate(&record, "release").await);
    assert_ne!(anew, id);
    this.approve(&anew).await.expect(204);
    assert_eq!(this.it.feeds_of(&record).await, ["release"]);
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let this = Guarded::start().await;
    let nobody = "1795305600000-0123456789ab";
    this.approve(nobody).await.expect_problem(404, "not_found");
    this.reject_as(nobody, &this.second).await.expect_problem(404, "not_found");
    this.approve("nonsense").await.expect_problem(400, "invalid_parameter");
}
