//! Values as ES|QL expressions: only where the function has the same answer on every argument.
//!
//! Dates are instants in UTC; timespans are whole milliseconds, since two dates cannot be subtracted as such; a string
//! is made empty when missing before anything is computed from it.
//! <https://www.elastic.co/docs/reference/query-languages/esql/esql-functions-operators>

use crate::crosswalk::FieldKind;
use crate::diagnostic::Code;
use crate::fidelity::{AssumptionKind, Cause, Confidence, Findings, Refusal};
use crate::ir::{ArithmeticOp, Expr, ExprKind, Function, TICKS_PER_DAY, TICKS_PER_SECOND, Type, Value};
use crate::template::Text;

use super::super::pipeline::{ASCII_CLASSES, Operand, Scope};
use super::super::regex::{self, Dialect, Folding};
use super::{Esql, LIMITATIONS, quote, test};

const TICKS_PER_MILLISECOND: i64 = TICKS_PER_SECOND / 1000;
/// Ticks from 0001-01-01 to the epoch.
const EPOCH: i64 = 719_162 * TICKS_PER_DAY;

/// A field that can be asked.
pub(super) fn field(name: &str, kind: FieldKind) -> Result<String, Cause> {
    match kind {
        FieldKind::Flattened => Err(Cause::ProductLimit { page: LIMITATIONS }),
        FieldKind::Keyword
        | FieldKind::Wildcard
        | FieldKind::Long
        | FieldKind::Double
        | FieldKind::Boolean
        | FieldKind::Date
        | FieldKind::Ip
        | FieldKind::Text => quote::name(name).ok_or(Cause::NotImplemented),
    }
}

/// The value as text, null where it is missing; none where its text is not KQL's.
pub(super) fn text(operand: &Operand) -> Option<Text> {
    let whole = matches!(
        operand.ty,
        Type::String | Type::Guid | Type::Dynamic | Type::Unknown | Type::Int | Type::Long | Type::Bool
    );
    match operand.kind {
        FieldKind::Keyword | FieldKind::Wildcard | FieldKind::Text => Some(operand.text.clone()),
        FieldKind::Ip | FieldKind::Long | FieldKind::Boolean if whole => {
            Some(Text::glue("TO_STRING(").then(operand.text.clone()).then(Text::glue(")")))
        }
        FieldKind::Ip
        | FieldKind::Long
        | FieldKind::Boolean
        | FieldKind::Double
        | FieldKind::Date
        | FieldKind::Flattened => None,
    }
}

/// The value as text, empty where it is missing.
pub(super) fn present(operand: &Operand) -> Option<Text> {
    let text = text(operand)?;
    Some(if operand.nullable { Text::glue("COALESCE(").then(text).then(Text::glue(", \"\")")) } else { text })
}

/// The value as a boolean.
pub(super) fn boolean(operand: &Operand) -> Option<Text> {
    match operand.kind {
        FieldKind::Boolean => Some(operand.text.clone()),
        FieldKind::Keyword | FieldKind::Wildcard => {
            Some(Text::glue("TO_BOOLEAN(").then(operand.text.clone()).then(Text::glue(")")))
        }
        FieldKind::Long
        | FieldKind::Double
        | FieldKind::Date
        | FieldKind::Ip
        | FieldKind::Flattened
        | FieldKind::Text => None,
    }
}

/// The value as one of this type, whatever the field holds it as; none where that cannot be.
pub(super) fn typed(operand: &Operand, wanted: Type) -> Option<Text> {
    let called = |name: &str| Some(Text::glue(name).then(operand.text.clone()).then(Text::glue(")")));
    let textual = matches!(operand.kind, FieldKind::Keyword | FieldKind::Wildcard);
    let (as_is, conversion) = match wanted {
        Type::Int | Type::Long | Type::TimeSpan => (operand.kind == FieldKind::Long, "TO_LONG("),
        Type::Real | Type::Decimal => (matches!(operand.kind, FieldKind::Long | FieldKind::Double), "TO_DOUBLE("),
        Type::DateTime => (operand.kind == FieldKind::Date, "TO_DATETIME("),
        Type::Bool => return boolean(operand),
        Type::String | Type::Guid => return text(operand),
        Type::Dynamic | Type::Unknown => return Some(operand.text.clone()),
    };
    if as_is { Some(operand.text.clone()) } else { called(conversion).filter(|_| textual) }
}

