//! What functions are given: as many environment variables and parameters as they read, and no more.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use shared::needs::{self, Function};
use templates::{Effect, Infra};

use super::{compare, expect};

/// Parameters that no template makes, since CloudFormation must not see them, or changes them when it should not: the
/// operator's tool makes them.
const BY_BOOTSTRAP: [&str; 6] = ["key-ids", "download", "pepper", "devices", "openpgp", "usign"];

/// What stands before the names of parameters.
const PARAMETER: &str = "arn:aws:ssm:us-east-1:000000000000:parameter/ota/dev/";

fn faults(infra: &Infra) -> Vec<String> {
    let functions = infra.functions().unwrap();
    let names = functions.iter().map(|function| function.name.as_str());
    let mut faults = compare(names, needs::ALL.iter().map(|function| function.name), "function");
    for needs in &needs::ALL {
        let Some(function) = functions.iter().find(|function| function.name == needs.name) else { continue };
        let reads = needs.variables();
        let set = function.environment.keys().map(String::as_str);
        faults.extend(compare(
            set,
            reads.iter().map(|each| each.name),
            &format!("variable of {}", needs.name),
        ));
        for variable in reads.iter().filter(|variable| variable.required) {
            if function.environment.get(variable.name).is_some_and(String::is_empty) {
                faults.push(format!("{} of {} is set to nothing", variable.name, needs.name));
            }
        }
        faults.extend(parameter_faults(needs, function));
    }
    faults
}

fn parameter_faults(needs: &Function, function: &templates::Function) -> Vec<String> {
    let speaks = |action: &String| action.starts_with("ssm:") || action.contains('*');
    let statements: Vec<_> =
        function.statements.iter().filter(|statement| statement.actions.iter().any(speaks)).collect();
    let mut faults = Vec::new();
    let mut readable = BTreeSet::new();
    for statement in statements {
        if statement.effect != Effect::Allow || statement.actions != ["ssm:GetParameters"] {
            faults.push(format!("{} may {:?}", needs.name, statement.actions));
        }
        readable.extend(statement.resources.iter().map(|each| each.strip_prefix(PARAMETER).unwrap_or(each)));
    }
    let reads = needs.parameters();
    let reads = reads.iter().map(|each| each.name);
    faults.extend(compare(readable, reads, &format!("parameter of {}", needs.name)));
    faults
}

#[test]
fn every_function_is_given_what_it_reads_and_nothing_else() {
    expect(
        faults,
        &[
            (
                "functions.yaml",
                "OTA_TABLE: !Ref TableName",
                "OTA_TABEL: !Ref TableName",
                "\"OTA_TABLE\" is in the code",
            ),
            ("functions.yaml", "OTA_LOG: !Ref OtaLog", "OTA_LOG: !Ref OtaLog\n        EXTRA: x", "EXTRA"),
            ("functions.yaml", "OTA_POLL_SECONDS: !Ref PollSeconds, ", "", "OTA_POLL_SECONDS"),
            (
                "functions.yaml",
                "${ParametersPrefix}/pepper",
                "${ParametersPrefix}/salt",
                "\"pepper\" is in the code",
            ),
            (
                "functions.yaml",
                "${ParametersPrefix}/usign",
                "${ParametersPrefix}/*",
                "parameter of feeds: \"*\"",
            ),
            ("functions.yaml", "ssm:GetParameters", "ssm:GetParameter", "may [\"ssm:GetParameter\"]"),
            (
                "functions.yaml",
                "CodeUri: ../functions/types",
                "CodeUri: ../functions/typos",
                "\"types\" is in the code",
            ),
            ("template.yaml", "ParametersPrefix: !Sub /ota/${Stage}", "ParametersPrefix: /other", "base-url"),
            (
                "template.yaml",
                "TableName: !If [IsRestored, !Ref RestoredTableName, !GetAtt Data.Outputs.TableName]",
                "TableName: ''",
                "OTA_TABLE of",
            ),
        ],
    );
}

