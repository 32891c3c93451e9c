//! Chains as trees, each certificate with the time of its validity on one axis.

use std::iter;

use pinflight_checks::{
    report::{CertificateView, ChainView, Report},
    time::Timestamp,
};

use super::{
    super::table::{common_name, counted},
    markup::Html,
    short,
};

const DAY: i64 = 86_400;
const YEAR: i64 = 365 * DAY;
/// The axis begins and ends no further from now; a root of twenty years would leave no room for its leaves.
const PAST: i64 = 2 * YEAR;
const FUTURE: i64 = 4 * YEAR;

pub(super) fn section(report: &Report) -> impl Iterator<Item = Html> {
    Axis::of(report).into_iter().flat_map(|axis| {
        let mut key = Html::default();
        key.raw("<p class=\"key\">The bars share one axis of time; the line across them is ");
        key.text(&report.judged_at.day()).raw(".</p>\n");
        iter::once(key).chain(report.chains.iter().map(move |one| chain(one, &axis)))
    })
}

fn chain(chain: &ChainView, axis: &Axis) -> Html {
    let mut html = Html::default();
    html.raw("<article class=\"chain\">\n<h3>");
    match chain.certificates.first() {
        Some(leaf) => html.text(common_name(leaf)).raw(" ").code(&short(&leaf.spki_sha256)),
        None => html.raw("no certificate"),
    };
    html.raw("</h3>\n");
    match &chain.anchor {
        Some(anchor) => html.raw("<p><span class=\"mark pass\">✓ path</span> to ").text(anchor).raw("</p>\n"),
        None => html.raw("<p><span class=\"mark fail\">✗ no valid path</span></p>\n"),
    };
    html.raw("<div class=\"row axis\"><span></span>");
    axis.scale(&mut html);
    html.raw("</div>\n");
    let mut known = vec![false; chain.certificates.len()];
    for (at, _) in tops(chain) {
        branch(chain, at, 0, &mut known, axis, &mut html);
    }
    // A circle of issuers has no top.
    for at in 0..chain.certificates.len() {
        branch(chain, at, 0, &mut known, axis, &mut html);
    }
    html.raw("<details><summary>Presented by ").text(&counted(chain.targets.len(), "target")).raw("</summary>\n");
    html.targets(&chain.targets.iter().collect::<Vec<_>>()).raw("</details>\n</article>\n");
    html
}

/// Certificates whose issuer was not sent with them, or who are their own; the chain's last is the first of them.
fn tops(chain: &ChainView) -> impl Iterator<Item = (usize, &CertificateView)> {
    let is_top = |one: &CertificateView| {
        one.subject == one.issuer || chain.certificates.iter().all(|other| other.subject != one.issuer)
    };
    chain.certificates.iter().enumerate().rev().filter(move |(_, one)| is_top(one))
}

/// A certificate and what it issued.
fn branch(chain: &ChainView, at: usize, depth: usize, known: &mut [bool], axis: &Axis, html: &mut Html) {
    let Some(certificate) = chain.certificates.get(at) else { return };
    match known.get_mut(at) {
        Some(known) if !*known => *known = true,
        _ => return,
    }
    node(certificate, at, depth, axis, html);
    for (other, issued) in chain.certificates.iter().enumerate() {
        if issued.issuer == certificate.subject {
            branch(chain, other, depth + 1, known, axis, html);
        }
    }
}

fn node(certificate: &CertificateView, at: usize, depth: usize, axis: &Axis, html: &mut Html) {
    html.open("div", &[("class", &format!("row depth-{}", depth.min(4)))]);
    html.raw("<div>");
    if depth > 0 {
        html.raw("<span class=\"twig\" aria-hidden=\"true\">└ </span>");
    }
    html.text(common_name(certificate)).raw("<br><small>").text(&axis.words(certificate)).raw("</small></div>\n");
    axis.bar(certificate, html);
    html.raw("</div>\n<details class=\"facts\"><summary>");
    html.text(&format!("Certificate {} as sent", at + 1)).raw("</summary>\n<dl>");
    let time = |at: Option<Timestamp>| at.map_or("unreadable".to_owned(), |at| at.to_string());
    for (label, text) in [
        ("Subject", certificate.subject.clone()),
        ("Issuer", certificate.issuer.clone()),
        ("Serial", certificate.serial.clone()),
        ("Valid", format!("{} to {}", time(certificate.not_before), time(certificate.not_after))),
        ("Names", certificate.names.join(", ")),
        ("Key", certificate.key.clone()),
        ("SHA-256", certificate.sha256.clone()),
        ("SHA-1", certificate.sha1.clone()),
        ("Pin", format!("sha256//{}", certificate.spki_sha256)),
    ] {
        if !text.is_empty() {
            html.element("dt", &[], label).raw("<dd><code>").sentence(&text).raw("</code></dd>\n");
        }
    }
    html.raw("</dl></details>\n");
}

