//! How long an entry lives: `expire`, `none`, `jitter`.

use std::time::Duration;

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Expr, ExprLit, ExprUnary, Lit, LitInt, UnOp};

use super::evaluated;
use super::given::{Given, form};
use crate::args::ungrouped;
use crate::diagnostics::Faults;
use crate::item::Function;
use crate::model::{Settings, Terms};

/// Longer is as good as for ever, which nothing is kept for.
const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// `expire`: a constant of the site, or an expression of each call.
pub(super) fn expire(
    given: &Given<'_>,
    function: &Function,
    site: &mut Settings,
    call: &mut Terms,
    faults: &mut Faults,
) {
    let Some(expr) = given.expr("expire", faults) else { return };
    if is_computed(expr) {
        evaluated::check("expire", expr, function, faults);
        call.expire = Some(expr.to_token_stream());
        call.expire_by_name = has_a_type(expr);
        return;
    }
    site.expire = milliseconds("expire", expr, faults);
}

/// `none`: how long a `None` lives; absent, like `"skip"`: it is not stored.
pub(super) fn none(given: &Given<'_>, faults: &mut Faults) -> (Option<u64>, Option<TokenStream>) {
    let written = given.get("none").map(|argument| argument.name.to_token_stream());
    let Some(expr) = given.expr("none", faults) else { return (None, None) };
    let life = match expr {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) if text.value() == "skip" => None,
        other => milliseconds("none", other, faults),
    };
    (life, written)
}

/// `jitter`: a part of one.
pub(super) fn jitter(given: &Given<'_>, faults: &mut Faults) -> Option<f64> {
    let expr = given.expr("jitter", faults)?;
    let part = part(expr);
    if part.is_none() {
        let typed = expr.to_token_stream();
        faults
            .at(expr, format!("`{typed}` is no part of a life; write a number between 0 and 1, as in `0.1`"));
    }
    part
}

/// A number between 0 and 1.
pub(super) fn part(expr: &Expr) -> Option<f64> {
    let part = match expr {
        Expr::Lit(ExprLit { lit: Lit::Float(float), .. }) => float.base10_parse::<f64>().ok(),
        _ => None,
    };
    part.filter(|part| (f64::MIN_POSITIVE..1.0).contains(part))
}

/// Whether only the running program knows the value. Literals are judged here.
pub(super) fn is_computed(expr: &Expr) -> bool {
    match expr {
        Expr::Lit(_) => false,
        Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. }) => is_computed(expr),
        _ => true,
    }
}

/// Whether the expression has a type by itself; that of others, such as `lifetime.into()`, depends on what is expected.
fn has_a_type(expr: &Expr) -> bool {
    match ungrouped(expr) {
        Expr::Path(_) | Expr::Field(_) | Expr::Index(_) | Expr::Cast(_) => true,
        Expr::Unary(unary) => has_a_type(&unary.expr),
        Expr::Binary(binary) => {
            is_number(&binary.left) || is_number(&binary.right) || has_a_type(&binary.left)
        }
        _ => false,
    }
}

fn is_number(expr: &Expr) -> bool {
    matches!(ungrouped(expr), Expr::Lit(ExprLit { lit: Lit::Int(_) | Lit::Float(_), .. }))
}

pub(super) fn milliseconds(name: &str, expr: &Expr, faults: &mut Faults) -> Option<u64> {
    let (shortest, longest) = match name {
        "timeout" => ("nobody waits", "nobody waits"),
        "stale" | "stale_if_error" => ("nothing is served", "nothing is kept"),
        _ => ("nothing lives", "nothing is kept"),
    };
    let Some(duration) = duration(expr) else {
        let typed = expr.to_token_stream();
        faults.at(expr, format!("`{typed}` is no duration; {}", written(name)));
        return None;
    };
    if duration < Duration::from_millis(1) {
        faults.at(expr, format!("{shortest} for less than a millisecond; write `{}`", form(name)));
        return None;
    }
    if duration > CENTURY {
        faults.at(expr, format!("{longest} for more than a century"));
        return None;
    }
    u64::try_from(duration.as_millis()).ok()
}

/// How to write a duration.
pub(super) fn written(name: &str) -> String {
    match form(name) {
        text if text.contains('"') => format!("write `{text}`, or a number of seconds"),
        seconds => format!("write seconds as in `{seconds}`, or `\"5m\"`"),
    }
}

fn duration(expr: &Expr) -> Option<Duration> {
    match expr {
        Expr::Lit(ExprLit { lit: Lit::Int(seconds), .. }) => from_seconds(seconds),
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => humantime::parse_duration(&text.value()).ok(),
        _ => None,
    }
}

fn from_seconds(literal: &LitInt) -> Option<Duration> {
    let seconds = literal.suffix().is_empty().then(|| literal.base10_parse().ok()).flatten()?;
    Some(Duration::from_secs(seconds))
}
