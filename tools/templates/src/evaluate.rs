//! Evaluating a template: parameters, conditions, and the intrinsic functions that templates here use.

use serde_json::{Map, Value, json};

use crate::error::Error;
use crate::infra::Infra;
use crate::node::Node;

/// Resources that SAM makes beside one that is written, by what their names end in.
const OF_SAM: [&str; 4] = ["Url", "Role", "ApiGatewayDefaultStage", "DeploymentPreference"];

impl Infra {
    /// What a piece of the template of `stack` comes to. `AWS::NoValue` takes away what it stands for, and is null by
    /// itself.
    pub(crate) fn evaluate(&self, stack: usize, node: &Node) -> Result<Value, Error> {
        Ok(match node {
            Node::Text(text) => json!(text),
            Node::List(items) => {
                let items = items.iter().map(|item| self.evaluate(stack, item));
                items.filter(|item| !matches!(item, Ok(Value::Null))).collect::<Result<_, _>>()?
            }
            Node::Map(entries) => {
                let mut map = Map::new();
                for (key, entry) in entries {
                    let value = self.evaluate(stack, entry)?;
                    if !value.is_null() {
                        map.insert(key.clone(), value);
                    }
                }
                Value::Object(map)
            }
            Node::Call(function, argument) => self.call(stack, function, argument)?,
        })
    }

    fn call(&self, stack: usize, function: &str, argument: &Node) -> Result<Value, Error> {
        let wrong = || Error::Intrinsic(format!("{function} {argument:?}"));
        let one = || argument.text().ok_or_else(wrong);
        let two = || match argument.items() {
            [first, second] => Ok((self.evaluate(stack, first)?, self.evaluate(stack, second)?)),
            _ => Err(wrong()),
        };
        match function {
            "Ref" => self.reference(stack, one()?),
            "GetAtt" => {
                let parts: Option<Vec<&str>> = argument.items().iter().map(Node::text).collect();
                let path = argument.text().map(str::to_owned).or_else(|| Some(parts?.join(".")));
                let path = path.ok_or_else(wrong)?;
                let (name, attribute) = path.split_once('.').ok_or_else(wrong)?;
                self.attribute(stack, name, attribute)
            }
            "Sub" => self.substitute(stack, argument),
            "Join" => {
                let (between, list) = two()?;
                let list: Option<Vec<&str>> =
                    list.as_array().ok_or_else(wrong)?.iter().map(Value::as_str).collect();
                Ok(json!(list.ok_or_else(wrong)?.join(between.as_str().ok_or_else(wrong)?)))
            }
            "Split" => {
                let (Value::String(at), Value::String(text)) = two()? else { return Err(wrong()) };
                Ok(text.split(&at).collect())
            }
            "Select" => {
                let (index, list) = two()?;
                let index: Option<usize> = index.as_str().and_then(|index| index.parse().ok());
                index.and_then(|index| list.get(index).cloned()).ok_or_else(wrong)
            }
            "If" => match argument.items() {
                [condition, yes, no] => {
                    let holds = self.condition(stack, condition.text().ok_or_else(wrong)?)?;
                    self.evaluate(stack, if holds { yes } else { no })
                }
                _ => Err(wrong()),
            },
            "Condition" => Ok(json!(self.condition(stack, one()?)?)),
            "Equals" => two().map(|(first, second)| json!(first == second)),
            "Not" => match argument.items() {
                [condition] => Ok(json!(!self.holds(stack, condition)?)),
                _ => Err(wrong()),
            },
            "And" => self.each_holds(stack, argument).map(|all| json!(all.iter().all(|each| *each))),
            "Or" => self.each_holds(stack, argument).map(|all| json!(all.iter().any(|each| *each))),
            _ => Err(wrong()),
        }
    }

    fn each_holds(&self, stack: usize, conditions: &Node) -> Result<Vec<bool>, Error> {
        conditions.items().iter().map(|each| self.holds(stack, each)).collect()
    }

    fn holds(&self, stack: usize, condition: &Node) -> Result<bool, Error> {
        let value = self.evaluate(stack, condition)?;
        value.as_bool().ok_or_else(|| Error::Intrinsic(format!("the condition {condition:?}")))
    }

    /// Whether a named condition holds.
    pub(crate) fn condition(&self, stack: usize, name: &str) -> Result<bool, Error> {
        let conditions = self.stacks[stack].template.get("Conditions");
        let condition = conditions.and_then(|all| all.get(name));
        self.holds(stack, condition.ok_or_else(|| Error::Unknown(name.to_owned()))?)
    }

    fn reference(&self, stack: usize, name: &str) -> Result<Value, Error> {
        if name == "AWS::NoValue" {
            return Ok(Value::Null);
        }
        if let Some(pseudo) = name.strip_prefix("AWS::") {
            return self.pseudo(name, pseudo);
        }
        if self.stacks[stack].template.get("Parameters").is_some_and(|all| all.get(name).is_some()) {
            return self.parameter(stack, name);
        }
        self.expect_resource(stack, name)?;
        Ok(self.symbol(&format!("{}{name}", self.stacks[stack].prefix)))
    }

