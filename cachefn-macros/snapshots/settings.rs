// #[cached(none = 30, jitter = 0.1, version = 2, sensitive, codec = MessagePack)] async fn token(id: u64) -> Option<Token> { issue(id) }

async fn token(id: u64) -> Option<Token> {
    let __cachefn_kind = {
        use ::cachefn::__private::returned::*;
        ::cachefn::__private::coded(
                ::cachefn::__private::check(
                    (&&&&&&&::cachefn::__private::Verdict(
                        (&&&&::cachefn::__private::Leafed(
                            (&&&&::cachefn::__private::Shape::<Option<Token>>::NEW)
                                .cachefn_shape(),
                        ))
                            .cachefn_leaf(),
                    ))
                        .cachefn_verdict()
                        .0,
                ),
                (&&::cachefn::__private::CodecOf::<::cachefn::codec::MessagePack>::NEW)
                    .cachefn_codec(),
            )
            .cachefn_optional()
    };
    #[allow(unused_variables)]
    let (__cachefn_call, id) = {
        static __CACHEFN_SITE: ::cachefn::__private::Site = ::cachefn::__private::Site::new(
                ::core::module_path!(),
                "token",
            )
            .none(30000u64)
            .jitter(0.1f64)
            .version(2u64)
            .sensitive()
            .written(16686671815972999996u64, 5537321689767804575u64);
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
                    Option<Token>,
                > {
                    return __cachefn_return;
                }
                { issue(id) }
            },
        )
        .await
}
