//! Reads the arguments of an attribute: what was written, where, and what could not be read.
//!
//! Nothing is judged here. A mistake becomes a value ([`Value::Unreadable`], [`Arguments::stray`]) and
//! reading goes on behind it, so that one mistake does not hide the next.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::discouraged::Speculative;
use syn::parse::{ParseStream, Parser};
use syn::{Expr, Ident, Token};

/// One argument that `#[cached]` knows.
pub(crate) struct Known {
    pub(crate) name: &'static str,
    /// How to write it, for diagnostics.
    pub(crate) form: &'static str,
    /// Other names that people try.
    pub(crate) also: &'static [&'static str],
}

/// The arguments of `#[cached]`, in the order in which diagnostics list them.
pub(crate) const KNOWN: &[Known] = &[
    Known { name: "expire", form: "expire = 300", also: &["ttl", "expires", "expiry", "expre"] },
    Known { name: "namespace", form: "namespace = \"users\"", also: &["ns", "group", "scope"] },
    Known { name: "key", form: "key = id", also: &["keys", "by"] },
    Known { name: "skip", form: "skip(db)", also: &["ignore", "exclude"] },
    Known { name: "skip_all", form: "skip_all", also: &["ignore_all"] },
    Known { name: "tags", form: "tags = [\"org:{org}\"]", also: &["groups", "labels"] },
    Known {
        name: "tags_with",
        form: "tags_with = |user: &User| [user.tag()]",
        also: &["tags_by", "tag_with"],
    },
    Known {
        name: "expire_with",
        form: "expire_with = |token: &Token| token.lifetime()",
        also: &["ttl_with", "expires_with", "expiry_with", "ttl_by"],
    },
    Known {
        name: "when",
        form: "when = |user: &User| user.is_active()",
        also: &["if", "cond", "condition", "cache_if", "store_if", "predicate"],
    },
    Known { name: "bypass", form: "bypass = fresh", also: &["no_cache", "force_refresh", "unless"] },
    Known { name: "none", form: "none = 30", also: &["cache_none", "negative"] },
    Known { name: "jitter", form: "jitter = 0.1", also: &["ttl_jitter", "spread"] },
    Known { name: "stale", form: "stale = 60", also: &["swr", "stale_while_revalidate", "grace"] },
    Known {
        name: "refresh_ahead",
        form: "refresh_ahead = 0.8",
        also: &["early_refresh", "prefetch", "refresh_before"],
    },
    Known { name: "refresh", form: "refresh = caller", also: &["revalidate"] },
    Known { name: "stale_if_error", form: "stale_if_error = 600", also: &["sie", "on_error", "fallback"] },
    Known { name: "timeout", form: "timeout = \"100ms\"", also: &["deadline", "soft_timeout"] },
    Known { name: "lease", form: "lease = true", also: &["single_flight", "exclusive", "lock", "once"] },
    Known { name: "version", form: "version = 2", also: &["schema", "revision"] },
    Known { name: "sensitive", form: "sensitive", also: &["secret", "private", "hashed"] },
    Known { name: "codec", form: "codec = Json", also: &["serializer", "coder", "encoding", "format"] },
    Known { name: "response", form: "response", also: &["http", "http_response", "whole_response"] },
    Known {
        name: "client",
        form: "client = \"private, max-age=60\"",
        also: &["client_cache", "cache_control", "browser"],
    },
    Known { name: "result", form: "result = plain", also: &["returns"] },
    Known { name: "companions", form: "companions = false", also: &[] },
    Known { name: "crate", form: "crate = \"path::to::cachefn\"", also: &["krate"] },
];

/// Arguments of other caches that have none in their place, and what does the same here.
pub(crate) const HABITS: &[(&[&str], &str)] = &[
    (
        &["size", "max_size", "capacity", "max_capacity", "unbound", "max_bytes"],
        "one bound holds for all functions: `CACHE_MAX_BYTES`",
    ),
    (
        &["sync_writes", "sync_lock"],
        "one body at a time runs for a key anyway, and with `lease = true` in all processes",
    ),
    (&["convert", "map_key"], "`key` is an expression over the arguments, as in `key = (org, id)`"),
    (
        &["ty", "create", "store", "backend", "redis", "disk"],
        "the environment decides where entries live: `CACHE_ENABLED`, `REDIS_ENABLED`",
    ),
    (
        &["name", "cache_prefix_block", "prefix"],
        "keys begin with `CACHE_PREFIX` and with `namespace = \"users\"`",
    ),
    (&["option", "cache_err"], "a `None` is stored with `none = 30`, an `Err` never"),
    (&["with_cached_flag"], "`cachefn::observe(future)` returns what was a hit"),
    (&["result_fallback"], "write `stale_if_error = 600`"),
    (
        &["time_refresh", "tti", "idle"],
        "a hit does not prolong a life; `refresh_ahead = 0.8` renews it in time",
    ),
    (&["in_impl"], "methods need no argument of their own; `skip(self)` leaves `self` out of the key"),
    (&["time", "ttl_secs", "ttl_millis"], "write `expire = 300`, of seconds, or `expire = \"250ms\"`"),
];

/// What was written between the attribute's parentheses.
#[derive(Default)]
pub(crate) struct Arguments {
    pub(crate) list: Vec<Argument>,
    /// Tokens that belong to no argument.
    pub(crate) stray: Vec<syn::Error>,
    /// All of it, as it was written.
    pub(crate) tokens: TokenStream,
}

