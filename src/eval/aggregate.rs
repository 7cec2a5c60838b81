//! Aggregates: what each keeps of the rows it has seen, and what it answers.
//!
//! Nulls are ignored but by `count` and `make_list_with_nulls`. Over nothing a sum is zero, a mean of numbers NaN,
//! a spread zero, a list empty, an extreme null: so Microsoft's emulator answers.

mod schema;

use std::cmp::Ordering;
use std::collections::HashSet;

use indexmap::IndexMap;

use super::expression::Scope;
use super::function::sketch;
use super::value::{Key, Number, compare, unwrap};
use super::{arithmetic, convert, predicate};
use crate::ir::{Aggregate, AggregateFunction, ArithmeticOp, Dynamic, Truth, Type, Value};
use schema::Schema;

/// Most elements of a list or set, unless a smaller number is asked for.
///
/// <https://learn.microsoft.com/kusto/query/make-list-aggregation-function>
const MOST_ELEMENTS: usize = 1_048_576;

/// What an aggregate keeps while rows come in.
#[derive(Debug)]
pub enum State {
    /// Rows.
    Count(i64),
    /// Bits of whole numbers.
    Bits {
        /// The number so far.
        bits: Option<i64>,
        /// How two are joined.
        join: fn(i64, i64) -> i64,
    },
    /// Distinct values.
    Distinct(HashSet<Key>),
    /// A sum, or the mean of that many values.
    Total {
        /// The sum so far.
        sum: Option<Value>,
        /// How many values.
        count: i64,
        /// The type of the values.
        ty: Type,
        /// Whether the mean is asked for.
        mean: bool,
    },
    /// Sample or population spread, by Welford's method.
    Spread {
        /// How many values.
        count: f64,
        /// Their mean.
        mean: f64,
        /// Sum of squared distances from the mean.
        squares: f64,
        /// Which of the four.
        function: AggregateFunction,
    },
    /// The greatest or least value.
    Extreme {
        /// The best so far.
        best: Option<Value>,
        /// Whether the greatest is sought.
        greatest: bool,
        /// The type of the values.
        ty: Type,
    },
    /// The row with the greatest or least first argument.
    ExtremeRow {
        /// The arguments on the best row so far.
        best: Option<Vec<Value>>,
        /// Whether the greatest is sought.
        greatest: bool,
        /// Types of the arguments.
        types: Vec<Type>,
    },
    /// Any row's arguments.
    Any {
        /// The row chosen.
        chosen: Option<Vec<Value>>,
        /// Types of the arguments.
        types: Vec<Type>,
    },
    /// Values in order of arrival.
    List {
        /// The values.
        elements: Vec<Dynamic>,
        /// The most there may be.
        most: usize,
        /// Those seen, if each is wanted once.
        seen: Option<HashSet<Key>>,
        /// Whether nulls are elements.
        nulls: bool,
    },
    /// Properties of bags.
    Bag {
        /// The properties.
        properties: IndexMap<String, Dynamic>,
        /// The most there may be.
        most: usize,
    },
    /// Pairs of numbers.
    Pairs {
        /// The pairs.
        pairs: Vec<(f64, f64)>,
        /// Whether they are a sample.
        sample: bool,
    },
    /// What values there are at which places.
    Schema(Schema),
    /// States of `hll` or `tdigest`.
    States {
        /// The states.
        states: Vec<Value>,
        /// How they are joined.
        join: fn(&[&Value]) -> Value,
    },
    /// Values with weights, to take percentiles of or to keep.
    Values {
        /// The values.
        values: Vec<(Value, f64)>,
        /// Where the weight is among the arguments.
        weight: Option<usize>,
        /// What is asked for.
        wanted: Wanted,
    },
}

/// What is asked for of values with weights.
#[derive(Debug)]
pub enum Wanted {
    /// A percentile; the type of the values.
    Percentile(f64, Type),
    /// The percentiles of these shares, as an array.
    Array(Vec<Value>),
    /// A state of `hll`.
    Hll,
    /// A state of `tdigest`.
    Tdigest,
}

