//! Downloads that break off: a modern client goes on at the byte where it stopped, or fails for ever.

use tests::ipk::Ipk;

use super::Scene;
use super::opkg::Kind;

#[tokio::test]
async fn an_index_that_broke_off_is_resumed_at_its_byte() {
    let scene = Scene::start("release").await;
    for kind in [Kind::V063, Kind::V044] {
        for (gzip, name) in [(false, "Packages"), (true, "Packages.gz")] {
            let mut client = scene.client(kind, "/release/dev1", gzip).checking(&scene.keys());
            for bytes in [1, 10, 100] {
                client.cut_after(bytes);
                client.update().await.unwrap_err();
            }
            client.take_log();
            client.update().await.unwrap();
            let log = client.take_log();
            assert_eq!(log[0], format!("HEAD /release/dev1/{name} 200"));
            assert_eq!(log[1], format!("GET /release/dev1/{name} [Range: bytes=111-] 206"));
            assert_eq!(client.list().len(), 2);
        }
    }
}

#[tokio::test]
async fn an_index_of_a_package_or_a_version_is_resumed_too() {
    let scene = Scene::start("release").await;
    for base in ["/release/dev1/lib+x", "/release/dev1/lib+x/1:1.0~rc1+git-r0", "/release/dev1/base/latest/"]
    {
        let mut client = scene.client(Kind::V063, base, true).checking(&scene.keys());
        client.cut_after(50);
        client.update().await.unwrap_err();
        client.update().await.unwrap();
        let log = client.take_log();
        assert_eq!(log[3], format!("GET {base}/Packages.gz [Range: bytes=50-] 206"));
        assert_eq!(client.list().len(), 1);
    }
}

#[tokio::test]
async fn a_signature_that_broke_off_is_resumed_at_its_byte() {
    let scene = Scene::start("release").await;
    let mut client = scene.client(Kind::V063, "/release/dev1", false).checking(&scene.keys());
    client.fetch("/release/dev1/Packages").await.unwrap();
    client.cut_after(77);
    client.update().await.unwrap_err();
    client.take_log();
    client.update().await.unwrap();
    assert_eq!(
        client.take_log(),
        [
            "HEAD /release/dev1/Packages 200",
            "HEAD /release/dev1/Packages.asc 200",
            "GET /release/dev1/Packages.asc [Range: bytes=77-] 206",
        ]
    );
}

#[tokio::test]
async fn a_package_that_broke_off_is_resumed_at_its_byte() {
    let mut scene = Scene::start("release").await;
    let noise: Vec<u8> = (0..300_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    scene.place("release", "big+", &Ipk::new("big+", "2.0").content(&noise)).await;
    let whole = scene.bytes["big+"].len();
    for base in ["/release/dev1", "/release/dev1/big+/", "/release/dev1/big+/2.0"] {
        let mut client = scene.client(Kind::V063, base, true);
        client.update().await.unwrap();
        client.take_log();
        for cut in [1, 70_000, whole - 70_002] {
            client.cut_after(cut);
            client.install("big+").await.unwrap_err();
        }
        client.install("big+").await.unwrap();
        let ranges: Vec<String> =
            client.take_log().iter().filter_map(|line| Some(line.split_once('[')?.1.to_owned())).collect();
        let last = format!("Range: bytes={}-] 206", whole - 1);
        assert_eq!(ranges, ["Range: bytes=1-] 206", "Range: bytes=70001-] 206", &last]);
        scene.assert_installed(&client, "big+", "2.0");
    }
}

#[tokio::test]
async fn an_index_that_changed_since_it_broke_off_is_fetched_from_its_beginning() {
    let mut scene = Scene::start("release").await;
    for (gzip, name) in [(false, "Packages"), (true, "Packages.gz")] {
        let mut client = scene.client(Kind::V063, "/release/dev1", gzip).checking(&scene.keys());
        client.cut_after(60);
        client.update().await.unwrap_err();
        let number = if gzip { "1.1" } else { "1.0-r1" };
        scene.place("release", "base", &Ipk::new("base", number)).await;
        client.take_log();
        client.update().await.unwrap();
        assert_eq!(client.take_log()[1], format!("GET /release/dev1/{name} 200"));
        assert_eq!(client.list()[0].version, number);
    }
}

#[tokio::test]
async fn clients_that_never_resume_fetch_the_whole_again() {
    let scene = Scene::start("release").await;
    for kind in [Kind::V018, Kind::Lede] {
        let mut client = scene.client(kind, "/release/dev1", true);
        client.cut_after(60);
        client.update().await.unwrap_err();
        client.update().await.unwrap();
        client.cut_after(60);
        client.install("lib+x").await.unwrap_err();
        client.install("lib+x").await.unwrap();
        scene.assert_installed(&client, "lib+x", super::ODD);
    }
}
