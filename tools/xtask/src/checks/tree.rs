//! What crates must not link: the rules know no SDK and no server, and the device check carries no S3.

use anyhow::{Result, bail};

use crate::outcome::Outcome;
use crate::process;
use crate::workspace::Workspace;

/// A crate, the flags its tree is asked with, and beginnings of names that must not be in it.
struct Fence {
    package: &'static str,
    flags: &'static [&'static str],
    forbidden: &'static [Name],
}

enum Name {
    /// This crate and those named `<crate>-…`.
    Family(&'static str),
    /// This crate only.
    Exactly(&'static str),
}

const FENCES: [Fence; 3] = [
    Fence {
        package: "shared",
        flags: &["--no-default-features"],
        forbidden: &[Name::Family("aws"), Name::Family("tokio"), Name::Family("axum")],
    },
    Fence { package: "devices", flags: &[], forbidden: &[Name::Exactly("aws-sdk-s3")] },
    Fence { package: "eligibility", flags: &[], forbidden: &[Name::Exactly("aws-sdk-s3")] },
];

/// Asks cargo for each tree and names every crate that must not be in it.
pub(crate) fn run(workspace: &Workspace) -> Result<Outcome> {
    let mut breaches = Vec::new();
    for fence in &FENCES {
        let mut tree = workspace.cargo();
        tree.args(["tree", "--quiet", "--package", fence.package, "--edges", "normal", "--prefix", "none"]);
        tree.args(fence.flags);
        let said = process::captured(&mut tree)?;
        if !said.ok {
            bail!("cargo could not print the tree of {}: {}", fence.package, said.tail());
        }
        if crates(&said.stdout).next() != Some(fence.package) {
            bail!("cargo printed no tree of {}", fence.package);
        }
        let bad = forbidden(&said.stdout, fence.forbidden);
        if !bad.is_empty() {
            breaches.push(format!("{} links {}", fence.package, bad.join(", ")));
        }
    }
    Ok(Outcome::of(breaches.is_empty(), &breaches.join("; ")))
}

/// The crates of a tree printed without prefixes, one a line, repeats included.
fn crates(tree: &str) -> impl Iterator<Item = &str> {
    tree.lines().filter_map(|line| line.split_whitespace().next())
}

fn forbidden<'a>(tree: &'a str, names: &[Name]) -> Vec<&'a str> {
    let mut bad: Vec<&str> = crates(tree).filter(|name| names.iter().any(|rule| rule.covers(name))).collect();
    bad.sort_unstable();
    bad.dedup();
    bad
}

impl Name {
    fn covers(&self, name: &str) -> bool {
        match self {
            Self::Exactly(exact) => name == *exact,
            Self::Family(family) => {
                name.strip_prefix(family).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: &str = "shared v0.1.0 (/somewhere/shared)\naws-sdk-s3 v1.2.3\ntokio v1.54.0\n\
                        tokio-util v0.7.0\ntokio v1.54.0 (*)\ntokioish v1.0.0\nserde v1.0.0\n";

    #[test]
    fn forbidden_crates_are_named_once_and_their_namesakes_left_alone() {
        let names = [Name::Family("tokio"), Name::Family("axum")];
        assert_eq!(forbidden(TREE, &names), ["tokio", "tokio-util"]);
    }

    #[test]
    fn an_exact_name_covers_no_other_crate() {
        assert_eq!(forbidden(TREE, &[Name::Exactly("aws-sdk-s3")]), ["aws-sdk-s3"]);
        assert_eq!(forbidden(TREE, &[Name::Exactly("aws-sdk")]), [""; 0]);
    }

    #[test]
    fn the_first_crate_of_a_tree_is_its_root() {
        assert_eq!(crates(TREE).next(), Some("shared"));
        assert_eq!(crates("").next(), None);
    }
}
