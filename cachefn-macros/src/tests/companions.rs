use quote::ToTokens;

use super::{expanded, messages, signatures};

/// The signatures of the companions, without the parts that are the same for all.
fn companions(args: &str, item: &str) -> Vec<String> {
    assert!(messages(args, item).is_empty(), "{:?}", messages(args, item));
    let working = signatures(&expanded(args, item, true)).split_off(1);
    assert_eq!(working, signatures(&expanded(args, item, false)).split_off(1));
    working.into_iter().map(|signature| signature.replace("-> ::cachefn::Invalidation", "->")).collect()
}

#[test]
fn they_take_what_the_key_uses() {
    let item = "pub(crate) async fn get(id: u64, mut page: u8, db: &Db) -> Vec<User> { users(db).await }";
    let refresh = "pub(crate) async fn refresh_get(id: u64, page: u8, db: &Db) -> Vec<User>";
    let all = "pub(crate) fn invalidate_all_get() ->";
    let with = |args| companions(args, item);
    assert_eq!(with("key = id"), ["pub(crate) fn invalidate_get(id: u64) ->", all, refresh]);
    let both = ["pub(crate) fn invalidate_get(id: u64, page: u8) ->", all, refresh];
    assert_eq!(with("skip(db)"), both);
    assert_eq!(with("key = (page, [0].map(|x| x + id))"), both);
    assert_eq!(with("key = format!(\"{id}-{}\", page)"), both);
    assert_eq!(with("key = \"{id}\", namespace = \"pages:{page}\""), both);
    assert_eq!(with("key = ids::id(db.id)")[0], "pub(crate) fn invalidate_get(db: &Db) ->");
    assert_eq!(with("key = \"{fn}\"")[0], "pub(crate) fn invalidate_get() ->");
}

#[test]
fn patterns_stay_and_refresh_names_them() {
    let item = "async fn get(Path(id): Path<u64>, (a, b): (u8, u8), ref c: u8) -> u8 { a }";
    let made = companions("key = (id, b)", item);
    assert_eq!(made[0], "fn invalidate_get(Path(id): Path<u64>, (a, b): (u8, u8)) ->");
    let inputs = "__cachefn_0: Path<u64>, __cachefn_1: (u8, u8), __cachefn_2: u8";
    assert_eq!(made[2], format!("async fn refresh_get({inputs}) -> u8"));
}

#[test]
fn a_method_gives_self_where_the_key_uses_it() {
    for (receiver, refreshed) in [
        ("&self", "&self"),
        ("&mut self", "&mut self"),
        ("mut self", "self"),
        ("self: Arc<Self>", "self: Arc<Self>"),
    ] {
        let item = format!("pub async fn get({receiver}, id: u64) -> u64 {{ id }}");
        let made = companions("key = (self.region, id)", &item);
        assert_eq!(made[0], "pub fn invalidate_get(&self, id: u64) ->");
        assert_eq!(made[2], format!("pub async fn refresh_get({refreshed}, id: u64) -> u64"));
        assert_eq!(companions("skip(self)", &item)[0], "pub fn invalidate_get(id: u64) ->");
    }
}

#[test]
fn generics_are_kept_where_they_are_mentioned() {
    let item = "async fn get<'a, 'b: 'a, T: Into<U>, U, D, const N: usize>(t: &'b T, d: D, n: [u8; N]) -> Vec<U> \
                where T: Clone, D: Db<T>, U: From<D>, U: Copy { all(t, d, n).await }";
    let with = |args| companions(args, item)[0].clone();
    assert_eq!(with("key = n.len()"), "fn invalidate_get<const N: usize>(n: [u8; N]) ->");
    let bounded =
        "<'a, 'b: 'a, T: Into<U>, U, D>(t: &'b T) -> where T: Clone, D: Db<T>, U: From<D>, U: Copy,";
    assert_eq!(with("key = t"), format!("fn invalidate_get{bounded}"));
    assert_eq!(with("key = N"), "fn invalidate_get<const N: usize>() ->");
    let item =
        "async fn get<I: IntoIterator<Item = T>, T, D>(ids: I, db: &D, n: impl Copy) -> u8 where D: Db { 1 }";
    let made = companions("key = ids", item);
    assert_eq!(made[0], "fn invalidate_get<I: IntoIterator<Item = T>, T>(ids: I) ->");
    assert_eq!(companions("key = n", item)[0], "fn invalidate_get(n: impl Copy) ->");
}

#[test]
fn what_is_said_of_types_made_of_generics_is_kept() {
    let item = "async fn get<T: Entity, U, D>(id: T::Id, u: U, d: D) -> u32 where T::Id: Serialize + Into<U>, D: Db { 1 }";
    let with = |args| companions(args, item)[0].clone();
    let clause = "where T::Id: Serialize + Into<U>,";
    let inputs = "<T: Entity, U>(id: T::Id, u: U)";
    assert_eq!(with("skip(d)"), format!("fn invalidate_get{inputs} -> {clause}"));
    assert_eq!(with("key = id"), format!("fn invalidate_get<T: Entity, U>(id: T::Id) -> {clause}"));
    assert_eq!(with("key = 1"), "fn invalidate_get() ->");
}