impl State {
    /// The state before the first row.
    pub fn new(aggregate: &Aggregate) -> State {
        let types: Vec<Type> = aggregate.arguments.iter().map(|argument| argument.ty).collect();
        let ty = types.first().copied().unwrap_or(Type::Long);
        let function = aggregate.function;
        let list = |seen: Option<HashSet<Key>>, nulls: bool| State::List {
            elements: Vec::new(),
            most: most_elements(aggregate),
            seen,
            nulls,
        };
        let values = |weight: Option<usize>, wanted: Wanted| State::Values { values: Vec::new(), weight, wanted };
        match function {
            AggregateFunction::BinaryAllAnd => State::Bits { bits: None, join: |left, right| left & right },
            AggregateFunction::BinaryAllOr => State::Bits { bits: None, join: |left, right| left | right },
            AggregateFunction::BinaryAllXor => State::Bits { bits: None, join: |left, right| left ^ right },
            AggregateFunction::Count => State::Count(0),
            AggregateFunction::CountDistinct | AggregateFunction::DCount => State::Distinct(HashSet::new()),
            AggregateFunction::Sum => State::Total { sum: None, count: 0, ty, mean: false },
            AggregateFunction::Avg => State::Total { sum: None, count: 0, ty, mean: true },
            AggregateFunction::StDev
            | AggregateFunction::StDevP
            | AggregateFunction::Variance
            | AggregateFunction::VarianceP => State::Spread { count: 0.0, mean: 0.0, squares: 0.0, function },
            AggregateFunction::Max => State::Extreme { best: None, greatest: true, ty },
            AggregateFunction::Min => State::Extreme { best: None, greatest: false, ty },
            AggregateFunction::ArgMax => State::ExtremeRow { best: None, greatest: true, types },
            AggregateFunction::ArgMin => State::ExtremeRow { best: None, greatest: false, types },
            AggregateFunction::TakeAny => State::Any { chosen: None, types },
            AggregateFunction::MakeList => list(None, false),
            AggregateFunction::MakeListWithNulls => list(None, true),
            AggregateFunction::MakeSet => list(Some(HashSet::new()), false),
            AggregateFunction::MakeBag => State::Bag { properties: IndexMap::new(), most: most_elements(aggregate) },
            AggregateFunction::BuildSchema => State::Schema(Schema::default()),
            AggregateFunction::Covariance => State::Pairs { pairs: Vec::new(), sample: true },
            AggregateFunction::CovarianceP => State::Pairs { pairs: Vec::new(), sample: false },
            AggregateFunction::HllMerge => State::States { states: Vec::new(), join: sketch::hll_merge },
            AggregateFunction::TdigestMerge => State::States { states: Vec::new(), join: sketch::tdigest_merge },
            AggregateFunction::Hll => values(None, Wanted::Hll),
            AggregateFunction::Tdigest => values((types.len() > 1).then_some(1), Wanted::Tdigest),
            AggregateFunction::Percentile => values(None, Wanted::Percentile(share(aggregate, 1), ty)),
            AggregateFunction::PercentileWeighted => values(Some(1), Wanted::Percentile(share(aggregate, 2), ty)),
            AggregateFunction::PercentilesArray => values(None, Wanted::Array(shares(aggregate, 1))),
            AggregateFunction::PercentilesWeightedArray => values(Some(1), Wanted::Array(shares(aggregate, 2))),
        }
    }

