//! The whole path: a package is uploaded, associated, listed, fetched.

use std::io::Read as _;

use shared::ipkg::index;
use tests::ipk::Ipk;

use super::World;

#[tokio::test]
async fn a_package_is_found_in_the_index_and_fetched_by_its_file_name() {
    let world = World::start().await;
    for ipk in [Ipk::new("base", "1.0-r0"), Ipk::new("mail", "2:1.0+git").architecture("maguro").tarball()] {
        world.place("release", &ipk.line("Description: a\n b\n .\n c")).await;
    }
    for at in [
        "/release/dev1",
        "/release/dev1/mail",
        "/release/dev1/mail/2%3a1.0%2bgit",
        "/release/dev1/mail/latest/",
    ] {
        let text = world.get(&format!("{at}/Packages")).await.expect(200);
        let plain = String::from_utf8(text.bytes.clone()).unwrap();
        let entries = index::parse(&plain).unwrap();
        assert_eq!(entries.len(), if at == "/release/dev1" { 2 } else { 1 }, "{plain}");
        let gz = world.get(&format!("{at}//Packages.gz")).await.expect(200);
        let mut unpacked = String::new();
        flate2::read::GzDecoder::new(&gz.bytes[..]).read_to_string(&mut unpacked).unwrap();
        assert_eq!(unpacked, plain);
        assert_eq!(world.get(at).await.expect(200).bytes, text.bytes);
        for entry in entries {
            let field =
                |name: &str| entry.fields.iter().find(|field| field.name == name).unwrap().value.clone();
            let file = world.get(&format!("{at}/{}", field("Filename"))).await.expect(200);
            assert_eq!(file.bytes.len().to_string(), field("Size"));
            assert_eq!(shared::domain::Sha256::of(&file.bytes).to_string(), field("SHA256sum"));
        }
    }
    let devices = world.get("/release").await.expect(200);
    assert_eq!(devices.bytes, b"dev1\n");
}