pub(crate) struct Argument {
    pub(crate) name: Ident,
    pub(crate) value: Value,
}

/// What follows an argument's name.
pub(crate) enum Value {
    /// Nothing: `companions`, or `key =` without more.
    Absent,
    /// `name = expression`
    Expr(Expr),
    /// `name(…)`
    List(Group),
    /// `name = …` where the tokens are no expression.
    Unreadable(TokenStream, syn::Error),
}

/// One element of a list of names.
pub(crate) enum Name {
    Ident(Ident),
    Other(TokenStream),
}

/// Reads all arguments.
pub(crate) fn read(tokens: TokenStream) -> Arguments {
    let arguments = |input: ParseStream<'_>| Ok(arguments(input));
    let read = arguments.parse2(tokens.clone());
    let read = read.unwrap_or_else(|error| Arguments { stray: vec![error], ..Arguments::default() });
    Arguments { tokens, ..read }
}

/// The elements of `(a, b)`.
pub(crate) fn names(list: &Group) -> Vec<Name> {
    let tokens: Vec<_> = list.stream().into_iter().collect();
    let elements = tokens.split(|token| is_punct(token, ',')).filter(|element| !element.is_empty());
    elements
        .map(|element| match element {
            [TokenTree::Ident(ident)] => Name::Ident(ident.clone()),
            other => Name::Other(other.iter().cloned().collect()),
        })
        .collect()
}

/// The expression inside of parentheses, and of the invisible groups that `macro_rules!` fragments leave.
pub(crate) fn ungrouped(mut expr: &Expr) -> &Expr {
    loop {
        expr = match expr {
            Expr::Group(group) => &group.expr,
            Expr::Paren(paren) => &paren.expr,
            other => return other,
        };
    }
}

fn arguments(input: ParseStream<'_>) -> Arguments {
    let mut read = Arguments::default();
    while !input.is_empty() {
        match argument(input, &mut read.stray) {
            Ok(argument) => read.list.push(argument),
            Err(error) => {
                read.stray.push(error);
                skip_to_next(input);
            }
        }
        if input.is_empty() || input.parse::<Token![,]>().is_ok() {
            continue;
        }
        read.stray.push(input.error("expected `,` between two arguments"));
        skip_to_next(input);
        // Absent where the next argument follows without one.
        let _ = input.parse::<Token![,]>();
    }
    read
}

fn argument(input: ParseStream<'_>, stray: &mut Vec<syn::Error>) -> syn::Result<Argument> {
    if !input.peek(Ident::peek_any) {
        return Err(input.error("expected the name of an argument; write it as in `expire = 300`"));
    }
    let name = input.call(Ident::parse_any)?;
    let value = match input.fork().parse() {
        Ok(TokenTree::Group(list)) if list.delimiter() == Delimiter::Parenthesis => {
            input.parse::<TokenTree>()?;
            Value::List(list)
        }
        _ if input.peek(Token![:]) && !input.peek(Token![::]) => {
            let (fault, takes_value) = colon(&name, input.parse()?);
            let value = expression(input);
            if !takes_value {
                return Err(fault);
            }
            stray.push(fault);
            value
        }
        _ if input.parse::<Option<Token![=]>>()?.is_some() => expression(input),
        _ => Value::Absent,
    };
    Ok(Argument { name, value })
}

/// What is said of `expire: 300`, and whether the argument takes a value at all.
fn colon(name: &Ident, colon: Token![:]) -> (syn::Error, bool) {
    let form = KNOWN.iter().find(|known| name == known.name).map_or("name = value", |known| known.form);
    let takes_value = form.contains(" = ");
    let wrong = if takes_value {
        "between an argument and its value stands `=`"
    } else {
        "nothing follows a `:` here"
    };
    (syn::Error::new_spanned(colon, format!("{wrong}; write `{form}`")), takes_value)
}

fn expression(input: ParseStream<'_>) -> Value {
    if input.is_empty() || input.peek(Token![,]) {
        return Value::Absent;
    }
    let ahead = input.fork();
    match ahead.parse() {
        Ok(expr) => {
            input.advance_to(&ahead);
            Value::Expr(expr)
        }
        Err(error) => Value::Unreadable(skip_to_next(input), error),
    }
}

/// Takes the tokens before the next comma that an argument or nothing follows.
fn skip_to_next(input: ParseStream<'_>) -> TokenStream {
    let mut skipped = TokenStream::new();
    while !input.is_empty() && !starts_argument(input) && !ends_argument(input) {
        match input.parse::<TokenTree>() {
            Ok(token) => skipped.extend([token]),
            Err(_) => break,
        }
    }
    skipped
}

fn starts_argument(input: ParseStream<'_>) -> bool {
    let assigned = input.peek2(Token![=]) && !input.peek2(Token![==]) && !input.peek2(Token![=>]);
    input.peek(Ident::peek_any) && assigned
}

fn ends_argument(input: ParseStream<'_>) -> bool {
    let ahead = input.fork();
    ahead.parse::<Token![,]>().is_ok() && (ahead.is_empty() || ahead.peek(Ident::peek_any))
}

fn is_punct(token: &TokenTree, c: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == c)
}