    /// The answer: one value for each of `columns` columns.
    pub fn finish(self, columns: usize) -> Vec<Value> {
        let of_types = |row: Option<Vec<Value>>, types: Vec<Type>| {
            let mut row = row.unwrap_or_else(|| types.into_iter().map(Value::missing).collect());
            row.resize(columns, Value::Null(Type::Unknown));
            row
        };
        vec![match self {
            State::Count(count) => Value::Long(count),
            State::Bits { bits, .. } => bits.map_or(Value::Null(Type::Long), Value::Long),
            State::Distinct(keys) => Value::Long(i64::try_from(keys.len()).unwrap_or(i64::MAX)),
            State::Total { sum, ty, mean: false, .. } => sum.unwrap_or_else(|| zero(ty)),
            State::Total { sum, count, ty, mean: true } => mean_of(sum, count, ty),
            State::Spread { count, squares, function, .. } => Value::Real(spread(count, squares, function)),
            State::Extreme { best, ty, .. } => best.unwrap_or_else(|| Value::missing(ty)),
            State::ExtremeRow { best, types, .. } => return of_types(best, types),
            State::Any { chosen, types } => return of_types(chosen, types),
            State::List { elements, .. } => Value::Dynamic(Dynamic::Array(elements)),
            State::Bag { properties, .. } => Value::Dynamic(Dynamic::Bag(properties)),
            State::Pairs { pairs, sample } => Value::Real(covariance(&pairs, sample)),
            State::Schema(schema) => schema.value(),
            State::States { states, join } => join(&states.iter().collect::<Vec<_>>()),
            State::Values { values, wanted, .. } => match wanted {
                Wanted::Percentile(share, ty) => sketch::percentile(values, share).unwrap_or(Value::Null(ty)),
                Wanted::Array(shares) => sketch::percentiles(&values, &shares.iter().collect::<Vec<_>>()),
                Wanted::Hll => sketch::hll(values.into_iter().map(|(value, _)| convert::to_dynamic(&value))),
                Wanted::Tdigest => {
                    sketch::tdigest(values.into_iter().map(|(value, weight)| (convert::to_dynamic(&value), weight)))
                }
            },
        }]
    }
}

/// Gives a row to an aggregate.
pub fn feed(state: &mut State, aggregate: &Aggregate, scope: &Scope<'_>) {
    if let Some(filter) = &aggregate.filter
        && predicate::truth(filter, scope) != Truth::True
    {
        return;
    }
    let argument = |at: usize| aggregate.arguments.get(at).map(|argument| scope.value(argument));
    let row = || aggregate.arguments.iter().map(|argument| scope.value(argument).into_owned()).collect::<Vec<_>>();
    match state {
        // <https://learn.microsoft.com/kusto/query/count-aggregation-function>: rows, whatever their values.
        State::Count(count) => *count += 1,
        // <https://learn.microsoft.com/kusto/query/binary-all-or-aggregation-function>
        State::Bits { bits, join } => {
            if let Some(Value::Long(number)) = argument(0).map(|value| convert::convert(&value, Type::Long)) {
                *bits = Some(bits.map_or(number, |bits| join(bits, number)));
            }
        }
        State::Distinct(keys) => {
            if let Some(value) = argument(0).filter(|value| !value.is_null()) {
                keys.insert(Key::of(&value));
            }
        }
        State::Total { sum, count, mean, .. } => {
            if let Some(value) = argument(0).filter(|value| !value.is_null()) {
                add(sum, count, &value, *mean);
            }
        }
        State::Spread { count, mean, squares, .. } => {
            let number = argument(0).and_then(|value| Number::of(&unwrap(&value)));
            if let Some(number) = number.map(Number::real) {
                *count += 1.0;
                let distance = number - *mean;
                *mean += distance / *count;
                *squares += distance * (number - *mean);
            }
        }
        State::Extreme { best, greatest, .. } => {
            if let Some(value) = argument(0).filter(|value| !value.is_null())
                && best.as_ref().is_none_or(|best| is_better(&value, best, *greatest))
            {
                *best = Some(value.into_owned());
            }
        }
        State::ExtremeRow { best, greatest, .. } => {
            let better = match (&best, argument(0)) {
                (None, _) => true,
                (Some(best), Some(value)) => {
                    !value.is_null() && (best[0].is_null() || is_better(&value, &best[0], *greatest))
                }
                (Some(_), None) => false,
            };
            if better {
                *best = Some(row());
            }
        }
        State::Any { chosen, .. } => {
            // Of a single argument a value that is neither null nor empty, if there is one.
            let poor = |row: &[Value]| matches!(row, [only] if convert::text(only).is_empty());
            if chosen.as_deref().is_none_or(poor) {
                let row = row();
                if chosen.is_none() || !poor(&row) {
                    *chosen = Some(row);
                }
            }
        }
        State::List { elements, most, seen, nulls } => {
            if let Some(value) = argument(0).filter(|value| *nulls || !value.is_null()) {
                collect(elements, *most, seen.as_mut(), convert::to_dynamic(&value));
            }
        }
        State::Bag { properties, most } => {
            if let Some(Value::Dynamic(Dynamic::Bag(more))) = argument(0).as_deref() {
                for (name, value) in more {
                    if properties.contains_key(name) || properties.len() < *most {
                        properties.insert(name.clone(), value.clone());
                    }
                }
            }
        }
        State::Pairs { pairs, .. } => {
            let number = |at: usize| Number::of(&unwrap(argument(at)?.as_ref())).map(Number::real);
            pairs.extend(number(0).zip(number(1)));
        }
        State::Schema(schema) => {
            if let Some(value) = argument(0) {
                schema.admit(&convert::to_dynamic(&value));
            }
        }
        State::States { states, .. } => states.extend(argument(0).map(std::borrow::Cow::into_owned)),
        State::Values { values, weight, .. } => {
            let number = |at: usize| Number::of(&unwrap(argument(at)?.as_ref())).map(Number::real);
            let weight = weight.map_or(Some(1.0), number);
            let value = argument(0).filter(|value| !value.is_null()).map(std::borrow::Cow::into_owned);
            values.extend(value.zip(weight));
        }
    }
}

