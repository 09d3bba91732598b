//! The judge: turns what was read into a plan and collects everything that is wrong.
//!
//! A plan comes out in any case. Where there are faults it is only good for the companions that keep the
//! function's callers free of follow-up errors.

mod borrowed;
mod companions;
mod evaluated;
mod fresh;
mod given;
mod key;
mod life;
mod response;
mod secret_names;
mod signature;
mod stored;
mod templates;
mod unfit;

use self::given::Given;
use crate::args::Arguments;
use crate::diagnostics::Faults;
use crate::item::Function;
use crate::model::{Plan, Returned, Settings, Terms};
use crate::used::Used;

pub(crate) use self::response::{finished, hidden_response, response_bound};
pub(crate) use self::signature::{opaque, refusal, repeated, routed, writer};
pub(crate) use self::templates::{Template, Within, levels, unknown};

/// Judges an attribute on a function.
pub(crate) fn plan(arguments: &Arguments, function: &Function, faults: &mut Faults) -> Plan {
    let given = Given::sort(arguments, function, faults);
    let krate = given.krate(faults);
    let plain = stored::plain(&given, faults);
    let response = response::response(&given, faults);
    let client = response::client(&given, faults);
    signature::check(function, faults);
    match response {
        Some(_) => response::returned(function, faults),
        None => signature::returned(function, plain, faults),
    }
    let (mut site, mut call) = (Settings::default(), Terms::default());
    life::expire(&given, function, &mut site, &mut call, faults);
    let (none, optional) = life::none(&given, faults);
    (site.none, site.jitter) = (none, life::jitter(&given, faults));
    fresh::served(&given, &mut site, faults);
    let background = fresh::background(&given, function, faults);
    site.lease = stored::lease(&given, faults);
    site.version = stored::version(&given, faults);

    let (mut namespace_uses, mut key_uses, mut tag_uses) = (Used::new(), Used::new(), Used::new());
    let namespace = key::namespace(&given, function, &mut namespace_uses, faults);
    let before = faults.len();
    let key = key::key(&given, function, &mut key_uses, faults);
    let sound = given.whole && faults.len() == before;
    call.tags = stored::tags(&given, function, &mut tag_uses, faults);
    call.bypass = stored::bypass(&given, function, faults);
    let shown = [("namespace", &namespace_uses), ("tags", &tag_uses)];
    site.sensitive = stored::sensitive(&given, &key_uses, shown, faults);
    if sound && site.sensitive && key_uses.is_empty() {
        stored::hides_nothing(&given, faults);
    }

    let value = stored::judgement(&given, faults);
    let codec = stored::codec(&given, &krate, faults);
    let (fallible, spelling) =
        (fresh::fallible(&given), unfit::spelling(function, cfg!(any(feature = "axum", test))));
    let returned = Returned { plain, response, client, optional, fallible, codec, spelling };
    key_uses.extend(namespace_uses);
    let companions = companions::companions(&given, arguments, function, &key_uses, faults);
    let name = function.name().to_string();
    let mut plan = Plan {
        krate,
        name,
        namespace,
        key,
        site,
        exposed: None,
        call,
        value,
        returned,
        background,
        companions,
    };
    plan.exposed = secret_names::exposed(&plan);
    plan
}
