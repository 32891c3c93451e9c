//! One self-contained page, for people and for print: no script, no request to anybody. Evidence is folded.

mod chains;
mod firewall;
mod journey;
mod markup;

use std::io;

use pinflight_checks::{
    check::CheckId,
    outcome::State,
    report::{CheckReport, PinCell, PinSource, Report, TargetReport, Verdict},
};

use self::markup::Html;
use super::{
    Renderer, Style,
    reading::{IN_FULL, Problem, accepted, matrix_rows, problems, value, verdict_sign, why},
    table::{as_of, counted, counts, hidden_by, not_seen_in_full, run_line, seen_from, step},
};

/// Light and dark by what the reader prefers; ink on paper.
const STYLE: &str = include_str!("html/style.css");

/// `-o html`
pub(super) struct Page;

impl Renderer for Page {
    fn id(&self) -> &'static str {
        "html"
    }

    fn render(&self, report: &Report, _style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
        page(report, out)
    }
}

/// What a section has to say, each piece made when its turn comes: beside the report of a thousand servers, its page is not held
/// as well.
type Pieces<'a> = Box<dyn Iterator<Item = Html> + 'a>;

/// A section: the anchor, the heading, and what it has to say.
type Section = (&'static str, &'static str, fn(&Report) -> Pieces<'_>);

const SECTIONS: [Section; 12] = [
    ("wrong", "What is wrong", |report| whole(findings(report, State::Fail))),
    ("attention", "What needs attention", |report| whole(findings(report, State::Warn))),
    ("accepted", "Accepted by the configuration", |report| whole(accepted_findings(report))),
    ("next", "Not seen from here: run next", |report| whole(next_commands(report))),
    ("unseen", "Not seen", |report| whole(not_seen(report))),
    ("unasked", "No time was left for", |report| whole(unasked(report))),
    ("guide", "The guide", |report| whole(guide(report))),
    ("firewall", "Firewall", |report| whole(firewall::section(report))),
    ("pins", "Pins", |report| whole(pins(report))),
    ("devices", "Devices, by the known client’s rules", |report| whole(journey::section(report))),
    ("certificates", "Certificates", |report| Box::new(chains::section(report))),
    ("checks", "Every check", |report| Box::new(report.checks.iter().map(a_check))),
];

/// One piece, if anything is in it.
fn whole(html: Html) -> Pieces<'static> {
    Box::new(Some(html).filter(|html| !html.is_empty()).into_iter())
}

