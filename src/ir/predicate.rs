//! Predicates: `and`, `or`, `not` over tests that state their case rule, term rule and answer on a missing value.

use serde::Serialize;

use super::{Expr, RelationId, Type, Value};
use crate::span::Origins;

/// KQL's three truth values; `where` keeps a row on [`Truth::True`] only.
///
/// <https://learn.microsoft.com/kusto/query/logical-operators>
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Truth {
    /// True.
    True,
    /// False.
    False,
    /// Null: neither, and `not(null)` is null.
    Null,
}

impl Truth {
    /// The logical complement.
    pub fn negate(self) -> Truth {
        match self {
            Truth::True => Truth::False,
            Truth::False => Truth::True,
            Truth::Null => Truth::Null,
        }
    }
}

impl From<bool> for Truth {
    fn from(value: bool) -> Truth {
        if value { Truth::True } else { Truth::False }
    }
}

/// A condition with the source leaves it owns.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Predicate {
    /// What it says.
    pub kind: PredicateKind,
    /// Leaves of its own: `and`, `or`, `not`, the operator of a test.
    pub origins: Origins,
}

/// What a predicate says.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(clippy::large_enum_variant, reason = "most predicates are tests, so the large variant is the common one")]
pub enum PredicateKind {
    /// All of them; two or more, none itself an `And`.
    And(Vec<Predicate>),
    /// Any of them; two or more, none itself an `Or`.
    Or(Vec<Predicate>),
    /// Its complement in three-valued logic; never around another `Not`.
    Not(Box<Predicate>),
    /// A single test.
    Test(Test),
    /// A constant.
    Const(Truth),
}

/// One question about one value.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Test {
    /// The value asked about.
    pub subject: Expr,
    /// The question.
    pub op: TestOp,
    /// The answer when the subject is missing (empty for strings, null for other types) and the operands are not.
    pub missing: Truth,
}

/// The questions. Operands that are lists hold at least one element.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TestOp {
    /// The subject equals one of the operands: `==`, `=~`, `in`, `in~`. `!=` is its negation.
    Equals {
        /// Constants, or another field.
        operands: Vec<Expr>,
        /// Case rule for strings; `Sensitive` for all other types.
        case: Case,
    },
    /// The subject stands in this order to the operand; null when either is null.
    Order {
        /// Which order.
        order: Order,
        /// The other side.
        operand: Expr,
    },
    /// The subject's text contains, starts with, ends with or has as a term the needles.
    Text {
        /// Where the needle must stand.
        relation: TextRelation,
        /// What is looked for, usually constants.
        needles: Vec<Expr>,
        /// Whether one needle suffices.
        quantifier: Quantifier,
        /// Case rule.
        case: Case,
    },
    /// The pattern occurs in the subject's text: unanchored, case-sensitive, syntax of the `regex` crate.
    ///
    /// <https://learn.microsoft.com/kusto/query/regex>
    Matches {
        /// The pattern, a constant string in practice.
        pattern: Expr,
    },
    /// `isempty`: an empty string, or null.
    IsEmpty,
    /// `isnull`: null; never true of a string.
    IsNull,
    /// `isnan` and the like are functions; this asks a `bool` value itself.
    IsTrue,
    /// The IPv4 address lies in one of the networks; null when it does not parse.
    InNetwork {
        /// Networks with host bits cleared, with the literals they come from.
        networks: Vec<Network>,
    },
    /// The text holds one of these IPv4 addresses or prefixes, delimited by non-alphanumeric characters.
    HasIpv4 {
        /// Addresses or prefixes, as literals.
        addresses: Vec<Expr>,
        /// Whether they are prefixes.
        prefix: bool,
    },
    /// The subject equals a value of the relation's first column.
    Among {
        /// The relation.
        relation: RelationId,
        /// Case rule.
        case: Case,
    },
    /// A test known by name only. Only the Sentinel back end carries it.
    Opaque {
        /// The name as written.
        name: String,
        /// Its operands as far as they are scalar.
        arguments: Vec<Expr>,
    },
}

