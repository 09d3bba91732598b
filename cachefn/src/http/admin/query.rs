//! The part of an address after `?`. A parameter that nobody knows is an error: without it, what was meant for a part would
//! be done to everything.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::reply::Refusal;

/// The parameters, in their order.
pub(super) struct Query(Vec<(String, String)>);

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        Ok(Self::of(parts.uri.query().unwrap_or_default()))
    }
}

impl Query {
    fn of(text: &str) -> Self {
        Self(url::form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    /// The values of the parameters `names`, each of which may be there once and not empty; there may be no others.
    pub(super) fn take<const N: usize>(self, names: [&str; N]) -> Result<[Option<String>; N], Refusal> {
        let mut values = [const { None }; N];
        for (name, value) in self.0 {
            let Some(at) = names.iter().position(|known| *known == name) else {
                let known: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
                return Err(Refusal::odd(format!(
                    "`{name}` is no parameter here: there are {}",
                    known.join(", ")
                )));
            };
            if value.is_empty() {
                return Err(Refusal::odd(format!("`{name}` is empty: leave it out, or write what it is")));
            }
            if values[at].replace(value).is_some() {
                return Err(Refusal::odd(format!("`{name}` is there twice")));
            }
        }
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded_and_what_is_not_understood_is_refused() {
        let take = |text| Query::of(text).take(["tag", "namespace"]).ok();
        assert_eq!(take("tag=org%3A7%26+x"), Some([Some("org:7& x".to_owned()), None]));
        assert_eq!(take(""), Some([None, None]));
        for odd in ["namepsace=users", "tag=", "tag", "tag=a&tag=b", "tag=a&x"] {
            assert_eq!(take(odd), None, "{odd}");
        }
    }
}
