//! The judge: turns what was read into a plan and collects everything that is wrong.
//!
//! A plan comes out in any case. Where there are faults it is only good for the companions that keep the
//! function's callers free of follow-up errors.

mod arguments;
mod key;
mod signature;

use syn::Visibility;

use self::arguments::Given;
use crate::args::Arguments;
use crate::diagnostics::Faults;
use crate::item::Function;
use crate::model::{Companions, Plan};
use crate::used::Used;

pub(crate) use self::signature::refusal;

/// Judges an attribute on a function.
pub(crate) fn plan(arguments: &Arguments, function: &Function, faults: &mut Faults) -> Plan {
    signature::check(function, faults);
    let given = Given::sort(arguments, function, faults);
    let krate = given.krate(faults);
    let expire = given.expire(faults);
    let mut used = Used::new();
    let namespace = key::namespace(&given, function, &mut used, faults);
    let key = key::key(&given, function, &mut used, faults);
    let companions = companions(&given, function, &used, faults);
    Plan { krate, name: function.name().to_string(), expire, namespace, key, companions }
}

/// Without a word from the user, a method that may be a trait's gets none: nothing can be added there.
fn companions(given: &Given<'_>, function: &Function, used: &Used, faults: &mut Faults) -> Companions {
    let may_be_a_traits = function.receiver.is_some() && matches!(function.vis, Visibility::Inherited);
    if !given.companions(faults).unwrap_or(!may_be_a_traits) {
        return Companions::None;
    }
    let parameters = function.parameters.iter().enumerate();
    let needed = parameters.filter(|(_, parameter)| parameter.names().any(|name| used.contains(&name)));
    Companions::Beside { receiver: used.contains("self"), parameters: needed.map(|(at, _)| at).collect() }
}
