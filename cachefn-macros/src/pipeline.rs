//! From tokens to tokens: read → judge → plan → write.
//!
//! ```text
//! item ─────▶ Item ──┐
//!                    ├─▶ validate ─▶ Plan ─▶ expand + companions
//! args ─▶ Arguments ─┘        └────▶ Faults ─▶ compile errors, the untouched item, companions that do nothing
//! ```

use proc_macro2::TokenStream;
use quote::quote;

use crate::companions::{Bodies, companions};
use crate::diagnostics::Faults;
use crate::{answer, args, expand, item, validate, written};

/// `#[cached]`: the whole expansion. Without `enabled` everything is judged the same, and the function comes out
/// as it went in.
pub(crate) fn cached(args: TokenStream, item: &TokenStream, enabled: bool) -> TokenStream {
    let mut function = match validate::refusal("cached", item::read(item.clone())) {
        Ok(function) => function,
        Err(faults) => return quote!(#faults #item),
    };
    if let Some(faults) = validate::repeated(&function) {
        return quote!(#faults #item);
    }
    let mut faults = Faults::default();
    let written = written::hashes(&args, &function);
    let mut plan = validate::plan(&args::read(args), &function, &mut faults);
    (plan.site.written, plan.site.generic) = (written, written::has_instances(&function));
    let routed = validate::routed(&function, &mut faults);
    if !enabled || !faults.is_empty() {
        let bodies = if routed { Bodies::Uncalled } else { Bodies::Off };
        let companions = companions(&plan, &function, bodies);
        return quote!(#faults #item #companions);
    }
    let hidden = plan.returned.response.map(|_| answer::show(&mut function, &plan.krate));
    let companions = companions(&plan, &function, Bodies::Working);
    let function = expand::function(&plan, &function, hidden.as_ref());
    quote!(#function #companions)
}
