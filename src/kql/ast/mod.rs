//! The syntax tree of a query: KQL as written, with the span of every leaf.
//!
//! Nothing is resolved here. Strings and numbers are decoded, spelling that parsing again could not bring back
//! (which quote, which synonym) is kept only as the leaf's span.

mod chain;
mod operator;

pub use operator::{
    Column, Expansion, FindColumn, GraphDirection, GraphOutput, GraphPart, Join, Operator, OperatorKind, ParsePart,
    Pattern, ScanStep, SeriesRange, SortKey, TopNested,
};

use crate::span::Span;

/// A name and where it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Name {
    /// The name without brackets and quotes.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// A query: statements separated by `;`, the last tabular one being its answer.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Query {
    /// In order.
    pub statements: Vec<Statement>,
}

/// One statement.
#[derive(Clone, PartialEq, Debug)]
pub enum Statement {
    /// `let name = value`.
    Let(Let),
    /// A tabular (or, inside a function body, any) expression.
    Expr(Expr),
    /// `declare query_parameters (name: type = value, …)`.
    Parameters {
        /// The parameters.
        parameters: Vec<Parameter>,
        /// All of it.
        span: Span,
    },
    /// `set name = value`.
    Set {
        /// The option.
        name: Name,
        /// Its value, where one is given.
        value: Option<Expr>,
        /// All of it.
        span: Span,
    },
    /// `alias database name = value`.
    Alias {
        /// What is named.
        name: Name,
        /// The database.
        value: Expr,
        /// All of it.
        span: Span,
    },
    /// `restrict access to (tables)`.
    Restrict {
        /// What may be read: tables, with `*` wildcards, and views.
        tables: Vec<Expr>,
        /// `with (name = value)`
        properties: Vec<(Name, Expr)>,
        /// All of it.
        span: Span,
    },
    /// `declare pattern`.
    Pattern(PatternDeclaration),
}

/// `let name = value`.
#[derive(Clone, PartialEq, Debug)]
pub struct Let {
    /// What is named.
    pub name: Name,
    /// What it stands for.
    pub value: LetValue,
    /// All of it.
    pub span: Span,
}

/// `declare pattern name = (arguments)[path] { (values).[path] = { body }; … }`.
#[derive(Clone, PartialEq, Debug)]
pub struct PatternDeclaration {
    /// What is named.
    pub name: Name,
    /// The arguments with their types.
    pub arguments: Vec<(Name, Name)>,
    /// The path argument.
    pub path: Option<(Name, Name)>,
    /// The cases; none in a declaration alone.
    pub matches: Option<Vec<PatternMatch>>,
    /// All of it.
    pub span: Span,
}

/// A case of a pattern.
#[derive(Clone, PartialEq, Debug)]
pub struct PatternMatch {
    /// The arguments' values.
    pub values: Vec<Expr>,
    /// The path's value.
    pub path: Option<Expr>,
    /// What the pattern stands for then.
    pub body: Query,
}

/// What a `let` binds.
#[derive(Clone, PartialEq, Debug)]
pub enum LetValue {
    /// A scalar or tabular expression; which of the two is known only when names are.
    Expr(Expr),
    /// A function.
    Function(Function),
}

/// `(parameters) { body }`, with or without `view`.
#[derive(Clone, PartialEq, Debug)]
pub struct Function {
    /// Whether it is declared `view`.
    pub view: bool,
    /// Its parameters.
    pub parameters: Vec<Parameter>,
    /// Its body: `let`s and one final expression.
    pub body: Query,
    /// All of it.
    pub span: Span,
}

/// A function's parameter.
#[derive(Clone, PartialEq, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: Name,
    /// Its type.
    pub ty: ParameterType,
    /// `= literal`
    pub default: Option<Expr>,
}

/// A parameter's type.
#[derive(Clone, PartialEq, Debug)]
pub enum ParameterType {
    /// A scalar type, by name.
    Scalar(Name),
    /// A table with (at least) these columns; `(*)` has none.
    Table(Vec<(Name, Name)>),
}

/// A scalar or tabular expression.
#[derive(Clone, PartialEq, Debug)]
pub struct Expr {
    /// Which.
    pub kind: ExprKind,
    /// All of it, parentheses not included.
    pub span: Span,
}

/// Kinds of expression.
#[derive(Clone, PartialEq, Debug)]
pub enum ExprKind {
    /// A column, variable or table.
    Name(Name),
    /// A constant.
    Literal(Literal),
    /// `*`, as an argument.
    Star,
    /// `-x`, `+x`.
    Unary {
        /// `-` or `+`.
        op: UnaryOp,
        /// Where the sign stands.
        op_span: Span,
        /// The operand.
        operand: Box<Expr>,
    },
    /// Two operands around an operator.
    Binary {
        /// The operator.
        op: BinaryOp,
        /// Where it stands.
        op_span: Span,
        /// Left operand; [`ExprKind::Star`] in `* has "x"`.
        left: Box<Expr>,
        /// Right operand.
        right: Box<Expr>,
    },
    /// `x in (…)`, `x has_any (…)` and the like.
    Membership {
        /// The operator.
        op: MembershipOp,
        /// Where it stands.
        op_span: Span,
        /// What is looked for.
        subject: Box<Expr>,
        /// The list's expressions; a single tabular one is a subquery.
        list: Vec<Expr>,
    },
    /// `x between (low .. high)`.
    Between {
        /// Whether it is `!between`.
        negated: bool,
        /// Where the operator stands.
        op_span: Span,
        /// What is compared.
        subject: Box<Expr>,
        /// Lower bound.
        low: Box<Expr>,
        /// Upper bound; a timespan beside a datetime is relative to the lower one.
        high: Box<Expr>,
    },
    /// `f(…)`.
    Call {
        /// The function's name.
        name: Name,
        /// Its arguments.
        arguments: Vec<Argument>,
    },
    /// `x.f(…)`: `database("a").table("b")`.
    MethodCall {
        /// The object.
        object: Box<Expr>,
        /// The function's name.
        name: Name,
        /// Its arguments.
        arguments: Vec<Argument>,
    },
    /// `entity_group [cluster("a").database("b"), …]`.
    EntityGroup {
        /// The word.
        name: Name,
        /// The databases.
        members: Vec<Expr>,
    },
    /// `typeof(long)`, `typeof(a: string, *)`.
    TypeOf(RowType),
    /// `{name}`, filled in before the query runs.
    Placeholder(Name),
    /// `x.name`.
    Member {
        /// The object.
        object: Box<Expr>,
        /// The property.
        name: Name,
    },
    /// `x[index]`.
    Index {
        /// The object.
        object: Box<Expr>,
        /// The index or property.
        index: Box<Expr>,
    },
    /// `source | operator | …`.
    Pipe {
        /// What flows in.
        source: Box<Expr>,
        /// The operators, in order.
        operators: Vec<Operator>,
    },
    /// An operator at the head of a query: `union A, B`, `print x`, `range …`, `datatable (…) […]`.
    Source(Box<Operator>),
}

