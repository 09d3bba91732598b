// #[cached(expire = 300, namespace = "users", key = id)] /// Fetches.
pub async fn get_user(id: u64, db: &Db) -> Result<User, DbError> { db.find(id).await }

/// Fetches.
pub async fn get_user(id: u64, db: &Db) -> Result<User, DbError> {
    let __cachefn_kind = {
        use ::cachefn::__private::returned::*;
        ::cachefn::__private::check(
            (&&&&&&&::cachefn::__private::Verdict(
                (&&&&::cachefn::__private::Leafed(
                    (&&&&::cachefn::__private::Shape::<Result<User, DbError>>::NEW)
                        .cachefn_shape(),
                ))
                    .cachefn_leaf(),
            ))
                .cachefn_verdict()
                .0,
        )
    };
    #[allow(unused_variables)]
    let (__cachefn_call, id) = {
        static __CACHEFN_SITE: ::cachefn::__private::Site = ::cachefn::__private::Site::new(
                ::core::module_path!(),
                "get_user",
            )
            .namespace("users")
            .expire(300000u64)
            .written(3961514728709012967u64, 3867504202702046290u64);
        let id = id;
        match ::cachefn::__private::begin(
            &__CACHEFN_SITE,
            &__cachefn_kind,
            |__cachefn_key: &mut ::cachefn::__private::KeyWriter| {
                use ::cachefn::__private::parts::*;
                (&&&::cachefn::__private::Part(&(id))).cachefn_argument(__cachefn_key);
            },
        ) {
            ::core::result::Result::Ok(__cachefn_found) => return __cachefn_found,
            ::core::result::Result::Err(__cachefn_call) => (__cachefn_call, id),
        }
    };
    ::cachefn::__private::run(
            __cachefn_call,
            __cachefn_kind,
            async move {
                if let ::core::option::Option::Some(__cachefn_return) = ::core::option::Option::None::<
                    Result<User, DbError>,
                > {
                    return __cachefn_return;
                }
                { db.find(id).await }
            },
        )
        .await
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
    static __CACHEFN_SITE: ::cachefn::__private::Site = ::cachefn::__private::Site::new(
            ::core::module_path!(),
            "get_user",
        )
        .namespace("users")
        .expire(300000u64);
    ::cachefn::__private::invalidate(
        &__CACHEFN_SITE,
        |__cachefn_key: &mut ::cachefn::__private::KeyWriter| {
            use ::cachefn::__private::any_parts::*;
            (&&&::cachefn::__private::Part(&(id))).cachefn_argument(__cachefn_key);
        },
    )
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
    static __CACHEFN_SITE: ::cachefn::__private::Site = ::cachefn::__private::Site::new(
            ::core::module_path!(),
            "get_user",
        )
        .namespace("users")
        .expire(300000u64);
    ::cachefn::__private::invalidate_all(&__CACHEFN_SITE, || ())
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
    ::cachefn::__private::refresh(get_user(id, db)).await
}
