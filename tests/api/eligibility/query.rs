//! What a device may ask, and what is no question.

use serde_json::json;
use tests::api::Answer;

use crate::kettle::Kettle;

#[tokio::test]
async fn attributes_are_2001_to_2200_and_any_other_number_is_a_bad_request() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["release"]).await;
    for query in ["2001=1", "2200=1", "2001=0&2200=0&2105=0"] {
        it.api.check("kettle", query).await.expect(200);
    }
    for key in
        ["0", "1", "105", "1999", "2000", "2201", "9999", "02105", "65536", "99999999999999999999999999"]
    {
        let refused = it.api.check("kettle", &format!("{key}=1")).await;
        refused.expect_problem(400, "invalid_parameter");
        // Also beside what is good, and without a value.
        let refused = it.api.check("kettle", &format!("2105=0&{key}")).await;
        refused.expect_problem(400, "invalid_parameter");
    }
}

#[tokio::test]
async fn names_that_are_no_numbers_are_ignored() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["release"]).await;
    let plain = it.api.check("kettle", "2105=0").await.expect(200).bytes;
    for more in [
        "utm=x",
        "version=17",
        "deviceId=abc",
        "x2105=9",
        "2105x=9",
        "",
        "=5",
        "a=1&a=2",
        "%C3%A9=1",
        "2105.0=3",
    ] {
        let answer = it.api.check("kettle", &format!("2105=0&{more}")).await.expect(200);
        assert_eq!(answer.bytes, plain, "{more}");
    }
}

#[tokio::test]
async fn a_version_is_0_to_the_largest_of_63_bits() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["release"]).await;
    assert_eq!(it.api.offers("kettle", "2105=0").await.len(), 1);
    assert_eq!(it.api.offers("kettle", "2105=9223372036854775807").await.len(), 0);
    for value in [
        "9223372036854775808",
        "18446744073709551615",
        "99999999999999999999999",
        "-1",
        "-0",
        "+1",
        "%2B1",
        "1.0",
        "1e3",
        "0x1",
        "01",
        "00",
        "",
        "%201",
        "1%20",
        "v1",
        "NaN",
        "%D9%A1",
    ] {
        it.api.check("kettle", &format!("2105={value}")).await.expect_problem(400, "invalid_parameter");
    }
    it.api.check("kettle", "2105").await.expect_problem(400, "invalid_parameter");
}

#[tokio::test]
async fn a_key_given_twice_is_a_bad_request() {
    let it = Kettle::start().await;
    for query in [
        "2105=1&2105=2",
        "2105=1&2105=1",
        "2105=1&2003=4&2105=1",
        "2105=1&%32105=1",
        "feed=beta&feed=beta",
        "feed=beta&feed=release",
        "feed&feed",
    ] {
        it.api.check("kettle", query).await.expect_problem(400, "invalid_parameter");
    }
}

#[tokio::test]
async fn percent_encoding_is_read_once() {
    let it = Kettle::start().await;
    it.image_in("1.0", &["beta"]).await;
    assert_eq!(it.api.offers("kettle", "%66eed=bet%61&21%305=%30").await.len(), 1);
    it.api.check("kettle", "feed=bet%2561").await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn only_get_and_head_check() {
    let it = Kettle::start().await;
    let path = "/v1/ota/deviceTypes/kettle/eligibility";
    for method in ["POST", "PUT", "DELETE"] {
        let answer: Answer = it.api.call(method, path, &it.acme.release, json!({})).await;
        assert!([404, 405].contains(&answer.status), "{method} {}", answer.status);
    }
    // A partner's key changes nothing about an open check.
    let with = it.api.get(&format!("{path}?2105=0"), &it.acme.release).await.expect(200);
    assert_eq!(with.bytes, it.api.check("kettle", "2105=0").await.bytes);
}
