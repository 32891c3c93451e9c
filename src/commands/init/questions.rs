//! What `pinflight init` asks a person, in the order in which the answers need each other.

use pinflight_checks::deployment::ServiceUrl;

use super::{
    dialogue::Dialogue,
    look_up::{self, Found},
};
use crate::{
    observe::files,
    settings::{self, ConfigErrors, Draft, Drafted},
};

/// One key, as a person is asked for it.
struct Entry {
    key: &'static str,
    what: &'static str,
    why: &'static str,
    form: Form,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// One word.
    One,
    /// Servers, with commas or spaces between them.
    Servers,
    /// Files, with commas between them; each is read.
    Files,
}

const DEVICE_SERVICES: Entry = Entry {
    key: "device_services.url",
    what: "URL of Device Services",
    why: "The public URL by which devices reach Device Services: https, host, port if it is not 443, and no path.",
    form: Form::One,
};
const PROXY: Entry = Entry {
    key: "network.proxy",
    what: "Proxy",
    why: "The proxy that this machine has to go through, if there is one: http://HOST:PORT, https, socks5 or socks5h. A user name and a \
          password never go into the file: set PINFLIGHT_PROXY_USER and PINFLIGHT_PROXY_PASSWORD where pinflight runs.",
    form: Form::One,
};
const MODE: Entry = Entry {
    key: "trust_service.mode",
    what: "Kind of Trust Service",
    why: "Which Trust Service is in use:\n\
          cloud: the vendor's, on discovery.awmdm.com\n\
          on-premises: one of your own\n\
          awcm: the one that AWCM brings along\n\
          none: none; pins come from the cloud registry alone",
    form: Form::One,
};
const TRUST_SERVICE: Entry = Entry {
    key: "trust_service.url",
    what: "URL of the Trust Service",
    why: "Exactly as saved in the console, like https://ts.example.com:9001/TrustService.",
    form: Form::One,
};
const TRUST_SERVICE_SERVERS: Entry = Entry {
    key: "trust_service.servers",
    what: "Servers of the Trust Service",
    why: "Every server, balancer and reverse proxy that must present the Trust Service's certificate: addresses or names, with \
          a port if it is not that of the URL.",
    form: Form::Servers,
};
const WORKSPACE_ONE_ID: Entry = Entry {
    key: "trust_service.workspace_one_id_domain",
    what: "Domain of the Workspace ONE ID",
    why: "The e-mail address in the Trust Service's certificate request must be of it.",
    form: Form::One,
};
/// What is asked of every deployment.
const REST: [Entry; 7] = [
    Entry {
        key: "device_services.backends",
        what: "Device Services servers",
        why: "Each server behind the balancer, for devices may meet the key of any of them: addresses or internal names, with a \
              port if it is not that of the URL.",
        form: Form::Servers,
    },
    Entry {
        key: "device_services.balancers",
        what: "Balancers",
        why: "What stands in front of those servers, in the same form.",
        form: Form::Servers,
    },
    Entry {
        key: "device_services.reverse_proxies",
        what: "Reverse proxies",
        why: "The same for reverse proxies.",
        form: Form::Servers,
    },
    Entry {
        key: "device_services.certificates",
        what: "Files of the uploaded certificates",
        why: "The certificates that were, or will be, uploaded to the console: files in PEM, DER or PKCS#7.",
        form: Form::Files,
    },
    Entry {
        key: "trust.ca_files",
        what: "Files of your own roots",
        why: "If a certificate comes from a CA of your own: files with its root, in PEM, DER or PKCS#7.",
        form: Form::Files,
    },
    Entry {
        key: "discovery.mail_domain",
        what: "Mail domain",
        why: "The one that users type for auto-discovery, to see whether it is registered.",
        form: Form::One,
    },
    Entry {
        key: "vantage",
        what: "Where this file is used",
        why: "A file for one machine says where that machine stands; one for several machines leaves it out, and --from says it:",
        form: Form::One,
    },
];

/// What asks Device Services.
pub(super) type LookUp<'a> = dyn FnMut(Drafted) -> anyhow::Result<Found> + 'a;

