// #[cached(key = page.id, bypass = page.fresh, expire = ttl(&page.kind), tags = ["pages", "org:{page.org}:{lang}"])] async fn render(page: Page, lang: &str) -> Html { page.render(lang) }

async fn render(page: Page, lang: &str) -> Html {
    let __cachefn_kind = {
        use ::cachefn::__private::returned::*;
        ::cachefn::__private::check(
            (&&&&&&&::cachefn::__private::Verdict(
                (&&&&::cachefn::__private::Leafed(
                    (&&&&::cachefn::__private::Shape::<Html>::NEW).cachefn_shape(),
                ))
                    .cachefn_leaf(),
            ))
                .cachefn_verdict()
                .0,
        )
    };
    #[allow(unused_variables)]
    let (__cachefn_call, page) = {
        static __CACHEFN_SITE: ::cachefn::__private::Site = ::cachefn::__private::Site::new(
                ::core::module_path!(),
                "render",
            )
            .written(6171394646893672857u64, 1406536990803108399u64);
        let page = page;
        match ::cachefn::__private::begin(
            &__CACHEFN_SITE,
            &__cachefn_kind,
            |__cachefn_key: &mut ::cachefn::__private::KeyWriter| {
                use ::cachefn::__private::parts::*;
                if __cachefn_key.asks() {
                    __cachefn_key.bypass(page.fresh);
                }
                (&&&::cachefn::__private::Part(&(page.id)))
                    .cachefn_argument(__cachefn_key);
            },
        ) {
            ::core::result::Result::Ok(__cachefn_found) => return __cachefn_found,
            ::core::result::Result::Err(__cachefn_call) => {
                (
                    __cachefn_call
                        .with(|__cachefn_terms: &mut ::cachefn::__private::Terms| {
                            __cachefn_terms.expire(ttl(&page.kind));
                            __cachefn_terms
                                .tag(|__cachefn_key: &mut ::cachefn::__private::KeyWriter| {
                                    __cachefn_key.text("pages");
                                });
                            __cachefn_terms
                                .tag(|__cachefn_key: &mut ::cachefn::__private::KeyWriter| {
                                    use ::cachefn::__private::parts::*;
                                    __cachefn_key.text("org:");
                                    (&&&::cachefn::__private::Part(&(page.org)))
                                        .cachefn_named(__cachefn_key, b':');
                                    __cachefn_key.text(":");
                                    (&&&::cachefn::__private::Part(&(lang)))
                                        .cachefn_named(__cachefn_key, b':');
                                });
                        }),
                    page,
                )
            }
        }
    };
    ::cachefn::__private::run(
            __cachefn_call,
            __cachefn_kind,
            async move {
                if let ::core::option::Option::Some(__cachefn_return) = ::core::option::Option::None::<
                    Html,
                > {
                    return __cachefn_return;
                }
                { page.render(lang) }
            },
        )
        .await
}