fn page(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let mut html = Html::default();
    html.raw("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    // Whatever should get past the escaping would still neither run nor ask anybody.
    html.raw(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n",
    );
    html.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    html.raw("<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"robots\" content=\"noindex\">\n");
    html.raw("<title>").text(&report.headline).raw(" – ").text(&report.subject).raw(" – pinflight</title>\n");
    html.raw("<style>\n").raw(STYLE).raw("</style>\n</head>\n<body>\n");
    verdict(report, &mut html);
    // Those that have something to say: their first pieces are made for this alone.
    let sections = SECTIONS.iter().filter(|(_, _, pieces)| pieces(report).next().is_some()).collect::<Vec<_>>();
    html.raw("<nav aria-label=\"Sections\"><ul>");
    for (id, title, _) in &sections {
        html.raw("<li>").open("a", &[("href", &format!("#{id}"))]).text(title).close("a").raw("</li>\n");
    }
    html.raw("</ul></nav>\n<main>\n");
    for (id, title, pieces) in sections {
        html.open("section", &[("id", id)]).element("h2", &[], title);
        html.write(out)?;
        pieces(report).try_for_each(|piece| piece.write(out))?;
        html = Html::default();
        html.close("section");
    }
    html.raw("</main>\n<footer><p>").text(&run_line(report)).raw("</p></footer>\n</body>\n</html>\n");
    html.write(out)
}

fn verdict(report: &Report, html: &mut Html) {
    let class = match report.verdict {
        Verdict::Ready | Verdict::SelectedPass => "pass",
        Verdict::NotReady | Verdict::SelectedFail => "fail",
        Verdict::Incomplete | Verdict::SelectedIncomplete => "warn",
    };
    html.open("header", &[("class", &format!("verdict {class}"))]).raw("\n<h1>");
    html.text(verdict_sign(report.verdict))
        .raw(" ")
        .text(&report.headline)
        .raw("</h1>\n<p class=\"subject\">")
        .code(&report.subject)
        .raw("</p>\n");
    let seen = [seen_from(report), as_of(report).unwrap_or_default()];
    let seen: Vec<&str> = seen.iter().map(String::as_str).filter(|words| !words.is_empty()).collect();
    if !seen.is_empty() {
        html.element("p", &[], &seen.join(", "));
    }
    html.element("p", &[], &format!("{}: {}", counted(report.checks.len(), "check"), counts(&report.counts)));
    html.close("header");
}

fn findings(report: &Report, state: State) -> Html {
    let mut html = Html::default();
    for check in &report.checks {
        let problems = problems(check, state);
        if problems.is_empty() {
            continue;
        }
        html.open("article", &[("class", &format!("finding {}", state.id()))]).raw("\n<h3>");
        html.mark(state).raw(" ").code(check.id.0).raw("</h3>\n").element("p", &[("class", "proves")], check.title);
        let (shown, rest) = problems.split_at(IN_FULL.min(problems.len()));
        for problem in shown {
            item(report, problem, &mut html);
        }
        if !rest.is_empty() {
            let count = counted(rest.len(), "more finding");
            html.raw("<details><summary>And ").text(&count).raw("</summary>\n");
            for problem in rest {
                item(report, problem, &mut html);
            }
            html.raw("</details>\n");
        }
        let hidden = if state == State::Fail { hidden_by(report, check.id) } else { Vec::new() };
        if !hidden.is_empty() {
            html.raw("<p>Hides ").sentence(&hidden.join(", ")).raw("</p>\n");
        }
        html.raw("<p>More: ").code(&format!("pinflight explain {}", check.id)).raw("</p>\n").close("article");
    }
    html
}

fn item(report: &Report, problem: &Problem<'_>, html: &mut Html) {
    html.raw("<div class=\"item\">\n").targets(&problem.targets).element("p", &[], &problem.finding.message);
    html.raw("<p class=\"do\"><strong>Do</strong> ").sentence(&problem.finding.remedy).raw("</p>\n");
    html.evidence(&problem.evidence(report)).raw("</div>\n");
}

fn accepted_findings(report: &Report) -> Html {
    let mut html = Html::default();
    for check in &report.checks {
        for (finding, reason) in accepted(check) {
            html.raw("<article class=\"finding skipped\">\n<h3>")
                .code(check.id.0)
                .raw("</h3>\n")
                .targets(&[&finding.target]);
            html.element("p", &[], &finding.message).raw("<p><strong>Because</strong> ").sentence(reason).raw("</p>\n");
            html.evidence(&finding.evidence).close("article");
        }
    }
    html
}

fn next_commands(report: &Report) -> Html {
    let mut html = Html::default();
    for next in &report.next_commands {
        html.raw("<p>On <strong>").text(next.vantage.place()).raw("</strong>, to see ");
        list(&next.checks, &mut html);
        html.raw(":</p>\n").command(&next.command);
    }
    if !report.next_commands.is_empty() {
        html.raw("<p>Then, to judge them together with a recording of this run (<code>--record FILE</code>):</p>\n");
        html.command("pinflight replay FILE...");
    }
    html
}

fn list(ids: &[CheckId], html: &mut Html) {
    for (at, id) in ids.iter().enumerate() {
        html.raw(if at > 0 { ", " } else { "" }).code(id.0);
    }
}

fn not_seen(report: &Report) -> Html {
    let mut html = Html::default();
    let told = not_seen_in_full(report);
    if told.is_empty() {
        return html;
    }
    html.raw("<dl>");
    for (id, reasons) in told {
        html.raw("<dt>").text(id.0).raw("</dt>");
        for reason in reasons {
            html.element("dd", &[], &reason);
        }
    }
    html.raw("</dl>\n");
    html
}

fn unasked(report: &Report) -> Html {
    let mut html = Html::default();
    if report.run.unasked.is_empty() {
        return html;
    }
    html.raw("<ul>");
    for question in &report.run.unasked {
        html.element("li", &[], question).raw("\n");
    }
    html.raw("</ul>\n");
    html
}

fn guide(report: &Report) -> Html {
    let mut html = Html::default();
    if report.guide.iter().all(|row| row.outcome == State::Skipped) {
        return html;
    }
    html.raw("<div class=\"wide\"><table><thead><tr><th scope=\"col\">Step</th><th scope=\"col\">Outcome</th>");
    html.raw("<th scope=\"col\">What</th></tr></thead><tbody>\n");
    for row in &report.guide {
        html.raw("<tr>").open("th", &[("scope", "row")]).text(step(row.step)).close("th");
        html.raw("<td>").mark(row.outcome).raw("</td><td>").sentence(row.title);
        if let Some(note) = &row.note {
            html.raw("<br><small>").sentence(note).raw("</small>");
        }
        html.raw("</td></tr>\n");
    }
    html.raw("</tbody></table></div>\n");
    html
}

/// Places that are not folded.
const FEW: usize = 2;

/// Rows that differ by their place alone are one.
fn pins(report: &Report) -> Html {
    let mut html = Html::default();
    let sources = &report.pin_matrix.sources;
    if sources.is_empty() && report.pin_matrix.rows.is_empty() {
        return html;
    }
    html.raw(
        "<div class=\"wide\"><table class=\"pins\"><thead><tr><th scope=\"col\">Key of</th><th scope=\"col\">Key</th>",
    );
    let size = |source: &PinSource| {
        let count = source.pins.map_or("not seen".to_owned(), |pins| counted(pins, "pin"));
        if source.used { format!("{count}, used by devices") } else { count }
    };
    for source in sources {
        html.open("th", &[("scope", "col")]).text(&source.title).raw("<br><small>").text(&size(source));
        html.raw("</small>").close("th");
    }
    html.raw("</tr></thead><tbody>\n");
    for (row, targets) in matrix_rows(report) {
        html.raw("<tr>").open("th", &[("scope", "row")]).text(row.role).close("th").raw("<td>");
        match &row.spki_sha256 {
            Some(key) => html.code(&short(key)),
            None => html.raw("not seen"),
        };
        if let Some(subject) = &row.subject {
            html.raw("<br><small>").text(subject).raw("</small>");
        }
        let few = targets.len() <= FEW;
        if few {
            html.raw("\n").targets(&targets);
        }
        if !few || row.spki_sha256.is_some() {
            let folded = if few { "Whole key".to_owned() } else { format!("{} places", targets.len()) };
            html.raw("<details><summary>").text(&folded).raw("</summary>\n");
            if let Some(key) = &row.spki_sha256 {
                html.raw("<p><code>sha256//").text(key).raw("</code></p>\n");
            }
            if !few {
                html.targets(&targets);
            }
            html.raw("</details>");
        }
        html.close("td");
        for (source, cell) in sources.iter().zip(&row.cells) {
            let (class, words) = match cell {
                PinCell::Match => ("pass", "✓ match"),
                // By nature: what devices do not use may be empty.
                PinCell::NoMatch if source.pins == Some(0) && !source.used => ("skipped", "– no pins"),
                PinCell::NoMatch => ("fail", "✗ no match"),
                PinCell::Unknown => ("warn", "? unknown"),
                PinCell::NotObserved => ("not-observed", "– not seen"),
            };
            // Where there is no room for a head, each cell brings its own.
            html.open("td", &[("data-of", &format!("{} ({})", value(&source.title), size(source)))]);
            html.element("span", &[("class", &format!("mark {class}"))], words).close("td");
        }
        html.raw("</tr>\n");
    }
    html.raw("</tbody></table></div>\n");
    html
}

/// Enough of a digest to see whether two are the same.
fn short(key: &str) -> String {
    value(key).chars().take(12).chain(['…']).collect()
}

fn a_check(check: &CheckReport) -> Html {
    let mut html = Html::default();
    html.raw("<details class=\"check\"><summary>").mark(check.outcome).raw(" ").code(check.id.0).raw(" – ");
    html.sentence(check.title).raw("</summary>\n");
    if matches!(check.outcome, State::Skipped | State::NotObserved) {
        html.element("p", &[], &value(&why(check)));
    }
    if let Some(command) = &check.command {
        html.command(command);
    }
    targets(check, &mut html);
    html.raw("</details>\n");
    html
}

fn targets(check: &CheckReport, html: &mut Html) {
    for target in &check.targets {
        one(target, html);
    }
}

fn one(target: &TargetReport, html: &mut Html) {
    html.raw("<div class=\"item\">\n<p>").mark(target.outcome).raw(" ").code(&target.target.to_string()).raw("</p>\n");
    let because = target.because.map(|id| format!(" (because of {id})")).unwrap_or_default();
    if let Some(reason) = &target.reason {
        html.element("p", &[], &format!("{reason}{because}"));
    }
    html.evidence(&target.evidence).raw("</div>\n");
}
