//! What the documents say is what the code does, as far as a test can tell.

use std::path::Path;

use shared::http::Code;

pub fn document(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_error_code_stands_in_the_api_document_with_its_status() {
    let text = document("docs/API.md");
    let rows: Vec<&str> = text.lines().filter(|line| line.starts_with('|')).collect();
    for code in Code::ALL {
        let (name, status) = (format!("`{}`", code.as_str()), code.status().as_u16().to_string());
        let found = rows.iter().any(|row| row.contains(&name) && row.contains(&status));
        assert!(found, "docs/API.md has no table row with {name} and {status}");
    }
}

#[test]
fn the_readme_shows_the_tour_that_the_dev_server_prints() {
    let text = document("README.md");
    for line in devserver::tour::SCRIPT.lines().filter(|line| !line.trim().is_empty()) {
        assert!(text.contains(line.trim()), "README.md lacks the line: {line}");
    }
}
