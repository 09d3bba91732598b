// #[cached(expire = 5, stale = 60, stale_if_error = 600)] async fn quote(shop: u32, item: String) -> Result<Quote, Error> { ask(shop, item).await }

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
            .cachefn_fallible()
    };
    #[allow(unused_variables)]
    let (__cachefn_call, shop, item) = {
        static __CACHEFN_SITE: ::cachefn::__private::Site = ::cachefn::__private::Site::new(
                ::core::module_path!(),
                "quote",
            )
            .expire(5000u64)
            .stale(60000u64)
            .stale_if_error(600000u64)
            .written(9401893341417192142u64, 7995578761540185153u64);
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
    ::cachefn::__private::run_background(
            __cachefn_call,
            __cachefn_kind,
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
