//! Aggregates as functions of `STATS`.
//!
//! <https://www.elastic.co/docs/reference/query-languages/esql/functions-operators/aggregation-functions>

use crate::crosswalk::FieldKind;
use crate::diagnostic::Code;
use crate::fidelity::{Cause, Findings, Match, Note, Output, Refusal};
use crate::ir::{AggregateFunction, Aggregation, Expr, Type, Value};
use crate::span::Span;
use crate::template::Text;

use super::super::pipeline::{Aggregated, Scope};
use super::{AGGREGATES, test, value};

/// The aggregate's columns.
pub(super) fn aggregate(scope: Scope, aggregation: &Aggregation) -> Vec<Result<Aggregated, Refusal>> {
    let span = aggregation.aggregate.origins.hull().unwrap_or_default();
    let writer = Writer { scope, aggregation, span };
    let function = aggregation.aggregate.function;
    let several = matches!(function, AggregateFunction::ArgMax | AggregateFunction::ArgMin);
    let columns = aggregation.columns.iter().enumerate();
    columns
        .map(|(position, _)| match (several, position) {
            (false, _) => writer.single(function),
            (true, 0) if function == AggregateFunction::ArgMax => writer.single(AggregateFunction::Max),
            (true, 0) => writer.single(AggregateFunction::Min),
            (true, _) => Err(writer.refuse("another column of the row with the extreme value")),
        })
        .collect()
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

    fn differs(&self, findings: &mut Findings, message: &str) {
        let cause = Some(Cause::ProductLimit { page: AGGREGATES });
        let note = Note { span: self.span, code: Code::AggregateDiffers, cause, message: message.to_owned() };
        findings.lower(Match::Approximate, note);
    }

    fn single(&self, function: AggregateFunction) -> Result<Aggregated, Refusal> {
        let aggregate = &self.aggregation.aggregate;
        let mut findings = Findings::default();
        let filter = match &aggregate.filter {
            Some(filter) => {
                let condition = test::strict(self.scope, filter, &mut findings)?;
                Some(Text::glue(" WHERE ").then(condition))
            }
            None => None,
        };
        let filtered = |text: Text| match filter.clone() {
            Some(filter) => text.then(filter),
            None => text,
        };
        let named = |name: &str| Text::piece(name, aggregate.origins.clone());
        if function == AggregateFunction::Count {
            return Ok(Aggregated { text: filtered(named("COUNT(*)")), kind: FieldKind::Long, findings });
        }
        let Some(first) = aggregate.arguments.first() else {
            return Err(self.refuse("an aggregate without argument"));
        };
        let operand = value::value(self.scope, first, &mut findings)?;
        let operand =
            value::stored(operand).ok_or_else(|| self.refuse("the field holds the value in another form"))?;
        let (open, close) = match function {
            AggregateFunction::CountDistinct | AggregateFunction::DCount => {
                self.differs(&mut findings, "distinct values are counted exactly only up to some thousands");
                ("COUNT_DISTINCT(".to_owned(), ", 40000)")
            }
            AggregateFunction::Max => ("MAX(".to_owned(), ")"),
            AggregateFunction::Min => ("MIN(".to_owned(), ")"),
            // The sum of no values is 0 in KQL, and none in Elastic.
            AggregateFunction::Sum if operand.ty == Type::Real => ("COALESCE(SUM(".to_owned(), "), 0.0)"),
            AggregateFunction::Sum => ("COALESCE(SUM(".to_owned(), "), TO_LONG(0))"),
            AggregateFunction::Avg => ("AVG(".to_owned(), ")"),
            AggregateFunction::StDevP => ("STD_DEV(".to_owned(), ")"),
            AggregateFunction::MakeSet => ("VALUES(".to_owned(), ")"),
            AggregateFunction::MakeList => {
                self.differs(&mut findings, "`VALUES` names each value once");
                ("VALUES(".to_owned(), ")")
            }
            AggregateFunction::TakeAny => ("MV_FIRST(VALUES(".to_owned(), "))"),
            AggregateFunction::Percentile => {
                let percent = match aggregate.arguments.get(1).and_then(Expr::as_literal) {
                    Some(Value::Long(percent)) if (1..=99).contains(percent) => *percent,
                    Some(Value::Int(percent)) if (1..=99).contains(percent) => i64::from(*percent),
                    _ => return Err(self.refuse("the percentile is no whole number from 1 to 99")),
                };
                self.differs(&mut findings, "both products estimate percentiles, each in its way");
                let close = format!(", {percent})");
                let text = named("PERCENTILE(").then(operand.text).then(Text::glue(&close));
                return Ok(Aggregated { text: filtered(text), kind: FieldKind::Double, findings });
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
            | AggregateFunction::TdigestMerge
            | AggregateFunction::StDev
            | AggregateFunction::Variance
            | AggregateFunction::VarianceP => {
                return Err(self.refuse(&format!("`{}` is not carried", function.name())));
            }
        };
        if function == AggregateFunction::TakeAny && filter.is_some() {
            return Err(self.refuse("any value of some rows"));
        }
        let number = matches!(operand.ty, Type::Int | Type::Long | Type::Real | Type::TimeSpan);
        let ordered = matches!(function, AggregateFunction::Max | AggregateFunction::Min)
            && matches!(operand.ty, Type::DateTime | Type::String);
        let any = matches!(
            function,
            AggregateFunction::CountDistinct
                | AggregateFunction::DCount
                | AggregateFunction::MakeSet
                | AggregateFunction::MakeList
                | AggregateFunction::TakeAny
        );
        if !number && !ordered && !any {
            return Err(self.refuse(&format!("`{}` of a `{}`", function.name(), operand.ty.name())));
        }
        if matches!(function, AggregateFunction::MakeSet | AggregateFunction::MakeList) {
            findings.output.insert(Output::Columns);
        }
        let rest = aggregate
            .arguments
            .iter()
            .skip(1)
            .fold(aggregate.origins.clone(), |all, argument| all.and(&argument.all_origins()));
        let kind = if matches!(function, AggregateFunction::CountDistinct | AggregateFunction::DCount) {
            FieldKind::Long
        } else if matches!(function, AggregateFunction::Avg | AggregateFunction::StDevP) {
            FieldKind::Double
        } else {
            operand.kind
        };
        let text = Text::piece(open, rest).then(operand.text).then(Text::glue(close));
        Ok(Aggregated { text: filtered(text), kind, findings })
    }
}
