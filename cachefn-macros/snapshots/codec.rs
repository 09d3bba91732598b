// #[cached(key = id, codec = crate::Packed, none = "skip")] pub async fn row<T: Row>(&self, id: u64) -> Result<Option<T>, Error> where T: Clone { self.read(id).await }

pub async fn row<T: Row>(&self, id: u64) -> Result<Option<T>, Error>
where
    T: Clone,
{
    let __cachefn_kind = {
        use ::cachefn::__private::returned::*;
        ::cachefn::__private::coded(
                ::cachefn::__private::check_within(
                    (&&&&&&&::cachefn::__private::Verdict(
                        (&&&&::cachefn::__private::Leafed(
                            (&&&&::cachefn::__private::Shape::<
                                Result<Option<T>, Error>,
                            >::NEW)
                                .cachefn_shape(),
                        ))
                            .cachefn_leaf(),
                    ))
                        .cachefn_verdict()
                        .0,
                ),
                (&&::cachefn::__private::CodecOf::<crate::Packed>::NEW).cachefn_codec(),
            )
            .cachefn_optional()
    };
    #[allow(unused_variables)]
    let (__cachefn_call, id) = {
        static __CACHEFN_SITE: ::cachefn::__private::Site = ::cachefn::__private::Site::new(
                ::core::module_path!(),
                "row",
            )
            .generic()
            .written(14918512725368373750u64, 14918512725368373750u64);
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
                    Result<Option<T>, Error>,
                > {
                    return __cachefn_return;
                }
                { self.read(id).await }
            },
        )
        .await
}
