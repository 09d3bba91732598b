// #[cached(expire = "5m", stale = 60, refresh_ahead = 0.8, refresh = background, stale_if_error = "1h", timeout = "100ms", when = |quote: &Quote| quote.shop == shop)] async fn quote(shop: u32, item: String) -> Result<Quote, Error> { ask(shop, item).await }

async fn quote(shop: u32, item: String) -> Result<Quote, Error> {
    let __cachefn_kind = {
        use ::cachefn::__private::returned::*;
        ::cachefn::__private::check(
            (&&&&&&&::cachefn::__private::Verdict(
                (&&&&::cachefn::__private::Leafed(
                    (&&&&::cachefn::__private::Shape::<Result<Quote, Error>>::NEW)
                        .cachefn_shape(),
                ))
                    .cachefn_leaf(),
            ))
                .cachefn_verdict()
                .0,
        )
    };
    #[allow(unused_variables)]
    let (__cachefn_call, shop, item) = {
        static __CACHEFN_SITE: ::cachefn::__private::Site = ::cachefn::__private::Site::new(
                ::core::module_path!(),
                "quote",
            )
            .expire(300000u64)
            .stale(60000u64)
            .refresh_ahead(0.8f64)
            .stale_if_error(3600000u64)
            .timeout(100u64)
            .written(8580242234781898346u64, 11360635421491383941u64);
        let shop = shop;
        let item = item;
        match ::cachefn::__private::begin(
            &__CACHEFN_SITE,
            &__cachefn_kind,
            |__cachefn_key: &mut ::cachefn::__private::KeyWriter| {
                use ::cachefn::__private::parts::*;
                (&&&::cachefn::__private::Part(&(shop))).cachefn_argument(__cachefn_key);
                (&&&::cachefn::__private::Part(&(item))).cachefn_argument(__cachefn_key);
            },
        ) {
            ::core::result::Result::Ok(__cachefn_found) => return __cachefn_found,
            ::core::result::Result::Err(__cachefn_call) => (__cachefn_call, shop, item),
        }
    };
    ::cachefn::__private::run_judged_background(
            __cachefn_call,
            __cachefn_kind,
            move |__cachefn_value, __cachefn_terms: &mut ::cachefn::__private::Terms| {
                __cachefn_terms
                    .when(__cachefn_value, |quote: &Quote| quote.shop == shop);
            },
            async move {
                if let ::core::option::Option::Some(__cachefn_return) = ::core::option::Option::None::<
                    Result<Quote, Error>,
                > {
                    return __cachefn_return;
                }
                { ask(shop, item).await }
            },
        )
        .await
}
///Invalidates what [`quote`](quote) returns for these arguments.
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
fn invalidate_quote(shop: u32, item: String) -> ::cachefn::Invalidation {
    static __CACHEFN_SITE: ::cachefn::__private::Site = ::cachefn::__private::Site::new(
            ::core::module_path!(),
            "quote",
        )
        .expire(300000u64)
        .stale(60000u64)
        .refresh_ahead(0.8f64)
        .stale_if_error(3600000u64)
        .timeout(100u64);
    ::cachefn::__private::invalidate(
        &__CACHEFN_SITE,
        |__cachefn_key: &mut ::cachefn::__private::KeyWriter| {
            use ::cachefn::__private::any_parts::*;
            (&&&::cachefn::__private::Part(&(shop))).cachefn_argument(__cachefn_key);
            (&&&::cachefn::__private::Part(&(item))).cachefn_argument(__cachefn_key);
        },
    )
}
///Invalidates everything that [`quote`](quote) returned, whatever the arguments.
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
fn invalidate_all_quote() -> ::cachefn::Invalidation {
    static __CACHEFN_SITE: ::cachefn::__private::Site = ::cachefn::__private::Site::new(
            ::core::module_path!(),
            "quote",
        )
        .expire(300000u64)
        .stale(60000u64)
        .refresh_ahead(0.8f64)
        .stale_if_error(3600000u64)
        .timeout(100u64);
    ::cachefn::__private::invalidate_all(&__CACHEFN_SITE, || ())
}
///Runs the body of [`quote`](quote) now and stores what it returns.
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
async fn refresh_quote(shop: u32, item: String) -> Result<Quote, Error> {
    ::cachefn::__private::refresh(quote(shop, item)).await
}
