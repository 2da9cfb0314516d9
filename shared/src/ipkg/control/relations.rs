//! Lists of packages, such as Depends, in the one form that every client reads: `a (>= 1.0), b | c`.

/// How many bytes one name with its version may have: clients copy each into 2,048 bytes and do not look.
const MAX_ALTERNATIVE: usize = 1024;

/// The operators, those that begin with another one first.
const OPERATORS: [&str; 7] = ["<<", "<=", ">=", ">>", "=", "<", ">"];

/// The list with one space where one belongs and without empty members; an error with the reason if a
/// member would overrun a client's memory.
pub(super) fn normalise(text: &str) -> Result<String, &'static str> {
    let mut members = Vec::new();
    for member in text.split(',') {
        let mut alternatives = Vec::new();
        for alternative in member.split('|') {
            let normal = restrict(alternative);
            if normal.len() > MAX_ALTERNATIVE {
                return Err("names a package in more than 1024 bytes");
            }
            if !normal.is_empty() {
                alternatives.push(normal);
            }
        }
        if !alternatives.is_empty() {
            members.push(alternatives.join(" | "));
        }
    }
    Ok(members.join(", "))
}

/// True if the two lists are the same but for white space around commas.
pub(super) fn differ_in_spacing_alone(a: &str, b: &str) -> bool {
    a.split(',').map(str::trim).eq(b.split(',').map(str::trim))
}

/// One name and its version, if it has one, as `name (>= 1.0)`; what is neither only gets single spaces.
fn restrict(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let parts = text.strip_suffix(')').and_then(|rest| rest.split_once('('));
    if let Some((name, restriction)) = parts {
        let (name, restriction) = (name.trim(), restriction.trim());
        let operator = OPERATORS.iter().find(|operator| restriction.starts_with(*operator));
        if let Some(operator) = operator {
            let version = restriction[operator.len()..].trim();
            let plain = version.bytes().all(|b| b.is_ascii_alphanumeric() || b".+~:_-".contains(&b));
            if !name.is_empty() && !name.contains(' ') && !version.is_empty() && plain {
                return format!("{name} ({operator} {version})");
            }
        }
    }
    text
}
