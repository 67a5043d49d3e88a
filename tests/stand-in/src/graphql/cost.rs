//! What is asked: the operation's name, its repository and what it costs.

use async_graphql::parser::parse_query;
use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, Field, OperationDefinition, Selection, SelectionSet,
};
use async_graphql::{Name, Positioned};
use async_graphql_value::Value;
use serde_json::Value as Json;

/// A GraphQL request.
#[derive(Debug, Clone)]
pub struct Operation {
    /// The document.
    pub query: String,
    /// Values of its variables.
    pub variables: Json,
    /// Which operation of the document.
    pub operation_name: Option<String>,
    /// Name of the operation, for people.
    pub name: String,
    /// `owner/name` among the variables.
    pub repository: Option<String>,
    /// Points by GitHub's formula.
    pub cost: u64,
}

impl Operation {
    /// Reads a request body.
    pub fn parse(body: &[u8]) -> Option<Operation> {
        let request: Json = serde_json::from_slice(body).ok()?;
        let query = request.get("query")?.as_str()?.to_owned();
        let variables = request.get("variables").cloned().unwrap_or(Json::Null);
        let operation_name = request
            .get("operationName")
            .and_then(Json::as_str)
            .map(str::to_owned);
        let document = parse_query(&query).ok();
        let chosen = document
            .as_ref()
            .and_then(|d| choose(d, operation_name.as_deref()));
        let name = operation_name
            .clone()
            .or_else(|| chosen.and_then(|(name, _)| name.map(|n| n.to_string())))
            .unwrap_or_else(|| "(anonymous)".to_owned());
        let text = |key: &str| variables.get(key).and_then(Json::as_str);
        let repository = match (text("owner"), text("name")) {
            (Some(owner), Some(name)) => Some(format!("{owner}/{name}")),
            _ => None,
        };
        let requests = match (&document, chosen) {
            (Some(document), Some((_, operation))) => {
                requests(document, &variables, &operation.selection_set.node, 1)
            }
            _ => 0,
        };
        // One point for each hundred requests, rounded, one at least.
        let cost = ((requests + 50) / 100).max(1);
        Some(Operation {
            query,
            variables,
            operation_name,
            name,
            repository,
            cost,
        })
    }
}

type Chosen<'a> = (Option<&'a Name>, &'a OperationDefinition);

fn choose<'a>(document: &'a ExecutableDocument, name: Option<&str>) -> Option<Chosen<'a>> {
    match &document.operations {
        DocumentOperations::Single(operation) => {
            // The parser keeps only an anonymous operation here.
            Some((None, &operation.node))
        }
        DocumentOperations::Multiple(operations) => operations
            .iter()
            .find(|(key, _)| name.is_none_or(|n| key.as_str() == n))
            .map(|(key, operation)| (Some(key), &operation.node)),
    }
}

/// How many requests the connections of a selection stand for: each connection one for
/// each of its parents.
fn requests(
    document: &ExecutableDocument,
    variables: &Json,
    set: &SelectionSet,
    parents: u64,
) -> u64 {
    let mut sum = 0;
    for selection in &set.items {
        let (inner, inner_parents) = match &selection.node {
            Selection::Field(field) => {
                let size = ["first", "last"].iter().find_map(|argument| {
                    let value = field.node.get_argument(argument)?;
                    number(value, variables)
                });
                if size.is_some() {
                    sum += parents;
                }
                let width = size.or_else(|| ids(&field.node, variables));
                let width = width.unwrap_or(1).max(1);
                (&field.node.selection_set, parents * width)
            }
            Selection::InlineFragment(fragment) => (&fragment.node.selection_set, parents),
            Selection::FragmentSpread(spread) => {
                match document.fragments.get(&spread.node.fragment_name.node) {
                    Some(fragment) => (&fragment.node.selection_set, parents),
                    None => continue,
                }
            }
        };
        sum += requests(document, variables, &inner.node, inner_parents);
    }
    sum
}

/// How many things are asked for by their ids.
fn ids(field: &Field, variables: &Json) -> Option<u64> {
    let length = match &field.get_argument("ids")?.node {
        Value::List(list) => list.len(),
        Value::Variable(name) => variables.get(name.as_str())?.as_array()?.len(),
        _ => return None,
    };
    Some(length as u64)
}

fn number(value: &Positioned<Value>, variables: &Json) -> Option<u64> {
    match &value.node {
        Value::Number(n) => n.as_u64(),
        Value::Variable(name) => variables.get(name.as_str())?.as_u64(),
        _ => None,
    }
}
