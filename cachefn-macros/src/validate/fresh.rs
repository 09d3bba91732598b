//! How old a value may be when it is served, and who fetches the next: `stale`, `refresh_ahead`, `refresh`,
//! `stale_if_error`, `timeout`.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Expr, Ident};

use super::borrowed;
use super::given::{Given, form};
use super::life::{is_computed, milliseconds, part, written};
use crate::diagnostics::Faults;
use crate::item::Function;
use crate::model::Settings;

/// What makes a value due before a call has to wait for it.
const REFRESHING: [&str; 3] = ["stale", "refresh_ahead", "timeout"];

/// Who runs the body for a value that is due.
enum Refresh {
    Background,
    Caller,
}

/// What is the same for every call.
pub(super) fn served(given: &Given<'_>, site: &mut Settings, faults: &mut Faults) {
    site.stale = constant("stale", given, faults);
    site.refresh_ahead = refresh_ahead(given, faults);
    site.stale_if_error = constant("stale_if_error", given, faults);
    site.timeout = constant("timeout", given, faults);
    let serves = ["stale", "stale_if_error"].iter().any(|name| given.get(name).is_some());
    if let Some(timeout) = given.get("timeout").filter(|_| !serves && given.whole) {
        let advice = format!("write `{}` or `{}` beside it", form("stale_if_error"), form("stale"));
        faults.at(&timeout.name, format!("no old value may be served when `timeout` is over; {advice}"));
    }
}

/// The argument by which bodies may outlive their calls; the function's own arguments must be fit for that.
pub(super) fn background(given: &Given<'_>, function: &Function, faults: &mut Faults) -> Option<Ident> {
    let refreshing = REFRESHING.iter().find_map(|name| given.get(name));
    let asking = match given.get("refresh") {
        None => refreshing.filter(|_| given.whole)?,
        Some(argument) => {
            let refresh = refresh(given, faults)?;
            if refreshing.is_none() && given.whole {
                let advice = format!("write `{}` beside it, or remove it", form("stale"));
                let message = format!("`refresh` says who refreshes, and nothing is refreshed; {advice}");
                faults.at(&argument.name, message);
            }
            match refresh {
                Refresh::Background => refreshing.map(|_| argument)?,
                Refresh::Caller => return None,
            }
        }
    };
    borrowed::refuse(function, faults);
    Some(asking.name.clone())
}

/// Where `stale_if_error` was written, unless there is more to serve than errors.
pub(super) fn fallible(given: &Given<'_>) -> Option<TokenStream> {
    let argument = given.get("stale_if_error").filter(|_| given.get("timeout").is_none())?;
    Some(argument.name.to_token_stream())
}

fn refresh(given: &Given<'_>, faults: &mut Faults) -> Option<Refresh> {
    let expr = given.expr("refresh", faults)?;
    if let Expr::Path(path) = expr {
        for (word, refresh) in [("background", Refresh::Background), ("caller", Refresh::Caller)] {
            if path.path.is_ident(word) {
                return Some(refresh);
            }
        }
    }
    let typed = expr.to_token_stream();
    faults.at(expr, format!("`refresh` is `background` or `caller`, not `{typed}`"));
    None
}

fn refresh_ahead(given: &Given<'_>, faults: &mut Faults) -> Option<f64> {
    let expr = given.expr("refresh_ahead", faults)?;
    let part = part(expr);
    if part.is_none() {
        let typed = expr.to_token_stream();
        let advice = format!("write a number between 0 and 1, as in `{}`", form("refresh_ahead"));
        faults.at(expr, format!("`{typed}` is no part of a life; {advice}"));
    }
    part
}

fn constant(name: &str, given: &Given<'_>, faults: &mut Faults) -> Option<u64> {
    let expr = given.expr(name, faults)?;
    if is_computed(expr) {
        let typed = expr.to_token_stream();
        let message = format!("`{name}` is the same for every call, and `{typed}` is no literal");
        faults.at(expr, format!("{message}; {}", written(name)));
        return None;
    }
    milliseconds(name, expr, faults)
}
