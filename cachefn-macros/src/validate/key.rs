//! What tells calls apart: `key`, `skip` and `namespace`.

use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{Expr, ExprLit, Ident, Lit};

use super::evaluated;
use super::given::Given;
use super::templates::{Template, Within, levels, unknown, without_braces};
use crate::args::{Value, ungrouped};
use crate::diagnostics::Faults;
use crate::hidden::is_nameless;
use crate::item::{Function, Parameter};
use crate::model::{Key, Namespace, Part, Piece};
use crate::used::{Used, used};

/// The `namespace` argument, or the function's module.
pub(super) fn namespace(
    given: &Given<'_>,
    function: &Function,
    uses: &mut Used,
    faults: &mut Faults,
) -> Namespace {
    let literal = match given.expr("namespace", faults) {
        None => return Namespace::Module,
        Some(Expr::Lit(ExprLit { lit: Lit::Str(literal), .. })) => literal,
        Some(other) => {
            faults.at(other, "a namespace is written as a string; write `namespace = \"users\"`");
            uses.extend(used(other.to_token_stream(), &function.names()));
            return Namespace::Module;
        }
    };
    if literal.value().is_empty() {
        faults.at(literal, "the namespace is empty; name it, or leave it out for the module's path");
    }
    levels(literal, faults);
    let pieces = Template { literal, function, within: Within::Namespace }.resolve(uses, faults);
    match pieces.as_slice() {
        [] => Namespace::Module,
        [Piece::Text(text)] => Namespace::Literal(text.clone()),
        _ => Namespace::Template { written: literal.value(), pieces },
    }
}

/// The `key` argument, or all arguments that are not skipped.
pub(super) fn key(given: &Given<'_>, function: &Function, uses: &mut Used, faults: &mut Faults) -> Key {
    let Some(argument) = given.get("key") else { return default_key(given, function, uses, faults) };
    for skip in ["skip", "skip_all"].iter().filter_map(|name| given.get(name)) {
        faults.at(&skip.name, "there is nothing to skip: `key` says what the key is made of; remove one");
    }
    match given.expr("key", faults) {
        Some(Expr::Lit(ExprLit { lit: Lit::Str(literal), .. })) => {
            if literal.value().is_empty() {
                faults.at(literal, "the key is empty; write `key = \"{fn}\"` or `key = id`");
            }
            if let Some(name) = without_braces(literal, function) {
                let advice = format!("write `key = {name}` or `key = \"{{{}}}\"`", name.unraw());
                faults.at(literal, format!("this is text, the same for every call; {advice}"));
                uses.insert(name.unraw().to_string());
            }
            Key::Template(Template { literal, function, within: Within::Key }.resolve(uses, faults))
        }
        Some(expr) => {
            uses.extend(used(expr.to_token_stream(), &function.names()));
            Key::Parts(expression(expr, function, faults))
        }
        None => {
            uses.extend(best_guess(&argument.value, function));
            Key::Parts(Vec::new())
        }
    }
}

fn expression(expr: &Expr, function: &Function, faults: &mut Faults) -> Vec<Part> {
    let before = faults.len();
    evaluated::check("key", expr, function, faults);
    let sound = faults.len() == before;
    let parts = parts(expr);
    for part in parts.iter().filter(|_| sound) {
        known(part, function, faults);
    }
    parts.into_iter().map(Part::of).collect()
}

fn parts(expr: &Expr) -> Vec<&Expr> {
    match expr {
        Expr::Tuple(tuple) => tuple.elems.iter().collect(),
        other => vec![other],
    }
}

/// A value that begins with a lower-case name is an argument's. The compiler would refuse any other name too, but
/// once in the function and once, in other words, in its companion.
fn known(part: &Expr, function: &Function, faults: &mut Faults) {
    let root = match ungrouped(part) {
        Expr::Path(path) => path.path.get_ident(),
        Expr::Field(field) => return known(&field.base, function, faults),
        Expr::MethodCall(call) => return known(&call.receiver, function, faults),
        Expr::Reference(reference) => return known(&reference.expr, function, faults),
        Expr::Paren(paren) => return known(&paren.expr, function, faults),
        _ => None,
    };
    let Some(root) = root.filter(|root| root.unraw().to_string().starts_with(char::is_lowercase)) else {
        return;
    };
    if !function.names().iter().any(|name| root.unraw() == name) {
        faults.at(root, unknown(&root.to_string(), "", function));
    }
}

