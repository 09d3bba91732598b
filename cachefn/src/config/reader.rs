//! Reads variables by name and collects what is wrong with them, or odd.

use super::values;
use crate::error::Fault;

/// The lookup, and what was found out about the variables so far.
pub(super) struct Reader<L> {
    lookup: L,
    pub(super) faults: Vec<Fault>,
    pub(super) warnings: Vec<String>,
}

impl<L: Fn(&str) -> Option<String>> Reader<L> {
    pub(super) fn new(lookup: L) -> Self {
        Self { lookup, faults: Vec::new(), warnings: Vec::new() }
    }

    /// Returns the variable without surrounding space; absent if nothing is left.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let text = (self.lookup)(name)?;
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// Records what is wrong with a variable.
    pub(super) fn fault(&mut self, name: &'static str, problem: impl Into<String>) {
        self.faults.push(Fault::new(name, problem));
    }

    /// Returns true if the variable has been read and is wrong.
    pub(super) fn is_faulty(&self, name: &str) -> bool {
        self.faults.iter().any(|fault| fault.variable() == name)
    }

    /// Reads variables of which nothing is said unless they are `used`: those that are not may belong to another program.
    pub(super) fn scope(&mut self, used: bool) -> Scope<'_, L> {
        Scope { reader: self, used }
    }
}

/// Variables that are all used, or all not.
pub(super) struct Scope<'a, L> {
    reader: &'a mut Reader<L>,
    used: bool,
}

impl<L: Fn(&str) -> Option<String>> Scope<'_, L> {
    /// Returns the judged variable, or `default` where it is absent, blank or wrong.
    pub(super) fn read<T>(
        &mut self,
        name: &'static str,
        default: T,
        judge: impl Fn(&str) -> Result<T, String>,
    ) -> T {
        let Some(text) = self.reader.text(name) else { return default };
        values::unquoted(&text).and_then(judge).unwrap_or_else(|problem| {
            if self.used {
                self.reader.fault(name, problem);
            }
            default
        })
    }

    /// Returns a variable that may hold any characters as it stands; absent if it is empty. Quotes and line ends around
    /// it are rarely meant, so there is one warning, which does not show it.
    pub(super) fn secret(&mut self, name: &'static str) -> Option<String> {
        let text = (self.reader.lookup)(name).filter(|text| !text.is_empty())?;
        if let Some(oddity) = values::oddity(&text).filter(|_| self.used) {
            self.reader.warnings.push(format!("{name} {oddity}"));
        }
        Some(text)
    }
}
