use super::*;
use crate::needs;

#[test]
fn secrets_read_back_and_stay_out_of_debug() {
    let secrets = Secrets::generate(&[7; 64]).with_devices(&[7; 32]);
    let text = serde_json::to_string(&secrets).unwrap();
    let read = Secrets::from_json(&text).unwrap();
    assert_eq!(read.download.current(), secrets.download.current());
    assert_eq!(read.devices.unwrap().current(), ("m1", &[7; 32][..]));
    let begun = secrets.download.begun(Secret::new("d2", vec![7; 32])).unwrap();
    let shown = format!("{secrets:?} {begun:?} {:?}", Keyring::from(secrets.clone()));
    assert!(!shown.contains("0707") && !shown.contains("7, 7"), "{shown}");
}

#[test]
fn secrets_of_before_feeds_were_signed_are_read() {
    let old = serde_json::to_string(&Secrets::generate(&[7; 64])).unwrap();
    assert!(!old.contains("openpgp") && !old.contains("usign") && !old.contains("devices"));
    let read = Secrets::from_json(&old).unwrap();
    assert!(read.is_incomplete());
    let keyring = Keyring::from(read);
    assert_eq!(keyring.devices().unwrap_err().0, "the secret devices");
    assert!(keyring.whole().unwrap().devices.is_none());
}

#[test]
fn a_master_of_device_types_is_made_once() {
    let first = Secrets::generate(&[7; 64]).with_devices(&[8; 32]);
    let again = first.clone().with_devices(&[9; 32]);
    assert_eq!(again.devices.as_ref().unwrap().current(), ("m1", &[8; 32][..]));
    assert_eq!(again.key_ids(), Secrets::generate(&[7; 64]).key_ids(), "no key ids name it");
    let whole = Keyring::from(again).whole().unwrap();
    assert_eq!(whole.devices.unwrap().current(), first.devices.unwrap().current());
}

#[cfg(feature = "signing")]
#[test]
fn secrets_are_made_where_they_are_missing_and_named_as_clients_know_them() {
    use crate::ipkg::{openpgp, usign};

    let secrets = Secrets::generate(&[7; 64]).completed(&[8; COMPLETING_RANDOM]).unwrap();
    assert!(!secrets.is_incomplete());
    let (id, key) = secrets.openpgp.as_ref().unwrap().current();
    assert_eq!(openpgp::SigningKey::read(key).unwrap().key_id(), id);
    let (id, key) = secrets.usign.as_ref().unwrap().current();
    assert_eq!((usign::SigningKey::read(key).unwrap().key_id().as_str(), id), (id, "0808080808080808"));
    let text = serde_json::to_string(&secrets).unwrap();
    let kept = Secrets::from_json(&text).unwrap().completed(&[9; COMPLETING_RANDOM]).unwrap();
    assert_eq!(serde_json::to_string(&kept).unwrap(), text);
    for lacking in [
        Secrets { devices: None, ..secrets.clone() },
        Secrets { openpgp: None, ..secrets.clone() },
        Secrets { usign: None, ..secrets.clone() },
    ] {
        assert!(lacking.is_incomplete());
        let made = lacking.completed(&[8; COMPLETING_RANDOM]).unwrap();
        assert_eq!(serde_json::to_string(&made).unwrap(), text);
    }
    // A standard SSM parameter holds 4 KB.
    let openpgp = secrets.openpgp.as_ref().unwrap().rotated("x", key.to_vec());
    let three = openpgp.begun(fresh_openpgp(&[1; 32]).unwrap()).unwrap();
    assert!(serde_json::to_string(&three).unwrap().len() < 3072);
}

