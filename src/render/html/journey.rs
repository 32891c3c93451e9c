//! What each kind of device does, as a sequence picture: its requests to the right, the answers back to the left.

use pinflight_checks::{
    client::{Ending, Journey, PlaceEnding, Step, Story},
    outcome::Target,
    report::Report,
};

use super::{super::table::parted_words, markup::Html};

/// Parties beside the device that a picture has room for; requests to others are told without an arrow.
const PARTIES: usize = 5;

pub(super) fn section(report: &Report) -> Html {
    let mut html = Html::default();
    let Some(journey) = &report.journey else { return html };
    let subject = host(&report.subject).unwrap_or_default();
    for (number, story) in journey.stories.iter().enumerate() {
        // The first picture shows what they look like; the others differ in little.
        html.open(
            "details",
            if number == opened(journey) { &[("class", "story"), ("open", "")] } else { &[("class", "story")] },
        );
        html.raw("<summary><strong>").text(story.title).raw("</strong> ");
        mark(&story.ending, &mut html);
        for id in &story.because {
            html.raw(" ").code(id.0);
        }
        if let Some(words) = parted_words(story) {
            html.raw(" <small>").sentence(&words).raw("</small>");
        }
        html.raw("</summary>\n");
        picture(story, subject, &mut html);
        html.raw("</details>\n");
    }
    html
}

/// The first one that is refused, else the first.
fn opened(journey: &Journey) -> usize {
    journey.stories.iter().position(|story| matches!(story.ending, Ending::Refused { .. })).unwrap_or(0)
}

fn mark(ending: &Ending, html: &mut Html) {
    let (class, sign) = match ending {
        Ending::ConnectsPinned => ("pass", "✓"),
        Ending::ConnectsNotPinned { .. } => ("skipped", "–"),
        Ending::Unknown { .. } => ("not-observed", "?"),
        Ending::Refused { .. } => ("fail", "✗"),
    };
    html.element("span", &[("class", &format!("mark {class}"))], &format!("{sign} {}", ending.words()));
}

fn picture(story: &Story, subject: &str, html: &mut Html) {
    let met: Vec<Option<&str>> = story.steps.iter().map(|step| party(step, subject)).collect();
    let mut parties: Vec<&str> = Vec::new();
    for one in met.iter().flatten() {
        if !parties.contains(one) && parties.len() < PARTIES {
            parties.push(one);
        }
    }
    let columns = i64::try_from(parties.len()).unwrap_or(0) + 1;
    let middle =
        |column: i64| format!("{}.{}%", (2 * column + 1) * 50 / columns, (2 * column + 1) * 500 / columns % 10);
    html.open("div", &[("class", &format!("sequence columns-{columns}"))]);
    html.raw("<svg class=\"lifelines\" width=\"100%\" height=\"100%\" aria-hidden=\"true\">");
    for column in 0..columns {
        let x = middle(column);
        html.open("line", &[("x1", &x), ("y1", "0"), ("x2", &x), ("y2", "100%")]).close("line");
    }
    html.raw("</svg>\n<div class=\"parties\" aria-hidden=\"true\"><span>device</span>");
    for one in &parties {
        html.open("span", &[]).host(one).close("span");
    }
    html.raw("</div>\n<ol>\n");
    let device = middle(0);
    for (step, met) in story.steps.iter().zip(&met) {
        let to = met.and_then(|met| parties.iter().position(|one| *one == met));
        let to = to.and_then(|at| i64::try_from(at).ok()).map(|at| middle(at + 1));
        one(step, to.as_deref().map(|to| (device.as_str(), to)), html);
    }
    html.raw("</ol>\n</div>\n");
    end(story, html);
}