/// A value as a column holds it.
pub(super) fn stored(operand: Operand) -> Option<Operand> {
    match operand.ty {
        Type::String | Type::Guid => {
            let text = present(&operand)?;
            Some(Operand { text, kind: FieldKind::Keyword, nullable: false, field: None, ..operand })
        }
        Type::Dynamic | Type::Unknown => Some(operand),
        Type::Bool | Type::DateTime | Type::Decimal | Type::Int | Type::Long | Type::Real | Type::TimeSpan => {
            let text = typed(&operand, operand.ty)?;
            let kind = kind_of(operand.ty);
            Some(Operand { text, kind, ..operand })
        }
    }
}

/// How values of a type are held once computed.
pub(super) fn kind_of(ty: Type) -> FieldKind {
    match ty {
        Type::Bool => FieldKind::Boolean,
        Type::DateTime => FieldKind::Date,
        Type::Decimal | Type::Real => FieldKind::Double,
        Type::Int | Type::Long | Type::TimeSpan => FieldKind::Long,
        Type::Dynamic | Type::Guid | Type::String | Type::Unknown => FieldKind::Keyword,
    }
}

/// A value as an operand that binds tighter than any comparison.
pub(super) fn value(scope: Scope, expr: &Expr, findings: &mut Findings) -> Result<Operand, Refusal> {
    let operand = Writer { scope, findings }.value(expr)?;
    // Constants that steer a function, such as an index, are in its spelling.
    Ok(Operand { text: operand.text.with_origins(&expr.all_origins()), ..operand })
}

/// A length of time in the greatest unit that says it: `5 days`.
pub(super) fn duration(ticks: i64) -> Option<String> {
    let units = [
        (TICKS_PER_DAY, "day"),
        (TICKS_PER_DAY / 24, "hour"),
        (TICKS_PER_DAY / 1440, "minute"),
        (TICKS_PER_SECOND, "second"),
        (TICKS_PER_MILLISECOND, "millisecond"),
    ];
    let (unit, name) = units.into_iter().find(|(unit, _)| ticks % unit == 0)?;
    let count = ticks / unit;
    Some(format!("{count} {name}{}", if count == 1 { "" } else { "s" }))
}

/// `NOW() - 5 days`; none for lengths below a millisecond.
pub(super) fn moment(offset: i64) -> Option<String> {
    Some(match offset {
        0 => "NOW()".to_owned(),
        past if past < 0 => format!("NOW() - {}", duration(past.saturating_neg())?),
        future => format!("NOW() + {}", duration(future)?),
    })
}

/// An instant as text; none outside of the years 1 to 9999.
fn instant(ticks: i64) -> Option<String> {
    let since = ticks.checked_sub(EPOCH)?;
    let (seconds, rest) = (since.div_euclid(TICKS_PER_SECOND), since.rem_euclid(TICKS_PER_SECOND));
    let (days, clock) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Days to a date of the Gregorian calendar, by eras of 400 years that begin on 1 March.
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    if !(1..=9999).contains(&year) {
        return None;
    }
    let fraction = if rest == 0 { String::new() } else { format!(".{}", format!("{rest:07}").trim_end_matches('0')) };
    let (hour, minute, second) = (clock / 3600, clock / 60 % 60, clock % 60);
    Some(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z"))
}

struct Writer<'w, 's, 'a> {
    scope: Scope<'s, 'a>,
    findings: &'w mut Findings,
}