/// The time that all bars share, in seconds since 1970.
struct Axis {
    begin: i64,
    end: i64,
    now: i64,
}

impl Axis {
    /// As long as what was presented; none where nothing was.
    fn of(report: &Report) -> Option<Self> {
        let now = report.judged_at.0;
        let all = || report.chains.iter().flat_map(|chain| &chain.certificates);
        all().next()?;
        let begin = all().filter_map(|one| one.not_before).map(|at| at.0).min().unwrap_or(now);
        let end = all().filter_map(|one| one.not_after).map(|at| at.0).max().unwrap_or(now);
        let begin = begin.clamp(now.saturating_sub(PAST), now.saturating_sub(30 * DAY));
        let end = end.clamp(now.saturating_add(30 * DAY), now.saturating_add(FUTURE));
        Some(Self { begin, end, now })
    }

    /// How far along, in tenths of a per cent.
    fn tenths(&self, at: i64) -> i64 {
        let length = self.end.saturating_sub(self.begin).max(1);
        at.clamp(self.begin, self.end).saturating_sub(self.begin).saturating_mul(1000) / length
    }

    /// The first days of years in it.
    fn years(&self) -> Vec<(String, i64)> {
        let year = |at: i64| Timestamp(at).day().get(..4).and_then(|year| year.parse::<i64>().ok());
        let (Some(first), Some(last)) = (year(self.begin), year(self.end)) else { return Vec::new() };
        let of = |year: i64| Some((year.to_string(), Timestamp::parse(&format!("{year:04}-01-01"))?.0));
        (first + 1..=last).filter_map(of).collect()
    }

    /// The axis itself, with its years.
    fn scale(&self, html: &mut Html) {
        html.raw("<svg class=\"time\" width=\"100%\" height=\"18\" aria-hidden=\"true\">");
        for (year, at) in self.years() {
            let tenths = self.tenths(at);
            // At the edges a label would be cut.
            if (40..=960).contains(&tenths) {
                html.open("text", &[("x", &percent(tenths)), ("y", "13")]).text(&year).close("text");
            }
        }
        html.raw("</svg>");
    }

    fn bar(&self, certificate: &CertificateView, html: &mut Html) {
        html.raw("<svg class=\"time\" width=\"100%\" height=\"22\" aria-hidden=\"true\">");
        for (_, at) in self.years() {
            self.upright("year", at, html);
        }
        if let (Some(from), Some(to)) = (certificate.not_before, certificate.not_after) {
            let (left, right) = (self.tenths(from.0), self.tenths(to.0));
            let class = if to.0 < self.now {
                "bar over"
            } else if from.0 > self.now {
                "bar to-come"
            } else {
                "bar"
            };
            let (x, width) = (percent(left), percent((right - left).max(4)));
            let rect = [("class", class), ("x", &x), ("y", "5"), ("width", &width), ("height", "12"), ("rx", "2")];
            html.open("rect", &rect).close("rect");
            if to.0 > self.end {
                html.raw("<text class=\"on end\" x=\"100%\" y=\"15\">▸</text>");
            }
            if from.0 < self.begin {
                html.raw("<text class=\"on\" x=\"0\" y=\"15\">◂</text>");
            }
        }
        self.upright("now", self.now, html);
        html.raw("</svg>\n");
    }

    fn upright(&self, class: &'static str, at: i64, html: &mut Html) {
        let x = percent(self.tenths(at));
        html.open("line", &[("class", class), ("x1", &x), ("y1", "0"), ("x2", &x), ("y2", "100%")]).close("line");
    }

    /// What the bar shows, in words.
    fn words(&self, certificate: &CertificateView) -> String {
        let now = Timestamp(self.now);
        let days = |count: i64| counted(usize::try_from(count.abs()).unwrap_or(0), "day");
        match (certificate.not_before, certificate.not_after) {
            (_, Some(end)) if end < now => format!("✗ expired {}, {} ago", end.day(), days(end.days_until(now))),
            (Some(begin), Some(end)) if begin > now => {
                format!("! valid from {}, in {}, until {}", begin.day(), days(now.days_until(begin)), end.day())
            }
            (_, Some(end)) => format!("until {}, {} left", end.day(), days(now.days_until(end))),
            (_, None) => "? its end is unreadable".to_owned(),
        }
    }
}

fn percent(tenths: i64) -> String {
    format!("{}.{}%", tenths / 10, tenths % 10)
}