#[test]
fn what_is_said_of_the_types_around_is_kept() {
    let item = "pub async fn get<U>(&self, id: &E::Id, u: U) -> u32 where E::Id: Serialize + Into<U>, T: Clone { 1 }";
    let made = companions("key = id", item);
    assert_eq!(made[0], "pub fn invalidate_get(id: &E::Id) -> where E::Id: Serialize, T: Clone,");
    let made = companions("key = (id, u)", item);
    let clause = "where E::Id: Serialize + Into<U>, T: Clone,";
    assert_eq!(made[0], format!("pub fn invalidate_get<U>(id: &E::Id, u: U) -> {clause}"));
}

/// What stands before the function's name in the call that `refresh_…` makes.
fn path(args: &str, item: &str) -> &'static str {
    let made = expanded(args, item, true).into_iter().map(|item| item.to_token_stream().to_string());
    let refresh = made.last().expect("the function is there");
    if refresh.contains("Self :: get (") { "Self::" } else { "" }
}

#[test]
fn a_function_of_a_type_is_called_through_it() {
    let item = "async fn get(id: u64) -> u64 { id }";
    assert_eq!(path("key = id", item), "");
    assert_eq!(path("key = id, companions = true", item), "");
    assert_eq!(path("key = id, companions = Self", item), "Self::");
    assert_eq!(path("key = Self::norm(id)", item), "Self::");
    assert_eq!(path("key = id, tags_with = |it: &Self| [it.tag()]", item), "Self::");
    assert_eq!(path("key = id", &item.replace("{ id }", "{ m!([Self::find(id)]) }")), "Self::");
    assert_eq!(path("key = id", "async fn get(id: impl Into<u64>, all: &[Self]) -> u64 { 1 }"), "Self::");
    let method = "async fn get(&self, id: u64) -> u64 { id }";
    assert_eq!(path("key = id, companions = Self", method), "Self::");
    assert_eq!(companions("key = id, companions = Self", method).len(), 3);
}

#[test]
fn the_self_of_an_item_in_the_body_is_another() {
    let path = |body: &str| path("key = id", &format!("async fn get(id: u64) -> u64 {{ {body} }}"));
    for item in [
        "impl Default for A<u8> { fn default() -> Self { A(1) } }",
        "trait B: Sized { fn b(self) -> Self; }",
        "struct A(Option<Box<Self>>); struct B { b: Vec<Self> }",
        "enum A { B(Box<Self>), C }",
        "mod a { impl A { fn b() -> Self { A } } }",
        "union A { b: *const Self }",
    ] {
        assert_eq!(path(&format!("{item} id")), "", "{item}");
        assert_eq!(path(&format!("{item} Self::find(id)")), "Self::", "{item}");
    }
    assert_eq!(path("let union = 1; { Self::find(union) }"), "Self::");
}

#[test]
fn generics_are_named_beside_anonymous_ones() {
    let made =
        expanded("key = id.as_ref()", "async fn get<T: Load>(id: impl AsRef<str>) -> u64 { T::n() }", true);
    let refresh = made.last().expect("the function is there").to_token_stream().to_string();
    assert!(refresh.contains("get :: < T > (id)"), "{refresh}");
}

#[test]
fn a_method_that_may_be_a_traits_has_none() {
    let item = "async fn get(&self, id: u64) -> u64 { id }";
    assert!(companions("key = id", item).is_empty());
    assert_eq!(companions("key = id, companions = true", item).len(), 3);
    assert!(companions("key = id, companions = false", &item.replace("&self,", "")).is_empty());
    assert_eq!(companions("key = id", &item.replace("&self,", "")).len(), 3);
    assert_eq!(companions("key = id", &format!("pub(self) {item}")).len(), 3);
}

#[test]
fn a_raw_name_loses_its_mark() {
    let made = companions("", "async fn r#type(r#in: u8) -> u8 { r#in }");
    assert_eq!(made[0], "fn invalidate_type(r#in: u8) ->");
}

#[test]
fn a_fault_in_the_key_keeps_the_likely_arguments() {
    let item = "async fn get(id: u64, db: &Db) -> u8 { 1 }";
    for args in ["key = id.", "key(id)", "kye = id", "ttl = 3, key = id", "key = id, key = db"] {
        let stubs = signatures(&expanded(args, item, true));
        assert_eq!(stubs[1], "fn invalidate_get(id: u64) -> ::cachefn::Invalidation", "{args}");
    }
}

#[test]
fn cfg_is_copied() {
    let items = expanded("", "#[cfg(unix)] #[must_use] async fn get() -> u8 { 1 }", true);
    for item in &items[1..] {
        let syn::Item::Fn(function) = item else { panic!("a companion is a function") };
        assert!(function.attrs.iter().any(|attr| attr.path().is_ident("cfg")));
        assert!(!function.attrs.iter().any(|attr| attr.path().is_ident("must_use")));
    }
}
