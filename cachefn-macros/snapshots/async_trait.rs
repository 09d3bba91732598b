// #[cached(key = id)] fn get<'life0, 'async_trait>(&'life0 self, id: u64) -> ::core::pin::Pin<Box<dyn ::core::future::Future<Output = User> + ::core::marker::Send + 'async_trait>> where 'life0: 'async_trait, Self: 'async_trait { Box::pin(async move { let __self = self; let id = id; let __ret: User = { __self.find(id).await }; __ret }) }

fn get<'life0, 'async_trait>(
    &'life0 self,
    id: u64,
) -> ::core::pin::Pin<
    Box<dyn ::core::future::Future<Output = User> + ::core::marker::Send + 'async_trait>,
>
where
    'life0: 'async_trait,
    Self: 'async_trait,
{
    Box::pin(async move {
        let __cachefn_kind = {
            use ::cachefn::__private::returned::*;
            ::cachefn::__private::check(
                (&&&&&&&::cachefn::__private::Verdict(
                    (&&&&::cachefn::__private::Leafed(
                        (&&&&::cachefn::__private::Shape::<User>::NEW).cachefn_shape(),
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
                    "get",
                )
                .generic()
                .written(13573811744798678196u64, 13573811744798678196u64);
            let id = id;
            match ::cachefn::__private::begin(
                &__CACHEFN_SITE,
                &__cachefn_kind,
                |__cachefn_key: &mut ::cachefn::__private::KeyWriter| {
                    use ::cachefn::__private::parts::*;
                    (&&&::cachefn::__private::Part(&(id)))
                        .cachefn_argument(__cachefn_key);
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
                        User,
                    > {
                        return __cachefn_return;
                    }
                    {
                        let __self = self;
                        let id = id;
                        let __ret: User = { __self.find(id).await };
                        __ret
                    }
                },
            )
            .await
    })
}
