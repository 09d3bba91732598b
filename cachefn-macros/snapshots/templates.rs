// #[cached(namespace = "products:{id}:keys", key = "{namespace}-{user.org}|{fn}:{user.pair.0}")] async fn keys(id: u64, user: User, db: impl Db) -> Option<Keys> { db.keys() }

async fn keys(id: u64, user: User, db: impl Db) -> Option<Keys> {
    let __cachefn_kind = {
        use ::cachefn::__private::returned::*;
        ::cachefn::__private::check(
            (&&&&&&&::cachefn::__private::Verdict(
                (&&&&::cachefn::__private::Leafed(
                    (&&&&::cachefn::__private::Shape::<Option<Keys>>::NEW)
                        .cachefn_shape(),
                ))
                    .cachefn_leaf(),
            ))
                .cachefn_verdict()
                .0,
        )
    };
    #[allow(unused_variables)]
    let (__cachefn_call, id, user) = {
        static __CACHEFN_SITE: ::cachefn::__private::Site = ::cachefn::__private::Site::new(
                ::core::module_path!(),
                "keys",
            )
            .namespace_template("products:{id}:keys")
            .template()
            .generic()
            .written(16557241161833113957u64, 16612110878869679284u64);
        let id = id;
        let user = user;
        match ::cachefn::__private::begin(
            &__CACHEFN_SITE,
            &__cachefn_kind,
            |__cachefn_key: &mut ::cachefn::__private::KeyWriter| {
                use ::cachefn::__private::parts::*;
                __cachefn_key.text("products:");
                (&&&::cachefn::__private::Part(&(id)))
                    .cachefn_named(__cachefn_key, b':');
                __cachefn_key.text(":keys");
                __cachefn_key.namespace_end();
                __cachefn_key.namespace();
                __cachefn_key.text("-");
                (&&&::cachefn::__private::Part(&(user.org)))
                    .cachefn_write(__cachefn_key, b'|');
                __cachefn_key.text("|keys:");
                (&&&::cachefn::__private::Part(&(user.pair.0)))
                    .cachefn_write(__cachefn_key, b':');
            },
        ) {
            ::core::result::Result::Ok(__cachefn_found) => return __cachefn_found,
            ::core::result::Result::Err(__cachefn_call) => (__cachefn_call, id, user),
        }
    };
    ::cachefn::__private::run(
            __cachefn_call,
            __cachefn_kind,
            async move {
                if let ::core::option::Option::Some(__cachefn_return) = ::core::option::Option::None::<
                    Option<Keys>,
                > {
                    return __cachefn_return;
                }
                { db.keys() }
            },
        )
        .await
}
///Invalidates what [`keys`](keys) returns for these arguments.
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
fn invalidate_keys(id: u64, user: User) -> ::cachefn::Invalidation {
    static __CACHEFN_SITE: ::cachefn::__private::Site = ::cachefn::__private::Site::new(
            ::core::module_path!(),
            "keys",
        )
        .namespace_template("products:{id}:keys")
        .template()
        .generic();
    ::cachefn::__private::invalidate(
        &__CACHEFN_SITE,
        |__cachefn_key: &mut ::cachefn::__private::KeyWriter| {
            use ::cachefn::__private::any_parts::*;
            __cachefn_key.text("products:");
            (&&&::cachefn::__private::Part(&(id))).cachefn_named(__cachefn_key, b':');
            __cachefn_key.text(":keys");
            __cachefn_key.namespace_end();
            __cachefn_key.namespace();
            __cachefn_key.text("-");
            (&&&::cachefn::__private::Part(&(user.org)))
                .cachefn_write(__cachefn_key, b'|');
            __cachefn_key.text("|keys:");
            (&&&::cachefn::__private::Part(&(user.pair.0)))
                .cachefn_write(__cachefn_key, b':');
        },
    )
}
///Invalidates everything that [`keys`](keys) returned, whatever the arguments.
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
fn invalidate_all_keys() -> ::cachefn::Invalidation {
    static __CACHEFN_SITE: ::cachefn::__private::Site = ::cachefn::__private::Site::new(
            ::core::module_path!(),
            "keys",
        )
        .namespace_template("products:{id}:keys")
        .template()
        .generic();
    ::cachefn::__private::invalidate_all(&__CACHEFN_SITE, || ())
}
///Runs the body of [`keys`](keys) now and stores what it returns.
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
async fn refresh_keys(id: u64, user: User, db: impl Db) -> Option<Keys> {
    ::cachefn::__private::refresh(keys(id, user, db)).await
}
