//! The functions: their code, what they are given, and what they may do.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

use crate::error::Error;
use crate::infra::{Infra, Resource};
use crate::policy::Statement;
use crate::property::texts;

/// The address of its own that a function has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionUrl {
    /// Who may call it: `AWS_IAM` or `NONE`.
    pub auth_type: String,
    /// How answers travel: `BUFFERED` or `RESPONSE_STREAM`.
    pub invoke_mode: String,
}

/// A Lambda function.
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    /// Where it stands, as `Functions.FeedsFunction`.
    pub id: String,
    /// Its name in its own template, as `FeedsFunction`: the folder that `sam build` puts it into.
    pub logical_id: String,
    /// The name of the folder of its code, which is that of its crate and of its binary.
    pub name: String,
    /// The folder of its code, from where the outermost template's path begins.
    pub code: PathBuf,
    /// What it is called in AWS.
    pub function_name: String,
    /// How it is built, as `rust-cargolambda`.
    pub build_method: String,
    /// As `provided.al2023`.
    pub runtime: String,
    /// As `bootstrap`.
    pub handler: String,
    /// What it is built for; one of `arm64` and `x86_64`.
    pub architectures: Vec<String>,
    /// Memory in MB.
    pub memory_mb: u32,
    /// How long one call may take, in seconds.
    pub timeout_seconds: u32,
    /// Its environment variables.
    pub environment: BTreeMap<String, String>,
    /// The address of its own, if it has one.
    pub url: Option<FunctionUrl>,
    /// Statements of all policies that its role has, also of those that other resources add to it.
    pub statements: Vec<Statement>,
    /// Policies of its role that are only named: managed ones, and SAM's policy templates.
    pub named_policies: Vec<String>,
    /// Everything, for what is not above: logging, tracing, other events.
    pub resource: Resource,
}

/// The ids of roles, and what they may do beside their own policies.
type Added = (Vec<String>, Vec<Statement>);

impl Infra {
    /// Every function, in the order of the templates.
    pub fn functions(&self) -> Result<Vec<Function>, Error> {
        let added = self.added_statements()?;
        let functions = self.resources_of("AWS::Serverless::Function")?.into_iter();
        functions
            .map(|resource| {
                let role = format!("{}Role", resource.id);
                let mut function = Function::read(resource)?;
                let to_it = added.iter().filter(|(roles, _)| roles.contains(&role));
                function.statements.extend(to_it.flat_map(|(_, statements)| statements.clone()));
                Ok(function)
            })
            .collect()
    }

    /// What policies that are resources of their own add to roles.
    fn added_statements(&self) -> Result<Vec<Added>, Error> {
        let mut all = Vec::new();
        for resource in self.resources()? {
            let roles = match resource.kind.as_str() {
                "AWS::IAM::Policy" | "AWS::IAM::ManagedPolicy" => texts(resource.property("/Roles")),
                "AWS::IAM::RolePolicy" => texts(resource.property("/RoleName")),
                _ => continue,
            };
            let document = resource.property("/PolicyDocument").unwrap_or(&Value::Null);
            let bare = |role: &String| role.trim_matches(['{', '}']).to_owned();
            all.push((roles.iter().map(bare).collect(), Statement::of_document(document)?));
        }
        Ok(all)
    }
}

impl Function {
    fn read(resource: Resource) -> Result<Self, Error> {
        let text = |path: &str| resource.expect_text(path).map(str::to_owned);
        let code = resource.folder.join(text("/CodeUri")?);
        let name =
            code.file_name().and_then(|name| name.to_str()).ok_or_else(|| resource.lacks("/CodeUri"))?;
        let mut statements = Vec::new();
        let mut named_policies = Vec::new();
        for policy in resource.property("/Policies").and_then(Value::as_array).into_iter().flatten() {
            match policy {
                Value::Object(map) if map.contains_key("Statement") => {
                    statements.extend(Statement::of_document(policy)?);
                }
                Value::String(name) => named_policies.push(name.clone()),
                other => named_policies.push(other.to_string()),
            }
        }
        let environment = resource.property("/Environment/Variables").and_then(Value::as_object);
        let environment = environment
            .into_iter()
            .flatten()
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
        let url = resource.property("/FunctionUrlConfig").map(|url| FunctionUrl {
            auth_type: url["AuthType"].as_str().unwrap_or_default().to_owned(),
            // Lambda's default.
            invoke_mode: url["InvokeMode"].as_str().unwrap_or("BUFFERED").to_owned(),
        });
        Ok(Self {
            id: resource.id.clone(),
            logical_id: resource.logical_id.clone(),
            name: name.to_owned(),
            function_name: text("/FunctionName").unwrap_or_default(),
            build_method: resource.rest["Metadata"]["BuildMethod"].as_str().unwrap_or_default().to_owned(),
            runtime: text("/Runtime")?,
            handler: text("/Handler")?,
            architectures: texts(resource.property("/Architectures")),
            memory_mb: resource.expect_number("/MemorySize")?,
            timeout_seconds: resource.expect_number("/Timeout")?,
            environment: environment.collect(),
            code,
            url,
            statements,
            named_policies,
            resource,
        })
    }
}
