//! Package lists as opkg's parser reads them: line by line, and a field by the first letters of a line alone.

/// A package that a list names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) architecture: String,
    pub(super) filename: String,
    pub(super) size: String,
    pub(super) md5: String,
    pub(super) sha256: String,
    pub(super) depends: String,
    pub(super) description: String,
}

/// Every package of a list.
///
/// A stanza ends at a blank line or the end; whatever comes after the letters of a known field and one character more
/// is its value.
pub(super) fn parse(text: &str) -> Vec<Package> {
    let mut all = Vec::new();
    let mut this = Package::default();
    let mut described = false;
    for line in text.split('\n') {
        if line.trim().is_empty() {
            if !this.name.is_empty() {
                all.push(std::mem::take(&mut this));
            }
            described = false;
            continue;
        }
        if line.starts_with([' ', '\t']) {
            if described {
                this.description.push('\n');
                this.description.push_str(line.strip_prefix(' ').unwrap());
            }
            continue;
        }
        described = line.starts_with("Description");
        let fields = [
            ("Package", &mut this.name),
            ("Version", &mut this.version),
            ("Architecture", &mut this.architecture),
            ("Filename", &mut this.filename),
            ("Size", &mut this.size),
            ("MD5Sum", &mut this.md5),
            ("SHA256sum", &mut this.sha256),
            ("Depends", &mut this.depends),
            ("Description", &mut this.description),
        ];
        for (name, place) in fields {
            if let Some(rest) = line.strip_prefix(name) {
                rest.get(1..).unwrap_or_default().trim().clone_into(place);
            }
        }
    }
    assert!(
        this.name.is_empty(),
        "a reader that wants a blank line after the last stanza loses {}",
        this.name
    );
    all
}

/// What a client would install of a name: the highest version for the architectures `all` and `own`, and among equals
/// the one for the device itself.
pub(super) fn best<'a>(list: &'a [Package], name: &str, own: &str) -> Option<&'a Package> {
    let fits =
        |each: &&Package| each.name == name && (each.architecture == "all" || each.architecture == own);
    list.iter().filter(fits).max_by(|a, b| {
        let by_version = shared::ipkg::version::compare(&a.version, &b.version);
        by_version.then_with(|| (a.architecture == own).cmp(&(b.architecture == own)))
    })
}
