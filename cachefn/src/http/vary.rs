//! `Vary`: which requests a stored response is for (RFC 9111, 4.1).

use http::header::VARY;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest as _, Sha256};

use super::directives::names;
use crate::variant::{Fit, Hop};

/// With more names than these in its `Vary` a response is not stored.
const MOST_NAMES: usize = 16;

/// What the requests have in common that a stored response is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Selected {
    /// By which others know it as their parent.
    id: u64,
    /// The response that stands under the key, if it is not this one.
    parent: Option<u64>,
    /// In lower case, sorted, none twice.
    names: Vec<HeaderName>,
    digest: [u8; 16],
}

/// Why nothing tells which requests a response is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unselected {
    /// `Vary: *`, what is no name of a header, or too many names.
    Anything,
    /// Nothing is known of the request: the program itself has called the handler.
    NoRequest,
}

impl Selected {
    /// By the `Vary` of a response, and the request that it answers. None if it is for all.
    pub(super) fn of(response: &HeaderMap, request: Option<&HeaderMap>) -> Result<Option<Self>, Unselected> {
        if !response.contains_key(VARY) {
            return Ok(None);
        }
        let named = names(response, VARY).map(HeaderName::from_bytes).collect::<Result<Vec<_>, _>>();
        let mut named = named.map_err(|_| Unselected::Anything)?;
        named.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        named.dedup();
        // `*` can be in the name of a header.
        if named.len() > MOST_NAMES || named.iter().any(|name| name.as_str() == "*") {
            return Err(Unselected::Anything);
        }
        if named.is_empty() {
            return Ok(None);
        }
        let digest = digest(&named, request.ok_or(Unselected::NoRequest)?);
        Ok(Some(Self { id: random(), parent: None, names: named, digest }))
    }

    /// That of a response that stands in the place of a variant.
    pub(super) fn below(selected: Option<Self>, parent: u64) -> Self {
        Self { parent: Some(parent), ..selected.unwrap_or_default() }
    }

    /// What the response is to a call that has come by `hop`; `request` is nothing where nothing is known of it.
    pub(super) fn fit(&self, hop: Option<Hop>, request: Option<&HeaderMap>) -> Fit {
        if hop.map(|hop| hop.parent) != self.parent {
            return Fit::Orphan;
        }
        let Some(request) = request else { return Fit::Orphan };
        let asked = digest(&self.names, request);
        if asked == self.digest || self.names.is_empty() {
            return Fit::Own;
        }
        match hop {
            None => Fit::Other(Hop::first(self.id, &asked)),
            Some(hop) => hop.next().map_or(Fit::Orphan, Fit::Other),
        }
    }
}

fn random() -> u64 {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).expect("the operating system provides random numbers");
    u64::from_le_bytes(bytes)
}

/// A digest of what a request says in these headers. Clients choose that, and must find no two requests alike: the hash is
/// a cryptographic one. And it may be a cookie, so the values themselves are stored nowhere.
fn digest(names: &[HeaderName], request: &HeaderMap) -> [u8; 16] {
    let mut hash = Sha256::new();
    let mut add = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    for name in names {
        add(name.as_str().as_bytes());
        // Lines of one name are one list; without any it is another request than with an empty one.
        let lines = request.get_all(name).iter().map(HeaderValue::as_bytes);
        let lines = lines.map(<[u8]>::trim_ascii).collect::<Vec<_>>();
        add(&[u8::from(!lines.is_empty())]);
        add(&lines.join(&b", "[..]));
    }
    let mut digest = [0; 16];
    digest.copy_from_slice(&hash.finalize()[..16]);
    digest
}

/// How it is written down.
#[derive(Serialize, Deserialize)]
struct Written {
    id: u64,
    parent: Option<u64>,
    names: Vec<String>,
    digest: [u8; 16],
}

