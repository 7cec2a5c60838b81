//! Functions on instants and durations. All of them are in UTC.

use super::{integer, real, string};
use crate::eval::time::{
    self, Date, TICKS_PER_HOUR, TICKS_PER_MILLISECOND, TICKS_PER_MINUTE, date_of, day_number, days_of,
};
use crate::eval::{convert, value};
use crate::ir::{TICKS_PER_DAY, TICKS_PER_SECOND, Type, Value};

fn ticks(value: &Value) -> Option<i64> {
    match value::unwrap(value) {
        Value::DateTime(ticks) => Some(ticks),
        // Properties of a dynamic hold instants as text.
        Value::String(text) => time::parse_instant(&text),
        _ => None,
    }
}

fn instant(ticks: Option<i64>) -> Value {
    ticks.and_then(time::instant).map_or(Value::Null(Type::DateTime), Value::DateTime)
}

fn long(number: Option<i64>) -> Value {
    number.map_or(Value::Null(Type::Long), Value::Long)
}

/// A calendar or clock unit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Unit {
    Year,
    Quarter,
    Month,
    Week,
    Day,
    Hour,
    Minute,
    Second,
    Millisecond,
    Microsecond,
    Nanosecond,
}

impl Unit {
    fn of(name: &Value) -> Option<Unit> {
        Some(match convert::text(name).to_ascii_lowercase().as_str() {
            "year" => Unit::Year,
            "quarter" => Unit::Quarter,
            "month" => Unit::Month,
            "week" => Unit::Week,
            "day" => Unit::Day,
            "hour" => Unit::Hour,
            "minute" => Unit::Minute,
            "second" => Unit::Second,
            "millisecond" => Unit::Millisecond,
            "microsecond" => Unit::Microsecond,
            "nanosecond" => Unit::Nanosecond,
            _ => return None,
        })
    }

    /// The number of the unit that holds an instant, counted from 0001-01-01; weeks begin on Sunday.
    fn number(self, instant: i64) -> i64 {
        let Date { year, month, .. } = date_of(day_number(instant));
        match self {
            Unit::Year => year,
            Unit::Quarter => year * 4 + (month - 1) / 3,
            Unit::Month => year * 12 + month - 1,
            Unit::Week => (day_number(instant) + 1).div_euclid(7),
            Unit::Day => day_number(instant),
            Unit::Hour => instant.div_euclid(TICKS_PER_HOUR),
            Unit::Minute => instant.div_euclid(TICKS_PER_MINUTE),
            Unit::Second => instant.div_euclid(TICKS_PER_SECOND),
            Unit::Millisecond => instant.div_euclid(TICKS_PER_MILLISECOND),
            Unit::Microsecond => instant.div_euclid(10),
            // 3.2 * 10^18 ticks times 100 exceeds 64 bits, but only differences of it are asked for.
            Unit::Nanosecond => instant.wrapping_mul(100),
        }
    }
}

/// How many boundaries of the unit lie between two instants, not how much time: an hour lies between 23:59 and
/// 0:00.
///
/// <https://learn.microsoft.com/kusto/query/datetime-diff-function>
pub fn datetime_diff(unit: &Value, left: &Value, right: &Value) -> Value {
    let difference = |unit: Unit| Some(unit.number(ticks(left)?).wrapping_sub(unit.number(ticks(right)?)));
    long(Unit::of(unit).and_then(difference))
}

/// A month later is the same day, or the last one of a shorter month.
///
/// <https://learn.microsoft.com/kusto/query/datetime-add-function>
pub fn datetime_add(unit: &Value, amount: &Value, start: &Value) -> Value {
    let sum = || {
        let (amount, start) = (integer(amount)?, ticks(start)?);
        let exact = |ticks: i64| amount.checked_mul(ticks).and_then(|amount| start.checked_add(amount));
        match Unit::of(unit)? {
            Unit::Year => later_months(start, amount.checked_mul(12)?),
            Unit::Quarter => later_months(start, amount.checked_mul(3)?),
            Unit::Month => later_months(start, amount),
            Unit::Week => exact(7 * TICKS_PER_DAY),
            Unit::Day => exact(TICKS_PER_DAY),
            Unit::Hour => exact(TICKS_PER_HOUR),
            Unit::Minute => exact(TICKS_PER_MINUTE),
            Unit::Second => exact(TICKS_PER_SECOND),
            Unit::Millisecond => exact(TICKS_PER_MILLISECOND),
            Unit::Microsecond => exact(10),
            Unit::Nanosecond => start.checked_add(amount / 100),
        }
    };
    instant(sum())
}

fn later_months(start: i64, months: i64) -> Option<i64> {
    let Date { year, month, day } = date_of(day_number(start));
    let index = (year * 12 + month - 1).checked_add(months)?;
    let (year, month) = (index.div_euclid(12), index.rem_euclid(12) + 1);
    if !(1..=9999).contains(&year) {
        return None;
    }
    let day = day.min(time::days_in_month(year, month));
    Some(days_of(year, month, day) * TICKS_PER_DAY + start.rem_euclid(TICKS_PER_DAY))
}

