//! What functions may do, by the templates, against what they do: everything that they ask of the table and the bucket
//! while every operation runs must be allowed, and everything that is allowed must have been asked for.

mod approvals;
mod devices;
mod drive;
mod evaluate;
mod mishaps;
mod rare;
mod reconciliation;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use templates::Infra;
use tests::sent::Asked;

use self::evaluate::{Grant, allowed};
use self::rare::{RARE, Rare};
use crate::templates::{doctored, infra};

/// What each function asked for.
pub type Seen = BTreeMap<String, BTreeSet<Asked>>;

/// What a function asked for and may not do.
fn denied(infra: &Infra, seen: &Seen) -> Vec<String> {
    let functions = infra.functions().unwrap();
    let buckets = infra.buckets().unwrap().into_iter();
    let bucket: Vec<_> = buckets.flat_map(|bucket| bucket.statements).collect();
    let mut faults = Vec::new();
    for (name, all) in seen {
        let Some(function) = functions.iter().find(|function| function.name == *name) else {
            faults.push(format!("there is no function {name}"));
            continue;
        };
        let refused = all.iter().filter(|asked| !allowed(function, &bucket, asked));
        faults.extend(refused.map(|asked| {
            format!(
                "{name} may not {} with {} {:?}",
                asked.action,
                evaluate::written(&asked.resource),
                asked.keys
            )
        }));
    }
    faults
}

/// What a function may do and was not seen doing, but for `rare`; and of that, what was seen or is not allowed.
fn idle(infra: &Infra, seen: &Seen, rare: &[Rare]) -> Vec<String> {
    let none = BTreeSet::new();
    let mut faults = Vec::new();
    let mut excused = BTreeSet::new();
    for function in infra.functions().unwrap() {
        let all = seen.get(&function.name).unwrap_or(&none);
        for grant in Grant::all(&function) {
            let title = grant.title();
            let excuse = rare.iter().find(|rare| rare.function == function.name && rare.grant == title);
            let used = all.iter().any(|asked| grant.is_used_by(asked));
            match (used, excuse) {
                (true, None) => {}
                (false, Some(rare)) => {
                    excused.insert((rare.function, rare.grant));
                }
                (true, Some(_)) => {
                    faults.push(format!("{}: {title} is seen, and needs no excuse", function.name));
                }
                (false, None) => faults.push(format!("{} never needs {title}", function.name)),
            }
        }
    }
    let all = rare.iter().filter(|rare| !excused.contains(&(rare.function, rare.grant)));
    faults.extend(all.map(|rare| format!("{}: {} is excused and not allowed", rare.function, rare.grant)));
    faults
}

#[tokio::test]
async fn functions_are_allowed_what_they_do_and_nothing_else() {
    let seen = drive::everything().await;
    assert_eq!(seen.len(), 10, "{:?}", seen.keys());
    let infra = infra();
    let faults = [denied(&infra, &seen), idle(&infra, &seen, &RARE)].concat();
    assert!(faults.is_empty(), "{faults:#?}");

    for (file, from, to, fault) in [
        (
            "functions.yaml",
            "PLATFORM, \"POOL#*\", \"DT#*\"",
            "PLATFORM, \"POOL#*\"",
            "types may not dynamodb:BatchGetItem",
        ),
        ("functions.yaml", "\"dynamodb:Query\"", "\"dynamodb:Scan\"", "feeds may not dynamodb:Query"),
        ("functions.yaml", "/catalogues/*\"", "/catalogue/*\"", "associations may not s3:PutObject"),
        (
            "functions.yaml",
            "[\"staging/*\", \"repository/*\"]",
            "[\"staging/*\"]",
            "uploads may not s3:ListBucket",
        ),
        (
            "functions.yaml",
            "Resource: !Ref TableArn",
            "Resource: !Sub \"${TableArn}/index/x\"",
            "authorizer may not dynamodb:GetItem",
        ),
        (
            "cdn.yaml",
            "\"s3:if-none-match\": \"true\"",
            "\"s3:if-none-match\": \"false\"",
            "uploads may not s3:PutObject",
        ),
        ("cdn.yaml", "[\"s3:DeleteObject\", ", "[\"s3:PutObject\", ", "uploads may not s3:PutObject"),
    ] {
        let found = denied(&doctored(file, from, to), &seen);
        assert!(found.iter().any(|each| each.starts_with(fault)), "{fault}: {found:#?}");
    }
    for (from, to, fault) in [
        (
            "[\"KEY#*\", WARM]",
            "[\"KEY#*\", \"AUDIT#*\", WARM]",
            "authorizer never needs dynamodb:GetItem AUDIT#*",
        ),
        (
            "[\"dynamodb:Query\"]",
            "[\"dynamodb:Query\", \"dynamodb:Scan\"]",
            "types never needs dynamodb:Scan PLATFORM",
        ),
        (
            "[\"s3:PutObject\"]",
            "[\"s3:PutObject\", \"s3:DeleteObject\"]",
            "images never needs s3:DeleteObject catalogues/*",
        ),
        ("/staging/warm\"", "/*\"", "feeds never needs s3:GetObject *"),
        ("[\"KEY#*\", WARM]", "[\"K*\", WARM]", "authorizer never needs dynamodb:GetItem K*"),
        ("[\"s3:PutObject\"]", "[\"s3:Put*\"]", "images never needs s3:Put* catalogues/*"),
    ] {
        let found = idle(&doctored("functions.yaml", from, to), &seen, &RARE);
        assert!(found.iter().any(|each| each.starts_with(fault)), "{fault}: {found:#?}");
    }
    // An excuse for what is seen, and one for what is not allowed, are none.
    for (grant, fault) in [
        ("dynamodb:GetItem KEY#*", "authorizer: dynamodb:GetItem KEY#* is seen"),
        ("dynamodb:Scan", "authorizer: dynamodb:Scan is excused and not allowed"),
    ] {
        let excuse = Rare { function: "authorizer", grant, when: "", file: "", text: "" };
        let found = idle(&infra, &seen, &[&RARE[..], &[excuse]].concat());
        assert!(found.iter().any(|each| each.starts_with(fault)), "{fault}: {found:#?}");
    }
}

#[test]
fn every_excuse_says_why_and_where() {
    for rare in &RARE {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(rare.file);
        let source = std::fs::read_to_string(&path).unwrap_or_else(|_| panic!("{} is not there", rare.file));
        assert!(source.contains(rare.text), "{} does not say {:?}", rare.file, rare.text);
        assert!(rare.when.len() > 20, "{}: {}", rare.function, rare.grant);
    }
}