impl Serialize for Selected {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let names = self.names.iter().map(|name| name.as_str().to_owned()).collect();
        let written = Written { id: self.id, parent: self.parent, names, digest: self.digest };
        written.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Selected {
    /// A name that cannot be read is an error: without it the response would be for more requests than it is.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Written { id, parent, names, digest } = Written::deserialize(deserializer)?;
        let names = names.into_iter().map(HeaderName::try_from).collect::<Result<_, _>>();
        Ok(Self { id, parent, names: names.map_err(de::Error::custom)?, digest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn requests_agree_as_rfc_9111_says() {
        let response = headers(&[("vary", "Accept-Language, ORIGIN"), ("vary", ",accept-language,")]);
        let of = |lines: &[(&'static str, &'static str)]| {
            Selected::of(&response, Some(&headers(lines))).unwrap().unwrap()
        };
        let (lang, origin) = ("accept-language", "origin");
        let stored = of(&[(lang, "de, en"), ("user-agent", "a")]);
        let rows: &[(&[(&'static str, &'static str)], bool)] = &[
            (&[(lang, "de, en")], true),
            (&[(lang, "de, en"), ("user-agent", "b")], true),
            (&[(lang, "de"), (lang, " en ")], true),
            (&[(lang, "de")], false),
            (&[(lang, "en, de")], false),
            (&[(lang, "de, en"), (origin, "https://a")], false),
            (&[(lang, "de, en"), (origin, "")], false),
            (&[(origin, "de, en")], false),
            (&[], false),
        ];
        for (request, agrees) in rows {
            let fit = stored.fit(None, Some(&headers(request)));
            assert_eq!(fit == Fit::Own, *agrees, "{request:?}");
            assert_eq!(matches!(fit, Fit::Other(_)), !*agrees, "{request:?}");
        }
        assert_eq!(stored.fit(None, None), Fit::Orphan, "nothing is known of the request");
    }

    #[test]
    fn a_variant_is_found_under_its_parent_alone() {
        let (german, french) = (headers(&[("accept", "de")]), headers(&[("accept", "fr")]));
        let response = headers(&[("vary", "accept")]);
        let first = Selected::of(&response, Some(&german)).unwrap().unwrap();
        let Fit::Other(hop) = first.fit(None, Some(&french)) else { panic!("it is another's") };
        let selected = Selected::of(&response, Some(&french)).unwrap();
        let variant = Selected::below(selected, hop.parent);
        assert_eq!(variant.fit(Some(hop), Some(&french)), Fit::Own);
        assert_eq!(variant.fit(Some(hop), Some(&german)), Fit::Other(hop.next().unwrap()));
        assert_eq!(variant.fit(hop.next(), Some(&german)), Fit::Orphan);
        assert_eq!(variant.fit(None, Some(&french)), Fit::Orphan);
        let Fit::Other(other) =
            Selected::of(&response, Some(&german)).unwrap().unwrap().fit(None, Some(&french))
        else {
            panic!("it is another's")
        };
        assert_eq!(variant.fit(Some(other), Some(&french)), Fit::Orphan, "the first one is another now");
        let for_all = Selected::below(None, hop.parent);
        assert_eq!(for_all.fit(Some(hop), Some(&french)), Fit::Own);
    }

    #[test]
    fn what_is_for_no_request_in_particular_is_told() {
        let request = HeaderMap::new();
        let of = |vary: &'static str| Selected::of(&headers(&[("vary", vary)]), Some(&request));
        assert_eq!(of("accept, *"), Err(Unselected::Anything));
        assert_eq!(of("a name"), Err(Unselected::Anything));
        assert_eq!(of("a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q"), Err(Unselected::Anything));
        assert_eq!(of(" , "), Ok(None));
        assert_eq!(Selected::of(&HeaderMap::new(), None), Ok(None));
        assert_eq!(Selected::of(&headers(&[("vary", "accept")]), None), Err(Unselected::NoRequest));
    }

    #[test]
    fn what_is_written_is_read_and_a_name_that_is_none_is_not() {
        let selected = Selected::of(&headers(&[("vary", "accept")]), Some(&HeaderMap::new())).unwrap();
        let json = serde_json::to_string(&selected).unwrap();
        assert_eq!(serde_json::from_str::<Option<Selected>>(&json).unwrap(), selected);
        assert!(serde_json::from_str::<Selected>(&json.replace("accept", "a name")).is_err());
    }
}
