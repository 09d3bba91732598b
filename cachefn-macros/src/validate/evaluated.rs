//! Expressions that are evaluated for each call, and what cannot stand in them.

use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::{Expr, ExprAsync, ExprAwait, ExprClosure, ExprReturn, ExprTry};

use super::templates::unknown;
use crate::diagnostics::Faults;
use crate::hidden::hidden;
use crate::item::Function;
use crate::used::places;

/// Refuses what would leave the expression of `name` before its end, and names that are out of reach.
pub(super) fn check(name: &str, expr: &Expr, function: &Function, faults: &mut Faults) {
    if let Expr::Closure(closure) = expr {
        let what = if name == "key" { "the key".to_owned() } else { format!("`{name}`") };
        let message =
            format!("{what} is an expression over the arguments, not a closure; write the closure's body");
        faults.at(closure, message);
        return;
    }
    Leaving { name, faults }.visit_expr(expr);
    let names: Vec<_> = hidden(function).into_iter().map(|hidden| hidden.name).collect();
    for (hidden, place) in places(expr.to_token_stream(), &names) {
        faults.at(place, unknown(&hidden, "", function));
    }
}

struct Leaving<'a> {
    name: &'a str,
    faults: &'a mut Faults,
}

impl<'ast> Visit<'ast> for Leaving<'_> {
    fn visit_expr_try(&mut self, expr: &'ast ExprTry) {
        let advice = "handle the error there, as `.ok()` does";
        let message = format!("`?` cannot stand in `{}`, which returns to nobody; {advice}", self.name);
        self.faults.at(expr.question_token, message);
        visit::visit_expr_try(self, expr);
    }

    fn visit_expr_await(&mut self, expr: &'ast ExprAwait) {
        let advice = "await before the call, and pass what comes out as an argument";
        self.faults.at(expr.await_token, format!("`{}` cannot wait; {advice}", self.name));
        visit::visit_expr_await(self, expr);
    }

    fn visit_expr_return(&mut self, expr: &'ast ExprReturn) {
        let message = format!("`return` cannot stand in `{}`; write the value alone", self.name);
        self.faults.at(expr.return_token, message);
        visit::visit_expr_return(self, expr);
    }

    /// What leaves a closure stays in the expression.
    fn visit_expr_closure(&mut self, _: &'ast ExprClosure) {}

    /// Likewise.
    fn visit_expr_async(&mut self, _: &'ast ExprAsync) {}
}
