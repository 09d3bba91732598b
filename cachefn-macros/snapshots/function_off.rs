// #[cached(expire = 300, namespace = "users", key = id)] /// Fetches.
pub async fn get_user(id: u64, db: &Db) -> Result<User, DbError> { db.find(id).await }

/// Fetches.
pub async fn get_user(id: u64, db: &Db) -> Result<User, DbError> {
    db.find(id).await
}
///Invalidates what [`get_user`](get_user) returns for these arguments.
#[allow(
    dead_code,
    deprecated,
    non_snake_case,
    private_interfaces,
    unreachable_pub,
    unused,
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    clippy::restriction,
    rustdoc::broken_intra_doc_links,
    rustdoc::private_intra_doc_links,
    rustdoc::redundant_explicit_links
)]
#[inline]
pub fn invalidate_get_user(id: u64) -> ::cachefn::Invalidation {
    let _ = (&id,);
    ::cachefn::__private::off()
}
///Invalidates everything that [`get_user`](get_user) returned, whatever the arguments.
#[allow(
    dead_code,
    deprecated,
    non_snake_case,
    private_interfaces,
    unreachable_pub,
    unused,
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    clippy::restriction,
    rustdoc::broken_intra_doc_links,
    rustdoc::private_intra_doc_links,
    rustdoc::redundant_explicit_links
)]
#[inline]
pub fn invalidate_all_get_user() -> ::cachefn::Invalidation {
    ::cachefn::__private::off()
}
///Runs the body of [`get_user`](get_user) now and stores what it returns.
#[allow(
    dead_code,
    deprecated,
    non_snake_case,
    private_interfaces,
    unreachable_pub,
    unused,
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    clippy::restriction,
    rustdoc::broken_intra_doc_links,
    rustdoc::private_intra_doc_links,
    rustdoc::redundant_explicit_links
)]
#[inline]
pub async fn refresh_get_user(id: u64, db: &Db) -> Result<User, DbError> {
    get_user(id, db).await
}
