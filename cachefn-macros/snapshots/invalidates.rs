// #[invalidates(get_user(user.id), users::list(*), Repo::<S>::get(user.id), tag("org:{user.org}"), namespace("users:{user.id}"), tag(TAG))] async fn update(user: User, db: &Db) -> Result<(), DbError> { db.put(user).await }

async fn update(user: User, db: &Db) -> Result<(), DbError> {
    let __cachefn_plan = ::cachefn::__private::plan(|| {
        ::cachefn::__private::named(invalidate_get_user(user.id));
        ::cachefn::__private::named(users::invalidate_all_list());
        ::cachefn::__private::named(Repo::<S>::invalidate_get(user.id));
        ::cachefn::__private::tag(|__cachefn_key: &mut ::cachefn::__private::KeyWriter| {
            use ::cachefn::__private::parts::*;
            __cachefn_key.text("org:");
            (&&&::cachefn::__private::Part(&(user.org)))
                .cachefn_named(__cachefn_key, b':');
        });
        ::cachefn::__private::namespace(|
            __cachefn_key: &mut ::cachefn::__private::KeyWriter|
        {
            use ::cachefn::__private::parts::*;
            __cachefn_key.text("users:");
            (&&&::cachefn::__private::Part(&(user.id)))
                .cachefn_named(__cachefn_key, b':');
        });
        ::cachefn::__private::tag_of(TAG);
    });
    ::cachefn::__private::writing(
            __cachefn_plan,
            {
                use ::cachefn::__private::returned::*;
                (&&&&&&&::cachefn::__private::Verdict(
                    (&&&&::cachefn::__private::Leafed(
                        (&&&&::cachefn::__private::Shape::<Result<(), DbError>>::NEW)
                            .cachefn_shape(),
                    ))
                        .cachefn_leaf(),
                ))
                    .cachefn_end()
            },
            async move {
                if let ::core::option::Option::Some(__cachefn_return) = ::core::option::Option::None::<
                    Result<(), DbError>,
                > {
                    return __cachefn_return;
                }
                { db.put(user).await }
            },
        )
        .await
}
