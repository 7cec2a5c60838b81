//! Laws of single tests.

use crate::eval::scalar;
use crate::ir::{Case, Expr, ExprKind, Function, Predicate, Quantifier, Test, TestOp, Truth, Type, Value};
use crate::span::{Elided, Origins};

/// The plainest form of a test whose operands are folded.
pub(super) fn simplify(test: Test, origins: Origins, elided: &mut Vec<Elided>) -> Predicate {
    let mut test = test;
    if let TestOp::IsTrue = test.op
        && let ExprKind::Truth(inner) = test.subject.kind
    {
        return Predicate { origins: inner.origins.clone().and(&origins).and(&test.subject.origins), ..*inner };
    }
    if let Some(truth) = constant(&test) {
        return Predicate::constant(truth, Predicate::test(test, origins).all_origins());
    }
    constant_to_the_right(&mut test);
    if let Some(answer) = number_as_text(&mut test, &origins, elided) {
        return answer;
    }
    if let Some(folded) = fold_case(&mut test, &origins, elided) {
        return folded;
    }
    Predicate::test(Test::new(test.subject, test.op), origins)
}

/// Comparison may be turned round: the constant that folding made goes to the right.
fn constant_to_the_right(test: &mut Test) {
    if test.subject.as_literal().is_none() {
        return;
    }
    match &mut test.op {
        TestOp::Equals { operands, .. } => {
            if let [only] = operands.as_mut_slice() {
                std::mem::swap(only, &mut test.subject);
            }
        }
        TestOp::Order { order, operand } => {
            *order = order.flip();
            std::mem::swap(operand, &mut test.subject);
        }
        _ => {}
    }
}

/// The answer of a test that is a constant.
fn constant(test: &Test) -> Option<Truth> {
    match &test.op {
        // A string is never null: https://learn.microsoft.com/kusto/query/isnull-function
        TestOp::IsNull if test.subject.ty == Type::String => return Some(Truth::False),
        TestOp::Opaque { .. } | TestOp::Among { .. } => return None,
        // Every string contains, has, starts and ends with the empty one.
        TestOp::Text { needles, quantifier, .. } if test.subject.ty == Type::String => {
            let mut empty = needles.iter().map(|needle| needle.as_text() == Some(""));
            let always = match quantifier {
                Quantifier::Any => empty.any(|empty| empty),
                Quantifier::All => empty.all(|empty| empty),
            };
            if always {
                return Some(Truth::True);
            }
        }
        _ => {}
    }
    let subject = test.subject.as_literal()?;
    if test.op.operands().iter().any(|operand| operand.as_literal().is_none()) {
        return None;
    }
    scalar::test(subject, &test.op)
}

/// `tostring(n) == "5"` is `n == 5` for a whole number `n`; no whole number has another spelling.
fn number_as_text(test: &mut Test, origins: &Origins, elided: &mut Vec<Elided>) -> Option<Predicate> {
    let ExprKind::Call(Function::ToString, arguments) = &test.subject.kind else { return None };
    let inner = arguments[0].clone();
    let TestOp::Equals { operands, .. } = &test.op else { return None };
    if !matches!(inner.ty, Type::Int | Type::Long)
        || operands.iter().any(|operand| operand.as_text().is_none_or(str::is_empty))
    {
        return None;
    }
    let number = |operand: &Expr| {
        let text = operand.as_text()?;
        let number: i64 = text.parse().ok()?;
        let value = if inner.ty == Type::Int { Value::Int(number.try_into().ok()?) } else { Value::Long(number) };
        (number.to_string() == text).then(|| Expr::literal(value, operand.origins.clone()))
    };
    let mut numbers = Vec::new();
    for operand in operands {
        match number(operand) {
            Some(number) => numbers.push(number),
            None => elided
                .push(Elided { origins: operand.origins.clone(), law: "text that no whole number is written as" }),
        }
    }
    if numbers.is_empty() {
        let all = Predicate::test(test.clone(), origins.clone()).all_origins();
        return Some(Predicate::constant(Truth::False, all));
    }
    let subject = Expr { origins: inner.origins.clone().and(&test.subject.origins), ..inner };
    let op = TestOp::Equals { operands: numbers, case: Case::Sensitive };
    Some(Predicate::test(Test::new(subject, op), origins.clone()))
}

/// `tolower(x) == "v"` is `x =~ "v"` when `v` is in lower case, and never true otherwise.
///
/// Only for ASCII: beyond it, insensitive comparison does not fold.
fn fold_case(test: &mut Test, origins: &Origins, elided: &mut Vec<Elided>) -> Option<Predicate> {
    let ExprKind::Call(function @ (Function::ToLower | Function::ToUpper), arguments) = &test.subject.kind else {
        return None;
    };
    let function = *function;
    let inner = arguments[0].clone();
    if inner.ty != Type::String {
        return None;
    }
    let folded = |text: &str| match function {
        Function::ToLower => text == text.to_lowercase(),
        _ => text == text.to_uppercase(),
    };
    let (operands, case) = match &mut test.op {
        TestOp::Equals { operands, case } => (operands, case),
        TestOp::Text { needles, case, quantifier: Quantifier::Any, .. } => (needles, case),
        _ => return None,
    };
    if !operands.iter().all(|operand| operand.as_text().is_some_and(str::is_ascii)) {
        return None;
    }
    if *case == Case::Sensitive {
        let (kept, never): (Vec<Expr>, Vec<Expr>) =
            std::mem::take(operands).into_iter().partition(|operand| operand.as_text().is_some_and(folded));
        *operands = kept;
        if operands.is_empty() {
            *operands = never;
            let all = Predicate::test(test.clone(), origins.clone()).all_origins();
            return Some(Predicate::constant(Truth::False, all));
        }
        for operand in never {
            elided.push(Elided { origins: operand.origins, law: "value of another letter case, never equal" });
        }
        *case = Case::Insensitive;
    }
    let outer = test.subject.origins.clone();
    test.subject = Expr { origins: inner.origins.clone().and(&outer), ..inner };
    Some(Predicate::test(Test::new(test.subject.clone(), test.op.clone()), origins.clone()))
}

/// A predicate compared with `true` or `false`, with the constant's leaves.
pub(super) fn compared_with_bool(test: &Test) -> Option<(Predicate, bool, Origins)> {
    let (TestOp::Equals { operands, .. }, ExprKind::Truth(inner)) = (&test.op, &test.subject.kind) else {
        return None;
    };
    match operands.as_slice() {
        [only] => match only.as_literal() {
            Some(Value::Bool(truth)) => {
                Some(((**inner).clone(), *truth, only.origins.clone().and(&test.subject.origins)))
            }
            _ => None,
        },
        _ => None,
    }
}
