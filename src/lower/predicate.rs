//! Predicates: every test states its case rule, its term rule and its answer on a missing value.

use crate::diagnostic::{Code, Diagnostic, Place};
use crate::ir::{
    self, Case, Dynamic, Expr, Function, Network, Order, Predicate, Quantifier, Test, TestOp, TextRelation, Truth,
    Type, Value,
};
use crate::kql::ast::{self, BinaryOp, MembershipOp};
use crate::span::{Origins, Span};

use super::constant::{as_needle, comparable, convert, flatten, network, parse_as};
use super::name::Binding;
use super::scalar::Scope;
use super::{Lowerer, Result};

/// Functions that are tests, and so predicates here.
pub(super) fn is_test(name: &str) -> bool {
    matches!(
        name,
        "not"
            | "isempty"
            | "isnotempty"
            | "notempty"
            | "isnull"
            | "isnotnull"
            | "notnull"
            | "ipv4_is_private"
            | "ipv4_is_in_range"
            | "ipv4_is_in_any_range"
            | "has_ipv4"
            | "has_any_ipv4"
            | "has_ipv4_prefix"
            | "has_any_ipv4_prefix"
    )
}

impl Lowerer<'_> {
    /// Lowers an expression that must be a condition.
    pub(super) fn predicate(&mut self, expr: &ast::Expr, scope: &Scope) -> Result<Predicate> {
        self.spend(expr.span)?;
        match &expr.kind {
            ast::ExprKind::Binary { op: op @ (BinaryOp::And | BinaryOp::Or), .. } => self.chain(*op, expr, scope),
            ast::ExprKind::Binary { op, op_span, left, right } => {
                self.binary(*op, *op_span, left, right, expr, scope)
            }
            ast::ExprKind::Membership { op, op_span, subject, list } => {
                self.membership(*op, *op_span, subject, list, scope)
            }
            ast::ExprKind::Between { negated, op_span, subject, low, high } => {
                self.between(*negated, *op_span, subject, low, high, scope)
            }
            ast::ExprKind::Call { name, arguments } if is_test(&name.text) => self.test_call(name, arguments, scope),
            ast::ExprKind::Name(_)
            | ast::ExprKind::Literal(_)
            | ast::ExprKind::Star
            | ast::ExprKind::Unary { .. }
            | ast::ExprKind::Call { .. }
            | ast::ExprKind::Member { .. }
            | ast::ExprKind::Index { .. }
            | ast::ExprKind::MethodCall { .. }
            | ast::ExprKind::TypeOf(_)
            | ast::ExprKind::EntityGroup { .. }
            | ast::ExprKind::Placeholder(_)
            | ast::ExprKind::Pipe { .. }
            | ast::ExprKind::Source(_) => {
                let value = self.scalar(expr, scope)?;
                self.as_predicate(value, expr.span)
            }
        }
    }

    /// A value as a condition.
    fn as_predicate(&mut self, mut value: Expr, span: Span) -> Result<Predicate> {
        self.infer(&mut value, Type::Bool);
        if !matches!(value.ty, Type::Bool | Type::Dynamic | Type::Unknown) {
            let message = format!("expected a condition, found a value of type {}", value.ty.name());
            return self.error(Code::WrongType, span, message);
        }
        if let ir::ExprKind::Truth(inner) = value.kind {
            let mut inner = *inner;
            inner.origins.extend(&value.origins);
            return Ok(inner);
        }
        Ok(match value.as_literal() {
            Some(Value::Bool(truth)) => Predicate::constant(Truth::from(*truth), value.origins),
            Some(constant) if constant.is_null() => Predicate::constant(Truth::Null, value.origins),
            Some(_) | None => Predicate::test(Test::new(value, TestOp::IsTrue), Origins::none()),
        })
    }

    /// A chain of one logical operator. Long ones lean to the left, so they are walked, not recursed into.
    fn chain(&mut self, op: BinaryOp, expr: &ast::Expr, scope: &Scope) -> Result<Predicate> {
        let mut parts = Vec::new();
        let mut origins = Vec::new();
        let mut rest = expr;
        while let ast::ExprKind::Binary { op: inner, op_span, left, right } = &rest.kind
            && *inner == op
        {
            parts.push(&**right);
            origins.push(*op_span);
            rest = left;
        }
        parts.push(rest);
        let lowered: Vec<Result<Predicate>> =
            parts.into_iter().rev().map(|part| self.predicate(part, scope)).collect();
        let parts = lowered.into_iter().collect::<Result<Vec<Predicate>>>()?;
        let origins = origins.into_iter().collect();
        Ok(if op == BinaryOp::And { Predicate::and(parts, origins) } else { Predicate::or(parts, origins) })
    }

    fn binary(
        &mut self,
        op: BinaryOp,
        op_span: Span,
        left: &ast::Expr,
        right: &ast::Expr,
        whole: &ast::Expr,
        scope: &Scope,
    ) -> Result<Predicate> {
        if matches!(left.kind, ast::ExprKind::Star) {
            // `* has "x"` asks every column; which there are is the table's business.
            let operand = self.scalar(right, scope)?;
            if let Some(any) = self.any_column(op, op_span, left.span, &operand, scope)? {
                return Ok(any);
            }
            let subject = Expr::literal(Value::String(String::new()), left.span.into());
            let op = TestOp::Opaque { name: format!("* {}", op.symbol()), arguments: vec![operand] };
            return Ok(Predicate::test(Test::new(subject, op), op_span.into()));
        }
        match op {
            BinaryOp::Equal => self.equality(false, Case::Sensitive, op_span, left, right, scope),
            BinaryOp::NotEqual => self.equality(true, Case::Sensitive, op_span, left, right, scope),
            BinaryOp::EqualFold => self.equality(false, Case::Insensitive, op_span, left, right, scope),
            BinaryOp::NotEqualFold => self.equality(true, Case::Insensitive, op_span, left, right, scope),
            BinaryOp::Less => self.order(Order::Less, op_span, left, right, scope),
            BinaryOp::LessOrEqual => self.order(Order::LessOrEqual, op_span, left, right, scope),
            BinaryOp::Greater => self.order(Order::Greater, op_span, left, right, scope),
            BinaryOp::GreaterOrEqual => self.order(Order::GreaterOrEqual, op_span, left, right, scope),
            BinaryOp::MatchesRegex => self.matches(op_span, left, right, scope),
            BinaryOp::Like | BinaryOp::NotLike | BinaryOp::LikeCs | BinaryOp::NotLikeCs | BinaryOp::Search => {
                let (subject, pattern) = self.both(left, right, scope)?;
                let op = TestOp::Opaque { name: op.symbol().to_owned(), arguments: vec![pattern] };
                Ok(Predicate::test(Test::new(subject, op), op_span.into()))
            }
            BinaryOp::Add | BinaryOp::Subtract | BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Modulo => {
                let value = self.scalar(whole, scope)?;
                self.as_predicate(value, whole.span)
            }
            BinaryOp::And | BinaryOp::Or => unreachable!("chains are lowered as a whole"),
            BinaryOp::Contains
            | BinaryOp::NotContains
            | BinaryOp::ContainsCs
            | BinaryOp::NotContainsCs
            | BinaryOp::StartsWith
            | BinaryOp::NotStartsWith
            | BinaryOp::StartsWithCs
            | BinaryOp::NotStartsWithCs
            | BinaryOp::EndsWith
            | BinaryOp::NotEndsWith
            | BinaryOp::EndsWithCs
            | BinaryOp::NotEndsWithCs
            | BinaryOp::Has
            | BinaryOp::NotHas
            | BinaryOp::HasCs
            | BinaryOp::NotHasCs
            | BinaryOp::HasPrefix
            | BinaryOp::NotHasPrefix
            | BinaryOp::HasPrefixCs
            | BinaryOp::NotHasPrefixCs
            | BinaryOp::HasSuffix
            | BinaryOp::NotHasSuffix
            | BinaryOp::HasSuffixCs
            | BinaryOp::NotHasSuffixCs => self.text(op, op_span, left, right, scope),
        }
    }

    fn equality(
        &mut self,
        negated: bool,
        case: Case,
        op_span: Span,
        left: &ast::Expr,
        right: &ast::Expr,
        scope: &Scope,
    ) -> Result<Predicate> {
        let (mut left, mut right) = self.both(left, right, scope)?;
        // Equality is symmetric: the constant goes to the right.
        if left.as_literal().is_some() && right.as_literal().is_none() {
            std::mem::swap(&mut left, &mut right);
        }
        let (left_type, right_type) = (left.ty, right.ty);
        if case == Case::Insensitive {
            self.infer(&mut left, Type::String);
            self.infer(&mut right, Type::String);
        }
        self.infer(&mut left, right_type);
        self.infer(&mut right, left_type);
        let Some(right) = self.operand(&left, &right, op_span) else {
            if case == Case::Insensitive {
                return self.not_comparable(left.ty, right.ty, op_span);
            }
            return Ok(self.mixed(left, vec![right], negated, op_span));
        };
        let case = if left.ty == Type::String || left.ty == Type::Dynamic { case } else { Case::Sensitive };
        let test = Predicate::test(Test::new(left, TestOp::Equals { operands: vec![right], case }), op_span.into());
        Ok(if negated { Predicate::negate(test, Origins::none()) } else { test })
    }

    /// Values of types that KQL's engine converts in its own way: known by name only.
    fn mixed(&mut self, left: Expr, right: Vec<Expr>, negated: bool, op_span: Span) -> Predicate {
        let other = right.iter().map(|value| value.ty).find(|ty| !comparable(left.ty, *ty)).unwrap_or(left.ty);
        let name = format!("comparison of {} with {}", left.ty.name(), other.name());
        let message = format!("values of types {} and {} are compared as they are", left.ty.name(), other.name());
        let warning = Diagnostic::warning(Code::WrongType, Place::Query(op_span), message);
        self.diagnostics.push(warning.with_help("convert one of them, for example with `tostring(…)`"));
        let op = TestOp::Opaque { name, arguments: right };
        let test = Predicate::test(Test::new(left, op), op_span.into());
        if negated { Predicate::negate(test, Origins::none()) } else { test }
    }

    /// An operand brought to the subject's type, a constant by conversion; none where the types cannot meet.
    fn operand(&mut self, subject: &Expr, operand: &Expr, op_span: Span) -> Option<Expr> {
        if comparable(subject.ty, operand.ty) {
            return Some(match operand.as_literal().and_then(|value| convert(value, subject.ty)) {
                Some(value) => Expr::literal(value, operand.origins.clone()),
                None => operand.clone(),
            });
        }
        let value = operand.as_literal().and_then(|value| parse_as(value, subject.ty))?;
        let message = format!(
            "a value of type {} is compared with a {}: read as the {}",
            subject.ty.name(),
            operand.ty.name(),
            subject.ty.name()
        );
        self.diagnostics.push(Diagnostic::warning(Code::WrongType, Place::Query(op_span), message));
        Some(Expr::literal(value, operand.origins.clone()))
    }

    fn not_comparable<T>(&mut self, left: Type, right: Type, op_span: Span) -> Result<T> {
        let message = format!("values of types {} and {} cannot be compared", left.name(), right.name());
        let help = "convert one of them, for example with `tostring(…)`".to_owned();
        self.error_with_help(Code::WrongType, op_span, message, Some(help))
    }

    fn order(
        &mut self,
        order: Order,
        op_span: Span,
        left: &ast::Expr,
        right: &ast::Expr,
        scope: &Scope,
    ) -> Result<Predicate> {
        let (mut left, mut right) = self.both(left, right, scope)?;
        let mut order = order;
        if left.as_literal().is_some() && right.as_literal().is_none() {
            std::mem::swap(&mut left, &mut right);
            order = order.flip();
        }
        let (left_type, right_type) = (left.ty, right.ty);
        self.infer(&mut left, right_type);
        self.infer(&mut right, left_type);
        if [left.ty, right.ty].contains(&Type::String) && left.ty != Type::Dynamic && right.ty != Type::Dynamic {
            let message =
                format!("`{}` is not defined between {} and {}", order.symbol(), left.ty.name(), right.ty.name());
            return self.error(Code::WrongType, op_span, message);
        }
        let Some(operand) = self.operand(&left, &right, op_span) else {
            return self.not_comparable(left.ty, right.ty, op_span);
        };
        Ok(Predicate::test(Test::new(left, TestOp::Order { order, operand }), op_span.into()))
    }

    fn matches(&mut self, op_span: Span, left: &ast::Expr, right: &ast::Expr, scope: &Scope) -> Result<Predicate> {
        let (mut subject, mut pattern) = self.both(left, right, scope)?;
        self.infer(&mut subject, Type::String);
        let subject = self.as_text(subject, op_span)?;
        if let Some(text) = pattern.as_text().map(super::pattern::with_braces_escaped) {
            pattern = Expr::literal(Value::String(text), pattern.origins);
        }
        if let Some(text) = pattern.as_text()
            && let Err(error) = regex::Regex::new(text)
        {
            let reason = if matches!(error, regex::Error::CompiledTooBig(_)) {
                "it is too large".to_owned()
            } else {
                last_line(&error.to_string())
            };
            return self.error(Code::BadPattern, right.span, format!("not a regular expression: {reason}"));
        }
        Ok(Predicate::test(Test::new(subject, TestOp::Matches { pattern }), op_span.into()))
    }

    fn text(
        &mut self,
        op: BinaryOp,
        op_span: Span,
        left: &ast::Expr,
        right: &ast::Expr,
        scope: &Scope,
    ) -> Result<Predicate> {
        let (mut subject, mut needle) = self.both(left, right, scope)?;
        self.infer(&mut subject, Type::String);
        self.infer(&mut needle, Type::String);
        let subject = self.as_text(subject, op_span)?;
        if !matches!(needle.ty, Type::String | Type::Dynamic | Type::Unknown) {
            let message = format!("a text is looked for here, not a value of type {}", needle.ty.name());
            return self.error(Code::WrongType, right.span, message);
        }
        if let Some(Value::Dynamic(Dynamic::String(text))) = needle.as_literal() {
            needle = Expr::literal(Value::String(text.clone()), needle.origins);
        }
        let (relation, case, negated) = text_operator(op);
        let op = TestOp::Text { relation, needles: vec![needle], quantifier: Quantifier::Any, case };
        let test = Predicate::test(Test::new(subject, op), op_span.into());
        Ok(if negated { Predicate::negate(test, Origins::none()) } else { test })
    }

    /// A subject whose text is looked at.
    fn as_text(&mut self, subject: Expr, op_span: Span) -> Result<Expr> {
        if matches!(subject.ty, Type::String | Type::Dynamic | Type::Unknown) {
            return Ok(subject);
        }
        let message = format!("a text test is not defined on a value of type {}", subject.ty.name());
        let help = "convert it with `tostring(…)`".to_owned();
        self.error_with_help(Code::WrongType, op_span, message, Some(help))
    }

    fn membership(
        &mut self,
        op: MembershipOp,
        op_span: Span,
        subject: &ast::Expr,
        list: &[ast::Expr],
        scope: &Scope,
    ) -> Result<Predicate> {
        let subject = self.scalar(subject, scope);
        let tabular = match list {
            [only] if self.is_tabular(only, &scope.environment) => Some(self.relation(only, &scope.environment)?),
            _ => None,
        };
        let (negated, case) = match op {
            MembershipOp::In | MembershipOp::HasAny | MembershipOp::HasAll => (false, Case::Sensitive),
            MembershipOp::NotIn => (true, Case::Sensitive),
            MembershipOp::InFold => (false, Case::Insensitive),
            MembershipOp::NotInFold => (true, Case::Insensitive),
        };
        if let Some(relation) = tabular {
            let subject = subject?;
            let op = match op {
                MembershipOp::HasAny | MembershipOp::HasAll => {
                    TestOp::Opaque { name: format!("{} (table)", op.symbol()), arguments: Vec::new() }
                }
                MembershipOp::In | MembershipOp::NotIn | MembershipOp::InFold | MembershipOp::NotInFold => {
                    TestOp::Among { relation, case }
                }
            };
            // Whoever leaves the test out leaves the table out as well.
            let origins = Origins::from(op_span).and(&self.query.all_origins(relation).moved());
            let test = Predicate::test(Test::new(subject, op), origins);
            return Ok(if negated { Predicate::negate(test, Origins::none()) } else { test });
        }
        let items: Vec<Result<Expr>> = list.iter().map(|item| self.scalar(item, scope)).collect();
        let mut subject = subject?;
        let mut operands = Vec::new();
        let mut list_origins = Origins::none();
        for item in items {
            let item = item?;
            list_origins.extend(&item.all_origins());
            flatten(item, &mut operands);
        }
        if operands.is_empty() {
            let origins = subject.all_origins().and(&op_span.into()).and(&list_origins);
            return Ok(Predicate::constant(Truth::from(negated || op == MembershipOp::HasAll), origins));
        }
        let first = operands[0].ty;
        let text = matches!(
            op,
            MembershipOp::InFold | MembershipOp::NotInFold | MembershipOp::HasAny | MembershipOp::HasAll
        );
        self.infer(&mut subject, if text { Type::String } else { first });
        let op = match op {
            MembershipOp::HasAny | MembershipOp::HasAll => {
                let subject_is_text = self.as_text(subject, op_span)?;
                subject = subject_is_text;
                let quantifier = if op == MembershipOp::HasAny { Quantifier::Any } else { Quantifier::All };
                TestOp::Text {
                    relation: TextRelation::Term,
                    needles: operands.into_iter().map(as_needle).collect(),
                    quantifier,
                    case: Case::Insensitive,
                }
            }
            MembershipOp::In | MembershipOp::NotIn | MembershipOp::InFold | MembershipOp::NotInFold => {
                let converted: Option<Vec<Expr>> =
                    operands.iter().map(|operand| self.operand(&subject, operand, op_span)).collect();
                let Some(converted) = converted else { return Ok(self.mixed(subject, operands, negated, op_span)) };
                let case = if matches!(subject.ty, Type::String | Type::Dynamic | Type::Unknown) {
                    case
                } else {
                    Case::Sensitive
                };
                TestOp::Equals { operands: converted, case }
            }
        };
        let test = Predicate::test(Test::new(subject, op), op_span.into());
        Ok(if negated { Predicate::negate(test, Origins::none()) } else { test })
    }

    /// `between` is two comparisons; both bounds belong to it, and a timespan beside a datetime is relative.
    ///
    /// <https://learn.microsoft.com/kusto/query/between-operator>
    fn between(
        &mut self,
        negated: bool,
        op_span: Span,
        subject: &ast::Expr,
        low: &ast::Expr,
        high: &ast::Expr,
        scope: &Scope,
    ) -> Result<Predicate> {
        let subject = self.scalar(subject, scope);
        let (low, mut high) = self.both(low, high, scope)?;
        let mut subject = subject?;
        self.infer(&mut subject, low.ty);
        if high.ty == Type::TimeSpan && low.ty == Type::DateTime {
            high = Expr {
                kind: ir::ExprKind::Arithmetic(ir::ArithmeticOp::Add, Box::new(low.clone()), Box::new(high)),
                ty: Type::DateTime,
                origins: Origins::none(),
            };
        }
        for bound in [&low, &high] {
            if [subject.ty, bound.ty].contains(&Type::String) {
                let message = format!(
                    "`between` is not defined on values of types {} and {}",
                    subject.ty.name(),
                    bound.ty.name()
                );
                return self.error(Code::WrongType, op_span, message);
            }
        }
        let bounds = [low, high].map(|bound| match self.operand(&subject, &bound, op_span) {
            Some(bound) => Ok(bound),
            None => self.not_comparable(subject.ty, bound.ty, op_span),
        });
        let [low, high] = bounds;
        let (low, high) = (low?, high?);
        let test = |subject: Expr, order, operand| {
            Predicate::test(Test::new(subject, TestOp::Order { order, operand }), op_span.into())
        };
        Ok(if negated {
            let below = test(subject.clone(), Order::Less, low);
            Predicate::or(vec![below, test(subject, Order::Greater, high)], op_span.into())
        } else {
            let from = test(subject.clone(), Order::GreaterOrEqual, low);
            Predicate::and(vec![from, test(subject, Order::LessOrEqual, high)], op_span.into())
        })
    }

    fn test_call(&mut self, name: &ast::Name, arguments: &[ast::Argument], scope: &Scope) -> Result<Predicate> {
        let origins = Origins::from(name.span);
        match (name.text.as_str(), arguments) {
            ("not", [argument]) => {
                let inner = self.predicate(&argument.value, scope)?;
                Ok(Predicate::negate(inner, origins))
            }
            ("isempty" | "isnotempty" | "notempty" | "isnull" | "isnotnull" | "notnull", [argument]) => {
                let subject = self.scalar(&argument.value, scope)?;
                let empty = matches!(name.text.as_str(), "isempty" | "isnotempty" | "notempty");
                let op = if empty { TestOp::IsEmpty } else { TestOp::IsNull };
                let test = Predicate::test(Test::new(subject, op), origins);
                let positive = matches!(name.text.as_str(), "isempty" | "isnull");
                Ok(if positive { test } else { Predicate::negate(test, Origins::none()) })
            }
            ("ipv4_is_private", [address]) => {
                let mut subject = self.scalar(&address.value, scope)?;
                self.infer(&mut subject, Type::String);
                // The three private ranges, nothing else: https://learn.microsoft.com/kusto/query/ipv4-is-private-function
                let networks = [([10, 0, 0, 0], 8), ([172, 16, 0, 0], 12), ([192, 168, 0, 0], 16)]
                    .map(|(address, prefix)| Network { address: address.into(), prefix, origins: Origins::none() });
                let op = TestOp::InNetwork { networks: networks.to_vec() };
                Ok(Predicate::test(Test::new(subject, op), origins))
            }
            ("ipv4_is_in_range", [address, range]) => {
                self.in_network(name, address, std::slice::from_ref(range), scope)
            }
            ("ipv4_is_in_any_range", [address, ranges @ ..]) if !ranges.is_empty() => {
                self.in_network(name, address, ranges, scope)
            }
            ("has_ipv4" | "has_any_ipv4" | "has_ipv4_prefix" | "has_any_ipv4_prefix", [text, addresses @ ..])
                if !addresses.is_empty() =>
            {
                let mut subject = self.scalar(&text.value, scope)?;
                self.infer(&mut subject, Type::String);
                let mut operands = Vec::new();
                for address in self.arguments(addresses, scope)? {
                    flatten(address, &mut operands);
                }
                let op = TestOp::HasIpv4 { addresses: operands, prefix: name.text.ends_with("_prefix") };
                Ok(Predicate::test(Test::new(subject, op), origins))
            }
            (_, arguments) => {
                let expected = match name.text.as_str() {
                    "ipv4_is_in_range" => "two arguments",
                    "not" | "ipv4_is_private" => "one argument",
                    text if text.starts_with("has_") || text.starts_with("ipv4_") => "two or more arguments",
                    _ => "one argument",
                };
                self.wrong_arguments(name, expected, arguments.len())
            }
        }
    }

    fn in_network(
        &mut self,
        name: &ast::Name,
        address: &ast::Argument,
        ranges: &[ast::Argument],
        scope: &Scope,
    ) -> Result<Predicate> {
        let mut subject = self.scalar(&address.value, scope)?;
        self.infer(&mut subject, Type::String);
        let mut operands = Vec::new();
        for range in self.arguments(ranges, scope)? {
            flatten(range, &mut operands);
        }
        let mut networks = Vec::new();
        for operand in &operands {
            match operand.as_text() {
                Some(text) => match network(text) {
                    Some((address, prefix)) => {
                        networks.push(Network { address, prefix, origins: operand.origins.clone() });
                    }
                    None => {
                        let span = operand.origins.hull().unwrap_or(name.span);
                        return self.error(Code::BadNetwork, span, format!("`{text}` is no IPv4 range"));
                    }
                },
                None => {
                    let op = TestOp::Opaque { name: name.text.clone(), arguments: operands };
                    return Ok(Predicate::test(Test::new(subject, op), name.span.into()));
                }
            }
        }
        Ok(Predicate::test(Test::new(subject, TestOp::InNetwork { networks }), name.span.into()))
    }

    /// Whether an expression is a table; a name that nothing binds is one.
    pub(super) fn is_tabular(&self, expr: &ast::Expr, environment: &super::name::Environment) -> bool {
        match &expr.kind {
            ast::ExprKind::Pipe { .. } | ast::ExprKind::Source(_) | ast::ExprKind::MethodCall { .. } => true,
            ast::ExprKind::Name(name) => match environment.get(&name.text) {
                Some((Binding::Relation(_), _)) => true,
                Some((Binding::Function(function), _)) => self.yields_table(function),
                Some((Binding::Scalar(_) | Binding::State(_) | Binding::Broken, _)) => false,
                None => self.crosswalk.table(&name.text).is_some(),
            },
            ast::ExprKind::Call { name, arguments } => match environment.get(&name.text) {
                Some((Binding::Function(function), _)) => self.yields_table(function),
                Some((Binding::Relation(_), _)) => true,
                Some((Binding::Scalar(_) | Binding::State(_) | Binding::Broken, _)) => false,
                None => match name.text.as_str() {
                    "materialize" | "view" => {
                        arguments.first().is_none_or(|argument| self.is_tabular(&argument.value, environment))
                    }
                    "now" | "ago" | "toscalar" | "dynamic" | "column_ifexists" | "columnifexists" => false,
                    "table" | "_GetWatchlist" | "workspace" | "app" => true,
                    text => {
                        Function::from_name(text).is_none()
                            && !is_test(text)
                            && (text.starts_with("_Im_")
                                || text.starts_with("_ASim_")
                                || text.starts_with("im")
                                || text.starts_with("ASim")
                                || arguments.is_empty())
                    }
                },
            },
            ast::ExprKind::Member { object, .. } => {
                matches!(&object.kind, ast::ExprKind::Call { name, .. }
                    if matches!(name.text.as_str(), "database" | "cluster" | "workspace" | "app" | "resource"))
                    || matches!(&object.kind, ast::ExprKind::Member { .. }) && self.is_tabular(object, environment)
            }
            ast::ExprKind::Literal(_)
            | ast::ExprKind::TypeOf(_)
            | ast::ExprKind::EntityGroup { .. }
            | ast::ExprKind::Placeholder(_)
            | ast::ExprKind::Star
            | ast::ExprKind::Unary { .. }
            | ast::ExprKind::Binary { .. }
            | ast::ExprKind::Membership { .. }
            | ast::ExprKind::Between { .. }
            | ast::ExprKind::Index { .. } => false,
        }
    }
}