fn most_elements(aggregate: &Aggregate) -> usize {
    let asked = aggregate.arguments.get(1).and_then(|most| Number::of(most.as_literal()?));
    match asked {
        Some(Number::Whole(most)) => usize::try_from(most).unwrap_or(MOST_ELEMENTS).min(MOST_ELEMENTS),
        _ => MOST_ELEMENTS,
    }
}

/// An array gives its elements one by one, as Microsoft's emulator answers.
///
/// <https://learn.microsoft.com/kusto/query/make-set-aggregation-function>
fn collect(elements: &mut Vec<Dynamic>, most: usize, seen: Option<&mut HashSet<Key>>, value: Dynamic) {
    match (seen, value) {
        (None, Dynamic::Array(parts)) => elements.extend(parts.into_iter().take(most.saturating_sub(elements.len()))),
        (None, value) if elements.len() < most => elements.push(value),
        (None, _) => {}
        (Some(seen), Dynamic::Array(parts)) => {
            for part in parts {
                collect(elements, most, Some(seen), part);
            }
        }
        (Some(seen), value) => {
            if elements.len() < most && value != Dynamic::Null && seen.insert(Key::of_dynamic(&value)) {
                elements.push(value);
            }
        }
    }
}

/// <https://learn.microsoft.com/kusto/query/sum-aggregation-function>
fn add(sum: &mut Option<Value>, count: &mut i64, value: &Value, mean: bool) {
    let value = match unwrap(value) {
        // A mean of instants is taken over their ticks.
        Value::DateTime(ticks) if mean => Value::TimeSpan(ticks),
        // A mean of whole numbers is a `real`; as one it cannot overflow.
        Value::Int(number) if mean => Value::Real(f64::from(number)),
        Value::Long(number) if mean => Value::Real(number as f64),
        Value::Int(number) => Value::Long(i64::from(number)),
        Value::Bool(truth) => Value::Long(i64::from(truth)),
        other => other,
    };
    if !matches!(value, Value::TimeSpan(_)) && Number::of(&value).is_none() {
        return;
    }
    *count += 1;
    *sum = Some(match sum.take() {
        None => value,
        // Ticks of many instants exceed 64 bits: carry them as a double, to its precision.
        Some(Value::TimeSpan(left)) if mean => match value {
            Value::TimeSpan(right) => {
                left.checked_add(right).map_or(Value::Real(left as f64 + right as f64), Value::TimeSpan)
            }
            other => other,
        },
        Some(Value::Real(left)) if matches!(value, Value::TimeSpan(_)) => match value {
            Value::TimeSpan(right) => Value::Real(left + right as f64),
            other => other,
        },
        Some(left) => arithmetic::arithmetic(ArithmeticOp::Add, &left, &value),
    });
}

