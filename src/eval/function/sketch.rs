//! States of `hll` and `tdigest`, from which a number of distinct values or a percentile is read later.
//!
//! KQL keeps estimates in bounded space. Here a state keeps every value, so that answers are exact; a state's own form is
//! documented nowhere, and only these functions read it: a bag whose one key is the family's name.

use indexmap::{IndexMap, IndexSet};

use super::dynamic::{NULL, array, of_array};
use super::real;
use crate::eval::convert;
use crate::eval::value::{Key, sort_order, unwrap};
use crate::ir::{Dynamic, Type, Value};

const HLL: &str = "hll";
const TDIGEST: &str = "tdigest";

/// A state; null of no values, as Microsoft's emulator answers.
fn state(family: &str, elements: Vec<Dynamic>) -> Value {
    if elements.is_empty() {
        return NULL;
    }
    Value::Dynamic(Dynamic::Bag(IndexMap::from([(family.to_owned(), Dynamic::Array(elements))])))
}

fn elements<'v>(family: &str, state: &'v Value) -> Option<&'v [Dynamic]> {
    match state {
        Value::Dynamic(Dynamic::Bag(properties)) => match properties.get(family) {
            Some(Dynamic::Array(elements)) if properties.len() == 1 => Some(elements),
            _ => None,
        },
        _ => None,
    }
}

/// A state of values, each once.
pub fn hll(values: impl IntoIterator<Item = Dynamic>) -> Value {
    let mut seen = IndexSet::new();
    state(HLL, values.into_iter().filter(|value| seen.insert(Key::of_dynamic(value))).collect())
}

/// The values of states together; what is no state adds nothing.
///
/// <https://learn.microsoft.com/kusto/query/hll-merge-function>
pub fn hll_merge(states: &[&Value]) -> Value {
    let values: Vec<&[Dynamic]> = states.iter().filter_map(|state| elements(HLL, state)).collect();
    if values.is_empty() { NULL } else { hll(values.concat()) }
}

/// <https://learn.microsoft.com/kusto/query/dcount-hll-function>
pub fn dcount_hll(state: &Value) -> Value {
    match elements(HLL, state) {
        Some(values) => Value::Long(i64::try_from(values.len()).unwrap_or(i64::MAX)),
        None => Value::Null(Type::Long),
    }
}

/// How many values the first state has, how many of them the second has, and so on; none where one is no state.
///
/// <https://learn.microsoft.com/kusto/query/dcount-intersect-plugin>
pub fn intersections(states: &[&Value]) -> Option<Vec<i64>> {
    let (first, others) = states.split_first()?;
    let keys = |state: &Value| Some(elements(HLL, state)?.iter().map(Key::of_dynamic).collect::<IndexSet<Key>>());
    let mut shared = keys(first)?;
    let mut counts = vec![i64::try_from(shared.len()).unwrap_or(i64::MAX)];
    for other in others {
        let other = keys(other)?;
        shared.retain(|key| other.contains(key));
        counts.push(i64::try_from(shared.len()).unwrap_or(i64::MAX));
    }
    Some(counts)
}

/// A state of values with weights.
pub fn tdigest(weighted: impl IntoIterator<Item = (Dynamic, f64)>) -> Value {
    let pair = |(value, weight)| Dynamic::Array(vec![value, Dynamic::Real(weight)]);
    state(TDIGEST, weighted.into_iter().map(pair).collect())
}

/// <https://learn.microsoft.com/kusto/query/tdigest-merge-function>
pub fn tdigest_merge(states: &[&Value]) -> Value {
    let pairs: Vec<&[Dynamic]> = states.iter().filter_map(|state| elements(TDIGEST, state)).collect();
    if pairs.is_empty() { NULL } else { state(TDIGEST, pairs.concat()) }
}

/// The values of a state with their weights.
fn weighted(state: &Value) -> Option<Vec<(Value, f64)>> {
    let pair = |pair: &Dynamic| match pair {
        Dynamic::Array(pair) => match pair.as_slice() {
            [value, Dynamic::Real(weight)] => Some((unwrap(&convert::from_dynamic(value.clone())), *weight)),
            _ => None,
        },
        _ => None,
    };
    elements(TDIGEST, state)?.iter().map(pair).collect()
}

/// As a `dynamic`, or as the type named by the third argument.
///
/// <https://learn.microsoft.com/kusto/query/percentile-tdigest-function>
pub fn percentile_tdigest(state: &Value, share: &Value, ty: Option<&Value>) -> Value {
    let ty = ty.and_then(Value::as_str).and_then(Type::from_name).unwrap_or(Type::Dynamic);
    match (weighted(state), real(share)) {
        (Some(values), Some(share)) => {
            percentile(values, share).map_or(Value::missing(ty), |value| convert::convert(&value, ty))
        }
        _ => Value::missing(ty),
    }
}

/// Of each share, given one by one or as an array.
///
/// <https://learn.microsoft.com/kusto/query/percentiles-array-tdigest-function>
pub fn percentiles_array_tdigest(state: &Value, shares: &[&Value]) -> Value {
    match weighted(state) {
        Some(values) => percentiles(&values, shares),
        None => NULL,
    }
}

/// The percentiles of weighted values as an array, for shares given one by one or as an array.
pub fn percentiles(values: &[(Value, f64)], shares: &[&Value]) -> Value {
    let shares = shares.iter().flat_map(|share| match array(share) {
        Some(shares) => shares.iter().map(|share| convert::from_dynamic(share.clone())).collect(),
        None => vec![(*share).clone()],
    });
    let one = |share: Value| {
        let value = real(&share).and_then(|share| percentile(values.to_vec(), share));
        value.map_or(Dynamic::Null, |value| convert::to_dynamic(&value))
    };
    of_array(shares.map(one).collect())
}

/// The value of nearest rank: the least one that at least `share` per cent of the weight does not exceed.
///
/// KQL's own answer is an estimate for many values: <https://learn.microsoft.com/kusto/query/percentiles-aggregation-function>
pub fn percentile(mut values: Vec<(Value, f64)>, share: f64) -> Option<Value> {
    values.retain(|(_, weight)| *weight > 0.0);
    values.sort_by(|(left, _), (right, _)| sort_order(left, right));
    let all: f64 = values.iter().map(|(_, weight)| weight).sum();
    let rank = share / 100.0 * all;
    let mut below = 0.0;
    let found = values.iter().position(|(_, weight)| {
        below += weight;
        below >= rank
    });
    let last = values.len().checked_sub(1)?;
    Some(values.swap_remove(found.unwrap_or(last)).0)
}
