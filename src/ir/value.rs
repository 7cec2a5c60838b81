//! KQL's scalar types and values.

use indexmap::IndexMap;
use rust_decimal::Decimal;
use serde::Serialize;
use uuid::Uuid;

/// Ticks of 100 ns, KQL's unit of time, in a second.
pub const TICKS_PER_SECOND: i64 = 10_000_000;
/// Ticks in a day of 24 hours.
pub const TICKS_PER_DAY: i64 = 86_400 * TICKS_PER_SECOND;

/// The type of a column or expression.
///
/// <https://learn.microsoft.com/kusto/query/scalar-data-types/>
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Type {
    /// `bool`
    Bool,
    /// `datetime`: an instant in UTC, in ticks.
    DateTime,
    /// `decimal`
    Decimal,
    /// `dynamic`: JSON-like, nullable.
    Dynamic,
    /// `guid`
    Guid,
    /// `int`: 32 bits.
    Int,
    /// `long`: 64 bits.
    Long,
    /// `real`: a double.
    Real,
    /// `string`: never null, a missing one is empty.
    String,
    /// `timespan`, in ticks.
    TimeSpan,
    /// A column of an open schema whose type no use has fixed yet.
    Unknown,
}

impl Type {
    /// KQL's name of the type.
    pub fn name(self) -> &'static str {
        match self {
            Type::Bool => "bool",
            Type::DateTime => "datetime",
            Type::Decimal => "decimal",
            Type::Dynamic => "dynamic",
            Type::Guid => "guid",
            Type::Int => "int",
            Type::Long => "long",
            Type::Real => "real",
            Type::String => "string",
            Type::TimeSpan => "timespan",
            Type::Unknown => "unknown",
        }
    }

    /// The type of this name or of one of its synonyms.
    ///
    /// <https://learn.microsoft.com/kusto/query/scalar-data-types/>
    pub fn from_name(name: &str) -> Option<Type> {
        Some(match name {
            "bool" | "boolean" => Type::Bool,
            "datetime" | "date" => Type::DateTime,
            "decimal" => Type::Decimal,
            "dynamic" | "object" => Type::Dynamic,
            "guid" | "uuid" | "uniqueid" => Type::Guid,
            "int" | "int32" => Type::Int,
            "long" | "int64" => Type::Long,
            "real" | "double" => Type::Real,
            "string" => Type::String,
            "timespan" | "time" => Type::TimeSpan,
            _ => return None,
        })
    }

    /// Whether values of the type are numbers.
    pub fn is_number(self) -> bool {
        matches!(self, Type::Int | Type::Long | Type::Real | Type::Decimal)
    }
}

/// A scalar value with its type.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// The null of a type. There is none of `string`: use an empty [`Value::String`].
    Null(Type),
    /// A `bool`.
    Bool(bool),
    /// A `datetime`: ticks since 0001-01-01T00:00:00Z.
    DateTime(i64),
    /// A `decimal`.
    #[serde(serialize_with = "super::json::shown")]
    Decimal(Decimal),
    /// A `dynamic`; its null is [`Value::Null`].
    Dynamic(Dynamic),
    /// A `guid`.
    #[serde(serialize_with = "super::json::shown")]
    Guid(Uuid),
    /// An `int`.
    Int(i32),
    /// A `long`.
    Long(i64),
    /// A `real`.
    Real(f64),
    /// A `string`.
    String(String),
    /// A `timespan`, in ticks.
    TimeSpan(i64),
}

impl Value {
    /// The value's type.
    pub fn ty(&self) -> Type {
        match self {
            Value::Null(ty) => *ty,
            Value::Bool(_) => Type::Bool,
            Value::DateTime(_) => Type::DateTime,
            Value::Decimal(_) => Type::Decimal,
            Value::Dynamic(_) => Type::Dynamic,
            Value::Guid(_) => Type::Guid,
            Value::Int(_) => Type::Int,
            Value::Long(_) => Type::Long,
            Value::Real(_) => Type::Real,
            Value::String(_) => Type::String,
            Value::TimeSpan(_) => Type::TimeSpan,
        }
    }

    /// What a missing value of this type is: empty for strings, null for all others.
    ///
    /// <https://learn.microsoft.com/kusto/query/scalar-data-types/null-values>
    pub fn missing(ty: Type) -> Value {
        match ty {
            Type::String => Value::String(String::new()),
            _ => Value::Null(ty),
        }
    }

    /// Whether this is a typed null.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null(_))
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }
}

/// What a non-null `dynamic` holds: JSON, and KQL's own scalars inside it.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Dynamic {
    /// JSON null inside an array or bag.
    Null,
    /// A boolean.
    Bool(bool),
    /// A whole number.
    Long(i64),
    /// Any other number.
    Real(f64),
    /// A string.
    String(String),
    /// A datetime, in ticks since 0001-01-01.
    DateTime(i64),
    /// A timespan, in ticks.
    TimeSpan(i64),
    /// A guid.
    #[serde(serialize_with = "super::json::shown")]
    Guid(Uuid),
    /// An array.
    Array(Vec<Dynamic>),
    /// A property bag, in the order it was written.
    Bag(IndexMap<String, Dynamic>),
}
