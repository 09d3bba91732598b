//! The caret is at the type inside: it is borrowed from `self`.
use cachefn::cached;
use std::borrow::Cow;

#[derive(Clone, serde::Serialize, serde::Deserialize)]
pub struct View<'a> {
    name: Cow<'a, str>,
}

pub struct Users(Vec<String>);

impl Users {
    #[cached(key = id)]
    pub async fn view(&self, id: usize) -> Option<View<'_>> {
        Some(View { name: Cow::Borrowed(self.0.get(id)?) })
    }
}

fn main() {}
