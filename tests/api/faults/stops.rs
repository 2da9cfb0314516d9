//! Emergency stops, broken everywhere.

use serde_json::Value;
use tests::ipk::Ipk;

use super::driver::{Bench, Expected, Request, break_everywhere};

impl Bench {
    /// A device type of this run with an image and a package in its release feed, and the path of its stop.
    async fn filled(&self) -> String {
        let id = self.device_type("kettle").await;
        let package = Ipk::new("base", &format!("1.{}", self.run)).build();
        for (name, bytes) in [("image", b"firmware".as_slice()), ("package", &package)] {
            let image = self.api.image(&self.acme, 105, &format!("{name} {}", self.run), bytes).await;
            self.api.associate(&self.acme, &id, &image, "release").await.expect(201);
        }
        self.acme.path(&format!("/deviceTypes/{id}/stop"))
    }

    fn turn(&self, method: &'static str, path: &str) -> Request {
        Request::new(method, path.to_owned(), &self.acme.release, Value::Null)
    }
}

#[tokio::test]
async fn stopping_and_starting_a_device_type() {
    let always = || Expected { status: 204, honest: None };
    break_everywhere(always(), async |bench| {
        let path = bench.filled().await;
        bench.turn("POST", &path)
    })
    .await;
    break_everywhere(always(), async |bench| {
        let path = bench.filled().await;
        bench.turn("POST", &path).send(&bench.api).await.expect(204);
        bench.turn("DELETE", &path)
    })
    .await;
}

#[tokio::test]
async fn stopping_and_starting_all_that_a_partner_has() {
    for (before, method) in [("DELETE", "POST"), ("POST", "DELETE")] {
        break_everywhere(Expected { status: 202, honest: None }, async |bench| {
            let path = bench.globex.path("/stop");
            let of_globex = |method| Request::new(method, path.clone(), &bench.globex.release, Value::Null);
            if bench.run == 0 {
                bench.api.create_device_type(&bench.globex, "lamp").await;
            }
            of_globex(before).send(&bench.api).await.expect(202);
            of_globex(method)
        })
        .await;
    }
}
