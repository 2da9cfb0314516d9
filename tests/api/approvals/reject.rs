//! `POST /approvals/{id}/reject`.

use super::Guarded;

#[tokio::test]
async fn what_is_rejected_never_takes_effect_and_its_proposer_may_take_it_back() {
    let this = Guarded::start().await;
    let record = this.it.image("1.0").await;
    for who in [&this.second, &this.it.acme.release] {
        let id = Guarded::proposed(this.associate(&record, "release").await);
        let audit = this.it.api.audit("acme").await.len();
        for _ in 0..2 {
            this.reject_as(&id, who).await.expect(204);
        }
        assert_eq!(this.it.api.audit("acme").await.len(), audit + 1, "once");
        let read = this.read(&id).await;
        assert_eq!(
            (&read["state"], &read["settledBy"]),
            (&"rejected".into(), &this.key_id(who).await.into())
        );
        this.approve(&id).await.expect_problem(409, "approval_closed");
    }
    assert_eq!(this.it.feeds_of(&record).await, [""; 0]);
}

#[tokio::test]
async fn a_pipeline_takes_back_its_own() {
    let this = Guarded::start().await;
    this.rule("beta", true, &this.it.acme.release).await.expect(204);
    let mut record = this.it.image("1.0").await;
    record["feed"] = "beta".into();
    let path = this.it.images();
    let id = Guarded::proposed(this.it.api.call("POST", &path, &this.it.acme.write, record).await);
    this.reject_as(&id, &this.it.acme.write).await.expect(204);
    assert_eq!(this.read(&id).await["state"], "rejected");
}
