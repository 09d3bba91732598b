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
    let item = "pub(crate) async fn get(id: u64, mut page: u8, db: &Db) -> Vec<User> { todo!() }";
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
                where T: Clone, D: Db<T>, U: From<D>, U: Copy { todo!() }";
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
