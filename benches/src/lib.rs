//! A meter for what a use case costs: calls of the table and the bucket, and consumed capacity as DynamoDB itself
//! reports it.

#![allow(clippy::unwrap_used, reason = "a benchmark reports a fault by failing")]

use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::config::interceptors::{
    BeforeSerializationInterceptorContextMut, BeforeTransmitInterceptorContextRef,
    FinalizerInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::operation::{batch_get_item, get_item, query, transact_write_items, update_item};
use aws_sdk_dynamodb::types::{ConsumedCapacity, ReturnConsumedCapacity};

type Fault = aws_smithy_runtime_api::box_error::BoxError;

/// What has been consumed since the last reading.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// The operations called, attempts included, in order.
    pub calls: Vec<String>,
    /// Read and write capacity units together, as the table reports them.
    pub units: f64,
}

/// Watches every call of the clients it is given to, of the table and of the bucket. Clones share their reading.
#[derive(Debug, Clone, Default)]
pub struct Meter(Arc<Mutex<Reading>>);

impl Meter {
    /// What was consumed since the last call of this.
    pub fn take(&self) -> Reading {
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    fn add(&self, capacity: &[ConsumedCapacity]) {
        let units: f64 = capacity.iter().filter_map(ConsumedCapacity::capacity_units).sum();
        self.0.lock().unwrap().units += units;
    }
}

impl Intercept for Meter {
    fn name(&self) -> &'static str {
        "Meter"
    }

    fn modify_before_serialization(
        &self,
        context: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), Fault> {
        let total = Some(ReturnConsumedCapacity::Total);
        let input = context.input_mut();
        if let Some(input) = input.downcast_mut::<get_item::GetItemInput>() {
            input.return_consumed_capacity = total;
        } else if let Some(input) = input.downcast_mut::<batch_get_item::BatchGetItemInput>() {
            input.return_consumed_capacity = total;
        } else if let Some(input) = input.downcast_mut::<query::QueryInput>() {
            input.return_consumed_capacity = total;
        } else if let Some(input) = input.downcast_mut::<update_item::UpdateItemInput>() {
            input.return_consumed_capacity = total;
        } else if let Some(input) = input.downcast_mut::<transact_write_items::TransactWriteItemsInput>() {
            input.return_consumed_capacity = total;
        }
        Ok(())
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), Fault> {
        let request = context.request();
        let operation = match request.headers().get("x-amz-target") {
            Some(target) => target.rsplit('.').next().unwrap_or_default().to_owned(),
            None => format!("S3 {}", request.method()),
        };
        self.0.lock().unwrap().calls.push(operation);
        Ok(())
    }

    fn read_after_execution(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), Fault> {
        let Some(Ok(output)) = context.output_or_error() else { return Ok(()) };
        if let Some(output) = output.downcast_ref::<get_item::GetItemOutput>() {
            self.add(output.consumed_capacity().map(std::slice::from_ref).unwrap_or_default());
        } else if let Some(output) = output.downcast_ref::<batch_get_item::BatchGetItemOutput>() {
            self.add(output.consumed_capacity());
        } else if let Some(output) = output.downcast_ref::<query::QueryOutput>() {
            self.add(output.consumed_capacity().map(std::slice::from_ref).unwrap_or_default());
        } else if let Some(output) = output.downcast_ref::<update_item::UpdateItemOutput>() {
            self.add(output.consumed_capacity().map(std::slice::from_ref).unwrap_or_default());
        } else if let Some(output) = output.downcast_ref::<transact_write_items::TransactWriteItemsOutput>() {
            self.add(output.consumed_capacity());
        }
        Ok(())
    }
}
