//! What an attribute resolves to: the plan from which code is written without another question.

use proc_macro2::TokenStream;

use crate::paths::CratePath;

/// One `#[cached]` function, resolved.
pub(crate) struct Plan {
    pub(crate) krate: CratePath,
    /// The function's name, without `r#`.
    pub(crate) name: String,
    /// Time to live in milliseconds, where the attribute says one.
    pub(crate) expire: Option<u64>,
    pub(crate) namespace: Namespace,
    pub(crate) key: Key,
    pub(crate) companions: Companions,
}

impl Plan {
    /// The user's tokens in key and namespace.
    pub(crate) fn values(&self) -> TokenStream {
        let namespace = match &self.namespace {
            Namespace::Module | Namespace::Literal(_) => &[],
            Namespace::Template(pieces) => pieces.as_slice(),
        };
        let (key, parts) = match &self.key {
            Key::Parts(parts) => (&[] as &[Piece], parts.as_slice()),
            Key::Template(pieces) => (pieces.as_slice(), &[] as &[TokenStream]),
        };
        let values = namespace.iter().chain(key).filter_map(|piece| match piece {
            Piece::Value(value) => Some(value),
            Piece::Text(_) | Piece::Namespace => None,
        });
        parts.iter().chain(values).cloned().collect()
    }
}

/// The group that an entry belongs to.
pub(crate) enum Namespace {
    /// The function's module path.
    Module,
    Literal(String),
    /// Decided by the arguments of each call.
    Template(Vec<Piece>),
}

/// How the key tells calls apart.
pub(crate) enum Key {
    /// Behind namespace and function; each value is an expression.
    Parts(Vec<TokenStream>),
    /// Exactly as written.
    Template(Vec<Piece>),
}

/// A piece of a template.
pub(crate) enum Piece {
    Text(String),
    Value(TokenStream),
    /// The whole namespace.
    Namespace,
}

/// The functions generated beside the annotated one.
pub(crate) enum Companions {
    None,
    Beside {
        /// Whether `invalidate_*` needs `&self`.
        receiver: bool,
        /// The positions of the arguments that `invalidate_*` needs.
        parameters: Vec<usize>,
    },
}
