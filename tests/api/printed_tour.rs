//! The tour that `cargo dev` prints, run as a person would: pasted into a shell, exactly as printed.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use devserver::{Options, tour};
use shared::domain::Sha256;
use tests::api::Api;

/// What stands between the greeting's words: from the opening bracket to the closing one.
fn pasted(greeting: &str) -> String {
    let start = greeting.find("( . ").expect("the tour begins by sourcing dev.env");
    let end = greeting.find(")\n\nCtrl-C").expect("the tour ends before the last line");
    format!("{}\n", &greeting[start..=end])
}

/// Runs `script` in a plain `sh`, with nothing of ours in its environment.
async fn run(script: &str, firmware: Option<&Path>) -> Output {
    let script = script.to_owned();
    let mut shell = Command::new("sh");
    shell.env_clear().current_dir("/").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    shell.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    if let Some(firmware) = firmware {
        shell.env("FIRMWARE", firmware);
    }
    let run = move || {
        let mut running = shell.spawn().expect("there is a shell");
        running.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
        running.wait_with_output().unwrap()
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

fn expect_tools() {
    for tool in ["sh", "curl", "sha256sum"] {
        let found = Command::new(tool).arg("--version").stdin(Stdio::null()).output();
        assert!(found.is_ok(), "the tour needs {tool}, which is not installed");
    }
}

/// The second tour, as README.md prints it.
fn of_rollouts() -> String {
    let readme = crate::documents::document("README.md");
    let section = readme.split("### Roll it out, and ask why").nth(1).expect("README.md has the second tour");
    section.split("```sh\n").nth(1).unwrap().split("```").next().unwrap().to_owned()
}

#[tokio::test]
async fn the_tour_of_rollouts_works_as_printed_and_again() {
    expect_tools();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let api = Api::start_with(Options { data: Some(data.clone()), ..Options::default() }).await;
    assert!(run(&pasted(&tour::greeting(&api.server)), None).await.status.success());
    let script = of_rollouts().replace(". .ota/dev.env", &format!(". '{}/dev.env'", data.display()));
    for round in 0..2 {
        let output = run(&script, None).await;
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "round {round}: {said}");
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "", "round {round}");
        assert_eq!(said.matches("urn:ota:error:").count(), 0, "round {round}: {said}");
        let answers: Vec<&str> = said.lines().filter(|line| line.starts_with('{')).collect();
        let [_, explained, offered, runs, stopped, started] = answers.as_slice() else { panic!("{said}") };
        assert!(explained.contains(r#""reason":"#), "{explained}");
        assert!(offered.contains(r#""updates":[{"#) && started.contains(r#""updates":[{"#), "{said}");
        assert!(runs.contains(r#""updates":[]"#), "{runs}");
        assert!(stopped.contains(r#""reason":"stopped""#), "{stopped}");
    }
    api.server.stop().await.unwrap();
}

#[tokio::test]
async fn the_printed_tour_works_as_printed_and_again() {
    expect_tools();
    let folder = tempfile::tempdir().unwrap();
    // A path that a careless script trips over.
    let data = folder.path().join("my data's folder");
    let api = Api::start_with(Options { data: Some(data), ..Options::default() }).await;
    let script = pasted(&tour::greeting(&api.server));
    assert!(script.contains(tour::SCRIPT), "the tour is printed whole");

    let bytes: Vec<u8> = (0..200_000_u32).flat_map(u32::to_le_bytes).collect();
    let firmware = folder.path().join("firmware of 800 kB.bin");
    std::fs::write(&firmware, &bytes).unwrap();
    for (round, file) in [None, Some(firmware.as_path()), Some(&firmware)].into_iter().enumerate() {
        let output = run(&script, file).await;
        let (said, complaints) =
            (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert!(output.status.success(), "round {round}: {said}\n{complaints}");
        assert_eq!(complaints, "", "round {round}");
        let last = said.lines().last().unwrap();
        let digest = last.strip_prefix("the device has exactly what was uploaded: ").expect(last);
        if file.is_some() {
            assert_eq!(digest, Sha256::of(&bytes).to_string());
        }
        // Later rounds find the firmware type and the device type there, and nothing else amiss.
        let problems = said.matches("urn:ota:error:").count();
        assert_eq!(problems, if round == 0 { 0 } else { 2 }, "round {round}: {said}");
    }
    api.server.stop().await.unwrap();
}
