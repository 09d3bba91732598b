// #[cached()] async fn list(#[cfg(unix)] user: u32, #[cfg(not(unix))] user: String) -> Vec<u8> { vec![] }

async fn list(#[cfg(unix)] user: u32, #[cfg(not(unix))] user: String) -> Vec<u8> {
    let __cachefn_kind = {
        use ::cachefn::__private::returned::*;
        ::cachefn::__private::check_within(
            (&&&&&&&::cachefn::__private::Verdict(
                (&&&&::cachefn::__private::Leafed(
                    (&&&&::cachefn::__private::Shape::<Vec<u8>>::NEW).cachefn_shape(),
                ))
                    .cachefn_leaf(),
            ))
                .cachefn_verdict()
                .0,
        )
    };
    let (__cachefn_call,) = {
        static __CACHEFN_SITE: ::cachefn::__private::Site = ::cachefn::__private::Site::new(
                ::core::module_path!(),
                "list",
            )
            .written(1147250112351081723u64, 17317988990897356513u64);
        match ::cachefn::__private::begin(
            &__CACHEFN_SITE,
            &__cachefn_kind,
            |__cachefn_key: &mut ::cachefn::__private::KeyWriter| {
                use ::cachefn::__private::parts::*;
                #[cfg(unix)]
                {
                    (&&&::cachefn::__private::Part(&(user)))
                        .cachefn_argument(__cachefn_key);
                }
                #[cfg(not(unix))]
                {
                    (&&&::cachefn::__private::Part(&(user)))
                        .cachefn_argument(__cachefn_key);
                }
            },
        ) {
            ::core::result::Result::Ok(__cachefn_found) => return __cachefn_found,
            ::core::result::Result::Err(__cachefn_call) => (__cachefn_call,),
        }
    };
    ::cachefn::__private::run(
            __cachefn_call,
            __cachefn_kind,
            async move {
                if let ::core::option::Option::Some(__cachefn_return) = ::core::option::Option::None::<
                    Vec<u8>,
                > {
                    return __cachefn_return;
                }
                { vec![] }
            },
        )
        .await
}
///Invalidates what [`list`](list) returns for these arguments.
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
fn invalidate_list(
    #[cfg(unix)]
    user: u32,
    #[cfg(not(unix))]
    user: String,
) -> ::cachefn::Invalidation {
    static __CACHEFN_SITE: ::cachefn::__private::Site = ::cachefn::__private::Site::new(
        ::core::module_path!(),
        "list",
    );
    ::cachefn::__private::invalidate(
        &__CACHEFN_SITE,
        |__cachefn_key: &mut ::cachefn::__private::KeyWriter| {
            use ::cachefn::__private::any_parts::*;
            #[cfg(unix)]
            {
                (&&&::cachefn::__private::Part(&(user))).cachefn_argument(__cachefn_key);
            }
            #[cfg(not(unix))]
            {
                (&&&::cachefn::__private::Part(&(user))).cachefn_argument(__cachefn_key);
            }
        },
    )
}
///Invalidates everything that [`list`](list) returned, whatever the arguments.
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
fn invalidate_all_list() -> ::cachefn::Invalidation {
    static __CACHEFN_SITE: ::cachefn::__private::Site = ::cachefn::__private::Site::new(
        ::core::module_path!(),
        "list",
    );
    ::cachefn::__private::invalidate_all(&__CACHEFN_SITE, || ())
}
///Runs the body of [`list`](list) now and stores what it returns.
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
async fn refresh_list(
    #[cfg(unix)]
    user: u32,
    #[cfg(not(unix))]
    user: String,
) -> Vec<u8> {
    ::cachefn::__private::refresh(list(#[cfg(unix)] user, #[cfg(not(unix))] user)).await
}
