//! Single numbers about series, and what repeats or stands out in them.

use indexmap::IndexMap;

use super::{NULL, array, number, numbers, of_numbers};
use crate::eval::function::{integer, real};
use crate::ir::{Dynamic, Type, Value};

const NO_NUMBER: Value = Value::Null(Type::Real);

/// <https://learn.microsoft.com/kusto/query/series-sum-function>
pub fn sum(series: &Value) -> Value {
    numbers(series).map_or(NO_NUMBER, |numbers| Value::Real(numbers.iter().sum()))
}

/// <https://learn.microsoft.com/kusto/query/series-product-function>
pub fn product(series: &Value) -> Value {
    numbers(series).map_or(NO_NUMBER, |numbers| Value::Real(numbers.iter().product()))
}

/// Over as many elements as the shorter series has; what is no number is left out. A number stands for a series of it.
///
/// <https://learn.microsoft.com/kusto/query/series-dot-product-function>
pub fn dot_product(left: &Value, right: &Value) -> Value {
    let products: Vec<f64> = match (array(left), array(right)) {
        (Some(left), Some(right)) => {
            left.iter().zip(right).filter_map(|(left, right)| Some(number(left)? * number(right)?)).collect()
        }
        (Some(series), None) => match real(right) {
            Some(factor) => series.iter().filter_map(number).map(|number| number * factor).collect(),
            None => return NO_NUMBER,
        },
        (None, Some(_)) => return dot_product(right, left),
        (None, None) => return NO_NUMBER,
    };
    let empty = |side: &Value| array(side).is_some_and(<[Dynamic]>::is_empty);
    if empty(left) || empty(right) { NO_NUMBER } else { Value::Real(products.iter().sum()) }
}

/// <https://learn.microsoft.com/kusto/query/series-magnitude-function>
pub fn magnitude(series: &Value) -> Value {
    match dot_product(series, series) {
        Value::Real(square) => Value::Real(square.sqrt()),
        other => other,
    }
}

/// <https://learn.microsoft.com/kusto/query/series-cosine-similarity-function>
pub fn cosine_similarity(left: &Value, right: &Value) -> Value {
    let Some((left, right)) = same_length(left, right) else { return NO_NUMBER };
    let product = |one: &[f64], other: &[f64]| one.iter().zip(other).map(|(one, other)| one * other).sum::<f64>();
    let magnitudes = product(&left, &left).sqrt() * product(&right, &right).sqrt();
    Value::Real(product(&left, &right) / magnitudes)
}

/// <https://learn.microsoft.com/kusto/query/series-pearson-correlation-function>
pub fn pearson_correlation(left: &Value, right: &Value) -> Value {
    let Some((left, right)) = same_length(left, right) else { return NO_NUMBER };
    let distances = |numbers: &[f64]| -> Vec<f64> {
        let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
        numbers.iter().map(|number| number - mean).collect()
    };
    let (left, right) = (distances(&left), distances(&right));
    let squares = |distances: &[f64]| distances.iter().map(|distance| distance * distance).sum::<f64>();
    let products: f64 = left.iter().zip(&right).map(|(left, right)| left * right).sum();
    Value::Real(products / (squares(&left) * squares(&right)).sqrt())
}

/// Two series of numbers that have as many, at least one.
fn same_length(left: &Value, right: &Value) -> Option<(Vec<f64>, Vec<f64>)> {
    let (left, right) = (numbers(left)?, numbers(right)?);
    (left.len() == right.len() && !left.is_empty()).then_some((left, right))
}

