//! Every function's `main` starts with its own row of [`shared::needs`].

use std::path::Path;

use shared::needs;

#[test]
fn every_function_starts_with_its_own_row_and_has_no_other() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../functions");
    let mut there: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    there.sort();
    let mut known: Vec<&str> = needs::ALL.iter().map(|function| function.name).collect();
    known.sort_unstable();
    assert_eq!(there, known);
    for function in needs::ALL {
        let main = std::fs::read_to_string(folder.join(function.name).join("src/main.rs")).unwrap();
        let call = if function.parameters().is_empty() { "start_without_parameters" } else { "start" };
        let row = format!("lambda::{call}(&needs::{})", function.name.to_uppercase());
        assert!(main.contains(&row), "{} does not call {row}", function.name);
        assert!(main.lines().count() <= 25, "{} is more than a start", function.name);
    }
}
