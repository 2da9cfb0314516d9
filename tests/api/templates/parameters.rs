//! Parameters of templates: each is used, and each that one template gives another is one that it takes.

use templates::{Infra, Node};

use super::{doctored, files, folder, infra};

/// What is declared and used by no text of its template, and what is given and not declared.
fn faults(infra: &Infra) -> Vec<String> {
    let mut faults = Vec::new();
    for template in infra.templates() {
        let file = template.file.file_name().unwrap().to_string_lossy();
        faults.extend(template.unused().into_iter().map(|name| format!("{file} does not use {name}")));
        faults.extend(template.unknown().into_iter().map(|name| format!("{file} takes no {name}")));
        faults.extend(template.missing().into_iter().map(|name| format!("{file} is not given {name}")));
    }
    faults
}

#[test]
fn every_parameter_is_used_and_every_one_given_is_taken() {
    assert_eq!(faults(&infra()), [""; 0]);
    for (file, from, to, fault) in [
        (
            "template.yaml",
            "Parameters:\n  Stage:",
            "Parameters:\n  Idle: {Type: String, Default: x}\n  Stage:",
            "template.yaml does not use Idle",
        ),
        ("functions.yaml", "OTA_LOG: !Ref OtaLog", "OTA_LOG: info", "functions.yaml does not use OtaLog"),
        (
            "template.yaml",
            "PriceClass: !Ref PriceClass",
            "PriceClasses: !Ref PriceClass",
            "cdn.yaml takes no PriceClasses",
        ),
        ("template.yaml", "ApiId: !GetAtt Functions.Outputs.ApiId\n", "", "alarms.yaml is not given ApiId"),
    ] {
        let from = if file == "template.yaml" && from.ends_with('\n') { from.trim_end() } else { from };
        let found = faults(&doctored(file, from, to));
        assert!(found.iter().any(|each| each == fault), "{fault}: {found:#?}");
    }
}

#[test]
fn every_template_of_the_folder_is_one_of_the_tree_or_stands_alone_as_said() {
    let infra = infra();
    let mut read: Vec<_> = infra
        .templates()
        .iter()
        .map(|template| template.file.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    // In another region than the rest.
    read.push("waf.yaml".to_owned());
    read.sort();
    let there = files().into_iter().map(|path| path.file_name().unwrap().to_string_lossy().into_owned());
    let mut there: Vec<_> = there.collect();
    there.sort();
    assert_eq!(read, there);
    let alone = std::fs::read_to_string(folder().join("waf.yaml")).unwrap();
    assert!(Node::read(&alone).unwrap().get("Resources").is_some());
}
