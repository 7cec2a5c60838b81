//! Functions on series: arrays of numbers. Of anything else they answer null.

mod fill;
mod filter;
mod fit;
mod statistics;

pub use fill::{fill_backward, fill_const, fill_forward, fill_linear};
pub use filter::{fir, iir};
pub use fit::{fit_2lines, fit_2lines_columns, fit_line};
pub use statistics::{
    cosine_similarity, dot_product, magnitude, outliers, pearson_correlation, product, seasonal, stats, sum,
};

use std::cmp::Ordering;

use crate::eval::arithmetic::arithmetic;
use crate::eval::convert;
use crate::eval::value::{Number, compare};
use crate::ir::{ArithmeticOp, Dynamic, Value};

use super::dynamic::{NULL, array, of_array};

/// The number that an element is; a `bool` or a text is none.
fn number(element: &Dynamic) -> Option<f64> {
    match element {
        Dynamic::Long(number) => Some(*number as f64),
        Dynamic::Real(number) => Some(*number),
        _ => None,
    }
}

/// The numbers of a series; none where one of its elements is no number.
fn numbers(series: &Value) -> Option<Vec<f64>> {
    array(series)?.iter().map(number).collect()
}

/// Numbers as a series.
fn of_numbers(numbers: impl IntoIterator<Item = f64>) -> Dynamic {
    Dynamic::Array(numbers.into_iter().map(Dynamic::Real).collect())
}

/// A function of each number; null at the place of anything else.
///
/// <https://learn.microsoft.com/kusto/query/series-abs-function>
/// <https://learn.microsoft.com/kusto/query/series-exp-function>
/// <https://learn.microsoft.com/kusto/query/series-sin-function>
pub fn map(series: &Value, function: impl Fn(f64) -> f64) -> Value {
    let Some(elements) = array(series) else { return NULL };
    let mapped = elements.iter().map(|element| number(element).map_or(Dynamic::Null, |x| Dynamic::Real(function(x))));
    of_array(mapped.collect())
}

/// Pairs of elements at the same place: as many as the longer series has, nulls where one has no number.
///
/// One of the two may be a number, which then stands beside every element.
fn pairs(left: &Value, right: &Value, answer: impl Fn(&Value, &Value) -> Dynamic) -> Value {
    let at = |side: &Value, place: usize| match array(side) {
        Some(elements) => match elements.get(place) {
            Some(element) if number(element).is_some() => Some(convert::from_dynamic(element.clone())),
            _ => None,
        },
        None => Number::of(side).map(|_| side.clone()),
    };
    let length = match (array(left), array(right)) {
        (Some(left), Some(right)) => left.len().max(right.len()),
        (Some(series), None) if Number::of(right).is_some() => series.len(),
        (None, Some(series)) if Number::of(left).is_some() => series.len(),
        _ => return NULL,
    };
    let pair = |place: usize| match (at(left, place), at(right, place)) {
        (Some(left), Some(right)) => answer(&left, &right),
        _ => Dynamic::Null,
    };
    of_array((0..length).map(pair).collect())
}

/// Whole numbers stay whole but in a quotient: <https://learn.microsoft.com/kusto/query/series-add-function>
///
/// <https://learn.microsoft.com/kusto/query/series-divide-function>
pub fn combine(op: ArithmeticOp, left: &Value, right: &Value) -> Value {
    pairs(left, right, |left, right| {
        let real = |value: &Value| Number::of(value).map_or(f64::NAN, Number::real);
        match op {
            ArithmeticOp::Divide => Dynamic::Real(real(left) / real(right)),
            _ => convert::to_dynamic(&arithmetic(op, left, right)),
        }
    })
}

/// <https://learn.microsoft.com/kusto/query/series-pow-function>
pub fn pow(base: &Value, exponent: &Value) -> Value {
    let real = |value: &Value| Number::of(value).map_or(f64::NAN, Number::real);
    pairs(base, exponent, |base, exponent| Dynamic::Real(real(base).powf(real(exponent))))
}

/// Whether the order of each pair is one of these: <https://learn.microsoft.com/kusto/query/series-less-function>
///
/// <https://learn.microsoft.com/kusto/query/series-equals-function>
pub fn order(left: &Value, right: &Value, wanted: &[Ordering]) -> Value {
    pairs(left, right, |left, right| match compare(left, right) {
        Some(order) => Dynamic::Bool(wanted.contains(&order)),
        None => Dynamic::Null,
    })
}
