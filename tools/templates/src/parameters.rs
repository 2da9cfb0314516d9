//! Parameters of templates: which are declared, used, and given by the template around them.

use std::collections::BTreeSet;
use std::path::Path;

use crate::infra::{Infra, Stack};
use crate::node::Node;

/// One template at its place, as far as its parameters go.
#[derive(Debug, Clone, Copy)]
pub struct Template<'a> {
    /// Its file.
    pub file: &'a Path,
    stack: &'a Stack,
}

impl Infra {
    /// The template and all that are nested in it.
    pub fn templates(&self) -> Vec<Template<'_>> {
        self.stacks.iter().map(|stack| Template { file: &stack.file, stack }).collect()
    }
}

impl Template<'_> {
    fn declared(&self) -> &[(String, Node)] {
        self.stack.template.get("Parameters").map(Node::entries).unwrap_or_default()
    }

    /// Parameters that nothing in the template refers to.
    pub fn unused(&self) -> Vec<&str> {
        let mut used = BTreeSet::new();
        for (section, node) in self.stack.template.entries() {
            if section != "Parameters" {
                references(node, &mut used);
            }
        }
        let names = self.declared().iter().map(|(name, _)| name.as_str());
        names.filter(|name| !used.contains(*name)).collect()
    }

    fn given(&self) -> Option<&[(String, Node)]> {
        self.stack.parent.as_ref().map(|(_, given)| given.entries())
    }

    /// What the template around it gives and it does not declare.
    pub fn unknown(&self) -> Vec<&str> {
        let given = self.given().unwrap_or_default().iter().map(|(name, _)| name.as_str());
        given.filter(|name| !self.declared().iter().any(|(declared, _)| declared == name)).collect()
    }

    /// What it must be given and the template around it does not give.
    pub fn missing(&self) -> Vec<&str> {
        let Some(given) = self.given() else { return Vec::new() };
        let needed = self.declared().iter().filter(|(_, declared)| declared.get("Default").is_none());
        let names = needed.map(|(name, _)| name.as_str());
        names.filter(|name| !given.iter().any(|(other, _)| other == name)).collect()
    }
}

/// Every name that a piece of a template refers to by `Ref`, `Sub` or a rule's functions.
fn references(node: &Node, found: &mut BTreeSet<String>) {
    match node {
        Node::Text(_) => {}
        Node::List(items) => items.iter().for_each(|item| references(item, found)),
        Node::Map(entries) => entries.iter().for_each(|(_, entry)| references(entry, found)),
        Node::Call(function, argument) => {
            let text = argument.text().or_else(|| argument.items().first().and_then(Node::text));
            match (function.as_str(), text) {
                ("Ref", Some(name)) => {
                    found.insert(name.to_owned());
                }
                ("Sub", Some(text)) => {
                    let names = text.split("${").skip(1).filter_map(|rest| rest.split_once('}'));
                    found.extend(names.map(|(name, _)| name.to_owned()));
                }
                _ => {}
            }
            references(argument, found);
        }
    }
}
