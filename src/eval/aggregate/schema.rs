//! The schema that admits values: what types stand where.

use indexmap::{IndexMap, IndexSet};

use crate::ir::{Dynamic, Type, Value};

/// What stands at one place.
#[derive(Clone, Default, Debug)]
pub struct Schema {
    /// Names of scalar types, in order of appearance.
    scalars: IndexSet<&'static str>,
    /// Properties of bags, and under [`INDEXER`] the elements of arrays.
    container: Option<IndexMap<String, Schema>>,
}

/// The name under which elements of arrays stand.
const INDEXER: &str = "`indexer`";

impl Schema {
    /// Makes the schema admit a value. Null is admitted everywhere.
    pub fn admit(&mut self, value: &Dynamic) {
        match value {
            Dynamic::Null => {}
            Dynamic::Bool(_) => self.scalar("bool"),
            Dynamic::Long(_) => self.scalar("long"),
            Dynamic::Real(_) => self.scalar("double"),
            Dynamic::String(_) => self.scalar("string"),
            Dynamic::DateTime(_) => self.scalar("datetime"),
            Dynamic::TimeSpan(_) => self.scalar("timespan"),
            Dynamic::Guid(_) => self.scalar("guid"),
            Dynamic::Array(elements) => {
                let container = self.container.get_or_insert_default().entry(INDEXER.to_owned()).or_default();
                elements.iter().for_each(|element| container.admit(element));
            }
            Dynamic::Bag(properties) => {
                let container = self.container.get_or_insert_default();
                for (name, value) in properties {
                    container.entry(name.clone()).or_default().admit(value);
                }
            }
        }
    }

    fn scalar(&mut self, name: &'static str) {
        self.scalars.insert(name);
    }

    /// A type's name, an object of names and types, or an array of several of them.
    ///
    /// <https://learn.microsoft.com/kusto/query/buildschema-aggregation-function>
    fn dynamic(&self) -> Dynamic {
        let scalars = self.scalars.iter().map(|name| Dynamic::String((*name).to_owned()));
        let container = self.container.iter().map(|container| {
            Dynamic::Bag(container.iter().map(|(name, schema)| (name.clone(), schema.dynamic())).collect())
        });
        let mut parts: Vec<Dynamic> = scalars.chain(container).collect();
        match parts.len() {
            0 => Dynamic::Null,
            1 => parts.remove(0),
            _ => Dynamic::Array(parts),
        }
    }

    /// The schema as a value; null when nothing was admitted.
    pub fn value(&self) -> Value {
        match self.dynamic() {
            Dynamic::Null => Value::Null(Type::Dynamic),
            schema => Value::Dynamic(schema),
        }
    }
}