/// Whether letter case counts. Insensitive comparison is documented for ASCII only.
///
/// <https://learn.microsoft.com/kusto/query/datatypes-string-operators>
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Case {
    /// `A` differs from `a`.
    Sensitive,
    /// `A` equals `a`.
    Insensitive,
}

/// Order comparisons.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Order {
    /// KQL's symbol, which all targets share.
    pub fn symbol(self) -> &'static str {
        match self {
            Order::Less => "<",
            Order::LessOrEqual => "<=",
            Order::Greater => ">",
            Order::GreaterOrEqual => ">=",
        }
    }

    /// The order that holds exactly when this one is false (and not null).
    pub fn negate(self) -> Order {
        match self {
            Order::Less => Order::GreaterOrEqual,
            Order::LessOrEqual => Order::Greater,
            Order::Greater => Order::LessOrEqual,
            Order::GreaterOrEqual => Order::Less,
        }
    }

    /// The order with its sides exchanged.
    pub fn flip(self) -> Order {
        match self {
            Order::Less => Order::Greater,
            Order::LessOrEqual => Order::GreaterOrEqual,
            Order::Greater => Order::Less,
            Order::GreaterOrEqual => Order::LessOrEqual,
        }
    }
}

/// Where a needle must stand in the subject's text.
///
/// A term is a run of Unicode letters and digits; `_` separates. A needle's edge asks for a term boundary only if
/// the edge is itself a letter or digit.
/// <https://learn.microsoft.com/kusto/query/datatypes-string-operators#what-is-a-term>
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TextRelation {
    /// Anywhere.
    Contains,
    /// At the start.
    StartsWith,
    /// At the end.
    EndsWith,
    /// Anywhere, with term boundaries on both sides: `has`.
    Term,
    /// With a term boundary on its left: `hasprefix`.
    TermPrefix,
    /// With a term boundary on its right: `hassuffix`.
    TermSuffix,
}

/// Whether one or every needle must be found.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantifier {
    /// One suffices.
    Any,
    /// Every one.
    All,
}

/// An IPv4 network, and the literal it was read from.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Network {
    /// The address with its host bits cleared.
    pub address: std::net::Ipv4Addr,
    /// Length of the mask, 0 to 32.
    pub prefix: u8,
    /// The literal or the function that names it.
    pub origins: Origins,
}

impl Network {
    /// `10.0.0.0/8`.
    pub fn cidr(&self) -> String {
        format!("{}/{}", self.address, self.prefix)
    }
}

impl Predicate {
    /// A constant.
    pub fn constant(truth: Truth, origins: Origins) -> Predicate {
        Predicate { kind: PredicateKind::Const(truth), origins }
    }

    /// A test that owns these leaves.
    pub fn test(test: Test, origins: Origins) -> Predicate {
        Predicate { kind: PredicateKind::Test(test), origins }
    }

    /// All of `parts`: nested conjunctions are flattened, none is true, one is itself.
    pub fn and(parts: Vec<Predicate>, origins: Origins) -> Predicate {
        Predicate::gather(parts, origins, true)
    }

    /// Any of `parts`: nested disjunctions are flattened, none is false, one is itself.
    pub fn or(parts: Vec<Predicate>, origins: Origins) -> Predicate {
        Predicate::gather(parts, origins, false)
    }

    fn gather(parts: Vec<Predicate>, mut origins: Origins, conjunction: bool) -> Predicate {
        let mut flat = Vec::with_capacity(parts.len());
        for part in parts {
            match part.kind {
                PredicateKind::And(inner) if conjunction => {
                    origins.extend(&part.origins);
                    flat.extend(inner);
                }
                PredicateKind::Or(inner) if !conjunction => {
                    origins.extend(&part.origins);
                    flat.extend(inner);
                }
                _ => flat.push(part),
            }
        }
        match flat.len() {
            0 => Predicate::constant(Truth::from(conjunction), origins),
            1 => {
                // A note about the one that is left does not point at the connective as well.
                let mut only = flat.remove(0);
                only.origins.extend(&origins.moved());
                only
            }
            _ if conjunction => Predicate { kind: PredicateKind::And(flat), origins },
            _ => Predicate { kind: PredicateKind::Or(flat), origins },
        }
    }

