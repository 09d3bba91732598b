//! Names and forms of the attribute's arguments: which were given, and in the right form.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{Expr, ExprLit, Ident, Lit, Path};

use crate::args::{Argument, Arguments, HABITS, KNOWN, Name, Value, names, ungrouped};
use crate::diagnostics::{Faults, listed};
use crate::item::Function;
use crate::paths::CratePath;
use crate::spelling;

/// The known arguments that were written, each once.
pub(super) struct Given<'a> {
    known: Vec<(&'static str, &'a Argument)>,
    /// Whether every token was understood, so that what is absent is absent on purpose.
    pub(super) whole: bool,
}

impl<'a> Given<'a> {
    /// Keeps the first of each known argument; a misspelled one counts as the one that was meant.
    pub(super) fn sort(arguments: &'a Arguments, function: &Function, faults: &mut Faults) -> Self {
        let mut given = Self { known: Vec::new(), whole: arguments.stray.is_empty() };
        for stray in &arguments.stray {
            faults.push(stray.clone());
        }
        let names: Vec<_> = arguments.list.iter().map(|argument| argument.name.unraw().to_string()).collect();
        for (argument, name) in arguments.list.iter().zip(&names) {
            match KNOWN.iter().find(|known| known.name == name) {
                Some(known) if given.get(known.name).is_some() => {
                    faults.at(&argument.name, format!("`{name}` is given twice; remove one"));
                }
                Some(known) => given.known.push((known.name, argument)),
                None => {
                    faults.at(&argument.name, unknown(argument, name, function));
                    let is_habit = HABITS.iter().any(|(names, _)| names.contains(&name.as_str()));
                    let meant = spelling::meant(name, KNOWN).filter(|_| !is_habit).map(|known| known.name);
                    let meant = meant.filter(|meant| !names.iter().any(|name| name == meant));
                    given.known.extend(meant.map(|meant| (meant, argument)));
                }
            }
        }
        given
    }

    /// The argument as it was written, whatever its value.
    pub(super) fn get(&self, name: &str) -> Option<&'a Argument> {
        self.known.iter().find(|(known, _)| *known == name).map(|(_, argument)| *argument)
    }

    /// The expression of `name = …`.
    pub(super) fn expr(&self, name: &str, faults: &mut Faults) -> Option<&'a Expr> {
        let argument = self.get(name)?;
        match &argument.value {
            Value::Expr(expr) => return Some(ungrouped(expr)),
            Value::Absent => {
                faults.at(&argument.name, format!("`{name}` has no value; write `{}`", form(name)));
            }
            Value::List(list) => {
                faults.at(list, format!("`{name}` takes one value; write `{}`", form(name)));
            }
            Value::Unreadable(tokens, error) if !tokens.is_empty() => {
                faults.at(tokens, format!("the value of `{name}` is no expression: {error}"));
            }
            Value::Unreadable(_, error) => faults.push(error.clone()),
        }
        None
    }

    /// The names of `name(a, b)`.
    pub(super) fn list(&self, name: &str, faults: &mut Faults) -> Vec<Ident> {
        let Some(argument) = self.get(name) else { return Vec::new() };
        let Value::List(list) = &argument.value else {
            faults.at(&argument.name, format!("`{name}` takes a list of names; write `{}`", form(name)));
            return Vec::new();
        };
        let mut idents = Vec::new();
        for name in names(list) {
            match name {
                Name::Ident(ident) => idents.push(ident),
                Name::Other(other) => faults.at(other, "expected the name of an argument"),
            }
        }
        if list.stream().is_empty() {
            faults.at(list, format!("`{name}` names no argument; write `{}`", form(name)));
        }
        idents
    }

    /// Whether `name` stands there alone.
    pub(super) fn flag(&self, name: &str, faults: &mut Faults) -> bool {
        let Some(argument) = self.get(name) else { return false };
        if !matches!(argument.value, Value::Absent) {
            faults.at(&argument.name, format!("`{name}` takes no value; write `{name}`"));
        }
        true
    }

    /// A closure over the value, or a path to a function.
    pub(super) fn judge(&self, name: &str, faults: &mut Faults) -> Option<TokenStream> {
        let expr = self.expr(name, faults)?;
        match expr {
            Expr::Closure(closure) if closure.inputs.len() != 1 => {
                let message = format!("`{name}` is given the value and nothing else; write `{}`", form(name));
                faults.at(closure, message);
            }
            Expr::Closure(closure) if closure.asyncness.is_some() => {
                faults.at(closure.asyncness, format!("`{name}` cannot wait; write `{}`", form(name)));
            }
            Expr::Closure(_) | Expr::Path(_) | Expr::Call(_) | Expr::Macro(_) | Expr::Block(_) => {
                return Some(expr.to_token_stream());
            }
            other => {
                let typed = other.to_token_stream();
                faults.at(other, format!("`{typed}` is no closure over the value; write `{}`", form(name)));
            }
        }
        None
    }

    pub(super) fn krate(&self, faults: &mut Faults) -> CratePath {
        let Some(expr) = self.expr("crate", faults) else { return CratePath::found() };
        if let Expr::Lit(ExprLit { lit: Lit::Str(path), .. }) = expr
            && let Ok(path) = path.parse_with(Path::parse_mod_style)
        {
            return CratePath::written(&path);
        }
        faults.at(expr, format!("this is no path to a crate; write `{}`", form("crate")));
        CratePath::found()
    }
}

pub(super) fn form(name: &str) -> &'static str {
    KNOWN.iter().find(|known| known.name == name).map_or("", |known| known.form)
}

fn unknown(argument: &Argument, name: &str, function: &Function) -> String {
    if matches!(argument.value, Value::Absent) && function.names().iter().any(|known| known == name) {
        return format!("`{name}` is an argument of the function; write `key = {name}` or `skip({name})`");
    }
    let habit = HABITS.iter().find(|(names, _)| names.contains(&name)).map(|(_, ours)| (*ours).to_owned());
    let advice = habit.unwrap_or_else(|| match spelling::meant(name, KNOWN) {
        Some(known) => format!("did you mean `{}`?", known.name),
        None => format!("it has {}", listed(KNOWN.iter().map(|known| known.name))),
    });
    format!("`#[cached]` has no argument `{name}`; {advice}")
}
