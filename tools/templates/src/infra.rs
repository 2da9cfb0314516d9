//! A template with all that are nested in it, and the resources they make.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::error::Error;
use crate::evaluate::merged;
use crate::node::Node;

/// What is given from outside.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Parameters of the outermost template; those left out have their defaults.
    pub parameters: BTreeMap<String, String>,
    /// What references to resources and to `AWS::…` are replaced by, by their names as `Data.Table.Arn` or
    /// `AWS::Region`. Those left out stay as `{Data.Table.Arn}`; the `AWS::…` have values of their own.
    pub values: BTreeMap<String, String>,
}

/// One template at its place.
#[derive(Debug, Clone)]
pub(crate) struct Stack {
    /// The logical ids that lead to it, each with a dot behind it; empty for the outermost.
    pub(crate) prefix: String,
    pub(crate) file: PathBuf,
    pub(crate) template: Node,
    /// The stack that it is nested in and the parameters that it is given there.
    pub(crate) parent: Option<(usize, Node)>,
}

/// A template with all that are nested in it.
#[derive(Debug, Clone)]
pub struct Infra {
    pub(crate) stacks: Vec<Stack>,
    pub(crate) settings: Settings,
}

/// A resource with everything about it evaluated.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// Where it stands, as `Data.Table`.
    pub id: String,
    /// Its name in its own template, as `Table`.
    pub logical_id: String,
    /// Its type, as `AWS::DynamoDB::Table`.
    pub kind: String,
    /// Its properties, those of SAM's `Globals` among them. Every scalar is a text.
    pub properties: Value,
    /// Everything else that is said of it: `DeletionPolicy`, `Metadata` …
    pub rest: Value,
    /// The folder that its template lies in.
    pub folder: PathBuf,
}

impl Infra {
    /// Reads a template and those nested in it, all from files.
    pub fn read(template: &Path, settings: Settings) -> Result<Self, Error> {
        let mut infra = Self { stacks: Vec::new(), settings };
        infra.add("", template, None)?;
        Ok(infra)
    }

    /// The same templates with names of what is there in place of symbols, as [`Settings::values`] has them. Doors are read
    /// without, since they go by the symbols.
    pub fn with_values(&self, values: BTreeMap<String, String>) -> Self {
        let parameters = self.settings.parameters.clone();
        Self { stacks: self.stacks.clone(), settings: Settings { parameters, values } }
    }

    fn add(&mut self, prefix: &str, file: &Path, parent: Option<(usize, Node)>) -> Result<(), Error> {
        let text = std::fs::read_to_string(file).map_err(|cause| Error::File(file.to_owned(), cause))?;
        let template = Node::read(&text).map_err(|cause| Error::In(file.to_owned(), Box::new(cause)))?;
        let index = self.stacks.len();
        self.stacks.push(Stack {
            prefix: prefix.to_owned(),
            file: file.to_owned(),
            template: template.clone(),
            parent,
        });
        for (name, resource) in template.get("Resources").map(Node::entries).unwrap_or_default() {
            if resource.get("Type").and_then(Node::text) != Some("AWS::Serverless::Application") {
                continue;
            }
            let properties = resource.get("Properties");
            let location = properties.and_then(|all| all.get("Location")).and_then(Node::text);
            let Some(location) = location else {
                return Err(Error::Form(format!("{prefix}{name} has no Location in a file")));
            };
            let given = properties.and_then(|all| all.get("Parameters")).cloned();
            let given = given.unwrap_or(Node::Map(Vec::new()));
            let folder = file.parent().unwrap_or(Path::new("."));
            self.add(&format!("{prefix}{name}."), &folder.join(location), Some((index, given)))?;
        }
        Ok(())
    }

    /// The resources of all templates whose conditions hold, nested templates apart.
    pub fn resources(&self) -> Result<Vec<Resource>, Error> {
        let mut all = Vec::new();
        for (index, stack) in self.stacks.iter().enumerate() {
            let within = |cause: Error| Error::In(stack.file.clone(), Box::new(cause));
            for (name, node) in stack.template.get("Resources").map(Node::entries).unwrap_or_default() {
                let kind = node.get("Type").and_then(Node::text).unwrap_or_default();
                if kind != "AWS::Serverless::Application" && self.is_made(index, node).map_err(within)? {
                    all.push(self.resource(index, name, kind, node).map_err(within)?);
                }
            }
        }
        Ok(all)
    }

    /// The resources of one type.
    pub fn resources_of(&self, kind: &str) -> Result<Vec<Resource>, Error> {
        Ok(self.resources()?.into_iter().filter(|resource| resource.kind == kind).collect())
    }

    fn is_made(&self, stack: usize, node: &Node) -> Result<bool, Error> {
        match node.get("Condition").and_then(Node::text) {
            Some(condition) => self.condition(stack, condition),
            None => Ok(true),
        }
    }

    fn resource(&self, stack: usize, name: &str, kind: &str, node: &Node) -> Result<Resource, Error> {
        let Stack { prefix, file, template, .. } = &self.stacks[stack];
        let own = node.get("Properties").cloned().unwrap_or(Node::Map(Vec::new()));
        let own = self.evaluate(stack, &own)?;
        let globals =
            kind.strip_prefix("AWS::Serverless::").and_then(|kind| template.get("Globals")?.get(kind));
        let properties = match globals {
            Some(globals) => merged(self.evaluate(stack, globals)?, own),
            None => own,
        };
        let rest = node.entries().iter().filter(|(key, _)| key != "Properties" && key != "Type");
        let rest = self.evaluate(stack, &Node::Map(rest.cloned().collect()))?;
        Ok(Resource {
            id: format!("{prefix}{name}"),
            logical_id: name.to_owned(),
            kind: kind.to_owned(),
            properties,
            rest,
            folder: file.parent().unwrap_or(Path::new(".")).to_owned(),
        })
    }

    /// The values of the parameters of the outermost template.
    pub fn parameters(&self) -> Result<BTreeMap<String, Value>, Error> {
        let declared = self.stacks[0].template.get("Parameters").map(Node::entries).unwrap_or_default();
        declared.iter().map(|(name, _)| Ok((name.clone(), self.parameter(0, name)?))).collect()
    }

    /// The value of an output of the outermost template.
    pub fn output(&self, name: &str) -> Result<Value, Error> {
        self.output_of(0, name)
    }
}