/// Extremes, their first places, mean, spread of the sample. An element that is no finite number makes all of them
/// null, unless such elements are to be left out.
///
/// <https://learn.microsoft.com/kusto/query/series-stats-dynamic-function>
/// <https://learn.microsoft.com/kusto/query/series-stats-function>
pub fn stats(series: &Value, ignore_nonfinite: Option<&Value>) -> Value {
    let Some(elements) = array(series) else { return NULL };
    let finite: Vec<(usize, f64)> = elements
        .iter()
        .enumerate()
        .filter_map(|(place, element)| Some((place, number(element).filter(|number| number.is_finite())?)))
        .collect();
    let whole = finite.len() == elements.len() || ignore_nonfinite == Some(&Value::Bool(true));
    let Some(first) = finite.first().copied().filter(|_| whole) else { return NULL };
    let least = finite.iter().copied().fold(first, |best, one| if one.1 < best.1 { one } else { best });
    let greatest = finite.iter().copied().fold(first, |best, one| if one.1 > best.1 { one } else { best });
    let count = finite.len() as f64;
    let mean = finite.iter().map(|(_, number)| number).sum::<f64>() / count;
    let squares: f64 = finite.iter().map(|(_, number)| (number - mean).powi(2)).sum();
    let variance = if count > 1.0 { squares / (count - 1.0) } else { 0.0 };
    let place = |place: usize| Dynamic::Long(i64::try_from(place).unwrap_or(i64::MAX));
    let properties = [
        ("min", Dynamic::Real(least.1)),
        ("min_idx", place(least.0)),
        ("max", Dynamic::Real(greatest.1)),
        ("max_idx", place(greatest.0)),
        ("avg", Dynamic::Real(mean)),
        ("stdev", Dynamic::Real(variance.sqrt())),
        ("variance", Dynamic::Real(variance)),
    ];
    let bag: IndexMap<String, Dynamic> =
        properties.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Value::Dynamic(Dynamic::Bag(bag))
}

/// For each element the median of those in the same phase of a given period.
///
/// How a period is found when none is given is documented nowhere.
/// <https://learn.microsoft.com/kusto/query/series-seasonal-function>
pub fn seasonal(series: &Value, period: &Value) -> Value {
    let (Some(numbers), Some(period)) = (numbers(series), integer(period)) else { return NULL };
    let Some(period) = usize::try_from(period).ok().filter(|period| *period > 0) else { return NULL };
    let phases: Vec<f64> = (0..period.min(numbers.len()))
        .map(|phase| median(numbers.iter().skip(phase).step_by(period).copied().collect()))
        .collect();
    Value::Dynamic(of_numbers((0..numbers.len()).map(|place| phases[place % period])))
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    quantile(&numbers, 0.5)
}

/// Between the sorted numbers around a share, in proportion.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = (sorted.len() - 1) as f64 * share;
    let (below, fraction) = (place.floor() as usize, place.fract());
    match sorted.get(below + 1) {
        Some(above) if fraction > 0.0 => sorted[below] + fraction * (above - sorted[below]),
        _ => sorted[below],
    }
}

/// How far outside of the middle 80 per cent an element lies, in a unit by which 1.5 is a mild outlier.
///
/// The unit is that of Microsoft's emulator: the documentation names the percentiles, not the factor. It says nothing
/// by which one could derive the factor for other percentiles or for the other test.
/// <https://learn.microsoft.com/kusto/query/series-outliers-function>
pub fn outliers(series: &Value) -> Value {
    const FACTOR: f64 = 2.772_605_605_507_916;
    let Some(elements) = array(series) else { return NULL };
    let mut sorted: Vec<f64> = elements.iter().filter_map(number).filter(|number| number.is_finite()).collect();
    if sorted.is_empty() {
        return NULL;
    }
    sorted.sort_by(f64::total_cmp);
    let (low, high) = (quantile(&sorted, 0.1), quantile(&sorted, 0.9));
    let score = |number: f64| match number {
        above if above > high => (above - high) / (high - low) * FACTOR,
        below if below < low => (below - low) / (high - low) * FACTOR,
        _ => 0.0,
    };
    Value::Dynamic(of_numbers(elements.iter().map(|element| number(element).map_or(0.0, score))))
}