/// <https://learn.microsoft.com/kusto/query/datetime-part-function>
pub fn datetime_part(part: &Value, source: &Value) -> Value {
    let Some(ticks) = ticks(source) else { return Value::Null(Type::Long) };
    let Date { year, month, day } = date_of(day_number(ticks));
    let fraction = ticks.rem_euclid(TICKS_PER_SECOND);
    let part = match convert::text(part).to_ascii_lowercase().as_str() {
        "year" => year,
        "quarter" => (month - 1) / 3 + 1,
        "month" => month,
        "week_of_year" | "weekofyear" => time::iso_week(ticks),
        "day" => day,
        "dayofyear" => day_number(ticks) - days_of(year, 1, 1) + 1,
        "hour" => ticks.rem_euclid(TICKS_PER_DAY) / TICKS_PER_HOUR,
        "minute" => ticks.rem_euclid(TICKS_PER_HOUR) / TICKS_PER_MINUTE,
        "second" => ticks.rem_euclid(TICKS_PER_MINUTE) / TICKS_PER_SECOND,
        "millisecond" => fraction / TICKS_PER_MILLISECOND,
        "microsecond" => fraction / 10,
        "nanosecond" => fraction * 100,
        _ => return Value::Null(Type::Long),
    };
    Value::Long(part)
}

/// A part by name, for the functions that ask for one: `getyear`, `hourofday`, ….
pub fn part(name: &str, source: &Value) -> Value {
    datetime_part(&string(name), source)
}

/// Since the last Sunday, as a duration: <https://learn.microsoft.com/kusto/query/dayofweek-function>
pub fn dayofweek(source: &Value) -> Value {
    match ticks(source) {
        Some(ticks) => Value::TimeSpan(time::days_since_sunday(ticks) * TICKS_PER_DAY),
        None => Value::Null(Type::TimeSpan),
    }
}

/// What `startof…` and `endof…` start and end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Period {
    /// From midnight.
    Day,
    /// From Sunday.
    Week,
    /// From the first.
    Month,
    /// From the first of January.
    Year,
}

/// The first day of the period that holds an instant, some periods later.
fn first_day(period: Period, instant: i64, offset: i64) -> Option<i64> {
    let Date { year, month, .. } = date_of(day_number(instant));
    // No period is so far away; it keeps the arithmetic in range.
    let offset = (-4_000_000..=4_000_000).contains(&offset).then_some(offset)?;
    Some(match period {
        Period::Day => day_number(instant) + offset,
        Period::Week => day_number(instant) - time::days_since_sunday(instant) + 7 * offset,
        Period::Month => days_of(year, month + offset, 1),
        Period::Year => days_of(year + offset, 1, 1),
    })
}

/// <https://learn.microsoft.com/kusto/query/startofday-function>
/// <https://learn.microsoft.com/kusto/query/startofweek-function>
/// <https://learn.microsoft.com/kusto/query/startofmonth-function>
/// <https://learn.microsoft.com/kusto/query/startofyear-function>
pub fn start_of(period: Period, source: &Value, offset: Option<&Value>) -> Value {
    let start = || {
        let offset = offset.map_or(Some(0), integer)?;
        first_day(period, ticks(source)?, offset)?.checked_mul(TICKS_PER_DAY)
    };
    instant(start())
}

/// The last tick before the next period: <https://learn.microsoft.com/kusto/query/endofday-function>
/// <https://learn.microsoft.com/kusto/query/endofweek-function>
/// <https://learn.microsoft.com/kusto/query/endofmonth-function>
/// <https://learn.microsoft.com/kusto/query/endofyear-function>
pub fn end_of(period: Period, source: &Value, offset: Option<&Value>) -> Value {
    let end = || {
        let offset = offset.map_or(Some(0), integer)?;
        first_day(period, ticks(source)?, offset.checked_add(1)?)?.checked_mul(TICKS_PER_DAY)?.checked_sub(1)
    };
    instant(end())
}

/// <https://learn.microsoft.com/kusto/query/make-datetime-function>
pub fn make_datetime(arguments: &[&Value]) -> Value {
    let whole = |at: usize| arguments.get(at).map_or(Some(0), |value| integer(value));
    let made = || {
        let (year, month, day) = (whole(0)?, whole(1)?, whole(2)?);
        let (hour, minute) = (whole(3)?, whole(4)?);
        let seconds = arguments.get(5).map_or(Some(0.0), |value| real(value))?;
        let valid = (1..=9999).contains(&year)
            && (1..=12).contains(&month)
            && (1..=time::days_in_month(year, month)).contains(&day)
            && (0..24).contains(&hour)
            && (0..60).contains(&minute)
            && (0.0..60.0).contains(&seconds);
        valid.then(|| {
            days_of(year, month, day) * TICKS_PER_DAY
                + hour * TICKS_PER_HOUR
                + minute * TICKS_PER_MINUTE
                + (seconds * TICKS_PER_SECOND as f64).round() as i64
        })
    };
    instant(made())
}

