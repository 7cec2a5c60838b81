//! Filters on series.

use super::{NULL, numbers, of_numbers};
use crate::ir::Value;

/// Most products that a filter forms: series have thousands of elements and filters tens.
const MOST_PRODUCTS: usize = 1 << 28;

/// The moving sum of neighbours, each times its coefficient. Normalised, coefficients add up to 1; centred, they lie
/// on both sides of an element and not before it. Outside of the series is zero.
///
/// By default the filter is not centred, and normalised unless a coefficient is negative: then it cannot be.
/// <https://learn.microsoft.com/kusto/query/series-fir-function>
pub fn fir(series: &Value, filter: &Value, normalise: Option<&Value>, centre: Option<&Value>) -> Value {
    let (Some(series), Some(mut filter)) = (numbers(series), numbers(filter)) else { return NULL };
    if filter.is_empty() || series.len().saturating_mul(filter.len()) > MOST_PRODUCTS {
        return NULL;
    }
    let normalise = match normalise {
        Some(normalise) => *normalise == Value::Bool(true),
        None => filter.iter().all(|coefficient| *coefficient >= 0.0),
    };
    if normalise {
        if filter.iter().any(|coefficient| *coefficient < 0.0) {
            return NULL;
        }
        let sum: f64 = filter.iter().sum();
        filter.iter_mut().for_each(|coefficient| *coefficient /= sum);
    }
    let ahead = if centre == Some(&Value::Bool(true)) { filter.len() / 2 } else { 0 };
    let at = |place: usize| -> f64 {
        let products = filter
            .iter()
            .enumerate()
            .filter_map(|(back, coefficient)| Some(coefficient * series.get((place + ahead).checked_sub(back)?)?));
        products.sum()
    };
    Value::Dynamic(of_numbers((0..series.len()).map(at)))
}

/// The moving sum of neighbours less that of answers before, each times its coefficient, over the first denominator.
///
/// <https://learn.microsoft.com/kusto/query/series-iir-function>
pub fn iir(series: &Value, numerators: &Value, denominators: &Value) -> Value {
    let parts = (numbers(series), numbers(numerators), numbers(denominators));
    let (Some(series), Some(numerators), Some(denominators)) = parts else { return NULL };
    let Some((first, denominators)) = denominators.split_first() else { return NULL };
    if series.len().saturating_mul(numerators.len() + denominators.len()) > MOST_PRODUCTS {
        return NULL;
    }
    let mut answers: Vec<f64> = Vec::with_capacity(series.len());
    for place in 0..series.len() {
        let ahead = numerators
            .iter()
            .enumerate()
            .filter_map(|(back, coefficient)| Some(coefficient * series.get(place.checked_sub(back)?)?));
        let back = denominators
            .iter()
            .enumerate()
            .filter_map(|(back, coefficient)| Some(coefficient * answers.get(place.checked_sub(back + 1)?)?));
        let answer = (ahead.sum::<f64>() - back.sum::<f64>()) / first;
        answers.push(answer);
    }
    Value::Dynamic(of_numbers(answers))
}