    /// The complement: a double negation cancels, a constant is complemented.
    pub fn negate(part: Predicate, origins: Origins) -> Predicate {
        match part.kind {
            PredicateKind::Not(inner) => {
                let mut inner = *inner;
                inner.origins.extend(&part.origins);
                inner.origins.extend(&origins);
                inner
            }
            PredicateKind::Const(truth) => Predicate::constant(truth.negate(), part.origins.and(&origins)),
            _ => Predicate { kind: PredicateKind::Not(Box::new(part)), origins },
        }
    }

    /// The conjuncts: the parts of an `And`, or the predicate itself.
    pub fn conjuncts(&self) -> &[Predicate] {
        match &self.kind {
            PredicateKind::And(parts) => parts,
            _ => std::slice::from_ref(self),
        }
    }

    /// Calls `visit` on every predicate, parents first; those inside expressions are not visited.
    pub fn walk(&self, visit: &mut dyn FnMut(&Predicate)) {
        visit(self);
        match &self.kind {
            PredicateKind::And(parts) | PredicateKind::Or(parts) => {
                for part in parts {
                    part.walk(visit);
                }
            }
            PredicateKind::Not(part) => part.walk(visit),
            PredicateKind::Test(_) | PredicateKind::Const(_) => {}
        }
    }

    /// Calls `visit` on every expression in it, parents first.
    pub fn walk_exprs(&self, visit: &mut dyn FnMut(&Expr)) {
        self.walk(&mut |predicate| {
            if let PredicateKind::Test(test) = &predicate.kind {
                test.subject.walk(visit);
                for operand in test.op.operands() {
                    operand.walk(visit);
                }
            }
        });
    }

    pub(super) fn move_away(&mut self) {
        self.origins = std::mem::take(&mut self.origins).moved();
        match &mut self.kind {
            PredicateKind::And(parts) | PredicateKind::Or(parts) => parts.iter_mut().for_each(Predicate::move_away),
            PredicateKind::Not(part) => part.move_away(),
            PredicateKind::Test(test) => {
                test.subject.move_away();
                test.op.operands_mut().into_iter().for_each(Expr::move_away);
                if let TestOp::InNetwork { networks } = &mut test.op {
                    for network in networks {
                        network.origins = std::mem::take(&mut network.origins).moved();
                    }
                }
            }
            PredicateKind::Const(_) => {}
        }
    }

    /// All origins: its own and those of everything inside it.
    pub fn all_origins(&self) -> Origins {
        let mut parts: Vec<Origins> = Vec::new();
        self.walk(&mut |predicate| {
            parts.push(predicate.origins.clone());
            if let PredicateKind::Test(test) = &predicate.kind {
                parts.push(test.subject.all_origins());
                for operand in test.op.operands() {
                    parts.push(operand.all_origins());
                }
                if let TestOp::InNetwork { networks } = &test.op {
                    for network in networks {
                        parts.push(network.origins.clone());
                    }
                }
            }
        });
        parts.iter().collect()
    }
}

impl TestOp {
    /// Its scalar operands.
    pub fn operands(&self) -> Vec<&Expr> {
        match self {
            TestOp::Equals { operands, .. } => operands.iter().collect(),
            TestOp::Order { operand, .. } => vec![operand],
            TestOp::Text { needles, .. } => needles.iter().collect(),
            TestOp::Matches { pattern } => vec![pattern],
            TestOp::HasIpv4 { addresses, .. } => addresses.iter().collect(),
            TestOp::Opaque { arguments, .. } => arguments.iter().collect(),
            TestOp::IsEmpty | TestOp::IsNull | TestOp::IsTrue | TestOp::InNetwork { .. } | TestOp::Among { .. } => {
                Vec::new()
            }
        }
    }

