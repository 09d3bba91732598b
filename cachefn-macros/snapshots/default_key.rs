// #[cached(expire = "250ms", skip(db))] async fn page<T: Send>(Path(org): Path<u32>, (size, page): (u8, u8), db: &T) -> Vec<T> where T: Db { db.page() }

async fn page<T: Send>(Path(org): Path<u32>, (size, page): (u8, u8), db: &T) -> Vec<T>
where
    T: Db,
{
    let __cachefn_kind = {
        use ::cachefn::__private::returned::*;
        ::cachefn::__private::check_within(
            (&&&&&&&::cachefn::__private::Verdict(
                (&&&&::cachefn::__private::Leafed(
                    (&&&&::cachefn::__private::Shape::<Vec<T>>::NEW).cachefn_shape(),
                ))
                    .cachefn_leaf(),
            ))
                .cachefn_verdict()
                .0,
        )
    };
    let (__cachefn_call,) = {
        static __CACHEFN_SITE: ::cachefn::__private::Site = ::cachefn::__private::Site::new(
                ::core::module_path!(),
                "page",
            )
            .expire(250u64)
            .generic()
            .written(17379078873886890793u64, 13130933271504143613u64);
        match ::cachefn::__private::begin(
            &__CACHEFN_SITE,
            &__cachefn_kind,
            |__cachefn_key: &mut ::cachefn::__private::KeyWriter| {
                use ::cachefn::__private::parts::*;
                (&&&::cachefn::__private::Part(&(org))).cachefn_argument(__cachefn_key);
                (&&&::cachefn::__private::Part(&(size))).cachefn_argument(__cachefn_key);
                (&&&::cachefn::__private::Part(&(page))).cachefn_argument(__cachefn_key);
            },
        ) {
            ::core::result::Result::Ok(__cachefn_found) => return __cachefn_found,
            ::core::result::Result::Err(__cachefn_call) => (__cachefn_call,),
        }
    };
    ::cachefn::__private::run(
            __cachefn_call,
            __cachefn_kind,
            async move {
                if let ::core::option::Option::Some(__cachefn_return) = ::core::option::Option::None::<
                    Vec<T>,
                > {
                    return __cachefn_return;
                }
                { db.page() }
            },
        )
        .await
}
///Invalidates what [`page`](page) returns for these arguments.
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
fn invalidate_page(
    Path(org): Path<u32>,
    (size, page): (u8, u8),
) -> ::cachefn::Invalidation {
    static __CACHEFN_SITE: ::cachefn::__private::Site = ::cachefn::__private::Site::new(
            ::core::module_path!(),
            "page",
        )
        .expire(250u64)
        .generic();
    ::cachefn::__private::invalidate(
        &__CACHEFN_SITE,
        |__cachefn_key: &mut ::cachefn::__private::KeyWriter| {
            use ::cachefn::__private::any_parts::*;
            (&&&::cachefn::__private::Part(&(org))).cachefn_argument(__cachefn_key);
            (&&&::cachefn::__private::Part(&(size))).cachefn_argument(__cachefn_key);
            (&&&::cachefn::__private::Part(&(page))).cachefn_argument(__cachefn_key);
        },
    )
}
///Invalidates everything that [`page`](page) returned, whatever the arguments.
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
fn invalidate_all_page() -> ::cachefn::Invalidation {
    static __CACHEFN_SITE: ::cachefn::__private::Site = ::cachefn::__private::Site::new(
            ::core::module_path!(),
            "page",
        )
        .expire(250u64)
        .generic();
    ::cachefn::__private::invalidate_all(&__CACHEFN_SITE, || ())
}
///Runs the body of [`page`](page) now and stores what it returns.
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
async fn refresh_page<T: Send>(
    __cachefn_0: Path<u32>,
    __cachefn_1: (u8, u8),
    db: &T,
) -> Vec<T>
where
    T: Db,
{
    ::cachefn::__private::refresh(page::<T>(__cachefn_0, __cachefn_1, db)).await
}
