//! The sample, the reference and the parser say the same.

use super::*;

const REFERENCE: &str = include_str!("../../../docs/reference/configuration.md");

/// A key of the sample, with its value as TOML and whether that is its default.
#[derive(Debug)]
struct Line {
    key: String,
    value: String,
    default: bool,
}

/// Every key of the sample, set or not.
fn lines() -> Vec<Line> {
    let (mut table, mut said, mut lines) = (String::new(), String::new(), Vec::new());
    for line in SAMPLE.lines() {
        if let Some(prose) = line.strip_prefix("# ") {
            said = prose.to_owned();
            continue;
        }
        let bare = line.strip_prefix('#').unwrap_or(line);
        if bare.starts_with('[') {
            table = bare.trim_matches(['[', ']']).to_owned();
        } else if let Some((key, value)) = bare.split_once(" = ") {
            let key = if table.is_empty() { key.to_owned() } else { format!("{table}.{key}") };
            // The last line of the prose above says which it is: "Default:", or an example.
            let default = line.starts_with('#') && said.ends_with(':') && !said.contains("example");
            lines.push(Line { key, value: value.to_owned(), default });
        }
    }
    lines
}

/// The sample with some of its commented values set.
fn uncommented(wanted: impl Fn(&Line) -> bool) -> String {
    let mut lines = lines().into_iter();
    let mut text = String::new();
    for line in SAMPLE.lines() {
        let bare = line.strip_prefix('#').filter(|bare| !bare.starts_with(' ')).unwrap_or(line);
        let set = if !bare.starts_with('[') && bare.contains(" = ") {
            wanted(&lines.next().unwrap())
        } else {
            wanted(&accept())
        };
        text.push_str(if set { bare } else { line });
        text.push('\n');
    }
    text
}

/// Stands for the `[[accept]]` line, which has no default.
fn accept() -> Line {
    Line { key: "accept".to_owned(), value: String::new(), default: false }
}

fn parser_keys() -> Vec<String> {
    let keys = keys::KEYS.iter().chain(keys::ACCEPT).map(|key| key.name);
    let mut keys: Vec<String> = keys.chain([keys::SEVERITY]).map(str::to_owned).collect();
    keys.sort();
    keys
}

fn load_console(text: &str) -> Settings {
    load_with(&["--from", "console"], &[("pinflight.toml", text.as_bytes())], &[]).unwrap()
}

#[test]
fn the_sample_has_every_key_once() {
    let mut keys: Vec<String> = lines().into_iter().map(|line| line.key).collect();
    keys.sort();
    assert_eq!(keys, parser_keys());
}

#[test]
fn the_sample_says_nothing_but_the_url() {
    let least = load_console(LEAST);
    let sample = load_console(SAMPLE);
    assert_eq!((sample.deployment, sample.policy), (least.deployment, least.policy));
}

#[test]
fn the_samples_defaults_are_the_defaults() {
    let defaults: Vec<String> = lines().into_iter().filter(|line| line.default).map(|line| line.key).collect();
    assert_eq!(
        defaults,
        [
            "discovery.host",
            "discovery.port",
            "trust_service.mode",
            "trust.roots",
            "network.system_resolver",
            "network.connect_timeout",
            "network.step_timeout",
            "network.question_timeout",
            "network.max_time",
            "network.retry",
            "network.jobs",
            "network.repeat",
            "network.address_family",
            "policy.scope",
            "policy.fail_on",
            "policy.warning_days",
            "policy.critical_days",
            "policy.max_offline",
            "policy.max_age",
        ]
    );
    let text = uncommented(|line| line.default);
    let (least, settings) = (load_console(LEAST), load_console(&text));
    assert_eq!((settings.deployment, settings.policy), (least.deployment, least.policy));
    for key in defaults {
        let origin = load_console(&text).origins.of(&key);
        assert!(matches!(origin, Origin::File { .. }), "{key} was not set: {origin}");
    }
}

#[test]
fn the_samples_examples_are_sound() {
    let text = uncommented(|line| line.key != "trust_service.mode");
    let settings = load_file(&text).unwrap();
    assert_eq!(settings.deployment.device_services.backends.len(), 2);
    assert_eq!(settings.policy.accept.len(), 1);
    assert_eq!(settings.policy.severity.len(), 1);
    for key in keys::KEYS.iter().filter(|key| key.name != "trust_service.mode") {
        assert!(matches!(settings.origins.of(key.name), Origin::File { .. }), "{}", key.name);
    }
}

#[test]
fn the_sample_fits_eighty_columns() {
    for line in SAMPLE.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

/// The rows of the reference's tables: key, default, flag, type.
fn reference() -> Vec<[String; 4]> {
    let rows = REFERENCE.lines().filter(|line| line.starts_with("| `"));
    let cell = |text: &str| text.trim().trim_matches('`').to_owned();
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').collect();
        [cell(cells[0]), cell(cells[1]), cell(cells[2]), cell(cells[3])]
    })
    .collect()
}

#[test]
fn the_reference_has_every_key_with_its_default_flag_and_type() {
    let rows = reference();
    let mut keys: Vec<String> = rows.iter().map(|[key, ..]| key.clone()).collect();
    keys.sort();
    assert_eq!(keys, parser_keys());
    let defaults: BTreeMap<String, String> =
        lines().into_iter().filter(|line| line.default).map(|line| (line.key, line.value)).collect();
    for [name, default, flag, of_type] in rows {
        let key = keys::find(&name);
        // As the page says it of all of them.
        let in_accept = name.starts_with("accept.");
        let has_variable = !in_accept && !matches!(of_type.as_str(), "strings" | "table");
        let variable = has_variable.then(|| format!("PINFLIGHT_{}", name.to_uppercase().replace('.', "_")));
        assert_eq!(variable, key.filter(|_| !in_accept).and_then(keys::Key::variable), "{name}");
        let flag = flag.split(['`', ',']).next().unwrap_or_default();
        let known = match name.as_str() {
            "network.address_family" => "-4",
            "network.proxy" => "-x",
            "network.max_time" => "-m",
            _ => key.and_then(|key| key.flag).unwrap_or("–"),
        };
        assert_eq!(flag, known, "{name}");
        if let Some(known) = defaults.get(&name) {
            assert_eq!(default, *known, "{name}");
        }
    }
}