/// An argument: `value` or `name = value`.
#[derive(Clone, PartialEq, Debug)]
pub struct Argument {
    /// The name, where one is given.
    pub name: Option<Name>,
    /// The value.
    pub value: Expr,
}

/// What stands in `typeof(…)`.
#[derive(Clone, PartialEq, Debug)]
pub enum RowType {
    /// A scalar type, by name.
    Scalar(Name),
    /// Columns and their types.
    Row {
        /// Whether a `*` stands for all columns there are.
        star: bool,
        /// The columns.
        columns: Vec<(Name, Name)>,
    },
}

/// A constant.
#[derive(Clone, PartialEq, Debug)]
pub enum Literal {
    /// `true`, `false`.
    Bool(bool),
    /// `datetime(…)`, in ticks since 0001-01-01; `None` is `datetime(null)`.
    DateTime(Option<i64>),
    /// `decimal(…)`.
    Decimal(Option<rust_decimal::Decimal>),
    /// `dynamic(…)`.
    Dynamic(Box<Dynamic>),
    /// `guid(…)`.
    Guid(Option<uuid::Uuid>),
    /// `int(…)`.
    Int(Option<i32>),
    /// A whole number, `long(…)`.
    Long(Option<i64>),
    /// A fraction, `real(…)`.
    Real(Option<f64>),
    /// Any string form, adjacent ones joined.
    String(String),
    /// `1d`, `timespan(…)`, in ticks.
    TimeSpan(Option<i64>),
    /// `bool(null)`.
    NullBool,
}

/// What stands in `dynamic(…)`: JSON, and KQL literals inside it.
#[derive(Clone, PartialEq, Debug)]
pub enum Dynamic {
    /// `null`.
    Null,
    /// A scalar.
    Scalar(Literal),
    /// `[…]`.
    Array(Vec<Dynamic>),
    /// `{…}`, in the order written; a repeated key keeps its last value.
    Bag(Vec<(String, Dynamic)>),
}

/// Signs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum UnaryOp {
    /// `-`
    Minus,
    /// `+`
    Plus,
}

macro_rules! operators {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident $symbol:literal)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum $name { $(#[doc = concat!("`", $symbol, "`")] $variant,)* }

        impl $name {
            /// Every operator.
            pub const ALL: &[$name] = &[$($name::$variant,)*];

            /// As KQL writes it.
            pub fn symbol(self) -> &'static str {
                match self { $($name::$variant => $symbol,)* }
            }
        }
    };
}

operators! {
    /// Operators between two scalars.
    BinaryOp {
        Or "or"
        And "and"
        Equal "=="
        NotEqual "!="
        EqualFold "=~"
        NotEqualFold "!~"
        Less "<"
        LessOrEqual "<="
        Greater ">"
        GreaterOrEqual ">="
        Add "+"
        Subtract "-"
        Multiply "*"
        Divide "/"
        Modulo "%"
        Contains "contains"
        NotContains "!contains"
        ContainsCs "contains_cs"
        NotContainsCs "!contains_cs"
        StartsWith "startswith"
        NotStartsWith "!startswith"
        StartsWithCs "startswith_cs"
        NotStartsWithCs "!startswith_cs"
        EndsWith "endswith"
        NotEndsWith "!endswith"
        EndsWithCs "endswith_cs"
        NotEndsWithCs "!endswith_cs"
        Has "has"
        NotHas "!has"
        HasCs "has_cs"
        NotHasCs "!has_cs"
        HasPrefix "hasprefix"
        NotHasPrefix "!hasprefix"
        HasPrefixCs "hasprefix_cs"
        NotHasPrefixCs "!hasprefix_cs"
        HasSuffix "hassuffix"
        NotHasSuffix "!hassuffix"
        HasSuffixCs "hassuffix_cs"
        NotHasSuffixCs "!hassuffix_cs"
        Like "like"
        NotLike "notlike"
        LikeCs "likecs"
        NotLikeCs "notlikecs"
        MatchesRegex "matches regex"
        Search ":"
    }
}

operators! {
    /// Operators between a scalar and a list.
    MembershipOp {
        In "in"
        NotIn "!in"
        InFold "in~"
        NotInFold "!in~"
        HasAny "has_any"
        HasAll "has_all"
    }
}