/// Of two arguments hours and minutes, of three seconds too, of four days before them.
///
/// <https://learn.microsoft.com/kusto/query/make-timespan-function>
pub fn make_timespan(arguments: &[&Value]) -> Value {
    let made = || {
        let (days, clock) = match arguments {
            [days, clock @ ..] if arguments.len() == 4 => (integer(days)?, clock),
            clock => (0, clock),
        };
        let (hours, minutes) = (integer(clock.first()?)?, integer(clock.get(1)?)?);
        let seconds = clock.get(2).map_or(Some(0.0), |value| real(value))?;
        let valid = (0..24).contains(&hours) && (0..60).contains(&minutes) && (0.0..60.0).contains(&seconds);
        valid.then_some(())?;
        days.checked_mul(TICKS_PER_DAY)?.checked_add(
            hours * TICKS_PER_HOUR + minutes * TICKS_PER_MINUTE + (seconds * TICKS_PER_SECOND as f64).round() as i64,
        )
    };
    made().map_or(Value::Null(Type::TimeSpan), Value::TimeSpan)
}

/// A time since 1970, in units of that many ticks (or, for nanoseconds, fractions of one).
///
/// <https://learn.microsoft.com/kusto/query/unixtime-seconds-todatetime-function>
pub fn from_unix(count: &Value, ticks_per_unit: f64) -> Value {
    let ticks = match value::Number::of(&value::unwrap(count)) {
        Some(value::Number::Whole(count)) if ticks_per_unit >= 1.0 => count.checked_mul(ticks_per_unit as i64),
        Some(value::Number::Whole(count)) => Some(count / (1.0 / ticks_per_unit).round() as i64),
        Some(count) => time::ticks_of(count.real() * ticks_per_unit),
        None => None,
    };
    instant(ticks.and_then(|ticks| ticks.checked_add(time::UNIX_EPOCH)))
}

/// `yyyy-MM-dd HH:mm:ss.fff tt` and their kin; letters that are no format stand for themselves.
///
/// <https://learn.microsoft.com/kusto/query/format-datetime-function>
pub fn format_datetime(source: &Value, format: &Value) -> Value {
    let Some(ticks) = ticks(source) else { return string("") };
    let Date { year, month, day } = date_of(day_number(ticks));
    let hour = ticks.rem_euclid(TICKS_PER_DAY) / TICKS_PER_HOUR;
    let half = (hour + 11) % 12 + 1;
    string(formatted(&convert::text(format), |letter, count| {
        Some(match (letter, count) {
            ('y', 1) => (year % 100).to_string(),
            ('y', 2) => format!("{:02}", year % 100),
            ('y', _) => format!("{year:0count$}"),
            ('M', 3..) => return None,
            ('M', _) => format!("{month:0count$}"),
            ('d', _) => format!("{day:0count$}"),
            ('H', _) => format!("{hour:0count$}"),
            ('h', _) => format!("{half:0count$}"),
            ('t', _) => if hour < 12 { "AM" } else { "PM" }.to_owned(),
            (letter, count) => return clock_part(ticks.rem_euclid(TICKS_PER_DAY), letter, count),
        })
    }))
}

/// <https://learn.microsoft.com/kusto/query/format-timespan-function>
pub fn format_timespan(source: &Value, format: &Value) -> Value {
    let Value::TimeSpan(ticks) = value::unwrap(source) else { return string("") };
    // The sign is not written.
    let ticks = ticks.checked_abs().unwrap_or(i64::MAX);
    let text = formatted(&convert::text(format), |letter, count| {
        Some(match letter {
            'd' => format!("{:0count$}", ticks / TICKS_PER_DAY),
            'h' | 'H' => format!("{:0count$}", ticks / TICKS_PER_HOUR % 24),
            letter => return clock_part(ticks, letter, count),
        })
    });
    string(text)
}

fn clock_part(ticks: i64, letter: char, count: usize) -> Option<String> {
    let fraction = format!("{:07}", ticks % TICKS_PER_SECOND);
    Some(match letter {
        'm' => format!("{:0count$}", ticks / TICKS_PER_MINUTE % 60),
        's' => format!("{:0count$}", ticks / TICKS_PER_SECOND % 60),
        'f' => fraction.get(..count)?.to_owned(),
        // Trailing zeros are left out.
        'F' => fraction.get(..count)?.trim_end_matches('0').to_owned(),
        _ => return None,
    })
}

/// Replaces each run of one letter by what `part` makes of it.
fn formatted(format: &str, part: impl Fn(char, usize) -> Option<String>) -> String {
    let letters: Vec<char> = format.chars().collect();
    let mut text = String::new();
    let mut at = 0;
    while at < letters.len() {
        let letter = letters[at];
        let count = letters[at..].iter().take_while(|other| **other == letter).count();
        let known = letter.is_ascii_alphabetic() && count <= 8;
        match known.then(|| part(letter, count)).flatten() {
            Some(value) => text.push_str(&value),
            None => text.extend(&letters[at..at + count]),
        }
        at += count;
    }
    text
}
