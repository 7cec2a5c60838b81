//! Chains of `and` and `or`.

use super::{BinaryOp, Expr, ExprKind};
use crate::span::Span;

impl Expr {
    /// Operands joined by `and` or `or`, and how many levels the tree grows by.
    ///
    /// The shape depends on the number of operands only: parentheses around a part of the same chain are not kept, and
    /// long chains are balanced, so that no tree is higher than it has to be.
    pub fn chain(op: BinaryOp, operands: Vec<Expr>, op_spans: Vec<Span>) -> (Expr, u32) {
        let mut flat = Vec::with_capacity(operands.len());
        let mut between = Vec::with_capacity(op_spans.len());
        let mut op_spans = op_spans.into_iter();
        for operand in operands {
            if !flat.is_empty() {
                between.push(op_spans.next().unwrap_or_default());
            }
            flatten(op, operand, &mut flat, &mut between);
        }
        let count = flat.len();
        let mut links = between.into_iter();
        if count <= LONGEST_LEFT_DEEP {
            let mut operands = flat.into_iter();
            let first = operands.next().expect("a chain has operands");
            let tree = operands.fold(first, |left, right| join(op, left, right, links.next().unwrap_or_default()));
            return (tree, count as u32 - 1);
        }
        let links: Vec<Span> = links.collect();
        let mut flat: Vec<Option<Expr>> = flat.into_iter().map(Some).collect();
        (balance(op, &mut flat, &links), usize::BITS - count.leading_zeros())
    }
}

/// Chains of up to this length lean to the left, as they are written.
const LONGEST_LEFT_DEEP: usize = 8;

fn flatten(op: BinaryOp, operand: Expr, flat: &mut Vec<Expr>, between: &mut Vec<Span>) {
    match operand.kind {
        ExprKind::Binary { op: inner, op_span, left, right } if inner == op => {
            flatten(op, *left, flat, between);
            between.push(op_span);
            flatten(op, *right, flat, between);
        }
        kind => flat.push(Expr { kind, span: operand.span }),
    }
}

fn join(op: BinaryOp, left: Expr, right: Expr, op_span: Span) -> Expr {
    let span = left.span.to(right.span);
    Expr { kind: ExprKind::Binary { op, op_span, left: Box::new(left), right: Box::new(right) }, span }
}

fn balance(op: BinaryOp, operands: &mut [Option<Expr>], links: &[Span]) -> Expr {
    if let [only] = operands {
        return only.take().expect("each operand is taken once");
    }
    let middle = operands.len() / 2;
    let (left, right) = operands.split_at_mut(middle);
    let link = links[middle - 1];
    join(op, balance(op, left, &links[..middle - 1]), balance(op, right, &links[middle..]), link)
}
