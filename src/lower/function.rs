//! Calls of functions that the query itself defines: specialised for their arguments, each tuple once.

use std::rc::Rc;

use crate::diagnostic::Code;
use crate::ir::{self, Expr, RelationId, Type};
use crate::kql::ast;
use crate::span::{Origins, Span};

use super::name::{Binding, Environment, UserFunction};
use super::scalar::Scope;
use super::{CALL_DEPTH, Lowerer, Reported, Result};

impl Lowerer<'_> {
    /// A call in a scalar place: the body's last expression over the arguments.
    pub(super) fn call_scalar_function(
        &mut self,
        call: &ast::Expr,
        name: &ast::Name,
        function: &Rc<UserFunction>,
        arguments: &[ast::Argument],
        scope: &Scope,
    ) -> Result<Expr> {
        let (environment, _) = self.enter(call, name, function, arguments, scope)?;
        let result = self.scalar_body(name, &function.declaration, &environment);
        self.calls -= 1;
        let mut value = result?;
        // A note about the call points at the condition in the function's body.
        value.origins.extend(&Origins::from(name.span).moved());
        Ok(value)
    }

    /// A call in a tabular place.
    pub(super) fn call_tabular_function(
        &mut self,
        call: &ast::Expr,
        name: &ast::Name,
        function: &Rc<UserFunction>,
        arguments: &[ast::Argument],
        environment: &Rc<Environment>,
    ) -> Result<RelationId> {
        let scope = Scope::constant(environment);
        let (environment, key) = self.enter(call, name, function, arguments, &scope)?;
        let key = (function.declaration.span, key);
        let relation = match self.specialised.get(&key) {
            Some(relation) => Ok(Some(*relation)),
            None => self.statements(&function.declaration.body, &environment),
        };
        self.calls -= 1;
        let Some(relation) = relation? else {
            return self.error(Code::WrongType, name.span, format!("`{}` yields no table", name.text));
        };
        self.specialised.insert(key, relation);
        self.refer(relation, name.span);
        Ok(relation)
    }

    /// Whether a function's body ends in a table.
    pub(super) fn yields_table(&self, function: &UserFunction) -> bool {
        let Some(ast::Statement::Expr(last)) = function.declaration.body.statements.last() else { return false };
        // Parameters and inner bindings are not bound yet: their own declarations tell.
        let declared = |name: &str| {
            function
                .declaration
                .parameters
                .iter()
                .find(|parameter| parameter.name.text == name)
                .map(|parameter| matches!(parameter.ty, ast::ParameterType::Table(_)))
        };
        let ast::ExprKind::Name(name) = &last.kind else { return self.is_tabular(last, &function.environment) };
        let bound = || {
            function.declaration.body.statements.iter().find_map(|statement| {
                let ast::Statement::Let(binding) = statement else { return None };
                (binding.name.text == name.text).then(|| match &binding.value {
                    ast::LetValue::Expr(value) => self.is_tabular(value, &function.environment),
                    ast::LetValue::Function(_) => false,
                })
            })
        };
        declared(&name.text).or_else(bound).unwrap_or_else(|| self.is_tabular(last, &function.environment))
    }

    /// The names a call's body sees, and its arguments as text.
    fn enter(
        &mut self,
        call: &ast::Expr,
        name: &ast::Name,
        function: &Rc<UserFunction>,
        arguments: &[ast::Argument],
        scope: &Scope,
    ) -> Result<(Rc<Environment>, String)> {
        let parameters = &function.declaration.parameters;
        if arguments.len() > parameters.len() {
            let expected = format!("{} arguments", parameters.len());
            return self.wrong_arguments(name, &expected, arguments.len());
        }
        let mut environment = Rc::clone(&function.environment);
        let mut key = String::new();
        let mut failed = false;
        for (position, parameter) in parameters.iter().enumerate() {
            let argument = arguments
                .iter()
                .find(|argument| argument.name.as_ref().is_some_and(|given| given.text == parameter.name.text))
                .or_else(|| arguments.get(position).filter(|argument| argument.name.is_none()))
                .map(|argument| &argument.value)
                .or(parameter.default.as_ref());
            let Some(argument) = argument else {
                let message = format!("`{}` lacks its argument `{}`", name.text, parameter.name.text);
                return self.error(Code::WrongArguments, name.span, message);
            };
            match self.argument(parameter, argument, scope) {
                Ok((binding, printed)) => {
                    key.push_str(&printed);
                    key.push('\u{0}');
                    environment = environment.with(&parameter.name, binding, parameter.name.span);
                }
                Err(Reported) => failed = true,
            }
        }
        if failed {
            return Err(Reported);
        }
        self.calls += 1;
        if self.calls > CALL_DEPTH {
            self.calls -= 1;
            let message = format!("functions call one another more than {CALL_DEPTH} deep");
            return self.error(Code::TooComplex, call.span, message);
        }
        Ok((environment, key))
    }

    fn argument(
        &mut self,
        parameter: &ast::Parameter,
        argument: &ast::Expr,
        scope: &Scope,
    ) -> Result<(Binding, String)> {
        match &parameter.ty {
            ast::ParameterType::Table(_) => {
                let relation = self.relation(argument, &scope.environment)?;
                Ok((Binding::Relation(relation), format!("%{}", relation.0)))
            }
            ast::ParameterType::Scalar(ty) => {
                let mut value = self.scalar(argument, scope)?;
                if let Some(ty) = Type::from_name(&ty.text) {
                    self.infer(&mut value, ty);
                }
                let printed = ir::print_expr(&self.query, &value);
                let origins: Vec<String> =
                    value.all_origins().spans().iter().map(|span: &Span| span.start.to_string()).collect();
                // The same value from two places keeps its two places apart.
                Ok((Binding::Scalar(value), format!("{printed}@{}", origins.join(","))))
            }
        }
    }

    fn scalar_body(
        &mut self,
        name: &ast::Name,
        declaration: &ast::Function,
        environment: &Rc<Environment>,
    ) -> Result<Expr> {
        let mut environment = Rc::clone(environment);
        let mut value = None;
        for statement in &declaration.body.statements {
            match statement {
                ast::Statement::Let(binding) => environment = self.bind(binding, &environment)?,
                ast::Statement::Expr(expr) => {
                    // The body sees its parameters, not the caller's columns.
                    value = Some(self.scalar(expr, &Scope::constant(&environment))?);
                }
                ast::Statement::Parameters { .. }
                | ast::Statement::Set { .. }
                | ast::Statement::Alias { .. }
                | ast::Statement::Restrict { .. }
                | ast::Statement::Pattern(_) => {}
            }
        }
        match value {
            Some(value) => Ok(value),
            None => self.error(Code::WrongType, name.span, format!("`{}` yields no value", name.text)),
        }
    }
}