impl Writer<'_, '_, '_> {
    fn value(&mut self, expr: &Expr) -> Result<Operand, Refusal> {
        match &expr.kind {
            ExprKind::Literal(value) => self.literal(expr, value),
            ExprKind::Path(path) => self.scope.path(&Esql, path, expr, self.findings),
            ExprKind::Now { offset } => {
                let text = moment(*offset).ok_or_else(|| self.refuse(expr, "a time below milliseconds"))?;
                let text = if *offset == 0 { text } else { format!("({text})") };
                Ok(computed(Text::piece(text, expr.origins.clone()), Type::DateTime, false))
            }
            ExprKind::Arithmetic(op, left, right) => self.arithmetic(expr, *op, left, right),
            ExprKind::Call(function, arguments) => self.call(expr, *function, arguments),
            ExprKind::Truth(predicate) => {
                let condition = test::strict(self.scope, predicate, self.findings)?;
                let text =
                    Text::piece("CASE(", expr.origins.clone()).then(condition).then(Text::glue(", true, false)"));
                Ok(computed(text, Type::Bool, false))
            }
            ExprKind::Index(base, index) => self.index(expr, base, index),
            ExprKind::Scalar(_) => Err(self.refuse(expr, "the answer of another query is used")),
            ExprKind::Opaque { name, .. } => Err(self.refuse(expr, &format!("`{name}` is not carried"))),
        }
    }

    fn refuse(&self, expr: &Expr, message: &str) -> Refusal {
        let span = expr.all_origins().hull().unwrap_or_default();
        Refusal::new(Code::FunctionOpaque, Cause::NotImplemented, span, message)
    }

    fn literal(&self, expr: &Expr, value: &Value) -> Result<Operand, Refusal> {
        let text = match value {
            Value::String(text) => Some(quote::raw(text)),
            Value::Null(_) => Some("null".to_owned()),
            Value::Bool(truth) => Some(truth.to_string()),
            Value::DateTime(ticks) => instant(*ticks).map(|instant| format!("TO_DATETIME(\"{instant}\")")),
            Value::TimeSpan(ticks) if ticks % TICKS_PER_MILLISECOND == 0 => {
                Some((ticks / TICKS_PER_MILLISECOND).to_string())
            }
            Value::Int(number) => Some(number.to_string()),
            Value::Long(number) => Some(number.to_string()),
            Value::Decimal(number) => Some(number.to_string()),
            Value::Real(number) if number.is_finite() => Some(format!("{number:?}")),
            Value::Guid(guid) => Some(quote::string(&guid.to_string())),
            Value::Real(_) | Value::Dynamic(_) | Value::TimeSpan(_) => None,
        };
        let Some(text) = text else {
            let span = expr.origins.hull().unwrap_or_default();
            let message = "this constant has no form in ES|QL";
            return Err(Refusal::new(Code::LiteralLimit, Cause::NotImplemented, span, message));
        };
        Ok(computed(Text::piece(text, expr.origins.clone()), expr.ty, value.is_null()))
    }

    /// A string, empty when missing.
    fn text(&mut self, expr: &Expr) -> Result<Text, Refusal> {
        let operand = self.value(expr)?;
        match operand.ty {
            Type::String | Type::Guid | Type::Dynamic | Type::Unknown | Type::Int | Type::Long | Type::Bool => {
                present(&operand)
            }
            Type::DateTime | Type::Decimal | Type::Real | Type::TimeSpan => None,
        }
        .ok_or_else(|| self.refuse(expr, &format!("a `{}` is written in another form as text", operand.ty.name())))
    }

    fn typed(&mut self, expr: &Expr) -> Result<Operand, Refusal> {
        let operand = self.value(expr)?;
        let text = match operand.ty {
            Type::Int | Type::Long | Type::Real | Type::DateTime | Type::TimeSpan => typed(&operand, operand.ty),
            Type::Bool | Type::Decimal | Type::Dynamic | Type::Guid | Type::String | Type::Unknown => None,
        };
        let text =
            text.ok_or_else(|| self.refuse(expr, "a number is needed, and the type is not known to be one"))?;
        Ok(Operand { text, ..operand })
    }

    fn arithmetic(&mut self, expr: &Expr, op: ArithmeticOp, left: &Expr, right: &Expr) -> Result<Operand, Refusal> {
        let symbol = |symbol: &str| Text::piece(format!(" {symbol} "), expr.origins.clone());
        // A date moves by a length of time that has a name.
        if expr.ty == Type::DateTime {
            let Some(Value::TimeSpan(ticks)) = right.as_literal() else {
                return Err(self.refuse(expr, "a time is moved by what is no constant"));
            };
            let length = duration(ticks.saturating_abs())
                .ok_or_else(|| self.refuse(expr, "a time is moved by less than a millisecond"))?;
            let forward = (op == ArithmeticOp::Add) == (*ticks >= 0);
            let date = self.typed(left)?;
            let text = date
                .text
                .then(symbol(if forward { "+" } else { "-" }))
                .then(Text::piece(length, right.origins.clone()))
                .parenthesised();
            return Ok(computed(text, Type::DateTime, date.nullable));
        }
        let (a, b) = (self.typed(left)?, self.typed(right)?);
        let nullable = a.nullable || b.nullable;
        let milliseconds = |operand: Operand| {
            if operand.ty == Type::DateTime {
                Text::glue("TO_LONG(").then(operand.text).then(Text::glue(")"))
            } else {
                operand.text
            }
        };
        let whole = |ty: Type| matches!(ty, Type::Int | Type::Long);
        let (both_whole, spans) =
            (whole(left.ty) && whole(right.ty), left.ty == Type::TimeSpan || right.ty == Type::TimeSpan);
        let (a, b) = (milliseconds(a), milliseconds(b));
        let plain = |a: Text, sign: &str, b: Text| a.then(symbol(sign)).then(b).parenthesised();
        let text = match op {
            ArithmeticOp::Add | ArithmeticOp::Subtract => plain(a, op.symbol(), b),
            ArithmeticOp::Multiply if !spans => plain(a, "*", b),
            ArithmeticOp::Divide | ArithmeticOp::Modulo if both_whole => {
                let divisor = match right.as_literal() {
                    Some(Value::Int(number)) => i64::from(*number),
                    Some(Value::Long(number)) => *number,
                    _ => 0,
                };
                if divisor <= 0 {
                    return Err(
                        self.refuse(expr, "whole numbers are divided by a number that is not plainly positive")
                    );
                }
                if op == ArithmeticOp::Divide {
                    plain(a, "/", b)
                } else {
                    // KQL's remainder is never negative.
                    plain(plain(plain(a, "%", b.clone()), "+", b.clone()), "%", b)
                }
            }
            ArithmeticOp::Divide if matches!(right.as_literal(), Some(Value::Real(number)) if *number != 0.0) => {
                plain(a, "/", b)
            }
            ArithmeticOp::Divide | ArithmeticOp::Modulo | ArithmeticOp::Multiply => {
                return Err(self.refuse(expr, "this arithmetic is not carried"));
            }
        };
        Ok(computed(text, expr.ty, nullable))
    }

    fn index(&mut self, expr: &Expr, base: &Expr, index: &Expr) -> Result<Operand, Refusal> {
        let position = match index.as_literal() {
            Some(Value::Long(position)) => *position,
            Some(Value::Int(position)) => i64::from(*position),
            _ => -1,
        };
        let ExprKind::Call(Function::Split, arguments) = &base.kind else {
            return Err(self.refuse(expr, "an element of a computed value is read"));
        };
        let ([source, delimiter], 0..) = (arguments.as_slice(), position) else {
            return Err(self.refuse(expr, "an element of a computed value is read"));
        };
        // Delimiters of one byte only.
        let one = delimiter.as_text().is_some_and(|text| text.len() == 1);
        if !one {
            return Err(self.refuse(expr, "the delimiter is no single ASCII character"));
        }
        let source = self.text(source)?;
        let delimiter = self.value(delimiter)?.text;
        let text = Text::piece("COALESCE(MV_SLICE(SPLIT(", base.origins.clone().and(&expr.origins))
            .then(source)
            .then(Text::glue(", "))
            .then(delimiter)
            .then(Text::glue("), "))
            .then(Text::piece(position.to_string(), index.origins.clone()))
            .then(Text::glue("), \"\")"));
        Ok(computed(text, Type::String, false))
    }

    #[allow(clippy::too_many_lines, reason = "one arm for each function")]
    fn call(&mut self, expr: &Expr, function: Function, arguments: &[Expr]) -> Result<Operand, Refusal> {
        let name = |text: &str| Text::piece(text, expr.origins.clone());
        let comma = || Text::glue(", ");
        let close = || Text::glue(")");
        match (function, arguments) {
            (Function::ToLower | Function::ToUpper, [argument]) => {
                let text = self.text(argument)?;
                let called = if function == Function::ToLower { "TO_LOWER(" } else { "TO_UPPER(" };
                Ok(computed(name(called).then(text).then(close()), Type::String, false))
            }
            (Function::Strlen, [argument]) => {
                let text = self.text(argument)?;
                Ok(computed(name("LENGTH(").then(text).then(close()), Type::Long, false))
            }
            (Function::ToString, [argument]) => {
                let text = self.text(argument)?;
                Ok(computed(text.with_origins(&expr.origins), Type::String, false))
            }
            (Function::Strcat, arguments) => {
                let parts = arguments.iter().map(|argument| self.text(argument)).collect::<Result<Vec<_>, _>>()?;
                if parts.len() == 1 {
                    let only = parts.into_iter().next().unwrap_or_default();
                    return Ok(computed(only.with_origins(&expr.origins), Type::String, false));
                }
                Ok(computed(name("CONCAT(").then(Text::join(parts, &comma())).then(close()), Type::String, false))
            }
            (Function::Substring, [source, start, rest @ ..]) => {
                let whole = |expr: &Expr| match expr.as_literal() {
                    Some(Value::Long(number)) if *number >= 0 => Some(*number),
                    Some(Value::Int(number)) if *number >= 0 => Some(i64::from(*number)),
                    _ => None,
                };
                let lengths: Option<Vec<i64>> = rest.iter().map(whole).collect();
                let (Some(from), Some(lengths)) = (whole(start), lengths) else {
                    return Err(self.refuse(expr, "the part of a text is not given by constants"));
                };
                let mut text = name("SUBSTRING(").then(self.text(source)?).then(comma());
                text.push(Text::piece(from.saturating_add(1).to_string(), start.origins.clone()));
                for (length, argument) in lengths.iter().zip(rest) {
                    text.push(comma().then(Text::piece(length.to_string(), argument.origins.clone())));
                }
                Ok(computed(text.then(close()), Type::String, false))
            }
            (Function::ToInt | Function::ToLong, [argument]) => match argument.ty {
                Type::Int | Type::Long => {
                    let operand = self.typed(argument)?;
                    Ok(computed(operand.text.with_origins(&expr.origins), expr.ty, operand.nullable))
                }
                Type::String | Type::Dynamic => {
                    let text = self.text(argument)?;
                    let text = Text::glue("CASE(")
                        .then(text.clone())
                        .then(Text::glue(" RLIKE \"-?[0-9]+\", "))
                        .then(name("TO_LONG("))
                        .then(text)
                        .then(Text::glue("))"));
                    Ok(computed(text, expr.ty, true))
                }
                Type::Bool
                | Type::DateTime
                | Type::Decimal
                | Type::Guid
                | Type::Real
                | Type::TimeSpan
                | Type::Unknown => Err(self.refuse(expr, "this conversion is not carried")),
            },
            (Function::Iff, [condition, then, other]) => {
                let condition = self.condition(condition)?;
                let (then, other) = (self.branch(then)?, self.branch(other)?);
                let nullable = then.nullable || other.nullable;
                let text = name("CASE(").then(condition).then(comma()).then(then.text).then(comma()).then(other.text);
                Ok(computed(text.then(close()), expr.ty, nullable))
            }
            (Function::Case, arguments) if arguments.len() % 2 == 1 => {
                let mut text = name("CASE(");
                let mut nullable = false;
                let (last, pairs) = arguments.split_last().expect("the registry asks for three arguments");
                for pair in pairs.chunks_exact(2) {
                    let value = self.branch(&pair[1])?;
                    nullable |= value.nullable;
                    text = text.then(self.condition(&pair[0])?).then(comma()).then(value.text).then(comma());
                }
                let last = self.branch(last)?;
                nullable |= last.nullable;
                Ok(computed(text.then(last.text).then(close()), expr.ty, nullable))
            }
            (Function::Coalesce, arguments) => {
                if arguments.iter().any(|argument| argument.ty == Type::String) {
                    // An empty string counts as missing.
                    let mut text = name("CASE(");
                    for argument in arguments {
                        let part = self.text(argument)?;
                        text = text.then(part.clone()).then(Text::glue(" != \"\", ")).then(part).then(comma());
                    }
                    return Ok(computed(text.then(Text::glue("\"\")")), Type::String, false));
                }
                let parts = arguments
                    .iter()
                    .map(|argument| self.branch(argument).map(|operand| operand.text))
                    .collect::<Result<Vec<_>, _>>()?;
                Ok(computed(name("COALESCE(").then(Text::join(parts, &comma())).then(close()), expr.ty, true))
            }
            (Function::Bin, [argument, size]) => self.bin(expr, argument, size),
            (Function::StartOfDay, [argument]) => {
                let operand = self.typed(argument)?;
                let text = name("DATE_TRUNC(1 day, ").then(operand.text).then(close());
                Ok(computed(text, Type::DateTime, operand.nullable))
            }
            (Function::HourOfDay, [argument]) => self.part(expr, "hour_of_day", argument),
            (Function::GetYear, [argument]) => self.part(expr, "year", argument),
            (Function::GetMonth, [argument]) => self.part(expr, "month_of_year", argument),
            (Function::DayOfMonth, [argument]) => self.part(expr, "day_of_month", argument),
            (Function::DateTimeDiff, [unit, left, right]) => self.boundaries(expr, unit, left, right),
            (Function::Abs, [argument]) => {
                let operand = self.typed(argument)?;
                Ok(computed(name("ABS(").then(operand.text).then(close()), expr.ty, operand.nullable))
            }
            (Function::Extract, [pattern, group, source]) => self.extract(expr, pattern, group, source),
            (Function::ReplaceString, [source, old, new]) => {
                let (Some(old_text), Some(new_text)) = (old.as_text(), new.as_text()) else {
                    return Err(self.refuse(expr, "what is replaced is no constant"));
                };
                if old_text.is_empty() || new_text.contains(['\\', '$']) {
                    return Err(self.refuse(expr, "a replacement with these characters has another meaning"));
                }
                let text = name("REPLACE(")
                    .then(self.text(source)?)
                    .then(comma())
                    .then(Text::piece(quote::raw(&regex::escape(old_text, Dialect::Pcre)), old.origins.clone()))
                    .then(comma())
                    .then(Text::piece(quote::raw(new_text), new.origins.clone()))
                    .then(close());
                Ok(computed(text, Type::String, false))
            }
            (Function::ArrayLength, [argument]) if self.scope.flows.is_some() => {
                let operand = self.value(argument)?;
                let text = name("COALESCE(MV_COUNT(").then(operand.text).then(Text::glue("), 0)"));
                Ok(computed(text, Type::Long, false))
            }
            _ => Err(self.refuse(expr, &format!("`{}` is not carried", function.name()))),
        }
    }

    /// A part of a date, in UTC.
    fn part(&mut self, expr: &Expr, part: &str, argument: &Expr) -> Result<Operand, Refusal> {
        let operand = self.typed(argument)?;
        let text = Text::piece(format!("DATE_EXTRACT(\"{part}\", "), expr.origins.clone());
        Ok(computed(text.then(operand.text).then(Text::glue(")")), Type::Int, operand.nullable))
    }

    fn condition(&mut self, expr: &Expr) -> Result<Text, Refusal> {
        if let ExprKind::Truth(predicate) = &expr.kind {
            return test::strict(self.scope, predicate, self.findings);
        }
        let operand = self.value(expr)?;
        boolean(&operand).ok_or_else(|| self.refuse(expr, "a condition that is no boolean"))
    }

    fn branch(&mut self, expr: &Expr) -> Result<Operand, Refusal> {
        let operand = self.value(expr)?;
        stored(operand).ok_or_else(|| self.refuse(expr, "the field holds the value in another form"))
    }

    /// `bin`: multiples counted from zero, for times from 0001-01-01, which is a whole number of days before the epoch.
    fn bin(&mut self, expr: &Expr, argument: &Expr, size: &Expr) -> Result<Operand, Refusal> {
        let operand = self.typed(argument)?;
        let nullable = operand.nullable;
        let text = match (operand.ty, size.as_literal()) {
            (Type::DateTime, Some(Value::TimeSpan(ticks))) if *ticks > 0 && TICKS_PER_DAY % ticks == 0 => {
                let length = duration(*ticks).ok_or_else(|| self.refuse(expr, "bins below a millisecond"))?;
                Text::piece("DATE_TRUNC(", expr.origins.clone())
                    .then(Text::piece(length, size.origins.clone()))
                    .then(Text::glue(", "))
                    .then(operand.text)
                    .then(Text::glue(")"))
            }
            (Type::Int | Type::Long, Some(Value::Int(_) | Value::Long(_))) => {
                let size = self.literal(size, size.as_literal().unwrap_or(&Value::Long(1)))?.text;
                if size.plain().parse::<i64>().map_or(true, |size| size <= 0) {
                    return Err(self.refuse(expr, "the size of the bins is no positive constant"));
                }
                let number = operand.text;
                let rest = Text::glue("((").then(number.clone()).then(Text::glue(" % ")).then(size.clone());
                let rest = rest.then(Text::glue(" + ")).then(size.clone()).then(Text::glue(") % "));
                Text::piece("(", expr.origins.clone())
                    .then(number)
                    .then(Text::glue(" - "))
                    .then(rest)
                    .then(size)
                    .then(Text::glue("))"))
            }
            _ => return Err(self.refuse(expr, "these bins are not carried")),
        };
        Ok(computed(text, expr.ty, nullable))
    }

    /// `datetime_diff`: how many boundaries of the unit lie between, not how many units have passed.
    fn boundaries(&mut self, expr: &Expr, unit: &Expr, left: &Expr, right: &Expr) -> Result<Operand, Refusal> {
        let (a, b) = (self.typed(left)?, self.typed(right)?);
        let nullable = a.nullable || b.nullable;
        let origins = expr.origins.clone().and(&unit.origins);
        let unit = unit.as_text().map(str::to_ascii_lowercase).unwrap_or_default();
        let length = match unit.as_str() {
            "day" => Some(86_400_000),
            "hour" => Some(3_600_000),
            "minute" => Some(60_000),
            "second" => Some(1000),
            _ => None,
        };
        let text = match length {
            Some(length) => {
                let part = |side: Text| {
                    Text::glue(&format!("TO_LONG(DATE_TRUNC(1 {unit}, ")).then(side).then(Text::glue("))"))
                };
                let span = part(a.text).then(Text::piece(" - ", origins)).then(part(b.text)).parenthesised();
                span.then(Text::glue(&format!(" / {length}"))).parenthesised()
            }
            None if unit == "year" => {
                let part = |side: Text| Text::glue("DATE_EXTRACT(\"year\", ").then(side).then(Text::glue(")"));
                part(a.text).then(Text::piece(" - ", origins)).then(part(b.text)).parenthesised()
            }
            None => return Err(self.refuse(expr, "differences in this unit are not carried")),
        };
        Ok(computed(text, Type::Long, nullable))
    }

    /// `extract`: a group of the first match, or the empty string. Java's expressions read what is written for PCRE
    /// alike, classes without set operations included.
    fn extract(&mut self, expr: &Expr, pattern: &Expr, group: &Expr, source: &Expr) -> Result<Operand, Refusal> {
        let group = match group.as_literal() {
            Some(Value::Long(group)) if (0..=9).contains(group) => *group,
            Some(Value::Int(group)) if (0..=9).contains(group) => i64::from(*group),
            _ => return Err(self.refuse(expr, "the group is no constant")),
        };
        let Some(pattern_text) = pattern.as_text() else {
            return Err(self.refuse(expr, "the pattern is no constant"));
        };
        let lossy = |lossy: regex::Lossy| self.refuse(expr, &format!("the pattern has {}", lossy.reason));
        let found = regex::write(pattern_text, Dialect::Lucene, Folding::Spelled).map_err(lossy)?;
        let written = regex::write(pattern_text, Dialect::Pcre, Folding::Spelled).map_err(lossy)?;
        if written.ascii || found.ascii {
            self.findings.assume(AssumptionKind::Ascii, Confidence::High, ASCII_CLASSES);
        }
        let source = self.text(source)?;
        let (body, group) = match group {
            0 => (format!("({})", written.text), 1),
            group => (format!("(?:{})", written.text), group),
        };
        let origins = expr.origins.clone().and(&pattern.origins);
        let text = Text::piece("CASE(", origins)
            .then(searched(source.clone()))
            .then(Text::glue(&format!(" RLIKE {}, REPLACE(", quote::raw(&found.text))))
            .then(source)
            .then(Text::glue(&format!(
                ", {}, \"${group}\"), \"\")",
                // Java's `.` stops at more than a newline unless it is told otherwise.
                quote::raw(&format!("(?d)^[\\s\\S]*?{body}[\\s\\S]*\\z"))
            )));
        Ok(computed(text, Type::String, false))
    }
}

/// A text that a pattern is put to: not as the change of letter case that it may be, see [`super::test`].
pub(super) fn searched(text: Text) -> Text {
    if text.plain().starts_with("TO_LOWER(") || text.plain().starts_with("TO_UPPER(") {
        Text::glue("COALESCE(").then(text).then(Text::glue(", \"\")"))
    } else {
        text
    }
}

fn computed(text: Text, ty: Type, nullable: bool) -> Operand {
    Operand { text, ty, kind: kind_of(ty), nullable, field: None, clock: false }
}
