//! What tells calls apart: `key`, `skip` and `namespace`.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::{Expr, ExprLit, Ident, Lit, LitStr, Pat};

use super::arguments::Given;
use crate::args::{Value, ungrouped};
use crate::diagnostics::{Faults, listed};
use crate::item::{Function, Parameter};
use crate::model::{Key, Namespace, Piece};
use crate::template::{self, Mistake, Placeholder};
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
    levels(literal, faults);
    let pieces = Template { literal, function, within: Within::Namespace }.resolve(uses, faults);
    match pieces.as_slice() {
        [] => Namespace::Module,
        [Piece::Text(text)] => Namespace::Literal(text.clone()),
        _ => Namespace::Template(pieces),
    }
}

/// The `key` argument, or all arguments that are not skipped.
pub(super) fn key(given: &Given<'_>, function: &Function, uses: &mut Used, faults: &mut Faults) -> Key {
    let Some(argument) = given.get("key") else { return default_key(given, function, uses, faults) };
    if let Some(skip) = given.get("skip") {
        faults.at(&skip.name, "there is nothing to skip: `key` says what the key is made of; remove one");
    }
    match given.expr("key", faults) {
        Some(Expr::Lit(ExprLit { lit: Lit::Str(literal), .. })) => {
            if literal.value().is_empty() {
                faults.at(literal, "the key is empty; write `key = \"{fn}\"` or `key = id`");
            }
            Key::Template(Template { literal, function, within: Within::Key }.resolve(uses, faults))
        }
        Some(expr) => {
            uses.extend(used(expr.to_token_stream(), &function.names()));
            let parts = parts(expr);
            for part in &parts {
                known(part, function, faults);
            }
            Key::Parts(parts.iter().map(ToTokens::to_token_stream).collect())
        }
        None => {
            uses.extend(best_guess(&argument.value, function));
            Key::Parts(Vec::new())
        }
    }
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
        faults.at(root, format!("there is no argument `{root}`; {}", arguments(function)));
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
    let before = faults.len();
    let skipped = given.list("skip", faults);
    for unknown in skipped.iter().filter(|skip| !function.names().contains(&skip.unraw().to_string())) {
        faults.at(unknown, format!("there is no argument `{unknown}` to skip; {}", arguments(function)));
    }
    let skips = |name: &Ident| skipped.iter().any(|skip| skip.unraw() == name.unraw());
    // Whoever misspelled `self` or the key need not be told that one of them is missing.
    if given.whole && faults.len() == before {
        unfit(function, skipped.iter().any(|skip| skip == "self"), faults);
    }
    let taken: Vec<_> = function.bindings().filter(|name| !skips(name)).collect();
    uses.extend(taken.iter().map(|name| name.unraw().to_string()));
    Key::Parts(taken.iter().map(ToTokens::to_token_stream).collect())
}

/// What the default key would take and cannot.
fn unfit(function: &Function, skips_self: bool, faults: &mut Faults) {
    if let Some(receiver) = function.receiver.as_ref().filter(|_| !skips_self) {
        let advice = "write `key = …` with what the result depends on, or `skip(self)`";
        faults.at(receiver.self_token, format!("`self` cannot be part of the default key; {advice}"));
    }
    for parameter in &function.parameters {
        if let Pat::Wild(wild) = &parameter.pat {
            faults.at(wild, "this argument has no name; name it, or write `key = …`");
        }
    }
}

/// Each level between colons has a name.
fn levels(literal: &LitStr, faults: &mut Faults) {
    let value = literal.value();
    if value.is_empty() {
        faults.at(literal, "the namespace is empty; name it, or leave it out for the module's path");
    } else if value.split(':').any(str::is_empty) {
        faults.at(literal, "a level of the namespace is empty; put text on both sides of each `:`");
    }
}

fn arguments(function: &Function) -> String {
    let names = function.names();
    match names.len() {
        0 => "the function has no arguments".to_owned(),
        1 => format!("its argument is {}", listed(names)),
        _ => format!("its arguments are {}", listed(names)),
    }
}