/// Asks everything that nothing said yet. `look_up` asks Device Services for the Trust Service's URL; none: nobody is asked.
pub(super) fn ask(
    dialogue: &mut Dialogue<'_>,
    draft: &mut Draft<'_>,
    look_up: Option<&mut LookUp<'_>>,
) -> anyhow::Result<()> {
    let welcome = "Enter takes what stands in brackets. Where several may be named, put commas between them. Ctrl-C ends this, \
                   and nothing is written.";
    dialogue.say(0, welcome)?;
    one(dialogue, draft, &DEVICE_SERVICES, None)?;
    proxy(dialogue, draft)?;
    let mut found = None;
    if needs_look_up(draft)
        && let Some(look_up) = look_up
        && let Some(drafted) = draft.so_far()
    {
        found = ask_device_services(dialogue, drafted, look_up)?;
    }
    trust_service(dialogue, draft, found.as_ref())?;
    for entry in &REST {
        one(dialogue, draft, entry, None)?;
    }
    Ok(())
}

/// Whether the Trust Service's URL is worth asking for.
pub(super) fn needs_look_up(draft: &Draft<'_>) -> bool {
    let mode = draft.said("trust_service.mode");
    let has_url = mode.is_none_or(|(mode, _)| matches!(mode.as_str(), "on-premises" | "awcm"));
    has_url && draft.said("trust_service.url").is_none()
}

fn ask_device_services(
    dialogue: &mut Dialogue<'_>,
    drafted: Drafted,
    look_up: &mut LookUp<'_>,
) -> anyhow::Result<Option<ServiceUrl>> {
    dialogue
        .say(0, "\nDevice Services can tell where they send devices for the Trust Service. This would be asked:")?;
    look_up::announce(&drafted, &dialogue.style, dialogue.out)?;
    if !dialogue.confirm("Ask it now")? {
        return Ok(None);
    }
    match look_up(drafted)? {
        Found::Url(url) => {
            dialogue.say(2, &format!("they send devices to {}", url.as_str()))?;
            Ok(Some(url))
        }
        Found::Nothing(why) => {
            dialogue.say(2, &format!("it could not be found out:\n{}", why.join("\n")))?;
            Ok(None)
        }
    }
}

fn proxy(dialogue: &mut Dialogue<'_>, draft: &mut Draft<'_>) -> anyhow::Result<()> {
    if is_said(dialogue, draft, &PROXY)? {
        return Ok(());
    }
    let usual = draft.usual_proxy();
    let enter = usual.as_ref().map_or("none".to_owned(), |(proxy, origin)| format!("as {origin} says: {proxy}"));
    explain(dialogue, &PROXY)?;
    if usual.is_some() {
        dialogue.say(2, "Write none for no proxy at all.")?;
    }
    dialogue.ask(PROXY.what, Some(&enter), |line| match line {
        "" => Ok(()),
        // Said where the environment says otherwise.
        "none" if usual.is_none() => Ok(()),
        "none" => draft.answer(PROXY.key, &[""]).map_err(|errors: ConfigErrors| errors.to_string()),
        line => draft.answer(PROXY.key, &[line]).map_err(|errors: ConfigErrors| errors.to_string()),
    })?;
    Ok(())
}

fn trust_service(dialogue: &mut Dialogue<'_>, draft: &mut Draft<'_>, found: Option<&ServiceUrl>) -> anyhow::Result<()> {
    let has_url = draft.said(TRUST_SERVICE.key).is_some();
    let is_own = found.is_some_and(|found| {
        draft.so_far().is_some_and(|so_far| found.endpoint() != so_far.deployment.discovery_endpoint())
    });
    let likely = if has_url || is_own { "on-premises" } else { "cloud" };
    one(dialogue, draft, &MODE, Some(likely))?;
    let mode = draft.said(MODE.key).map_or("cloud".to_owned(), |(mode, _)| mode);
    if !matches!(mode.as_str(), "on-premises" | "awcm") {
        return Ok(());
    }
    let found = found.map(ServiceUrl::as_str);
    if mode == "on-premises" || found.is_some() {
        one(dialogue, draft, &TRUST_SERVICE, Some(found.unwrap_or_default()))?;
    } else {
        one(dialogue, draft, &TRUST_SERVICE, None)?;
    }
    if draft.said(TRUST_SERVICE.key).is_some() {
        one(dialogue, draft, &TRUST_SERVICE_SERVERS, None)?;
        one(dialogue, draft, &WORKSPACE_ONE_ID, None)?;
    }
    Ok(())
}

