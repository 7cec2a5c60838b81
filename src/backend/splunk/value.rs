//! Values as SPL expressions: only where SPL's function has the same answer on every argument.
//!
//! Datetimes and timespans are numbers of seconds, as `_time` is; booleans are the words `true` and `false`; a string
//! is made empty when missing before anything is computed from it.
//! <https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/CommonEvalFunctions>

use crate::crosswalk::FieldKind;
use crate::diagnostic::Code;
use crate::fidelity::{AssumptionKind, Cause, Confidence, Findings, Match, Note, Refusal};
use crate::ir::{ArithmeticOp, Expr, ExprKind, Function, TICKS_PER_DAY, TICKS_PER_SECOND, Type, Value};
use crate::template::Text;

use super::super::pipeline::{Operand, Scope};
use super::super::regex::{self, Dialect, Folding};
use super::{Spl, quote, test};

/// Ticks from 0001-01-01 to the epoch.
pub(super) const EPOCH: i64 = 719_162 * TICKS_PER_DAY;

/// How numbers are computed.
const EVAL: &str = "https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Eval";
const TEXT_FUNCTIONS: &str = "https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/TextFunctions";

/// A value as an operand that binds tighter than any comparison.
pub(super) fn value(scope: Scope, expr: &Expr, findings: &mut Findings) -> Result<Operand, Refusal> {
    let operand = Writer { scope, findings }.value(expr)?;
    // Constants that steer a function, such as an index, are in its spelling.
    Ok(Operand { text: operand.text.with_origins(&expr.all_origins()), ..operand })
}

/// A string that is empty where the field is missing; other values as they are.
pub(super) fn present(operand: Operand) -> Operand {
    if !operand.nullable || !matches!(operand.ty, Type::String | Type::Guid | Type::Dynamic | Type::Unknown) {
        return operand;
    }
    let text = Text::glue("coalesce(").then(operand.text).then(Text::glue(",\"\")"));
    Operand { text, nullable: false, field: None, ..operand }
}

/// A number, also where the field holds it as text: a text would be compared letter by letter.
pub(super) fn number(operand: &Operand) -> Text {
    if operand.field.is_none() || operand.clock {
        return operand.text.clone();
    }
    Text::glue("tonumber(").then(operand.text.clone()).then(Text::glue(")"))
}

/// A field that holds a time as text, as seconds since the epoch; anything else as it is.
///
/// The fraction is added apart: it has any number of digits, and Splunk's format asks for a fixed one.
pub(super) fn instant(operand: Operand, findings: &mut Findings) -> Operand {
    if operand.ty != Type::DateTime || operand.clock || operand.field.is_none() {
        return operand;
    }
    let name = operand.field.as_deref().unwrap_or_default();
    findings.assume(
        AssumptionKind::Setting,
        Confidence::Medium,
        format!("`{name}` holds times in UTC as `2024-01-31T00:00:00Z`, with or without fraction, and the search runs in UTC"),
    );
    let whole = operand.text.clone();
    let text = Text::glue("(strptime(substr(")
        .then(whole)
        .then(Text::glue(",1,19),\"%Y-%m-%dT%H:%M:%S\")+coalesce(tonumber(replace("))
        .then(operand.text)
        .then(Text::glue(",\"^[^.]*([.][0-9]+)?Z?\\z\",\"0\\1\")),0))"));
    Operand { text, field: None, ..operand }
}

/// Ticks as seconds.
fn seconds(ticks: i64) -> String {
    let (sign, ticks) = if ticks < 0 { ("-", ticks.unsigned_abs()) } else { ("", ticks.unsigned_abs()) };
    let unit = TICKS_PER_SECOND.unsigned_abs();
    let (whole, rest) = (ticks / unit, ticks % unit);
    if rest == 0 {
        return format!("{sign}{whole}");
    }
    format!("{sign}{whole}.{}", format!("{rest:07}").trim_end_matches('0'))
}