/// Which argument a template is the value of.
#[derive(PartialEq)]
enum Within {
    Key,
    Namespace,
}

struct Template<'a> {
    literal: &'a LitStr,
    function: &'a Function,
    within: Within,
}

impl Template<'_> {
    fn resolve(&self, uses: &mut Used, faults: &mut Faults) -> Vec<Piece> {
        let parsed = template::parse(&self.literal.value());
        if !separated(&parsed) {
            let advice = "put text between them that starts with no letter, digit or `%`, as in `{a}:{b}`";
            faults.at(self.literal, format!("two placeholders without a separator; {advice}"));
        }
        let mut pieces: Vec<Piece> = Vec::new();
        for piece in parsed {
            match (self.piece(piece, uses, faults), pieces.last_mut()) {
                (Some(Piece::Text(text)), Some(Piece::Text(before))) => before.push_str(&text),
                (piece, _) => pieces.extend(piece),
            }
        }
        pieces
    }

    fn piece(&self, piece: template::Piece, uses: &mut Used, faults: &mut Faults) -> Option<Piece> {
        match piece {
            template::Piece::Text(text) => Some(Piece::Text(text)),
            template::Piece::Placeholder(placeholder) => self.placeholder(&placeholder, uses, faults),
            template::Piece::Mistake(mistake) => {
                faults.at(self.literal, explained(&mistake));
                None
            }
        }
    }

    fn placeholder(&self, wanted: &Placeholder, uses: &mut Used, faults: &mut Faults) -> Option<Piece> {
        match (wanted.name.as_str(), wanted.fields.as_slice()) {
            ("fn", []) => return Some(Piece::Text(self.function.name().to_string())),
            ("namespace", []) if self.within == Within::Key => return Some(Piece::Namespace),
            ("namespace", []) => {
                faults.at(self.literal, "`{namespace}` cannot be part of the namespace itself");
                return None;
            }
            _ => {}
        }
        let span = Span::call_site().located_at(self.literal.span());
        let Some(root) = self.root(&wanted.name, span) else {
            let known = arguments(self.function);
            faults.at(self.literal, format!("there is no argument `{}`; {known}", wanted.name));
            return None;
        };
        uses.insert(wanted.name.clone());
        let fields = wanted.fields.iter().map(|field| field.tokens(span));
        Some(Piece::Value(quote!(#root #(.#fields)*)))
    }

    /// The argument's name, resolved where the function stands but shown at the literal.
    fn root(&self, name: &str, span: Span) -> Option<TokenStream> {
        if name == "self" {
            let mut token = self.function.receiver.as_ref()?.self_token;
            token.span = token.span.located_at(span);
            return Some(token.to_token_stream());
        }
        let mut binding: Ident = self.function.bindings().find(|binding| binding.unraw() == name)?.clone();
        binding.set_span(binding.span().located_at(span));
        Some(binding.to_token_stream())
    }
}

/// Whether values cannot run into each other: `{a}{b}` and `{a}x{b}` make one key of different pairs.
fn separated(pieces: &[template::Piece]) -> bool {
    use template::Piece::{Placeholder, Text};
    pieces.windows(2).all(|pair| !matches!(pair, [Placeholder(_), Placeholder(_)]))
        && pieces.windows(3).all(|three| match three {
            [Placeholder(_), Text(text), Placeholder(_)] => {
                !text.starts_with(|c: char| c.is_alphanumeric() || c == '%')
            }
            _ => true,
        })
}

fn explained(mistake: &Mistake) -> String {
    match mistake {
        Mistake::Doubled(brace) => format!("braces cannot be part of a key; remove `{brace}{brace}`"),
        Mistake::Unpaired('{') => "`{` has no `}`".to_owned(),
        Mistake::Unpaired(_) => "`}` has no `{`".to_owned(),
        Mistake::Malformed(written) => {
            format!("`{{{written}}}` is no placeholder; write `{{name}}` or `{{name.field}}`")
        }
    }
}
