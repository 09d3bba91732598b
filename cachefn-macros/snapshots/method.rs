// #[cached(key = (self.region, id), crate = "web::cache")] pub(crate) async fn get(self: Arc<Self>, id: u64) -> Arc<User> { self.find(id) }

pub(crate) async fn get(self: Arc<Self>, id: u64) -> Arc<User> {
    let __cachefn_kind = {
        use web::cache::__private::returned::*;
        web::cache::__private::check(
            (&&&&&&&web::cache::__private::Verdict(
                (&&&&web::cache::__private::Leafed(
                    (&&&&web::cache::__private::Shape::<Arc<User>>::NEW).cachefn_shape(),
                ))
                    .cachefn_leaf(),
            ))
                .cachefn_verdict()
                .0,
        )
    };
    #[allow(unused_variables)]
    let (__cachefn_call, id) = {
        static __CACHEFN_SITE: web::cache::__private::Site = web::cache::__private::Site::new(
                ::core::module_path!(),
                "get",
            )
            .written(17346000348445910554u64, 17346000348445910554u64);
        let id = id;
        match web::cache::__private::begin(
            &__CACHEFN_SITE,
            &__cachefn_kind,
            |__cachefn_key: &mut web::cache::__private::KeyWriter| {
                use web::cache::__private::parts::*;
                (&&&web::cache::__private::Part(&(self.region)))
                    .cachefn_argument(__cachefn_key);
                (&&&web::cache::__private::Part(&(id))).cachefn_argument(__cachefn_key);
            },
        ) {
            ::core::result::Result::Ok(__cachefn_found) => return __cachefn_found,
            ::core::result::Result::Err(__cachefn_call) => (__cachefn_call, id),
        }
    };
    web::cache::__private::run(
            __cachefn_call,
            __cachefn_kind,
            async move {
                if let ::core::option::Option::Some(__cachefn_return) = ::core::option::Option::None::<
                    Arc<User>,
                > {
                    return __cachefn_return;
                }
                { self.find(id) }
            },
        )
        .await
}
///Invalidates what [`get`](Self::get) returns for these arguments.
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
pub(crate) fn invalidate_get(&self, id: u64) -> web::cache::Invalidation {
    static __CACHEFN_SITE: web::cache::__private::Site = web::cache::__private::Site::new(
        ::core::module_path!(),
        "get",
    );
    web::cache::__private::invalidate(
        &__CACHEFN_SITE,
        |__cachefn_key: &mut web::cache::__private::KeyWriter| {
            use web::cache::__private::any_parts::*;
            (&&&web::cache::__private::Part(&(self.region)))
                .cachefn_argument(__cachefn_key);
            (&&&web::cache::__private::Part(&(id))).cachefn_argument(__cachefn_key);
        },
    )
}
///Invalidates everything that [`get`](Self::get) returned, whatever the arguments.
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
pub(crate) fn invalidate_all_get() -> web::cache::Invalidation {
    static __CACHEFN_SITE: web::cache::__private::Site = web::cache::__private::Site::new(
        ::core::module_path!(),
        "get",
    );
    web::cache::__private::invalidate_all(&__CACHEFN_SITE, || ())
}
///Runs the body of [`get`](Self::get) now and stores what it returns.
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
pub(crate) async fn refresh_get(self: Arc<Self>, id: u64) -> Arc<User> {
    web::cache::__private::refresh(Self::get(self, id)).await
}
