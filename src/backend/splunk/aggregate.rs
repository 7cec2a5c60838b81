//! Aggregates as functions of `stats`.
//!
//! <https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/CommonStatsFunctions>

use crate::crosswalk::FieldKind;
use crate::diagnostic::Code;
use crate::fidelity::{Cause, Findings, Match, Note, Output, Refusal};
use crate::ir::{AggregateFunction, Aggregation, Expr, Type, Value};
use crate::span::Span;
use crate::template::Text;

use super::super::pipeline::{Aggregated, Operand, Scope};
use super::{test, value};

/// The pages on aggregates.
const STATS: &str = "https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Multivaluefunctions";
const PERCENTILES: &str = "https://docs.splunk.com/Documentation/Splunk/latest/SearchReference/Aggregatefunctions";

/// The aggregate's columns.
pub(super) fn aggregate(scope: Scope, aggregation: &Aggregation) -> Vec<Result<Aggregated, Refusal>> {
    let span = aggregation.aggregate.origins.hull().unwrap_or_default();
    let writer = Writer { scope, aggregation, span };
    match aggregation.aggregate.function {
        AggregateFunction::ArgMax => writer.extreme("max(", "latest("),
        AggregateFunction::ArgMin => writer.extreme("min(", "earliest("),
        AggregateFunction::Avg
        | AggregateFunction::BinaryAllAnd
        | AggregateFunction::BinaryAllOr
        | AggregateFunction::BinaryAllXor
        | AggregateFunction::MakeBag
        | AggregateFunction::MakeListWithNulls
        | AggregateFunction::BuildSchema
        | AggregateFunction::Covariance
        | AggregateFunction::CovarianceP
        | AggregateFunction::Hll
        | AggregateFunction::HllMerge
        | AggregateFunction::PercentileWeighted
        | AggregateFunction::PercentilesArray
        | AggregateFunction::PercentilesWeightedArray
        | AggregateFunction::Tdigest
        | AggregateFunction::TdigestMerge
        | AggregateFunction::StDevP
        | AggregateFunction::VarianceP
        | AggregateFunction::Count
        | AggregateFunction::CountDistinct
        | AggregateFunction::DCount
        | AggregateFunction::MakeList
        | AggregateFunction::MakeSet
        | AggregateFunction::Max
        | AggregateFunction::Min
        | AggregateFunction::Percentile
        | AggregateFunction::StDev
        | AggregateFunction::Sum
        | AggregateFunction::TakeAny
        | AggregateFunction::Variance => {
            aggregation.columns.iter().map(|_| writer.single(aggregation.aggregate.function)).collect()
        }
    }
}

struct Writer<'s, 'a, 'g> {
    scope: Scope<'s, 'a>,
    aggregation: &'g Aggregation,
    span: Span,
}

