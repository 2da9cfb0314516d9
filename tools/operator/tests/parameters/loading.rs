//! What functions load when they start.

use aws_sdk_ssm::types::ParameterType;
use shared::needs::{self, Needs};
use shared::parameters::{ParameterError, Parameters};

use crate::world::{World, config};

/// Stands for a value that nobody may read in a log.
const DAMAGED: &str = "hunter2";

#[tokio::test]
async fn every_function_is_given_what_it_needs_and_nothing_else() {
    let Some(world) = World::started("each").await else { return };
    for function in needs::ALL {
        let given = world.parameters.given_to(&function).await.unwrap();
        let keyring = &given.keyring;
        for (need, there) in [
            (Needs::Download, keyring.download().is_ok()),
            (Needs::Pepper, keyring.pepper().is_ok()),
            (Needs::Devices, keyring.devices().is_ok()),
            (Needs::FeedSignatures, keyring.signing().is_ok()),
            (Needs::KeyIds, keyring.key_ids().is_ok()),
            (Needs::BaseUrl, given.base_url.is_some()),
            (Needs::DistributionId, given.distribution_id.is_some()),
        ] {
            assert_eq!(there, function.has(need), "{} and {need:?}", function.name);
        }
    }
    let feeds = world.parameters.given_to(&needs::FEEDS).await.unwrap().keyring;
    let images = world.parameters.given_to(&needs::IMAGES).await.unwrap().keyring;
    let (signing, ids) = (feeds.signing().unwrap(), images.key_ids().unwrap());
    let id = |secret: &Option<shared::secrets::Secret>| {
        secret.as_ref().map(|secret| secret.current().0.to_owned())
    };
    assert_eq!(feeds.download().unwrap().current().0, ids.download);
    assert_eq!((id(&signing.openpgp), id(&signing.usign)), (ids.openpgp.clone(), ids.usign.clone()));
    assert!(ids.openpgp.is_some() && ids.usign.is_some());
}

#[tokio::test]
async fn a_function_without_parameters_calls_nobody() {
    let nobody = Parameters::new(&config("http://127.0.0.1:1"), "/ota/none").unwrap();
    nobody.given_to(&needs::AUTHORIZER).await.unwrap();
}

#[tokio::test]
async fn a_start_that_reaches_nobody_says_so() {
    let nobody = Parameters::new(&config("http://127.0.0.1:1"), "/ota/none").unwrap();
    let error = nobody.given_to(&needs::TYPES).await.unwrap_err();
    assert!(matches!(error, ParameterError::Failed { call: "SSM GetParameters", .. }), "{error}");
}

#[test]
fn what_is_no_path_is_refused() {
    for bad in ["", "/", "ota/prod", "/ota prod"] {
        assert!(matches!(Parameters::new(&config("http://127.0.0.1:1"), bad), Err(ParameterError::Path)));
    }
    let path = Parameters::new(&config("http://127.0.0.1:1"), "/ota/prod/").unwrap();
    assert_eq!(path.path(), "/ota/prod");
}

#[tokio::test]
async fn before_the_cdn_exists_those_that_need_its_address_do_not_start_and_the_others_do() {
    let Some(world) = World::start("first").await else { return };
    world.run(&["bootstrap"]).good();
    for function in needs::ALL {
        let waits = function.has(Needs::BaseUrl) || function.has(Needs::DistributionId);
        match world.parameters.given_to(&function).await {
            Ok(_) => assert!(!waits, "{}", function.name),
            Err(error) => {
                let text = error.to_string();
                assert!(
                    waits && text.contains(&world.path) && text.contains("CDN"),
                    "{}: {text}",
                    function.name
                );
            }
        }
    }
    world.put("base-url", "https://ota.example", ParameterType::String).await;
    world.parameters.given_to(&needs::ELIGIBILITY).await.unwrap();
}

#[tokio::test]
async fn only_the_keys_of_feeds_may_be_missing() {
    let Some(world) = World::started("missing").await else { return };
    world.delete("usign").await;
    let signing = world.parameters.given_to(&needs::FEEDS).await.unwrap().keyring;
    let signing = signing.signing().unwrap();
    assert!(signing.usign.is_none() && signing.openpgp.is_some());
    for name in ["download", "pepper", "devices", "key-ids", "base-url", "distribution-id"] {
        world.delete(name).await;
        let mut waiting = 0;
        for function in
            needs::ALL.iter().filter(|each| each.parameters().iter().any(|each| each.name == name))
        {
            let error = world.parameters.given_to(function).await.unwrap_err();
            assert!(error.to_string().contains("is missing"), "{error}");
            waiting += 1;
        }
        assert!(waiting > 0, "{name}");
    }
}

#[tokio::test]
async fn a_damaged_parameter_is_named_and_not_quoted() {
    let Some(world) = World::started("damaged").await else { return };
    let mut all = world.all().await;
    all.remove("devices-made").expect("what bootstrap alone reads");
    for (name, (good, kind, _)) in all {
        for bad in [DAMAGED.to_owned(), format!("{{\"{DAMAGED}\": 1}}"), format!("\"{DAMAGED} 2\"")] {
            if name == "distribution-id" && bad == DAMAGED {
                continue;
            }
            world.put(&name, &bad, kind.clone()).await;
            let mut refused = 0;
            for function in
                needs::ALL.iter().filter(|each| each.parameters().iter().any(|each| each.name == name))
            {
                let error = world.parameters.given_to(function).await.unwrap_err();
                let text = format!("{error} {error:?}");
                assert!(text.contains(&format!("{}/{name}", world.path)), "{text}");
                assert!(!text.contains(DAMAGED), "{text}");
                refused += 1;
            }
            assert!(refused > 0, "{name}");
        }
        world.put(&name, &good, kind).await;
    }
}
