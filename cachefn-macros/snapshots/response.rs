// #[cached(response = private, key = "{id}")] async fn page(Path(id): Path<u32>) -> Result<impl IntoResponse, AppError> { Ok(find(id)?) }

async fn page(Path(id): Path<u32>) -> Result<::cachefn::__private::Response, AppError> {
    let __cachefn_kind = {
        use ::cachefn::__private::returned::*;
        ::cachefn::__private::check_response(
            (&&&&&&&::cachefn::__private::Verdict(
                (&&&::cachefn::__private::Returns::<
                    Result<::cachefn::__private::Response, AppError>,
                >::NEW)
                    .cachefn_response(),
            ))
                .cachefn_verdict()
                .0,
        )
    };
    let (__cachefn_call,) = {
        static __CACHEFN_SITE: ::cachefn::__private::Site = ::cachefn::__private::Site::new(
                ::core::module_path!(),
                "page",
            )
            .template()
            .private_response()
            .written(5557390473074729955u64, 12857578319635753004u64);
        match ::cachefn::__private::begin_response(
            &__CACHEFN_SITE,
            &__cachefn_kind,
            |__cachefn_key: &mut ::cachefn::__private::KeyWriter| {
                use ::cachefn::__private::parts::*;
                (&&&::cachefn::__private::Part(&(id)))
                    .cachefn_write(__cachefn_key, b':');
            },
        ) {
            ::core::result::Result::Ok(__cachefn_found) => return __cachefn_found,
            ::core::result::Result::Err(__cachefn_call) => (__cachefn_call,),
        }
    };
    let __cachefn_storing = {
        fn __cachefn_hidden(_: impl IntoResponse) {}
        __cachefn_call.storing(&__cachefn_kind)
    };
    ::cachefn::__private::run(
            __cachefn_call,
            __cachefn_kind,
            ::cachefn::__private::respond(
                __cachefn_storing,
                async move {
                    if let ::core::option::Option::Some(__cachefn_return) = ::core::option::Option::None::<
                        Result<_, AppError>,
                    > {
                        return __cachefn_return;
                    }
                    { Ok(find(id)?) }
                },
            ),
        )
        .await
}
///Invalidates what [`page`](page) returns for these arguments.
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
fn invalidate_page(Path(id): Path<u32>) -> ::cachefn::Invalidation {
    static __CACHEFN_SITE: ::cachefn::__private::Site = ::cachefn::__private::Site::new(
            ::core::module_path!(),
            "page",
        )
        .template()
        .private_response();
    ::cachefn::__private::invalidate(
        &__CACHEFN_SITE,
        |__cachefn_key: &mut ::cachefn::__private::KeyWriter| {
            use ::cachefn::__private::any_parts::*;
            (&&&::cachefn::__private::Part(&(id))).cachefn_write(__cachefn_key, b':');
        },
    )
}
///Invalidates everything that [`page`](page) returned, whatever the arguments.
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
fn invalidate_all_page() -> ::cachefn::Invalidation {
    static __CACHEFN_SITE: ::cachefn::__private::Site = ::cachefn::__private::Site::new(
            ::core::module_path!(),
            "page",
        )
        .template()
        .private_response();
    ::cachefn::__private::invalidate_all(&__CACHEFN_SITE, || ())
}
///Runs the body of [`page`](page) now and stores what it returns.
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
async fn refresh_page(
    __cachefn_0: Path<u32>,
) -> Result<::cachefn::__private::Response, AppError> {
    ::cachefn::__private::refresh(page(__cachefn_0)).await
}
