//! Which proxy, and with which credentials: declared, or taken from the environment as curl takes it.

use pinflight_checks::deployment::Proxy;

use super::{
    build::{Build, MAX_LIST},
    error::Origin,
    raw::{Located, Raw},
    values,
};

/// User name and password.
pub(super) type Credentials = (String, String);
type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

const USER: &str = "PINFLIGHT_PROXY_USER";
const PASSWORD: &str = "PINFLIGHT_PROXY_PASSWORD";

/// The lowest layer: the variables that all programs share, in curl's order for https. An empty one means no proxy.
pub(super) fn conventional(environment: Environment<'_>) -> Raw {
    let mut raw = Raw::default();
    if let Some(proxy) = variable(environment, &["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]) {
        raw.say("network.proxy", proxy);
    }
    if let Some(list) = variable(environment, &["no_proxy", "NO_PROXY"]) {
        // They were written for other programs: what means nothing here, or is there twice, is left out.
        let mut rules: Vec<String> = Vec::new();
        for rule in list.text.split([',', ' ', '\t']).filter_map(|rule| values::no_proxy(rule).ok()).take(MAX_LIST) {
            if !rules.contains(&rule) {
                rules.push(rule);
            }
        }
        let located = rules.iter().map(|rule| Located::new(rule, list.origin.clone()));
        raw.values.insert("network.no_proxy", located.collect());
    }
    raw
}

/// The first of these variables that is set.
fn variable(environment: Environment<'_>, names: &[&str]) -> Option<Located> {
    names.iter().find_map(|name| {
        let text = environment(name)?;
        Some(Located::new(&text, Origin::Environment((*name).to_owned())))
    })
}

/// The proxy, and what it is to be told; the credentials are no part of the deployment.
pub(super) fn settle(
    build: &mut Build<'_>,
    raw: &Raw,
    environment: Environment<'_>,
) -> (Option<Proxy>, Option<Credentials>) {
    let Some(said) = raw.one("network.proxy").filter(|said| !said.text.is_empty()) else { return (None, None) };
    let Some(url) = build.kept("network.proxy", said, values::proxy(&said.text)) else { return (None, None) };
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