/// The arguments that the companions of a faulty key are most likely called with.
fn best_guess(value: &Value, function: &Function) -> Used {
    let mentioned = match value {
        Value::Unreadable(tokens, _) => used(tokens.clone(), &function.names()),
        Value::List(list) => used(list.stream(), &function.names()),
        Value::Absent | Value::Expr(_) => Used::new(),
    };
    if mentioned.is_empty() {
        function.parameters.iter().flat_map(Parameter::names).collect()
    } else {
        mentioned
    }
}

fn default_key(given: &Given<'_>, function: &Function, uses: &mut Used, faults: &mut Faults) -> Key {
    if given.flag("skip_all", faults) {
        if let Some(skip) = given.get("skip") {
            faults.at(&skip.name, "`skip_all` skips these too; remove one");
        }
        return Key::Parts(Vec::new());
    }
    let skipped = skipped(given, function, faults);
    let skips = |name: &Ident| skipped.iter().any(|skip| skip.unraw() == name.unraw());
    let skips_nameless = skipped.iter().any(|skip| skip == "_");
    let named = |parameter: &'_ Parameter| {
        let left_out = skips_nameless && is_nameless(parameter, function);
        let names = parameter.bindings.iter().filter(|name| !left_out && !skips(name));
        names
            .map(|name| {
                (
                    name.unraw().to_string(),
                    Part { value: name.to_token_stream(), cfgs: parameter.cfgs.clone() },
                )
            })
            .collect::<Vec<_>>()
    };
    let (names, taken): (Vec<_>, Vec<_>) = function.parameters.iter().flat_map(named).unzip();
    uses.extend(names);
    Key::Parts(taken)
}

/// What `skip` leaves out.
fn skipped(given: &Given<'_>, function: &Function, faults: &mut Faults) -> Vec<Ident> {
    let before = faults.len();
    let skipped = given.list("skip", faults);
    for name in &skipped {
        skippable(name, function, faults);
    }
    twice(&skipped, faults);
    // Whoever misspelled `self` or the key need not be told that one of them is missing.
    if given.whole && faults.len() == before {
        unfit(function, &skipped, faults);
    }
    skipped
}

fn twice(skipped: &[Ident], faults: &mut Faults) {
    for (at, name) in skipped.iter().enumerate() {
        if skipped[..at].iter().any(|before| before.unraw() == name.unraw()) {
            faults.at(name, format!("`{name}` is skipped twice; remove one"));
        }
    }
}

/// `_` skips the arguments that are called so.
fn skippable(name: &Ident, function: &Function, faults: &mut Faults) {
    if name == "_" {
        if !function.parameters.iter().any(|parameter| is_nameless(parameter, function)) {
            faults.at(name, "no argument is called `_`; remove it");
        }
    } else if !function.names().contains(&name.unraw().to_string()) {
        faults.at(name, unknown(&name.to_string(), " to skip", function));
    }
}

/// What the default key would take and cannot.
fn unfit(function: &Function, skipped: &[Ident], faults: &mut Faults) {
    let skips = |name: &str| skipped.iter().any(|skip| skip == name);
    if let Some(receiver) = function.receiver.as_ref().filter(|_| !skips("self")) {
        let advice = "write `key = …` with what the result depends on, or `skip(self)`";
        faults.at(receiver.self_token, format!("`self` cannot be part of the default key; {advice}"));
    }
    for parameter in function.parameters.iter().filter(|_| !skips("_")) {
        if is_nameless(parameter, function) {
            faults.at(&parameter.pat, "this argument has no name; name it, or write `skip(_)`");
        }
    }
}
