//! What a URL asks for (`feeds.md`, *URLs*): pure.
//!
//! Segments are decoded once, here and nowhere else; repeated slashes collapse, since `src` lines that end in a slash
//! make clients ask for `//Packages.gz`.

use percent_encoding::percent_decode_str;
use shared::domain::catalogue::Level;

/// A form in which an index is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// The blueprint's URL: answers `If-Modified-Since` with what has changed.
    Bare,
    /// `Packages`.
    Plain,
    /// `Packages.gz`.
    Gzip,
    /// `Packages.asc`.
    OpenPgp,
    /// `Packages.sig`.
    Usign,
}

/// What is asked for below a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// The device types in the feed.
    Devices,
    /// An index of a device type.
    Index { device_type: String, level: Level, form: Form },
    /// The lines of one field of a version.
    Field { device_type: String, level: Level, name: String },
    /// Nothing that a feed has.
    Nothing { device_type: String },
}

/// A feed, and what is asked of it. Nothing in it has been checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The feed's name.
    pub(crate) feed: String,
    /// What is asked of it.
    pub(crate) target: Target,
}

/// Reads a raw path; none for the root, and for a feed whose name is no text.
///
/// What is no text further down is asked of its feed all the same: whether that is restricted is said first.
pub(crate) fn parse(raw: &str) -> Option<Asked> {
    let mut segments = raw
        .split('/')
        .filter(|segment| !segment.is_empty())
        .map(|segment| Some(percent_decode_str(segment).decode_utf8().ok()?.into_owned()));
    let feed = segments.next()??;
    let Some(device_type) = segments.next() else {
        return Some(Asked { feed, target: Target::Devices });
    };
    let target = match (device_type, segments.collect()) {
        (Some(device_type), Some(rest)) => below(device_type, rest),
        (device_type, _) => Target::Nothing { device_type: device_type.unwrap_or_default() },
    };
    Some(Asked { feed, target })
}

fn below(device_type: String, mut rest: Vec<String>) -> Target {
    // A file is asked for at an index only, and at none of them is that a package, a version or a field.
    let form = match rest.last().map(String::as_str) {
        Some("Packages") => Form::Plain,
        Some("Packages.gz") => Form::Gzip,
        Some("Packages.asc") => Form::OpenPgp,
        Some("Packages.sig") => Form::Usign,
        _ => Form::Bare,
    };
    if form != Form::Bare {
        rest.pop();
    }
    let mut rest = rest.into_iter();
    let level = match (rest.next(), rest.next()) {
        (None, _) => Level::Device,
        (Some(package), None) => Level::Package(package),
        (Some(package), Some(version)) if version == "latest" => Level::Package(package),
        (Some(package), Some(version)) => Level::Version(package, version),
    };
    match (rest.next(), rest.next()) {
        (None, _) => Target::Index { device_type, level, form },
        (Some(name), None) if form == Form::Bare => Target::Field { device_type, level, name },
        _ => Target::Nothing { device_type },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn index(level: Level, form: Form) -> Target {
        Target::Index { device_type: "dev1".into(), level, form }
    }

    fn package() -> Level {
        Level::Package("base".into())
    }

    fn version(text: &str) -> Level {
        Level::Version("base".into(), text.into())
    }

    #[test]
    fn every_url_of_the_blueprint_is_read() {
        let field =
            |level, name: &str| Target::Field { device_type: "dev1".into(), level, name: name.into() };
        for (path, target) in [
            ("/beta", Target::Devices),
            ("/beta/", Target::Devices),
            ("/beta/dev1", index(Level::Device, Form::Bare)),
            ("/beta/dev1/", index(Level::Device, Form::Bare)),
            ("/beta/dev1/base", index(package(), Form::Bare)),
            ("/beta/dev1/base/latest", index(package(), Form::Bare)),
            ("/beta/dev1/base/1.0-r0", index(version("1.0-r0"), Form::Bare)),
            ("/beta/dev1/base/latest/Description", field(package(), "Description")),
            ("/beta/dev1/base/1.0/md5sum", field(version("1.0"), "md5sum")),
        ] {
            assert_eq!(parse(path), Some(Asked { feed: "beta".into(), target }), "{path}");
        }
    }

    #[test]
    fn the_files_that_opkg_fetches_are_read_at_all_three_depths() {
        for (file, form) in [
            ("Packages", Form::Plain),
            ("Packages.gz", Form::Gzip),
            ("Packages.asc", Form::OpenPgp),
            ("Packages.sig", Form::Usign),
        ] {
            for (at, level) in [
                ("/beta/dev1", Level::Device),
                ("/beta/dev1/base", package()),
                ("/beta/dev1/base/1.0", version("1.0")),
                ("/beta/dev1/base/latest", package()),
            ] {
                for slash in ["/", "//", "///"] {
                    let asked = parse(&format!("{at}{slash}{file}")).unwrap();
                    assert_eq!(asked.target, index(level.clone(), form), "{at}{slash}{file}");
                }
            }
        }
        let nothing = Target::Nothing { device_type: "dev1".into() };
        for path in
            ["/beta/dev1/base/1.0/Size/Packages", "/beta/dev1/base/1.0/Size/x", "/beta/dev1/a/b/c/d/e"]
        {
            assert_eq!(parse(path).unwrap().target, nothing, "{path}");
        }
    }

    #[test]
    fn segments_are_decoded_once_and_a_plus_is_a_plus() {
        let of = |text: &str| parse(&format!("/beta/dev1/base/{text}")).unwrap().target;
        assert_eq!(of("1%3A1.0%2bgit"), index(version("1:1.0+git"), Form::Bare));
        assert_eq!(of("1.0+git"), index(version("1.0+git"), Form::Bare));
        assert_eq!(of("1.0%252b"), index(version("1.0%2b"), Form::Bare));
        assert_eq!(of("a%2Fb"), index(version("a/b"), Form::Bare));
        assert_eq!(parse("/b%65ta/%64ev1").unwrap().feed, "beta");
        for (path, device_type) in [("/beta/%ff", ""), ("/beta/%ff/base", ""), ("/beta/dev1/%ff/1.0", "dev1")]
        {
            let target = Target::Nothing { device_type: device_type.into() };
            assert_eq!(parse(path), Some(Asked { feed: "beta".into(), target }), "{path}");
        }
        assert_eq!(parse("/%ff/dev1"), None);
        assert_eq!(parse("///"), None);
    }

    proptest! {
        #[test]
        fn no_path_makes_it_panic(path in "(/|%|[a-zA-Z0-9.+]|Packages|%2f|latest){0,30}") {
            let _ = parse(&path);
        }
    }
}