    /// Its scalar operands, to change them.
    pub fn operands_mut(&mut self) -> Vec<&mut Expr> {
        match self {
            TestOp::Equals { operands, .. } => operands.iter_mut().collect(),
            TestOp::Order { operand, .. } => vec![operand],
            TestOp::Text { needles, .. } => needles.iter_mut().collect(),
            TestOp::Matches { pattern } => vec![pattern],
            TestOp::HasIpv4 { addresses, .. } => addresses.iter_mut().collect(),
            TestOp::Opaque { arguments, .. } => arguments.iter_mut().collect(),
            TestOp::IsEmpty | TestOp::IsNull | TestOp::IsTrue | TestOp::InNetwork { .. } | TestOp::Among { .. } => {
                Vec::new()
            }
        }
    }
}

impl Test {
    /// A test, with its answer on a missing subject worked out from the operator and the subject's type.
    pub fn new(subject: Expr, op: TestOp) -> Test {
        let missing = match subject.ty {
            Type::String => op.on_empty_text(),
            Type::Dynamic => match &op {
                // Text tests see a null dynamic as the empty string.
                TestOp::Text { .. } | TestOp::Matches { .. } | TestOp::HasIpv4 { .. } => op.on_empty_text(),
                // So does a comparison with text: a missing property equals "".
                TestOp::Equals { operands, .. } if operands.iter().any(|operand| operand.ty == Type::String) => {
                    op.on_empty_text()
                }
                _ => op.on_null(),
            },
            _ => op.on_null(),
        };
        Test { subject, op, missing }
    }
}

impl TestOp {
    /// The answer on the empty string, as far as the operands are constants.
    fn on_empty_text(&self) -> Truth {
        match self {
            TestOp::Equals { operands, .. } => {
                Truth::from(operands.iter().any(|operand| operand.as_text() == Some("")))
            }
            TestOp::Order { order, operand } => match operand.as_text() {
                Some(text) => Truth::from(match order {
                    Order::Less => !text.is_empty(),
                    Order::LessOrEqual => true,
                    Order::Greater => false,
                    Order::GreaterOrEqual => text.is_empty(),
                }),
                None => Truth::Null,
            },
            TestOp::Text { needles, quantifier, .. } => {
                let mut empty = needles.iter().map(|needle| needle.as_text() == Some(""));
                Truth::from(match quantifier {
                    Quantifier::Any => empty.any(|empty| empty),
                    Quantifier::All => empty.all(|empty| empty),
                })
            }
            TestOp::Matches { pattern } => Truth::from(
                pattern
                    .as_text()
                    .and_then(|pattern| regex::Regex::new(pattern).ok())
                    .is_some_and(|pattern| pattern.is_match("")),
            ),
            TestOp::IsEmpty => Truth::True,
            TestOp::InNetwork { .. } => Truth::Null,
            TestOp::IsNull
            | TestOp::IsTrue
            | TestOp::HasIpv4 { .. }
            | TestOp::Among { .. }
            | TestOp::Opaque { .. } => Truth::False,
        }
    }

    /// The answer on a typed null.
    ///
    /// <https://learn.microsoft.com/kusto/query/scalar-data-types/null-values>
    fn on_null(&self) -> Truth {
        match self {
            TestOp::IsEmpty | TestOp::IsNull => Truth::True,
            TestOp::Order { .. } | TestOp::InNetwork { .. } | TestOp::IsTrue => Truth::Null,
            TestOp::Equals { operands, .. } => {
                if operands.iter().any(|operand| operand.as_literal().is_some_and(Value::is_null)) {
                    Truth::Null
                } else {
                    Truth::False
                }
            }
            TestOp::Text { .. }
            | TestOp::Matches { .. }
            | TestOp::HasIpv4 { .. }
            | TestOp::Among { .. }
            | TestOp::Opaque { .. } => Truth::False,
        }
    }
}