pub(super) fn text_operator(op: BinaryOp) -> (TextRelation, Case, bool) {
    use Case::{Insensitive, Sensitive};
    use TextRelation::{Contains, EndsWith, StartsWith, Term, TermPrefix, TermSuffix};
    match op {
        BinaryOp::Contains => (Contains, Insensitive, false),
        BinaryOp::NotContains => (Contains, Insensitive, true),
        BinaryOp::ContainsCs => (Contains, Sensitive, false),
        BinaryOp::NotContainsCs => (Contains, Sensitive, true),
        BinaryOp::StartsWith => (StartsWith, Insensitive, false),
        BinaryOp::NotStartsWith => (StartsWith, Insensitive, true),
        BinaryOp::StartsWithCs => (StartsWith, Sensitive, false),
        BinaryOp::NotStartsWithCs => (StartsWith, Sensitive, true),
        BinaryOp::EndsWith => (EndsWith, Insensitive, false),
        BinaryOp::NotEndsWith => (EndsWith, Insensitive, true),
        BinaryOp::EndsWithCs => (EndsWith, Sensitive, false),
        BinaryOp::NotEndsWithCs => (EndsWith, Sensitive, true),
        BinaryOp::Has => (Term, Insensitive, false),
        BinaryOp::NotHas => (Term, Insensitive, true),
        BinaryOp::HasCs => (Term, Sensitive, false),
        BinaryOp::NotHasCs => (Term, Sensitive, true),
        BinaryOp::HasPrefix => (TermPrefix, Insensitive, false),
        BinaryOp::NotHasPrefix => (TermPrefix, Insensitive, true),
        BinaryOp::HasPrefixCs => (TermPrefix, Sensitive, false),
        BinaryOp::NotHasPrefixCs => (TermPrefix, Sensitive, true),
        BinaryOp::HasSuffix => (TermSuffix, Insensitive, false),
        BinaryOp::NotHasSuffix => (TermSuffix, Insensitive, true),
        BinaryOp::HasSuffixCs => (TermSuffix, Sensitive, false),
        BinaryOp::NotHasSuffixCs => (TermSuffix, Sensitive, true),
        BinaryOp::Or
        | BinaryOp::And
        | BinaryOp::Equal
        | BinaryOp::NotEqual
        | BinaryOp::EqualFold
        | BinaryOp::NotEqualFold
        | BinaryOp::Less
        | BinaryOp::LessOrEqual
        | BinaryOp::Greater
        | BinaryOp::GreaterOrEqual
        | BinaryOp::Add
        | BinaryOp::Subtract
        | BinaryOp::Multiply
        | BinaryOp::Divide
        | BinaryOp::Modulo
        | BinaryOp::Like
        | BinaryOp::NotLike
        | BinaryOp::LikeCs
        | BinaryOp::NotLikeCs
        | BinaryOp::Search
        | BinaryOp::MatchesRegex => unreachable!("only text operators are asked for"),
    }
}

/// The sentence of a many-line error message.
fn last_line(message: &str) -> String {
    message.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
}
