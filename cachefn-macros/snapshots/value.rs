// #[cached(key = id, when = |user: &User| user.is_active(), expire_with = User::lifetime, tags_with = |user| [user.tag()])] async fn get_user(id: u64) -> Result<User, DbError> { find(id).await }

async fn get_user(id: u64) -> Result<User, DbError> {
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
            .tagged_by_value()
            .written(6917308858426709094u64, 4177651275564364159u64);
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
    ::cachefn::__private::run_judged(
            __cachefn_call,
            __cachefn_kind,
            |__cachefn_value, __cachefn_terms: &mut ::cachefn::__private::Terms| {
                __cachefn_terms.when(__cachefn_value, |user: &User| user.is_active());
                __cachefn_terms.expire_with(__cachefn_value, User::lifetime);
                __cachefn_terms.tags_with(__cachefn_value, |user| [user.tag()]);
            },
            async move {
                if let ::core::option::Option::Some(__cachefn_return) = ::core::option::Option::None::<
                    Result<User, DbError>,
                > {
                    return __cachefn_return;
                }
                { find(id).await }
            },
        )
        .await
}
