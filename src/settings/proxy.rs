//! Which proxy, and with which credentials: declared, or taken from the environment as curl takes it.

use pinflight_checks::deployment::Proxy;

use super::{
    build::Build,
    error::Origin,
    raw::{Located, Raw},
    values,
};

/// User name and password.
pub(super) type Credentials = (String, String);
type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

const USER: &str = "PINFLIGHT_PROXY_USER";
const PASSWORD: &str = "PINFLIGHT_PROXY_PASSWORD";

/// The proxy, and what it is to be told; the credentials are no part of the deployment.
pub(super) fn settle(
    build: &mut Build<'_>,
    raw: &Raw,
    environment: Environment<'_>,
) -> (Option<Proxy>, Option<Credentials>) {
    // curl's order for https; an empty word, declared or not, means no proxy.
    let conventional = || variable(environment, &["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]);
    let said = raw.one("network.proxy").cloned().or_else(conventional);
    let Some(said) = said.filter(|said| !said.text.is_empty()) else { return (None, None) };
    let Some(url) = build.kept("network.proxy", &said, values::proxy(&said.text)) else { return (None, None) };
    if url.credentials.is_some() && !matches!(said.origin, Origin::Environment(_)) {
        let problem = "a password does not belong in a file or a command line";
        let fix = format!("leave it out of the URL, and set {USER} and {PASSWORD} in the environment");
        build.errors.push(said.error("network.proxy", problem, fix));
    }
    let own = match (environment(USER), environment(PASSWORD)) {
        (Some(user), password) => Some((user, password.unwrap_or_default())),
        (None, Some(_)) => {
            let said = Located::new("…", Origin::Environment(PASSWORD.to_owned()));
            build.errors.push(said.error(PASSWORD, "a password without a user name", format!("set {USER} too")));
            None
        }
        (None, None) => None,
    };
    (Some(url.proxy), own.or(url.credentials))
}

/// Who is asked without the proxy. Rules from `NO_PROXY` were written for other programs: those that mean nothing are left out.
pub(super) fn exceptions(build: &mut Build<'_>, raw: &Raw, environment: Environment<'_>) -> Vec<String> {
    if raw.values.contains_key("network.no_proxy") {
        return build.many("network.no_proxy", |said| values::no_proxy(&said.text));
    }
    let list = variable(environment, &["no_proxy", "NO_PROXY"]).map(|said| said.text).unwrap_or_default();
    let rules = list.split([',', ' ', '\t']).filter(|rule| !rule.is_empty());
    rules.filter_map(|rule| values::no_proxy(rule).ok()).take(super::build::MAX_LIST).collect()
}

/// The first of these variables that is set.
fn variable(environment: Environment<'_>, names: &[&str]) -> Option<Located> {
    names.iter().find_map(|name| {
        let text = environment(name)?;
        Some(Located::new(&text, Origin::Environment((*name).to_owned())))
    })
}
