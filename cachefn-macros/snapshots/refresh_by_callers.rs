// #[cached(key = (shop, item), stale = 60, refresh = caller)] pub async fn quote(&self, shop: u32, item: &str) -> Quote { self.ask(shop, item).await }

pub async fn quote(&self, shop: u32, item: &str) -> Quote {
    let __cachefn_kind = {
        use ::cachefn::__private::returned::*;
        ::cachefn::__private::check(
            (&&&&&&&::cachefn::__private::Verdict(
                (&&&&::cachefn::__private::Leafed(
                    (&&&&::cachefn::__private::Shape::<Quote>::NEW).cachefn_shape(),
                ))
                    .cachefn_leaf(),
            ))
                .cachefn_verdict()
                .0,
        )
    };
    #[allow(unused_variables)]
    let (__cachefn_call, shop) = {
        static __CACHEFN_SITE: ::cachefn::__private::Site = ::cachefn::__private::Site::new(
                ::core::module_path!(),
                "quote",
            )
            .stale(60000u64)
            .written(10163447562927935962u64, 10163447562927935962u64);
        let shop = shop;
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
            ::core::result::Result::Err(__cachefn_call) => (__cachefn_call, shop),
        }
    };
    ::cachefn::__private::run(
            __cachefn_call,
            __cachefn_kind,
            async move {
                if let ::core::option::Option::Some(__cachefn_return) = ::core::option::Option::None::<
                    Quote,
                > {
                    return __cachefn_return;
                }
                { self.ask(shop, item).await }
            },
        )
        .await
}