impl Writer<'_, '_, '_> {
    fn refuse(&self, message: &str) -> Refusal {
        Refusal::new(Code::AggregateDiffers, Cause::NotImplemented, self.span, message)
    }

    fn differs(&self, findings: &mut Findings, relation: Match, page: Option<&'static str>, message: &str) {
        let cause = page.map(|page| Cause::ProductLimit { page });
        let code = Code::AggregateDiffers;
        findings.lower(relation, Note { span: self.span, code, cause, message: message.to_owned() });
    }

    /// The argument as something that `stats` takes: a field, or an expression inside `eval`.
    fn argument(&self, expr: &Expr, findings: &mut Findings) -> Result<(Operand, Text), Refusal> {
        let mut operand = value::present(value::value(self.scope, expr, findings)?);
        if self.aggregation.aggregate.function == AggregateFunction::Sum && operand.nullable {
            // The sum of no values is 0 in KQL, and none in Splunk.
            operand.text = Text::glue("coalesce(").then(operand.text).then(Text::glue(",0)"));
        }
        let plain = operand.text.plain().chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
        let text = match &self.aggregation.aggregate.filter {
            None if plain => operand.text.clone(),
            None => Text::glue("eval(").then(operand.text.clone()).then(Text::glue(")")),
            Some(filter) => {
                let condition = test::strict(self.scope, filter, findings)?;
                Text::glue("eval(if(")
                    .then(condition)
                    .then(Text::glue(","))
                    .then(operand.text.clone())
                    .then(Text::glue(",null()))"))
            }
        };
        Ok((operand, text))
    }

    fn single(&self, function: AggregateFunction) -> Result<Aggregated, Refusal> {
        let aggregate = &self.aggregation.aggregate;
        let mut findings = Findings::default();
        let name = |text: &str| Text::piece(text, aggregate.origins.clone());
        if function == AggregateFunction::Count {
            let text = match &aggregate.filter {
                None => name("count"),
                Some(filter) => {
                    let condition = test::strict(self.scope, filter, &mut findings)?;
                    name("count(").then(Text::glue("eval(")).then(condition).then(Text::glue("))"))
                }
            };
            return Ok(Aggregated { text, kind: FieldKind::Long, findings });
        }
        let Some(first) = aggregate.arguments.first() else {
            return Err(self.refuse("an aggregate without argument"));
        };
        let (operand, argument) = self.argument(first, &mut findings)?;
        let called = match function {
            AggregateFunction::CountDistinct => "dc(".to_owned(),
            AggregateFunction::DCount => {
                self.differs(&mut findings, Match::Exact, None, "KQL estimates this count, Splunk counts exactly");
                "dc(".to_owned()
            }
            AggregateFunction::Max => "max(".to_owned(),
            AggregateFunction::Min => "min(".to_owned(),
            AggregateFunction::Sum => "sum(".to_owned(),
            AggregateFunction::Avg => "avg(".to_owned(),
            AggregateFunction::StDev => "stdev(".to_owned(),
            AggregateFunction::Variance => "var(".to_owned(),
            AggregateFunction::StDevP => "stdevp(".to_owned(),
            AggregateFunction::VarianceP => "varp(".to_owned(),
            AggregateFunction::MakeSet => {
                findings.output.insert(Output::Columns);
                "values(".to_owned()
            }
            AggregateFunction::MakeList => {
                let message = "`list` keeps the first hundred values of a group";
                self.differs(&mut findings, Match::Approximate, Some(STATS), message);
                "list(".to_owned()
            }
            AggregateFunction::TakeAny => "first(".to_owned(),
            AggregateFunction::Percentile => {
                let percent = match aggregate.arguments.get(1).and_then(Expr::as_literal) {
                    Some(Value::Long(percent)) if (1..=99).contains(percent) => *percent,
                    Some(Value::Int(percent)) if (1..=99).contains(percent) => i64::from(*percent),
                    _ => return Err(self.refuse("the percentile is no whole number from 1 to 99")),
                };
                let message = "KQL estimates percentiles, and Splunk interpolates them in another way";
                self.differs(&mut findings, Match::Approximate, Some(PERCENTILES), message);
                format!("exactperc{percent}(")
            }
            AggregateFunction::ArgMax
            | AggregateFunction::ArgMin
            | AggregateFunction::BinaryAllAnd
            | AggregateFunction::BinaryAllOr
            | AggregateFunction::BinaryAllXor
            | AggregateFunction::Count
            | AggregateFunction::MakeBag
            | AggregateFunction::MakeListWithNulls
            | AggregateFunction::BuildSchema
            | AggregateFunction::Covariance
            | AggregateFunction::CovarianceP
            | AggregateFunction::Hll
            | AggregateFunction::HllMerge
            | AggregateFunction::PercentileWeighted
            | AggregateFunction::PercentilesArray
            | AggregateFunction::PercentilesWeightedArray
            | AggregateFunction::Tdigest
            | AggregateFunction::TdigestMerge => {
                return Err(self.refuse(&format!("`{}` is not carried", function.name())));
            }
        };
        let orders = matches!(function, AggregateFunction::Max | AggregateFunction::Min);
        if orders && matches!(operand.ty, Type::String | Type::Dynamic | Type::Guid | Type::Bool) {
            let message = "texts that look like numbers are put in order as numbers";
            self.differs(&mut findings, Match::Approximate, Some(PERCENTILES), message);
        }
        let rest = aggregate
            .arguments
            .iter()
            .skip(1)
            .fold(aggregate.origins.clone(), |all, argument| all.and(&argument.all_origins()));
        let text = Text::piece(called, rest).then(argument).then(Text::glue(")"));
        let kind = match function {
            AggregateFunction::DCount | AggregateFunction::CountDistinct => FieldKind::Long,
            AggregateFunction::Avg
            | AggregateFunction::StDev
            | AggregateFunction::StDevP
            | AggregateFunction::Variance
            | AggregateFunction::VarianceP
            | AggregateFunction::Percentile => FieldKind::Double,
            AggregateFunction::ArgMax
            | AggregateFunction::ArgMin
            | AggregateFunction::BinaryAllAnd
            | AggregateFunction::BinaryAllOr
            | AggregateFunction::BinaryAllXor
            | AggregateFunction::Count
            | AggregateFunction::MakeBag
            | AggregateFunction::MakeListWithNulls
            | AggregateFunction::BuildSchema
            | AggregateFunction::Covariance
            | AggregateFunction::CovarianceP
            | AggregateFunction::Hll
            | AggregateFunction::HllMerge
            | AggregateFunction::PercentileWeighted
            | AggregateFunction::PercentilesArray
            | AggregateFunction::PercentilesWeightedArray
            | AggregateFunction::Tdigest
            | AggregateFunction::TdigestMerge
            | AggregateFunction::MakeList
            | AggregateFunction::MakeSet
            | AggregateFunction::Max
            | AggregateFunction::Min
            | AggregateFunction::Sum
            | AggregateFunction::TakeAny => operand.kind,
        };
        if operand.ty == Type::DateTime {
            findings.output.insert(Output::Columns);
        }
        Ok(Aggregated { text, kind, findings })
    }

    /// `arg_max` over the event time: the latest values. Over anything else only the greatest value itself.
    fn extreme(&self, most: &str, at: &str) -> Vec<Result<Aggregated, Refusal>> {
        let aggregate = &self.aggregation.aggregate;
        let by_clock = aggregate
            .arguments
            .first()
            .is_some_and(|by| by.as_path().and_then(|path| self.scope.source_clock(path)).unwrap_or(false))
            && aggregate.filter.is_none();
        let mut answers = Vec::with_capacity(self.aggregation.columns.len());
        for (position, argument) in aggregate.arguments.iter().enumerate() {
            let mut findings = Findings::default();
            let answer = self.argument(argument, &mut findings).and_then(|(operand, text)| {
                let called = if position == 0 { most } else { at };
                if position > 0 && !by_clock {
                    return Err(self.refuse("the row with the extreme of another column than the event time"));
                }
                if position > 0 && operand.nullable {
                    let message = "where the value is missing in that row, another row's is shown";
                    self.differs(&mut findings, Match::Approximate, Some(STATS), message);
                }
                let text = Text::piece(called, aggregate.origins.clone()).then(text).then(Text::glue(")"));
                Ok(Aggregated { text, kind: operand.kind, findings: findings.clone() })
            });
            answers.push(answer);
        }
        answers.truncate(self.aggregation.columns.len());
        while answers.len() < self.aggregation.columns.len() {
            answers.push(Err(self.refuse("a column of the row with the extreme value")));
        }
        answers
    }
}
