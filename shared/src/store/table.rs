//! The table itself, for laptops and tests; in the cloud the template makes it.

use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};

use super::{Error, Store};

impl Store {
    /// Creates the table unless it is there.
    pub async fn create_table(&self) -> Result<(), Error> {
        let attribute = |name: &str| {
            AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build()
        };
        let part = |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
        let broken = |error: aws_sdk_dynamodb::error::BuildError| Error::Unavailable(error.to_string());
        let created = self
            .client
            .create_table()
            .table_name(&self.table)
            .attribute_definitions(attribute("PK").map_err(broken)?)
            .attribute_definitions(attribute("SK").map_err(broken)?)
            .key_schema(part("PK", KeyType::Hash).map_err(broken)?)
            .key_schema(part("SK", KeyType::Range).map_err(broken)?)
            .billing_mode(BillingMode::PayPerRequest)
            .send()
            .await;
        match created {
            Ok(_) => Ok(()),
            Err(error)
                if error.as_service_error().is_some_and(CreateTableError::is_resource_in_use_exception) =>
            {
                Ok(())
            }
            Err(error) => Err(Error::unavailable("CreateTable", &error)),
        }
    }
}