fn one(step: &Step, ends: Option<(&str, &str)>, html: &mut Html) {
    html.raw("<li>\n<div class=\"arrows\">");
    if let Some((from, to)) = ends {
        message("ask", from, to, html);
        message("answer", to, from, html);
    }
    html.raw("</div>\n<div class=\"note\"><p class=\"ask\"><code>").sentence(&step.request).raw("</code></p>\n");
    html.raw("<p>← ").sentence(&step.answer).raw("<br><strong>→</strong> ").sentence(&step.decision).raw("</p>\n");
    let from: Vec<&str> = step.seen_from.iter().map(|vantage| vantage.id()).collect();
    if !(from.is_empty() && step.checks.is_empty() && step.evidence.0.is_empty()) {
        html.raw("<details><summary>Evidence</summary>\n<dl>");
        if !from.is_empty() {
            html.raw("<dt>seen from</dt><dd>").text(&from.join(", ")).raw("</dd>\n");
        }
        if !step.checks.is_empty() {
            let ids: Vec<&str> = step.checks.iter().map(|id| id.0).collect();
            html.raw("<dt>checks</dt><dd>").sentence(&ids.join(", ")).raw("</dd>\n");
        }
        for fact in &step.evidence.0 {
            html.raw("<dt>").text(fact.label).raw("</dt><dd><code>").text(&fact.value).raw("</code></dd>\n");
        }
        html.raw("</dl></details>\n");
    }
    html.raw("</div>\n</li>\n");
}

/// An arrow between two lifelines.
fn message(class: &str, from: &str, to: &str, html: &mut Html) {
    html.open(
        "svg",
        &[("class", &format!("message {class}")), ("width", "100%"), ("height", "22"), ("aria-hidden", "true")],
    );
    html.open("line", &[("x1", from), ("y1", "11"), ("x2", to), ("y2", "11")]).close("line");
    html.open("svg", &[("x", to), ("y", "11"), ("overflow", "visible")]);
    html.raw(if class == "ask" {
        "<path d=\"M0 0 l-9 -5 v10 z\"></path>"
    } else {
        "<path d=\"M0 0 l9 -5 v10 z\"></path>"
    });
    html.raw("</svg></svg>\n");
}

/// Where it ends, at which servers, provided what.
fn end(story: &Story, html: &mut Html) {
    html.raw("<p>Ends: ");
    mark(&story.ending, html);
    if let Some(why) = story.ending.why() {
        html.raw(" – ").sentence(why);
    }
    html.raw("</p>\n");
    let mut endings: Vec<(&Ending, Vec<&Target>)> = Vec::new();
    for PlaceEnding { target, ending, .. } in story.places.iter() {
        match endings.iter_mut().find(|(known, _)| *known == ending) {
            Some((_, targets)) => targets.push(target),
            None => endings.push((ending, vec![target])),
        }
    }
    html.raw("<details><summary>At each server</summary>\n");
    for (ending, targets) in endings {
        html.raw("<p>");
        mark(ending, html);
        if let Some(why) = ending.why() {
            html.raw(" – ").sentence(why);
        }
        html.raw("</p>\n").targets(&targets);
    }
    html.raw("</details>\n");
    if !story.provided.is_empty() {
        html.raw("<p class=\"provided\">Provided that ").sentence(&story.provided.join("; ")).raw("</p>\n");
    }
}

/// Whom a step asks, as the request names it.
fn party<'a>(step: &'a Step, subject: &'a str) -> Option<&'a str> {
    if let Some(host) = host(&step.request) {
        return Some(host);
    }
    if let Some(target) = step.request.strip_prefix("TLS to ") {
        return target.split([':', '@', ',', ' ']).next().filter(|host| !host.is_empty());
    }
    // A path alone is asked of Device Services.
    step.request.starts_with("GET ").then_some(subject).filter(|subject| !subject.is_empty())
}

/// The host of the first URL in a text.
fn host(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("://")?;
    rest.split(['/', ':', '?', '#', ' ']).next().filter(|host| !host.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_drawn_to_whom_it_asks() {
        let step = |request: &str| Step {
            request: request.to_owned(),
            answer: String::new(),
            decision: String::new(),
            seen_from: Vec::new(),
            checks: Vec::new(),
            evidence: pinflight_checks::outcome::Evidence::none(),
        };
        for (request, expected) in [
            ("GET https://discovery.awmdm.com:8443/autodiscovery?URL=ds.example.com", Some("discovery.awmdm.com")),
            ("TLS to ds.example.com:443@10.1.0.11, ds.example.com:443@10.1.0.12", Some("ds.example.com")),
            ("GET deviceservices/CertificatePinningEndpoint, at most daily", Some("ds.example.com")),
            ("another way (1)", None),
            ("TLS to ", None),
        ] {
            assert_eq!(party(&step(request), "ds.example.com"), expected, "{request}");
        }
    }
}
