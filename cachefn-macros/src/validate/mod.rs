//! The judge: turns what was read into a plan and collects everything that is wrong.
//!
//! A plan comes out in any case. Where there are faults it is only good for the companions that keep the
//! function's callers free of follow-up errors.

mod given;
mod key;
mod life;
mod signature;
mod stored;
mod templates;

use syn::Visibility;

use self::given::Given;
use crate::args::Arguments;
use crate::diagnostics::Faults;
use crate::item::Function;
use crate::model::{Companions, Plan, Returned, Settings, Terms};
use crate::used::Used;

pub(crate) use self::signature::{refusal, writer};
pub(crate) use self::templates::{Template, Within};

/// Judges an attribute on a function.
pub(crate) fn plan(arguments: &Arguments, function: &Function, faults: &mut Faults) -> Plan {
    let given = Given::sort(arguments, function, faults);
    let krate = given.krate(faults);
    let plain = stored::plain(&given, faults);
    signature::check(function, plain, faults);
    let (mut site, mut call) = (Settings::default(), Terms::default());
    life::expire(&given, &mut site, &mut call, faults);
    let (none, optional) = life::none(&given, faults);
    (site.none, site.jitter) = (none, life::jitter(&given, faults));
    site.version = stored::version(&given, faults);

    let (mut namespace_uses, mut key_uses, mut tag_uses) = (Used::new(), Used::new(), Used::new());
    let namespace = key::namespace(&given, function, &mut namespace_uses, faults);
    let key = key::key(&given, function, &mut key_uses, faults);
    call.tags = stored::tags(&given, function, &mut tag_uses, faults);
    call.bypass = stored::bypass(&given, faults);
    let shown = [("namespace", &namespace_uses), ("tags", &tag_uses)];
    site.sensitive = stored::sensitive(&given, &key_uses, shown, faults);

    let value = stored::judgement(&given, faults);
    let codec = stored::codec(&given, &krate, faults);
    let returned = Returned { plain, optional, codec };
    key_uses.extend(namespace_uses);
    let companions = companions(&given, function, &key_uses, faults);
    Plan { krate, name: function.name().to_string(), namespace, key, site, call, value, returned, companions }
}

/// Without a word from the user, a method that may be a trait's gets none: nothing can be added there.
fn companions(given: &Given<'_>, function: &Function, used: &Used, faults: &mut Faults) -> Companions {
    let framed = function.frame.is_some();
    let may_be_a_traits = function.receiver.is_some() && matches!(function.vis, Visibility::Inherited);
    let wanted = given.companions(faults);
    if let Some(argument) = given.get("companions").filter(|_| framed && wanted == Some(true)) {
        let message =
            "companions cannot stand in the implementation of a trait; invalidate by `namespace` or `tags`";
        faults.at(&argument.name, message);
    }
    if framed || !wanted.unwrap_or(!may_be_a_traits) {
        return Companions::None;
    }
    let parameters = function.parameters.iter().enumerate();
    let needed = parameters.filter(|(_, parameter)| parameter.names().any(|name| used.contains(&name)));
    Companions::Beside { receiver: used.contains("self"), parameters: needed.map(|(at, _)| at).collect() }
}
