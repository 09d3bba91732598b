//! What an attribute resolves to: the plan from which code is written without another question.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{Attribute, Ident, Token};

use crate::paths::CratePath;

/// One `#[cached]` function, resolved.
pub(crate) struct Plan {
    pub(crate) krate: CratePath,
    /// The function's name, without `r#`.
    pub(crate) name: String,
    pub(crate) namespace: Namespace,
    pub(crate) key: Key,
    pub(crate) site: Settings,
    /// A value in key or namespace that is a secret by its name, where nothing hides it.
    pub(crate) exposed: Option<String>,
    pub(crate) call: Terms,
    pub(crate) value: Judgement,
    pub(crate) returned: Returned,
    /// The argument by which bodies may outlive their calls.
    pub(crate) background: Option<Ident>,
    pub(crate) companions: Companions,
}

/// What is the same for every call; absent is the runtime's default.
#[derive(Default)]
pub(crate) struct Settings {
    /// Time to live in milliseconds, where it is a constant.
    pub(crate) expire: Option<u64>,
    /// Time to live of a `None` in milliseconds, where it is stored.
    pub(crate) none: Option<u64>,
    /// The largest part of its life that an entry may lose.
    pub(crate) jitter: Option<f64>,
    /// For how long past its life a value is served, in milliseconds.
    pub(crate) stale: Option<u64>,
    /// The part of a life after which the value is refreshed.
    pub(crate) refresh_ahead: Option<f64>,
    /// For how long past its life a value is served in the place of an error, in milliseconds.
    pub(crate) stale_if_error: Option<u64>,
    /// For how long a call with an old value at hand waits for its body, in milliseconds.
    pub(crate) timeout: Option<u64>,
    /// Whether one fill at a time is enough for all processes.
    pub(crate) lease: bool,
    pub(crate) version: Option<u64>,
    pub(crate) sensitive: bool,
    /// Whether the function has instances: type parameters of its own, which its companions need not have.
    pub(crate) generic: bool,
    /// Hashes of the function as it is written: of its attribute and signature, and of all of it.
    pub(crate) written: (u64, u64),
}

/// What the arguments of each call decide.
#[derive(Default)]
pub(crate) struct Terms {
    /// Whether the cache is not read.
    pub(crate) bypass: Option<TokenStream>,
    /// An expression that gives the time to live.
    pub(crate) expire: Option<TokenStream>,
    /// Whether that has a type whatever is expected of it, as a constant has.
    pub(crate) expire_by_name: bool,
    pub(crate) tags: Vec<Vec<Piece>>,
}

impl Terms {
    /// Whether nothing is left to say once memory was asked.
    pub(crate) fn settled(&self) -> bool {
        self.expire.is_none() && self.tags.is_empty()
    }
}

/// What the value decides, by closures over it.
#[derive(Default)]
pub(crate) struct Judgement {
    pub(crate) when: Option<TokenStream>,
    pub(crate) expire_with: Option<TokenStream>,
    pub(crate) tags_with: Option<TokenStream>,
}

impl Judgement {
    pub(crate) fn is_empty(&self) -> bool {
        self.when.is_none() && self.expire_with.is_none() && self.tags_with.is_none()
    }
}

/// Whose a stored response is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Response {
    Anybodys,
    /// The key names the user.
    Ones,
}

/// How the return type is looked at.
#[derive(Default)]
pub(crate) struct Returned {
    /// Stored whole, whatever it is.
    pub(crate) plain: bool,
    /// A response, and whose it is.
    pub(crate) response: Option<Response>,
    /// What clients may keep of it, as it is written.
    pub(crate) client: Option<String>,
    /// Where `none` was written, which only a type with a `None` may have.
    pub(crate) optional: Option<TokenStream>,
    /// Where `stale_if_error` was written alone, which only a type with an `Err` may have.
    pub(crate) fallible: Option<TokenStream>,
    /// The type of the codec.
    pub(crate) codec: Option<TokenStream>,
    /// What is checked first where it cannot be stored.
    pub(crate) spelling: Spelling,
}

/// What a return type looks like, which decides how the compiler explains that it cannot be stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// A name alone.
    #[default]
    Name,
    /// Other types are inside of it, or it is a type parameter.
    Composite,
    /// A type of axum, while cachefn is compiled without it.
    WithoutAxum,
}

impl Plan {
    /// The user's tokens in key and namespace.
    pub(crate) fn values(&self) -> TokenStream {
        let namespace = match &self.namespace {
            Namespace::Module | Namespace::Literal(_) => &[],
            Namespace::Template { pieces, .. } => pieces.as_slice(),
        };
        let (key, parts) = match &self.key {
            Key::Parts(parts) => (&[] as &[Piece], parts.as_slice()),
            Key::Template(pieces) => (pieces.as_slice(), &[] as &[Part]),
        };
        let values = namespace.iter().chain(key).filter_map(Piece::value);
        parts.iter().map(|part| &part.value).chain(values).cloned().collect()
    }
}

/// The group that an entry belongs to.
pub(crate) enum Namespace {
    /// The function's module path.
    Module,
    Literal(String),
    /// Decided by the arguments of each call.
    Template {
        /// The template in the source.
        written: String,
        pieces: Vec<Piece>,
    },
}

/// How the key tells calls apart.
pub(crate) enum Key {
    /// Behind namespace and function.
    Parts(Vec<Part>),
    /// Exactly as written.
    Template(Vec<Piece>),
}

/// One value in a key.
pub(crate) struct Part {
    pub(crate) value: TokenStream,
    /// The `#[cfg]`s of the argument that it is.
    pub(crate) cfgs: Vec<Attribute>,
}

impl Part {
    pub(crate) fn of(value: impl ToTokens) -> Self {
        Self { value: value.to_token_stream(), cfgs: Vec::new() }
    }
}

/// A piece of a template.
pub(crate) enum Piece {
    Text(String),
    Value(TokenStream),
    /// The whole namespace.
    Namespace,
}

impl Piece {
    pub(crate) fn value(&self) -> Option<&TokenStream> {
        match self {
            Self::Value(value) => Some(value),
            Self::Text(_) | Self::Namespace => None,
        }
    }
}

/// The functions generated beside the annotated one.
pub(crate) enum Companions {
    None,
    Beside {
        /// Whether `invalidate_*` needs `&self`.
        receiver: bool,
        /// The positions of the arguments that `invalidate_*` needs.
        parameters: Vec<usize>,
        /// The `Self` through which they call the function, where it stands in an `impl` or a trait.
        through: Option<Token![Self]>,
    },
}
