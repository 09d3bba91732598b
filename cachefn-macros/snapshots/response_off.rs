// #[cached(response = private, key = "{id}")] async fn page(Path(id): Path<u32>) -> Result<impl IntoResponse, AppError> { Ok(find(id)?) }

async fn page(Path(id): Path<u32>) -> Result<impl IntoResponse, AppError> {
    Ok(find(id)?)
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
    let _ = (&id,);
    ::cachefn::__private::off()
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
    ::cachefn::__private::off()
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
async fn refresh_page(__cachefn_0: Path<u32>) -> Result<impl IntoResponse, AppError> {
    page(__cachefn_0).await
}
