//! Tags of the pages that mdBook writes: as much of HTML as telling links and ids takes.

pub struct Tag<'a> {
    pub name: &'a str,
    attributes: Vec<(&'a str, &'a str)>,
}

impl<'a> Tag<'a> {
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.attributes.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }
}

/// Every opening tag. What stands in scripts is none.
pub fn tags(text: &str) -> Vec<Tag<'_>> {
    let mut tags = Vec::new();
    let mut rest = text;
    while let Some((_, behind)) = rest.split_once('<') {
        rest = behind;
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = comment.split_once("-->").unwrap().1;
        }
        if !rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
            continue;
        }
        let end = rest.find(|c: char| c.is_whitespace() || c == '>' || c == '/').unwrap();
        let mut tag = Tag { name: &rest[..end], attributes: Vec::new() };
        rest = rest[end..].trim_start();
        while !rest.starts_with('>') {
            let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '=' | '>')).unwrap();
            let name = &rest[..end];
            rest = rest[end..].trim_start();
            let mut value = "";
            if let Some(behind) = rest.strip_prefix('=') {
                let quote = behind.chars().next().unwrap();
                let end =
                    |c: char| if matches!(quote, '"' | '\'') { c == quote } else { c.is_whitespace() || c == '>' };
                let begin = usize::from(matches!(quote, '"' | '\''));
                let length = behind[begin..].find(end).unwrap();
                value = &behind[begin..begin + length];
                rest = behind[begin + length + begin..].trim_start();
            }
            tag.attributes.push((name, value));
        }
        if tag.name == "script" {
            rest = rest.split_once("</script>").unwrap().1;
        }
        tags.push(tag);
    }
    tags
}

#[test]
fn tags_are_read() {
    let text = r##"<!-- <a href="no"> --><p id='one' class=x hidden>1 < 2
        <script src="a.js">if (a <b) "<a href='no'>"</script><a class="b" href="#one">x</a><br/>"##;
    let tags = tags(text);
    let told: Vec<_> = tags.iter().map(|tag| (tag.name, tag.get("id"), tag.get("href").or(tag.get("src")))).collect();
    let expected =
        [("p", Some("one"), None), ("script", None, Some("a.js")), ("a", None, Some("#one")), ("br", None, None)];
    assert_eq!(told, expected);
}
