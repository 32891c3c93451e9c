//! What `pinflight --version` says: from which sources this program was built, and with what. `build.rs` finds it out.

/// The version, and a line for each fact.
pub fn all() -> String {
    let roots = webpki_roots::TLS_SERVER_ROOTS.len();
    format!(
        "{version}\n\n\
         commit   {commit}\n\
         target   {target}\n\
         profile  {profile}\n\
         rustc    {rustc}\n\
         TLS      rustls {rustls}, ring {ring}\n\
         roots    {roots} of Mozilla's, as webpki-roots {webpki_roots} has them",
        version = env!("CARGO_PKG_VERSION"),
        commit = env!("PINFLIGHT_BUILD_COMMIT"),
        target = env!("PINFLIGHT_BUILD_TARGET"),
        profile = env!("PINFLIGHT_BUILD_PROFILE"),
        rustc = env!("PINFLIGHT_BUILD_RUSTC"),
        rustls = env!("PINFLIGHT_BUILD_RUSTLS"),
        ring = env!("PINFLIGHT_BUILD_RING"),
        webpki_roots = env!("PINFLIGHT_BUILD_WEBPKI_ROOTS"),
    )
}
