//! Functions of probability: gamma, error, beta, Welch's test.

use statrs::function::{beta, erf, gamma};

use super::math::of_real;
use super::real;
use crate::ir::{Type, Value};

/// <https://learn.microsoft.com/kusto/query/erf-function>
pub fn error(value: &Value) -> Value {
    of_real(value, erf::erf)
}

/// <https://learn.microsoft.com/kusto/query/erfc-function>
pub fn error_complement(value: &Value) -> Value {
    of_real(value, erf::erfc)
}

/// <https://learn.microsoft.com/kusto/query/gamma-function>
pub fn gamma(value: &Value) -> Value {
    of_real(value, gamma::gamma)
}

/// Of positive numbers; null of others, whose logarithm may be complex.
///
/// <https://learn.microsoft.com/kusto/query/log-gamma-function>
pub fn log_gamma(value: &Value) -> Value {
    match real(value) {
        Some(number) if number > 0.0 => Value::Real(gamma::ln_gamma(number)),
        _ => Value::Null(Type::Real),
    }
}

/// Arguments of a beta distribution, NaN where it is not defined.
fn of_beta(at: &Value, alpha: &Value, beta: &Value, function: impl Fn(f64, f64, f64) -> Option<f64>) -> Value {
    let (Some(at), Some(alpha), Some(beta)) = (real(at), real(alpha), real(beta)) else {
        return Value::Null(Type::Real);
    };
    let defined = (0.0..=1.0).contains(&at) && alpha > 0.0 && beta > 0.0;
    Value::Real(defined.then(|| function(at, alpha, beta)).flatten().unwrap_or(f64::NAN))
}

/// <https://learn.microsoft.com/kusto/query/beta-cdf-function>
pub fn beta_cdf(at: &Value, alpha: &Value, beta: &Value) -> Value {
    of_beta(at, alpha, beta, |at, alpha, beta| beta::checked_beta_reg(alpha, beta, at).ok())
}

/// <https://learn.microsoft.com/kusto/query/beta-inv-function>
pub fn beta_inv(probability: &Value, alpha: &Value, beta: &Value) -> Value {
    of_beta(probability, alpha, beta, |probability, alpha, beta| Some(beta::inv_beta_reg(alpha, beta, probability)))
}

/// <https://learn.microsoft.com/kusto/query/beta-pdf-function>
pub fn beta_pdf(at: &Value, alpha: &Value, beta: &Value) -> Value {
    of_beta(at, alpha, beta, |at, alpha, beta| {
        Some(at.powf(alpha - 1.0) * (1.0 - at).powf(beta - 1.0) / beta::checked_ln_beta(alpha, beta).ok()?.exp())
    })
}

/// The probability that samples with means so far apart come from populations with one mean, by Student's
/// distribution: <https://learn.microsoft.com/kusto/query/welch-test-function>
pub fn welch_test(arguments: &[&Value]) -> Value {
    let numbers: Vec<f64> = arguments.iter().filter_map(|argument| real(argument)).collect();
    let [mean_1, variance_1, count_1, mean_2, variance_2, count_2] = numbers[..] else {
        return Value::Null(Type::Real);
    };
    let (error_1, error_2) = (variance_1 / count_1, variance_2 / count_2);
    let error = error_1 + error_2;
    let freedom = error * error / (error_1 * error_1 / (count_1 - 1.0) + error_2 * error_2 / (count_2 - 1.0));
    let square = (mean_1 - mean_2).powi(2) / error;
    let probability = beta::checked_beta_reg(freedom / 2.0, 0.5, freedom / (freedom + square));
    Value::Real(probability.unwrap_or(f64::NAN))
}