#[test]
fn a_broken_file_is_not_quoted() {
    for broken in
        ["{\"download\": \"hunter2\"}", "hunter2", "{\"download\": {\"current\": {\"hunter2\": 1}}}"]
    {
        let error = Secrets::from_json(broken).unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}

#[test]
fn an_empty_or_cut_off_key_is_no_key() {
    let secret = |id: &str, key: &str| {
        Secret::from_json(&format!("{{\"current\": {{\"id\": \"{id}\", \"key\": \"{key}\"}}}}"))
    };
    assert!(secret("d1", &"07".repeat(16)).is_ok());
    for (id, key) in [
        ("d1", String::new()),
        ("d1", "07".repeat(15)),
        ("d1", "7".repeat(33)),
        ("d1", "zz".repeat(16)),
        ("", "07".repeat(16)),
        ("d.1", "07".repeat(16)),
        ("d/1", "07".repeat(16)),
        (&*"d".repeat(33), "07".repeat(16)),
    ] {
        let error = secret(id, &key).unwrap_err().to_string();
        assert!(!error.contains("0707") && !error.contains("zz") && !error.contains("d.1"), "{error}");
    }
}

#[test]
fn a_value_is_accepted_before_it_is_in_use_and_until_the_rotation_after_it() {
    let ids = |secret: &Secret| secret.values().map(|(id, _)| id.to_owned()).collect::<Vec<_>>();
    let one = Secret::new("d1", vec![1; 32]);
    assert_eq!(one.stage(Some("d1")), Stage::Settled);
    let begun = one.begun(Secret::new(next_download_id(&one), vec![2; 32])).unwrap();
    assert_eq!((begun.current().0, ids(&begun)), ("d1", vec!["d1".to_owned(), "d2".to_owned()]));
    assert_eq!(begun.stage(Some("d1")), Stage::Begun("d2"));
    assert!(begun.begun(Secret::new("d3", vec![3; 32])).is_err(), "one at a time");
    assert_eq!(begun.stage(Some("d2")), Stage::Named("d2"));
    let two = begun.finished().unwrap();
    assert_eq!((two.current().0, ids(&two)), ("d2", vec!["d2".to_owned(), "d1".to_owned()]));
    assert_eq!(two.stage(Some("d2")), Stage::Settled);
    assert_eq!(two.stage(Some("d1")), Stage::Behind("d2"));
    assert_eq!(two.stage(None), Stage::Behind("d2"));
    assert!(two.finished().is_none());
    assert!(two.begun(Secret::new("d1", vec![9; 32])).is_err(), "an id is never used again");
    let three = two.begun(Secret::new(next_download_id(&two), vec![3; 32])).unwrap();
    assert_eq!(ids(&three), ["d2", "d1", "d3"]);
    assert_eq!(ids(&three.finished().unwrap()), ["d3", "d2"]);
}

#[test]
fn ids_of_fresh_values_go_on_from_the_greatest_and_begin_with_their_own_letter() {
    let secret = |id: &str| Secret::new(id, vec![1; 32]);
    let three = secret("m9").rotated("m2", vec![2; 32]).begun(secret("m10")).unwrap();
    assert_eq!(next_devices_id(&three), "m11");
    assert_eq!(next_download_id(&three), "d1", "none of these is a download key's");
    assert_eq!(next_devices_id(&secret("byhand")), "m1");
}

#[test]
fn a_secret_with_a_value_to_follow_reads_back_and_an_older_form_is_read() {
    let begun = Secret::new("d1", vec![1; 32]).begun(Secret::new("d2", vec![2; 32])).unwrap();
    let read = Secret::from_json(&serde_json::to_string(&begun).unwrap()).unwrap();
    assert_eq!(read.named("d2"), begun.named("d2"));
    let value = |id: &str| format!("{{\"id\": \"{id}\", \"key\": \"{}\"}}", "07".repeat(32));
    let older = format!("{{\"current\": {}, \"previous\": {}}}", value("d2"), value("d1"));
    let older = Secret::from_json(&older).unwrap();
    assert_eq!((older.current().0, older.previous_id()), ("d2", Some("d1")));
}

#[test]
fn key_ids_read_back_and_damaged_ones_are_not_quoted() {
    let mut ids = Secrets::generate(&[7; 64]).key_ids();
    assert_eq!(key_ids_to_json(&ids), "{\"download\":\"d1\"}");
    ids.usign = Some("0808080808080808".into());
    assert_eq!(key_ids_from_json(&key_ids_to_json(&ids)).unwrap(), ids);
    for broken in ["", "hunter2", "{}", "{\"download\": \"\"}", "{\"download\": \"hunter2.\"}"] {
        assert!(!key_ids_from_json(broken).unwrap_err().to_string().contains("hunter2"), "{broken}");
    }
}

#[test]
fn what_a_process_was_not_given_is_named_when_it_is_used() {
    let all = Keyring::from(Secrets::generate(&[7; 64]).with_devices(&[8; 32]));
    assert!(all.download().is_ok() && all.pepper().is_ok() && all.signing().is_ok() && all.key_ids().is_ok());
    assert!(all.devices().is_ok());
    let none = all.only(&needs::AUTHORIZER);
    let faults = [
        none.download().unwrap_err(),
        none.pepper().unwrap_err(),
        none.devices().unwrap_err(),
        none.signing().unwrap_err(),
        none.key_ids().unwrap_err(),
    ];
    for (fault, name) in faults.iter().zip(["download", "pepper", "devices", "openpgp and usign", "key ids"])
    {
        assert!(fault.to_string().contains(name), "{fault}");
    }
    let feeds = all.only(&needs::FEEDS);
    assert!(feeds.download().is_ok() && feeds.signing().is_ok() && feeds.key_ids().is_err());
    assert!(feeds.devices().is_err() && all.only(&needs::ELIGIBILITY).devices().is_ok());
    let types = all.only(&needs::TYPES);
    assert!(types.key_ids().is_ok() && types.download().is_err());
}

#[test]
fn a_keyring_is_read_as_far_as_its_function_needs_it_and_a_damaged_parameter_is_named() {
    let secret = serde_json::to_string(&Secret::new("d1", vec![7; 32])).unwrap();
    let good = |name: &str| (name == "download" || name == "pepper").then_some(secret.as_str());
    let feeds = Keyring::read(&needs::FEEDS, good).unwrap();
    assert!(feeds.signing().unwrap().usign.is_none() && feeds.download().is_ok());
    let types = Keyring::read(&needs::TYPES, good).unwrap();
    assert!(types.download().is_err());
    let (name, error) = Keyring::read(&needs::ELIGIBILITY, |_| Some("hunter2")).unwrap_err();
    assert_eq!(name, "download");
    assert!(!error.to_string().contains("hunter2"));
    let text = |name: &str| if name == "devices" { Some("hunter2") } else { good(name) };
    assert_eq!(Keyring::read(&needs::ELIGIBILITY, text).unwrap_err().0, "devices");
    assert!(Keyring::read(&needs::FEEDS, text).is_ok(), "what is not its own is not read");
}