    fn pseudo(&self, name: &str, pseudo: &str) -> Result<Value, Error> {
        let own = match pseudo {
            "AccountId" => "000000000000",
            "Partition" => "aws",
            "Region" => "us-east-1",
            "StackName" => "ota",
            "URLSuffix" => "amazonaws.com",
            _ => return Err(Error::Unknown(name.to_owned())),
        };
        Ok(json!(self.settings.values.get(name).map_or(own, String::as_str)))
    }

    /// The value of a parameter: as given by the template around it or from outside, else its default.
    pub(crate) fn parameter(&self, stack: usize, name: &str) -> Result<Value, Error> {
        let this = &self.stacks[stack];
        let declared = this.template.get("Parameters").and_then(|all| all.get(name));
        let declared = declared.ok_or_else(|| Error::Unknown(name.to_owned()))?;
        let given = match &this.parent {
            Some((parent, given)) => given.get(name).map(|node| self.evaluate(*parent, node)).transpose()?,
            None => self.settings.parameters.get(name).map(|text| json!(text)),
        };
        let default = || declared.get("Default").map(|node| self.evaluate(stack, node)).transpose();
        let value = match given {
            Some(given) => Some(given),
            None => default()?,
        };
        let value = value.ok_or_else(|| Error::Unknown(format!("a value of {}{name}", this.prefix)))?;
        let is_list = declared.get("Type").and_then(Node::text) == Some("CommaDelimitedList");
        Ok(match (&value, is_list) {
            (Value::String(text), true) => text.split(',').map(str::trim).collect(),
            _ => value,
        })
    }

    fn attribute(&self, stack: usize, name: &str, attribute: &str) -> Result<Value, Error> {
        let prefix = &self.stacks[stack].prefix;
        let nested = format!("{prefix}{name}.");
        if let Some(child) = self.stacks.iter().position(|each| each.prefix == nested) {
            let output = attribute.strip_prefix("Outputs.");
            let output = output.ok_or_else(|| Error::Unknown(format!("{name}.{attribute}")))?;
            return self.output_of(child, output);
        }
        self.expect_resource(stack, name)?;
        Ok(self.symbol(&format!("{prefix}{name}.{attribute}")))
    }

    /// The value of an output.
    pub(crate) fn output_of(&self, stack: usize, name: &str) -> Result<Value, Error> {
        let outputs = self.stacks[stack].template.get("Outputs");
        let value = outputs.and_then(|all| all.get(name)?.get("Value"));
        self.evaluate(stack, value.ok_or_else(|| Error::Unknown(format!("the output {name}")))?)
    }

    fn expect_resource(&self, stack: usize, name: &str) -> Result<(), Error> {
        let resources = self.stacks[stack].template.get("Resources").map(Node::entries).unwrap_or_default();
        let written = |wanted: &str| resources.iter().any(|(each, _)| each == wanted);
        let of_sam = || OF_SAM.iter().any(|end| name.strip_suffix(end).is_some_and(written));
        if written(name) || of_sam() { Ok(()) } else { Err(Error::Unknown(name.to_owned())) }
    }

    /// What stands for something that only AWS can make.
    fn symbol(&self, name: &str) -> Value {
        if let Some(value) = self.settings.values.get(name) {
            return json!(value);
        }
        // A URL, since templates take it apart.
        match name.strip_suffix("Url.FunctionUrl") {
            Some(function) => json!(format!("https://{{{function}}}/")),
            None => json!(format!("{{{name}}}")),
        }
    }

    fn substitute(&self, stack: usize, argument: &Node) -> Result<Value, Error> {
        let wrong = || Error::Intrinsic(format!("Sub {argument:?}"));
        let (template, own) = match argument.items() {
            [text, own] => (text.text(), own.entries()),
            _ => (argument.text(), &[][..]),
        };
        let mut rest = template.ok_or_else(wrong)?;
        let mut text = String::new();
        while let Some((before, after)) = rest.split_once("${") {
            text.push_str(before);
            let (name, behind) = after.split_once('}').ok_or_else(wrong)?;
            rest = behind;
            if let Some(literal) = name.strip_prefix('!') {
                text.push_str(&["${", literal, "}"].concat());
                continue;
            }
            let value = if let Some((_, node)) = own.iter().find(|(each, _)| each == name) {
                self.evaluate(stack, node)?
            } else if let Some((name, attribute)) = name.split_once('.') {
                self.attribute(stack, name, attribute)?
            } else {
                self.reference(stack, name)?
            };
            text.push_str(value.as_str().ok_or_else(wrong)?);
        }
        text.push_str(rest);
        Ok(json!(text))
    }
}

/// `own` over SAM's `globals`: mappings are joined, lists put behind one another, everything else replaced.
pub(crate) fn merged(globals: Value, own: Value) -> Value {
    match (globals, own) {
        (Value::Object(mut all), Value::Object(own)) => {
            for (key, value) in own {
                let value = match all.remove(&key) {
                    Some(global) => merged(global, value),
                    None => value,
                };
                all.insert(key, value);
            }
            Value::Object(all)
        }
        (Value::Array(mut all), Value::Array(own)) => {
            all.extend(own);
            Value::Array(all)
        }
        (_, own) => own,
    }
}