/// Asks for one key, unless it is said already. `likely` is what Enter says, empty where something must be said; without it
/// Enter leaves the key out, but for Device Services' URL.
fn one(dialogue: &mut Dialogue<'_>, draft: &mut Draft<'_>, entry: &Entry, likely: Option<&str>) -> anyhow::Result<()> {
    if is_said(dialogue, draft, entry)? {
        return Ok(());
    }
    explain(dialogue, entry)?;
    let needed = entry.key == DEVICE_SERVICES.key || likely == Some("");
    let enter = if needed { None } else { Some(likely.unwrap_or("none")) };
    dialogue.ask(entry.what, enter, |line| {
        let line = if line.is_empty() { likely.unwrap_or_default() } else { line };
        match line {
            "" if needed => Err("this is needed".to_owned()),
            "" => Ok(()),
            "none" if entry.key != MODE.key && !needed => Ok(()),
            line => say(draft, entry, line),
        }
    })?;
    Ok(())
}

/// Says what was answered, if it is sound.
fn say(draft: &mut Draft<'_>, entry: &Entry, line: &str) -> Result<(), String> {
    let between = |c: char| c == ',' || (c.is_whitespace() && entry.form == Form::Servers);
    let parts: Vec<&str> = match entry.form {
        Form::One => vec![line],
        Form::Servers | Form::Files => line.split(between).map(str::trim).filter(|part| !part.is_empty()).collect(),
    };
    draft.answer(entry.key, &parts).map_err(|errors: ConfigErrors| errors.to_string())?;
    if entry.form != Form::Files {
        return Ok(());
    }
    readable(draft, entry.key).inspect_err(|_| draft.withdraw(entry.key))
}

/// Whether every file is there, and what it is named as.
fn readable(draft: &Draft<'_>, key: &str) -> Result<(), String> {
    let Some(Drafted { mut deployment, .. }) = draft.so_far() else { return Ok(()) };
    // The other files were named by flags, and may come later.
    if key != "trust.ca_files" {
        deployment.trust.ca_files.clear();
    }
    if key != "device_services.certificates" {
        deployment.device_services.certificates.clear();
    }
    deployment.device_services.next_certificates.clear();
    let service = &mut deployment.trust_service;
    (service.certificate, service.csr, service.signing_root) = (None, None, None);
    let problems = |errors: Vec<files::FileError>| {
        let told = errors.iter().map(|error| format!("{}\n{}", error.path, error.problem.replacen("; ", "\nfix: ", 1)));
        told.collect::<Vec<_>>().join("\n")
    };
    files::load(&deployment).map(drop).map_err(problems)
}

/// Whether a flag or a variable said it; told, if so.
fn is_said(dialogue: &mut Dialogue<'_>, draft: &Draft<'_>, entry: &Entry) -> std::io::Result<bool> {
    let Some((said, origin)) = draft.said(entry.key) else { return Ok(false) };
    dialogue.say(0, &format!("\n{}: {said} ({origin})", entry.what))?;
    Ok(true)
}

fn explain(dialogue: &mut Dialogue<'_>, entry: &Entry) -> std::io::Result<()> {
    dialogue.say(0, "\n")?;
    let mut lines = entry.why.lines();
    dialogue.say(0, lines.next().unwrap_or_default())?;
    lines.try_for_each(|line| dialogue.say(2, line))?;
    if entry.key == "vantage" {
        dialogue.say(2, &settings::vantages())?;
    }
    Ok(())
}
