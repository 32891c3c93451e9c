//! The guide's firewall table as a map: who must reach whom, drawn by what was seen.

use pinflight_checks::{
    outcome::State,
    report::{FirewallRow, Report},
};

use super::{
    super::{reading::value, table::word},
    markup::{Html, sign},
};

/// Ends and middle of the arrows, in the map's own units.
const LEFT: i32 = 146;
const MIDDLE: i32 = 220;
const RIGHT: i32 = 294;
/// The heights of the four arrows, in the order of the guide's table.
const HEIGHTS: [i32; 4] = [38, 106, 164, 236];
/// Characters of a host that its box has room for; the table below has all of it.
const ROOM: usize = 21;

pub(super) fn section(report: &Report) -> Html {
    let mut html = Html::default();
    if report.firewall.iter().all(|row| row.outcome == State::Skipped) {
        return html;
    }
    html.add(&map(&report.firewall));
    html.raw("<div class=\"wide\"><table><thead><tr><th scope=\"col\">Row</th><th scope=\"col\">Way</th>");
    html.raw("<th scope=\"col\">Outcome</th></tr></thead><tbody>\n");
    for (number, row) in report.firewall.iter().enumerate() {
        html.raw("<tr>").element("td", &[], &(number + 1).to_string()).raw("<td>").text(row.source).raw(" → ");
        html.code(&format!("{}:{}", row.destination, row.port));
        if let Some(note) = &row.note {
            html.raw("<br><small>").sentence(note).raw("</small>");
        }
        html.raw("</td><td>").mark(row.outcome).raw("</td></tr>\n");
    }
    html.raw("</tbody></table></div>\n");
    html
}

/// The four parties and the four arrows between them.
fn map(rows: &[FirewallRow]) -> Html {
    let mut html = Html::default();
    html.raw(
        "<figure>\n<svg class=\"map\" viewBox=\"-1 9 442 256\" role=\"img\" aria-labelledby=\"map-title map-text\">\n",
    );
    html.raw("<title id=\"map-title\">Firewall map</title>\n<desc id=\"map-text\">");
    for row in rows {
        html.sentence(&format!("{} to {} port {}: {}. ", row.source, row.destination, row.port, word(row.outcome)));
    }
    html.raw("</desc>\n");
    let host = |at: usize| rows.get(at).map_or("", |row| row.destination.as_str());
    party(&mut html, "0", 10, 56, "UEM console", "");
    party(&mut html, "0", 80, 112, "Device Services", host(2));
    party(&mut html, "0", 208, 56, "devices", "");
    party(&mut html, "300", 10, 182, "discovery", host(0));
    let cloud = rows.get(3).is_some_and(|row| row.destination == host(0));
    party(&mut html, "300", 208, 56, if cloud { "discovery" } else { "Trust Service" }, host(3));
    for (number, (row, height)) in rows.iter().zip(HEIGHTS).enumerate() {
        arrow(&mut html, number + 1, row, height);
    }
    html.raw("</svg>\n</figure>\n");
    html
}

fn party(html: &mut Html, x: &str, y: i32, height: i32, name: &str, host: &str) {
    let at = |offset: i32| (y + offset).to_string();
    let box_ = [("x", x), ("y", &y.to_string()), ("width", "140"), ("height", &height.to_string()), ("rx", "6")];
    html.open("rect", &box_).close("rect");
    let centre = if x == "0" { "70" } else { "370" };
    let middle = height / 2;
    let lift = if host.is_empty() { 5 } else { -3 };
    html.open("text", &[("class", "party"), ("x", centre), ("y", &at(middle + lift))]).text(name).close("text");
    if !host.is_empty() {
        let shown = value(host);
        let mut short: String = shown.chars().take(ROOM).collect();
        if short.len() < shown.len() {
            short.pop();
            short.push('…');
        }
        html.open("text", &[("class", "host"), ("x", centre), ("y", &at(middle + 15))]).text(&short).close("text");
    }
    html.raw("\n");
}

/// A way that is open is a line through, one that is shut breaks off at a cross, one that was not seen is dashed.
fn arrow(html: &mut Html, number: usize, row: &FirewallRow, y: i32) {
    let back = row.id == "discovery-to-device-services";
    let (from, to) = if back { (RIGHT, LEFT) } else { (LEFT, RIGHT) };
    let towards = if back { -1 } else { 1 };
    html.open("g", &[("class", &format!("arrow {}", row.outcome.id()))]);
    let shaft = format!("M{from} {y} H{}", to - 8 * towards);
    html.open("path", &[("class", "shaft"), ("d", &shaft)]).close("path");
    let head = format!("M{to} {y} l{} -6 v12 z", -10 * towards);
    html.open("path", &[("class", "head"), ("d", &head)]).close("path");
    if row.outcome == State::Fail {
        let cross = format!("M{} {} l14 14 m0 -14 l-14 14", MIDDLE - 7, y - 7);
        html.open("path", &[("class", "gap"), ("d", &format!("M{} {y} h28", MIDDLE - 14))]).close("path");
        html.open("path", &[("class", "cross"), ("d", &cross)]).close("path");
    }
    let middle = MIDDLE.to_string();
    let words = format!("{number}  {} {}", sign(row.outcome), word(row.outcome));
    html.open("text", &[("class", "what"), ("x", &middle), ("y", &(y - 11).to_string())]).text(&words).close("text");
    let port = format!("TCP {}", row.port);
    html.open("text", &[("class", "port"), ("x", &middle), ("y", &(y + 21).to_string())]).text(&port).close("text");
    html.close("g");
}
