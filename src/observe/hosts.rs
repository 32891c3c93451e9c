//! The hosts file: names that this machine takes from a file, whatever DNS says.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read},
    net::IpAddr,
    path::Path,
};

/// How much of it is read; files that block advertisements come to a few MiB.
pub(super) const LONGEST: u64 = 16 * 1024 * 1024;

/// Names in lower case with their addresses, in the file's order.
pub type Hosts = BTreeMap<String, Vec<IpAddr>>;

/// What it holds; a file that is not there holds nothing.
pub(super) fn read(path: &Path) -> io::Result<Hosts> {
    let mut bytes = Vec::new();
    match File::open(path) {
        Ok(file) => file.take(LONGEST).read_to_end(&mut bytes)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        Err(error) => return Err(error),
    };
    Ok(parse(&String::from_utf8_lossy(&bytes)))
}

/// `address name alias ... # comment`, as hosts(5) has it. A scoped address (`fe80::1%lo0`) is none that can be asked.
fn parse(text: &str) -> Hosts {
    let mut hosts = Hosts::new();
    for line in text.lines() {
        let entry = line.split('#').next().unwrap_or_default();
        let mut words = entry.split_whitespace();
        let Some(address) = words.next().and_then(|word| word.parse::<IpAddr>().ok()) else { continue };
        for name in words {
            let addresses = hosts.entry(name.trim_end_matches('.').to_ascii_lowercase()).or_default();
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
    }
    hosts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_as_resolvers_read_them() {
        let text = "127.0.0.1\tlocalhost\n# 10.0.0.9 ds.example.com\n10.0.0.1 DS.example.com. ds # old\r\n\
                    10.0.0.2 ds.example.com\n10.0.0.2 ds.example.com\nfe80::1%lo0 ds.example.com\nnonsense\n::1 ds.example.com";
        let hosts = parse(text);
        let expected: Vec<IpAddr> = ["10.0.0.1", "10.0.0.2", "::1"].map(|address| address.parse().unwrap()).to_vec();
        assert_eq!(hosts["ds.example.com"], expected);
        assert_eq!(hosts.len(), 3);
    }

    #[test]
    fn a_file_that_is_not_there_holds_nothing() {
        assert_eq!(read(Path::new("/nonexistent/hosts")).unwrap(), Hosts::new());
    }
}
