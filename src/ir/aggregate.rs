//! Aggregates of `summarize`.

use serde::Serialize;

use super::{Expr, Predicate, Type};
use crate::span::Origins;

/// One aggregate over the rows of a group.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Aggregate {
    /// Which aggregate.
    pub function: AggregateFunction,
    /// Its arguments: the aggregated expression first, then parameters. `arg_max(t, *)` lists every column.
    pub arguments: Vec<Expr>,
    /// Only rows on which this is true count: the condition of `countif`, `dcountif`, ….
    pub filter: Option<Predicate>,
    /// Leaves of its own: the function's name.
    pub origins: Origins,
}

impl Aggregate {
    /// Its leaves: its own, its arguments' and its condition's.
    pub fn all_origins(&self) -> Origins {
        let arguments = self.arguments.iter().map(Expr::all_origins);
        let parts = arguments.chain(self.filter.as_ref().map(Predicate::all_origins));
        parts.fold(self.origins.clone(), |all, part| all.and(&part))
    }
}

macro_rules! aggregates {
    ($($(#[$doc:meta])* $variant:ident $name:literal)*) => {
        /// The aggregates, by KQL name. The `…if` forms are the same function with a filter.
        ///
        /// <https://learn.microsoft.com/kusto/query/aggregation-functions>
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum AggregateFunction { $($(#[$doc])* $variant,)* }

        impl AggregateFunction {
            /// Every aggregate.
            pub const ALL: &[AggregateFunction] = &[$(AggregateFunction::$variant,)*];

            /// KQL's name.
            pub fn name(self) -> &'static str {
                match self { $(AggregateFunction::$variant => $name,)* }
            }
        }
    };
}

aggregates! {
    /// The row with the greatest value; its columns.
    ArgMax "arg_max"
    /// The row with the least value; its columns.
    ArgMin "arg_min"
    /// The mean of the non-null values.
    Avg "avg"
    /// The bitwise and of all values.
    BinaryAllAnd "binary_all_and"
    /// The bitwise or of all values.
    BinaryAllOr "binary_all_or"
    /// The bitwise exclusive or of all values.
    BinaryAllXor "binary_all_xor"
    /// The least schema that admits all values.
    BuildSchema "buildschema"
    /// The number of rows.
    Count "count"
    /// The number of distinct values, exact.
    CountDistinct "count_distinct"
    /// The sample covariance of two expressions.
    Covariance "covariance"
    /// The population covariance of two expressions.
    CovarianceP "covariancep"
    /// The number of distinct values: an estimate in general, exact for small sets.
    DCount "dcount"
    /// A state from which the number of distinct values is read: an estimate in general, exact for small sets.
    Hll "hll"
    /// The states of `hll` in one.
    HllMerge "hll_merge"
    /// The properties of all bags in one; of a property that several have, any.
    MakeBag "make_bag"
    /// All values as a dynamic array, in no order.
    MakeList "make_list"
    /// All values as a dynamic array, nulls included.
    MakeListWithNulls "make_list_with_nulls"
    /// The distinct values as a dynamic array, in no order.
    MakeSet "make_set"
    /// The greatest value.
    Max "max"
    /// The least value.
    Min "min"
    /// The value below which a share of the rows lies: an estimate.
    Percentile "percentile"
    /// As [`AggregateFunction::Percentile`], each value as often as a second expression says.
    PercentileWeighted "percentilew"
    /// Several percentiles as a dynamic array.
    PercentilesArray "percentiles_array"
    /// Several weighted percentiles as a dynamic array.
    PercentilesWeightedArray "percentilesw_array"
    /// The sample standard deviation.
    StDev "stdev"
    /// The population standard deviation.
    StDevP "stdevp"
    /// The sum.
    Sum "sum"
    /// Any value.
    TakeAny "take_any"
    /// A state from which percentiles are read: an estimate.
    Tdigest "tdigest"
    /// The states of `tdigest` in one.
    TdigestMerge "tdigest_merge"
    /// The sample variance.
    Variance "variance"
    /// The population variance.
    VarianceP "variancep"
}

impl AggregateFunction {
    /// Whether KQL's own answer is an estimate.
    pub fn is_estimate(self) -> bool {
        matches!(
            self,
            AggregateFunction::DCount
                | AggregateFunction::Hll
                | AggregateFunction::HllMerge
                | AggregateFunction::Percentile
                | AggregateFunction::PercentileWeighted
                | AggregateFunction::PercentilesArray
                | AggregateFunction::PercentilesWeightedArray
                | AggregateFunction::Tdigest
                | AggregateFunction::TdigestMerge
        )
    }

    /// The type of the answer over an argument of type `argument`.
    pub fn result_type(self, argument: Type) -> Type {
        match self {
            AggregateFunction::BinaryAllAnd
            | AggregateFunction::BinaryAllOr
            | AggregateFunction::BinaryAllXor
            | AggregateFunction::Count
            | AggregateFunction::CountDistinct
            | AggregateFunction::DCount => Type::Long,
            AggregateFunction::BuildSchema
            | AggregateFunction::Hll
            | AggregateFunction::HllMerge
            | AggregateFunction::MakeBag
            | AggregateFunction::MakeList
            | AggregateFunction::MakeListWithNulls
            | AggregateFunction::MakeSet
            | AggregateFunction::PercentilesArray
            | AggregateFunction::PercentilesWeightedArray
            | AggregateFunction::Tdigest
            | AggregateFunction::TdigestMerge => Type::Dynamic,
            AggregateFunction::Covariance
            | AggregateFunction::CovarianceP
            | AggregateFunction::StDev
            | AggregateFunction::StDevP
            | AggregateFunction::Variance
            | AggregateFunction::VarianceP => Type::Real,
            AggregateFunction::Avg => match argument {
                Type::TimeSpan | Type::DateTime | Type::Decimal => argument,
                _ => Type::Real,
            },
            AggregateFunction::Sum => match argument {
                Type::Int => Type::Long,
                Type::Unknown | Type::Dynamic => Type::Real,
                other => other,
            },
            AggregateFunction::ArgMax
            | AggregateFunction::ArgMin
            | AggregateFunction::Max
            | AggregateFunction::Min
            | AggregateFunction::Percentile
            | AggregateFunction::PercentileWeighted
            | AggregateFunction::TakeAny => argument,
        }
    }
}