struct Writer<'w, 's, 'a> {
    scope: Scope<'s, 'a>,
    findings: &'w mut Findings,
}

impl Writer<'_, '_, '_> {
    /// Splunk's `len` and `substr` are sure of ASCII only; beyond it they may count bytes.
    fn count_of_letters(&mut self, expr: &Expr) {
        let message = "letters beyond ASCII may count more than once in Splunk".to_owned();
        let span = expr.all_origins().hull().unwrap_or_default();
        let cause = Some(Cause::ProductLimit { page: TEXT_FUNCTIONS });
        self.findings.lower(Match::Approximate, Note { span, code: Code::NotComparable, cause, message });
    }

    fn value(&mut self, expr: &Expr) -> Result<Operand, Refusal> {
        match &expr.kind {
            ExprKind::Literal(value) => self.literal(expr, value),
            ExprKind::Path(path) => {
                let operand = self.scope.path(&Spl, path, expr, self.findings)?;
                Ok(instant(operand, self.findings))
            }
            ExprKind::Now { offset } => {
                let text = match *offset {
                    0 => "now()".to_owned(),
                    past if past < 0 => format!("(now(){})", seconds(past)),
                    future => format!("(now()+{})", seconds(future)),
                };
                Ok(computed(Text::piece(text, expr.origins.clone()), Type::DateTime, false))
            }
            ExprKind::Arithmetic(op, left, right) => self.arithmetic(expr, *op, left, right),
            ExprKind::Call(function, arguments) => self.call(expr, *function, arguments),
            ExprKind::Truth(predicate) => {
                let condition = test::strict(self.scope, predicate, self.findings)?;
                let text =
                    Text::piece("if(", expr.origins.clone()).then(condition).then(Text::glue(",\"true\",\"false\")"));
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
        let span = expr.origins.hull().unwrap_or_default();
        let text = match value {
            Value::String(text) if quote::is_quotable(text) => quote::string(text),
            Value::String(_) => {
                let message = "a text with control characters or backticks cannot stand in an expression";
                return Err(Refusal::new(Code::LiteralLimit, Cause::NotImplemented, span, message));
            }
            Value::Null(_) => "null()".to_owned(),
            Value::Bool(truth) => quote::string(if *truth { "true" } else { "false" }),
            Value::DateTime(ticks) => seconds(ticks.saturating_sub(EPOCH)),
            Value::TimeSpan(ticks) => seconds(*ticks),
            Value::Int(number) => number.to_string(),
            Value::Long(number) if number.unsigned_abs() <= 1 << f64::MANTISSA_DIGITS => number.to_string(),
            Value::Long(_) => {
                let message = "Splunk computes with doubles, which do not tell this number from its neighbours";
                return Err(Refusal::new(Code::LiteralLimit, Cause::ProductLimit { page: EVAL }, span, message));
            }
            Value::Decimal(number) => number.to_string(),
            Value::Real(number) if number.is_finite() => format!("{number}"),
            Value::Guid(guid) => quote::string(&guid.to_string()),
            Value::Real(_) | Value::Dynamic(_) => {
                let message = "this constant has no form in an expression";
                return Err(Refusal::new(Code::LiteralLimit, Cause::NotImplemented, span, message));
            }
        };
        Ok(computed(Text::piece(text, expr.origins.clone()), expr.ty, value.is_null()))
    }

    /// A string, empty when missing.
    fn text(&mut self, expr: &Expr) -> Result<Text, Refusal> {
        let operand = self.value(expr)?;
        match operand.ty {
            Type::String | Type::Guid | Type::Dynamic | Type::Unknown => Ok(present(operand).text),
            Type::Int | Type::Long => {
                let digits = Text::glue("tostring(").then(operand.text).then(Text::glue(")"));
                Ok(if operand.nullable {
                    Text::glue("coalesce(").then(digits).then(Text::glue(",\"\")"))
                } else {
                    digits
                })
            }
            Type::Bool => Ok(Text::glue("coalesce(").then(operand.text).then(Text::glue(",\"\")"))),
            Type::DateTime | Type::Decimal | Type::Real | Type::TimeSpan => {
                Err(self.refuse(expr, &format!("a `{}` is written in another form as text", operand.ty.name())))
            }
        }
    }

    fn number(&mut self, expr: &Expr) -> Result<Operand, Refusal> {
        let operand = self.value(expr)?;
        match operand.ty {
            Type::Int | Type::Long | Type::Real | Type::Decimal | Type::DateTime | Type::TimeSpan => {
                let text = number(&operand);
                Ok(Operand { text, ..operand })
            }
            Type::Bool | Type::Dynamic | Type::Guid | Type::String | Type::Unknown => {
                Err(self.refuse(expr, "a number is needed, and the type is not known to be one"))
            }
        }
    }

    fn arithmetic(&mut self, expr: &Expr, op: ArithmeticOp, left: &Expr, right: &Expr) -> Result<Operand, Refusal> {
        let whole = |ty: Type| matches!(ty, Type::Int | Type::Long);
        let (a, b) = (self.number(left)?, self.number(right)?);
        let nullable = a.nullable || b.nullable;
        let symbol = |symbol: &str| Text::piece(symbol, expr.origins.clone());
        let plain = |a: Text, sign: &str, b: Text| a.then(symbol(sign)).then(b).parenthesised();
        let text = match op {
            ArithmeticOp::Add | ArithmeticOp::Subtract | ArithmeticOp::Multiply => plain(a.text, op.symbol(), b.text),
            ArithmeticOp::Divide if !whole(left.ty) || !whole(right.ty) => plain(a.text, "/", b.text),
            ArithmeticOp::Divide | ArithmeticOp::Modulo => {
                let divisor = match right.as_literal() {
                    Some(Value::Int(number)) => i64::from(*number),
                    Some(Value::Long(number)) => *number,
                    _ => 0,
                };
                if divisor <= 0 || !whole(left.ty) {
                    return Err(
                        self.refuse(expr, "whole numbers are divided by a number that is not plainly positive")
                    );
                }
                if op == ArithmeticOp::Divide {
                    // KQL cuts the fraction off, on either side of zero.
                    let ratio = plain(a.text, "/", b.text);
                    let part = |name: &str| Text::glue(name).then(ratio.clone()).then(Text::glue(")"));
                    Text::glue("if(")
                        .then(ratio.clone())
                        .then(Text::glue("<0,"))
                        .then(part("ceiling("))
                        .then(Text::glue(","))
                        .then(part("floor("))
                        .then(Text::glue(")"))
                } else {
                    // KQL's remainder is never negative.
                    let rest = plain(a.text, "%", b.text.clone());
                    plain(plain(rest, "+", b.text.clone()), "%", b.text)
                }
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
        if delimiter.as_text().is_none_or(str::is_empty) {
            return Err(self.refuse(expr, "the delimiter is no constant"));
        }
        let source = self.text(source)?;
        let delimiter = self.value(delimiter)?.text;
        let position = Text::piece(position.to_string(), index.origins.clone());
        let text = Text::piece("coalesce(mvindex(split(", base.origins.clone().and(&expr.origins))
            .then(source)
            .then(Text::glue(","))
            .then(delimiter)
            .then(Text::glue("),"))
            .then(position)
            .then(Text::glue("),\"\")"));
        Ok(computed(text, Type::String, false))
    }

    #[allow(clippy::too_many_lines, reason = "one arm for each function")]
    fn call(&mut self, expr: &Expr, function: Function, arguments: &[Expr]) -> Result<Operand, Refusal> {
        let name = |text: &str| Text::piece(text, expr.origins.clone());
        let comma = || Text::glue(",");
        let close = || Text::glue(")");
        match (function, arguments) {
            (Function::ToLower | Function::ToUpper, [argument]) => {
                let text = self.text(argument)?;
                let called = if function == Function::ToLower { "lower(" } else { "upper(" };
                Ok(computed(name(called).then(text).then(close()), Type::String, false))
            }
            (Function::Strlen, [argument]) => {
                let text = self.text(argument)?;
                self.count_of_letters(expr);
                Ok(computed(name("len(").then(text).then(close()), Type::Long, false))
            }
            (Function::ToString, [argument]) => {
                let text = self.text(argument)?;
                Ok(computed(text.with_origins(&expr.origins), Type::String, false))
            }
            (Function::Strcat, arguments) => {
                let parts = arguments.iter().map(|argument| self.text(argument)).collect::<Result<Vec<_>, _>>()?;
                Ok(computed(Text::join(parts, &name(".")).parenthesised(), Type::String, false))
            }
            (Function::Substring, [source, start, rest @ ..]) => {
                self.count_of_letters(expr);
                let whole = |expr: &Expr| match expr.as_literal() {
                    Some(Value::Long(number)) if *number >= 0 => Some(*number),
                    Some(Value::Int(number)) if *number >= 0 => Some(i64::from(*number)),
                    _ => None,
                };
                let lengths: Option<Vec<i64>> = rest.iter().map(whole).collect();
                let (Some(from), Some(lengths)) = (whole(start), lengths) else {
                    return Err(self.refuse(expr, "the part of a text is not given by constants"));
                };
                let text = self.text(source)?;
                let mut called = name("substr(").then(text).then(comma());
                called.push(Text::piece(from.saturating_add(1).to_string(), start.origins.clone()));
                for (length, argument) in lengths.iter().zip(rest) {
                    called.push(comma().then(Text::piece(length.to_string(), argument.origins.clone())));
                }
                let text = Text::glue("coalesce(").then(called).then(Text::glue("),\"\")"));
                Ok(computed(text, Type::String, false))
            }
            (Function::ToInt | Function::ToLong, [argument]) => match argument.ty {
                Type::Int | Type::Long => {
                    let operand = self.value(argument)?;
                    Ok(Operand { text: operand.text.with_origins(&expr.origins), ty: expr.ty, ..operand })
                }
                Type::String | Type::Dynamic => {
                    let text = self.text(argument)?;
                    let text = Text::glue("if(match(")
                        .then(text.clone())
                        .then(Text::glue(",\"^-?[0-9]+\\z\"),"))
                        .then(name("tonumber("))
                        .then(text)
                        .then(Text::glue("),null())"));
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
                let text = name("if(").then(condition).then(comma()).then(then.text).then(comma()).then(other.text);
                Ok(computed(text.then(close()), expr.ty, nullable))
            }
            (Function::Case, arguments) if arguments.len() % 2 == 1 => {
                let mut text = name("case(");
                let mut nullable = false;
                let (last, pairs) = arguments.split_last().expect("the registry asks for three arguments");
                for pair in pairs.chunks_exact(2) {
                    let value = self.branch(&pair[1])?;
                    nullable |= value.nullable;
                    text = text.then(self.condition(&pair[0])?).then(comma()).then(value.text).then(comma());
                }
                let last = self.branch(last)?;
                nullable |= last.nullable;
                Ok(computed(text.then(Text::glue("true(),")).then(last.text).then(close()), expr.ty, nullable))
            }
            (Function::Coalesce, arguments) => {
                if arguments.iter().any(|argument| argument.ty == Type::String) {
                    // An empty string counts as missing.
                    let mut text = name("case(");
                    for argument in arguments {
                        let part = self.text(argument)?;
                        text = text.then(part.clone()).then(Text::glue("!=\"\",")).then(part).then(comma());
                    }
                    return Ok(computed(text.then(Text::glue("true(),\"\")")), Type::String, false));
                }
                let parts = arguments
                    .iter()
                    .map(|argument| self.value(argument).map(|operand| operand.text))
                    .collect::<Result<Vec<_>, _>>()?;
                Ok(computed(name("coalesce(").then(Text::join(parts, &comma())).then(close()), expr.ty, true))
            }
            (Function::Bin, [argument, size]) => self.bin(expr, argument, size),
            (Function::StartOfDay, [argument]) => {
                let operand = self.number(argument)?;
                let text = name("(floor(").then(operand.text).then(Text::glue("/86400)*86400)"));
                Ok(computed(text, Type::DateTime, operand.nullable))
            }
            (Function::HourOfDay, [argument]) => {
                let operand = self.number(argument)?;
                let text = name("floor((").then(operand.text).then(Text::glue("%86400)/3600)"));
                Ok(computed(text, Type::Int, operand.nullable))
            }
            (Function::DateTimeDiff, [unit, left, right]) => self.boundaries(expr, unit, left, right),
            (Function::Abs, [argument]) => {
                let operand = self.number(argument)?;
                Ok(computed(name("abs(").then(operand.text).then(close()), expr.ty, operand.nullable))
            }
            (Function::Extract, [pattern, group, source]) => self.extract(expr, pattern, group, source),
            (Function::ReplaceString, [source, old, new]) => {
                let (Some(old_text), Some(new_text)) = (old.as_text(), new.as_text()) else {
                    return Err(self.refuse(expr, "what is replaced is no constant"));
                };
                if old_text.is_empty() || new_text.contains('\\') || !quote::is_quotable(new_text) {
                    return Err(self.refuse(expr, "a replacement with these characters has another meaning"));
                }
                let escaped = quote::pattern(&regex::escape(old_text, Dialect::Pcre));
                let text = name("replace(")
                    .then(self.text(source)?)
                    .then(comma())
                    .then(Text::piece(escaped, old.origins.clone()))
                    .then(comma())
                    .then(Text::piece(quote::string(new_text), new.origins.clone()))
                    .then(close());
                Ok(computed(text, Type::String, false))
            }
            (Function::ArrayLength, [argument]) if self.scope.flows.is_some() => {
                let operand = self.value(argument)?;
                let text = name("coalesce(mvcount(").then(operand.text).then(Text::glue("),0)"));
                Ok(computed(text, Type::Long, false))
            }
            _ => Err(self.refuse(expr, &format!("`{}` is not carried", function.name()))),
        }
    }

    fn condition(&mut self, expr: &Expr) -> Result<Text, Refusal> {
        if let ExprKind::Truth(predicate) = &expr.kind {
            return test::strict(self.scope, predicate, self.findings);
        }
        let operand = self.value(expr)?;
        Ok(Text::glue("lower(").then(operand.text).then(Text::glue(")=\"true\"")))
    }

    fn branch(&mut self, expr: &Expr) -> Result<Operand, Refusal> {
        let operand = self.value(expr)?;
        Ok(present(operand))
    }

    /// `bin`: multiples counted from zero, for times from 0001-01-01, which is a whole number of days before the epoch.
    fn bin(&mut self, expr: &Expr, argument: &Expr, size: &Expr) -> Result<Operand, Refusal> {
        let operand = self.number(argument)?;
        let size_text = match size.as_literal() {
            Some(Value::TimeSpan(ticks)) if *ticks > 0 => {
                if operand.ty == Type::DateTime && TICKS_PER_DAY % ticks != 0 {
                    return Err(self.refuse(expr, "bins that do not divide a day begin elsewhere"));
                }
                seconds(*ticks)
            }
            Some(Value::Int(number)) if *number > 0 => number.to_string(),
            Some(Value::Long(number)) if *number > 0 => number.to_string(),
            _ => return Err(self.refuse(expr, "the size of the bins is no positive constant")),
        };
        let size = Text::piece(size_text, size.origins.clone());
        let text = Text::piece("(floor(", expr.origins.clone())
            .then(operand.text)
            .then(Text::glue("/"))
            .then(size.clone())
            .then(Text::glue(")*"))
            .then(size)
            .then(Text::glue(")"));
        Ok(computed(text, expr.ty, operand.nullable))
    }

    /// `datetime_diff`: how many boundaries of the unit lie between, not how many units have passed.
    fn boundaries(&mut self, expr: &Expr, unit: &Expr, left: &Expr, right: &Expr) -> Result<Operand, Refusal> {
        let (a, b) = (self.number(left)?, self.number(right)?);
        let unit_text = unit.as_text().map(str::to_ascii_lowercase);
        let nullable = a.nullable || b.nullable;
        let origins = expr.origins.clone().and(&unit.origins);
        let part = |side: Text| -> Option<Text> {
            let length = match unit_text.as_deref() {
                Some("day") => 86_400,
                Some("hour") => 3_600,
                Some("minute") => 60,
                Some("second") => 1,
                Some("year") => {
                    return Some(Text::glue("tonumber(strftime(").then(side).then(Text::glue(",\"%Y\"))")));
                }
                _ => return None,
            };
            Some(Text::glue("floor(").then(side).then(Text::glue(&format!("/{length})"))))
        };
        let (Some(a), Some(b)) = (part(a.text), part(b.text)) else {
            return Err(self.refuse(expr, "differences in this unit are not carried"));
        };
        if unit_text.as_deref() == Some("year") {
            self.findings.assume(AssumptionKind::Setting, Confidence::High, "the search runs in UTC");
        }
        Ok(computed(a.then(Text::piece("-", origins)).then(b).parenthesised(), Type::Long, nullable))
    }

    /// `extract`: a group of the first match, or the empty string.
    fn extract(&mut self, expr: &Expr, pattern: &Expr, group: &Expr, source: &Expr) -> Result<Operand, Refusal> {
        let group = match group.as_literal() {
            Some(Value::Long(group)) if (0..=9).contains(group) => *group,
            Some(Value::Int(group)) if (0..=9).contains(group) => i64::from(*group),
            _ => return Err(self.refuse(expr, "the group is no constant")),
        };
        let Some(pattern_text) = pattern.as_text() else {
            return Err(self.refuse(expr, "the pattern is no constant"));
        };
        let written = regex::write(pattern_text, Dialect::Pcre, Folding::Operator)
            .map_err(|lossy| self.refuse(expr, &format!("the pattern has {}", lossy.reason)))?;
        if written.ascii {
            self.findings.assume(AssumptionKind::Ascii, Confidence::High, super::super::pipeline::ASCII_CLASSES);
        }
        let source = self.text(source)?;
        let flag = if written.insensitive { "(?i)" } else { "" };
        let origins = expr.origins.clone().and(&pattern.origins);
        let (body, group) = match group {
            0 => (format!("({})", written.text), 1),
            group => (format!("(?:{})", written.text), group),
        };
        let text = Text::piece("if(match(", origins)
            .then(source.clone())
            .then(Text::glue(&format!(",\"{flag}{}\"),replace(", written.text)))
            .then(source)
            .then(Text::glue(&format!(",\"{flag}^[\\s\\S]*?{body}[\\s\\S]*\\z\",\"\\{group}\"),\"\")")));
        Ok(computed(text, Type::String, false))
    }
}

fn computed(text: Text, ty: Type, nullable: bool) -> Operand {
    let kind = match ty {
        Type::Bool => FieldKind::Boolean,
        Type::DateTime => FieldKind::Date,
        Type::Decimal | Type::Real => FieldKind::Double,
        Type::Int | Type::Long | Type::TimeSpan => FieldKind::Long,
        Type::Dynamic | Type::Guid | Type::String | Type::Unknown => FieldKind::Keyword,
    };
    Operand { text, ty, kind, nullable, field: None, clock: false }
}
