//! KQL: text to syntax tree, and back.
//!
//! [`parse`] takes any text, never panics and always yields a tree, together with what is wrong in it; [`print()`] writes
//! a tree as text that parses to the same tree; [`leaves()`] lists what in a tree a compiler has to account for.

pub mod ast;
pub mod builtin;
mod leaves;
mod lexer;
mod parser;
mod print;
#[cfg(test)]
mod properties;
mod token;

pub use leaves::{Leaf, leaves, names};
pub use lexer::lex;
pub use parser::{Error, ErrorKind, MAX_DEPTH, Parsed, operators, parse};
pub use print::{print, print_expr, print_operator};
pub use token::{Token, TokenKind};