fn zero(ty: Type) -> Value {
    match ty {
        Type::Real | Type::Dynamic | Type::Unknown => Value::Real(0.0),
        Type::Decimal => Value::Decimal(rust_decimal::Decimal::ZERO),
        Type::TimeSpan => Value::TimeSpan(0),
        _ => Value::Long(0),
    }
}

/// <https://learn.microsoft.com/kusto/query/avg-aggregation-function>
fn mean_of(sum: Option<Value>, count: i64, ty: Type) -> Value {
    let Some(sum) = sum else {
        return match ty {
            Type::DateTime | Type::TimeSpan | Type::Decimal => Value::Null(ty),
            _ => Value::Real(f64::NAN),
        };
    };
    let ticks = |sum: &Value| match sum {
        Value::TimeSpan(ticks) => ticks / count,
        other => Number::of(other).map_or(0, |sum| (sum.real() / count as f64) as i64),
    };
    match ty {
        Type::DateTime => Value::DateTime(ticks(&sum)),
        Type::TimeSpan => Value::TimeSpan(ticks(&sum)),
        _ => arithmetic::arithmetic(ArithmeticOp::Divide, &sum, &Value::Long(count)),
    }
}

/// <https://learn.microsoft.com/kusto/query/stdev-aggregation-function>
/// <https://learn.microsoft.com/kusto/query/variance-aggregation-function>
fn spread(count: f64, squares: f64, function: AggregateFunction) -> f64 {
    let sample = matches!(function, AggregateFunction::StDev | AggregateFunction::Variance);
    let divisor = if sample { count - 1.0 } else { count };
    let variance = if divisor > 0.0 { squares / divisor } else { 0.0 };
    match function {
        AggregateFunction::StDev | AggregateFunction::StDevP => variance.sqrt(),
        _ => variance,
    }
}

fn is_better(value: &Value, best: &Value, greatest: bool) -> bool {
    match compare(value, best) {
        Some(Ordering::Greater) => greatest,
        Some(Ordering::Less) => !greatest,
        Some(Ordering::Equal) | None => false,
    }
}

/// <https://learn.microsoft.com/kusto/query/covariance-aggregation-function>
fn covariance(pairs: &[(f64, f64)], sample: bool) -> f64 {
    let count = pairs.len() as f64;
    let divisor = if sample { count - 1.0 } else { count };
    let (left, right) = pairs.iter().fold((0.0, 0.0), |(left, right), pair| (left + pair.0, right + pair.1));
    let (left, right) = (left / count, right / count);
    let products: f64 = pairs.iter().map(|pair| (pair.0 - left) * (pair.1 - right)).sum();
    if divisor > 0.0 { products / divisor } else { 0.0 }
}

/// The percentage that an argument says.
fn share(aggregate: &Aggregate, at: usize) -> f64 {
    aggregate.arguments.get(at).and_then(|share| Number::of(share.as_literal()?)).map_or(50.0, Number::real)
}

/// The percentages that arguments from a place on say.
fn shares(aggregate: &Aggregate, from: usize) -> Vec<Value> {
    aggregate.arguments.iter().skip(from).filter_map(|share| share.as_literal().cloned()).collect()
}