fn made_faults(infra: &Infra) -> Vec<String> {
    let made = infra.resources_of("AWS::SSM::Parameter").unwrap();
    let mut names = Vec::new();
    let mut faults = Vec::new();
    for parameter in &made {
        let name = parameter.text("/Name").unwrap_or_default();
        names.push(name.strip_prefix("/ota/dev/").unwrap_or(name).to_owned());
        if parameter.text("/Type") != Some("String") {
            faults.push(format!("{name} is no String"));
        }
    }
    let read: BTreeSet<_> = needs::ALL.iter().flat_map(Function::parameters).collect();
    let ours = read.iter().filter(|parameter| !BY_BOOTSTRAP.contains(&parameter.name));
    faults.extend(compare(names, ours.map(|parameter| parameter.name.to_owned()), "parameter that is made"));
    faults.extend(
        BY_BOOTSTRAP
            .iter()
            .filter(|name| !read.iter().any(|parameter| parameter.name == **name))
            .map(|name| format!("nobody reads {name}")),
    );
    faults
}

#[test]
fn every_parameter_that_is_read_is_made_by_a_template_or_by_bootstrap() {
    expect(
        made_faults,
        &[
            (
                "cdn.yaml",
                "${ParametersPrefix}/base-url",
                "${ParametersPrefix}/base",
                "\"base-url\" is in the code",
            ),
            (
                "cdn.yaml",
                "${ParametersPrefix}/distribution-id",
                "${ParametersPrefix}/x",
                "\"x\" is in the templates",
            ),
            (
                "cdn.yaml",
                "Type: String\n      Description: Where",
                "Type: StringList\n      Description: Where",
                "no String",
            ),
        ],
    );
}

/// Every Rust file below a folder.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// What is read of the environment beside the rows of [`needs`]: the places, and the names.
fn read_elsewhere(name: &str, text: &str) -> Vec<String> {
    // Tests stand at the end of a file, or in one of their own.
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let known: BTreeSet<_> = needs::ALL.iter().flat_map(Function::variables).map(|each| each.name).collect();
    let mut faults = Vec::new();
    for (number, line) in code.lines().enumerate() {
        let at = format!("{name}:{}", number + 1);
        let reads = ["env::var", "env::vars", "std::env", "env!("].iter().any(|way| line.contains(way));
        if reads && name != "shared/src/http/lambda.rs" {
            faults.push(format!("{at} reads the environment"));
        }
        let name_of_one = |text: &&str| {
            text.starts_with("OTA_") && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
        };
        for named in line.split('"').filter(name_of_one) {
            if !known.contains(named) {
                faults.push(format!("{at} names {named}"));
            }
        }
    }
    faults
}

#[test]
fn functions_read_no_environment_but_what_their_rows_hold() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    sources(&root.join("shared/src"), &mut files);
    for function in std::fs::read_dir(root.join("functions")).unwrap() {
        sources(&function.unwrap().path().join("src"), &mut files);
    }
    assert!(files.len() > 100, "{}", files.len());
    let faults: Vec<_> = files
        .iter()
        .filter(|path| !path.ends_with("tests.rs"))
        .flat_map(|path| {
            let name = path.strip_prefix(&root).unwrap().to_str().unwrap();
            read_elsewhere(name, &std::fs::read_to_string(path).unwrap())
        })
        .collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn a_variable_that_is_read_past_the_rows_is_found() {
    for (name, text, fault) in [
        (
            "functions/x/src/lib.rs",
            "fn f() {\n std::env::var(\"OTA_TABLE\");",
            "functions/x/src/lib.rs:2 reads",
        ),
        ("shared/src/http/lambda.rs", "variable(\"OTA_NEW\")", "shared/src/http/lambda.rs:1 names OTA_NEW"),
    ] {
        assert!(read_elsewhere(name, text).iter().any(|found| found.starts_with(fault)), "{text}");
    }
    assert_eq!(read_elsewhere("shared/src/x.rs", "a\n#[cfg(test)]\nstd::env::var(\"OTA_X\")"), [""; 0]);
}
