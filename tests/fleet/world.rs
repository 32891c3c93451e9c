//! A deployment in a network namespace, four machines in namespaces around it, a firewall and an OpenSSH server in each.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use nix::sys::{prctl::set_child_subreaper, wait::wait};
use pinflight_fixtures::{Scenario, Variant};

use crate::site::{Site, end_processes, ip, name};

/// A machine that is looked from.
pub struct Machine {
    /// The group of the inventory.
    pub group: &'static str,
    /// The vantage that the group stands for.
    pub vantage: &'static str,
    /// What the firewall of its network lets out.
    lets_out: &'static [&'static str],
}

/// Each network lets out what its machine needs and nothing else.
pub const MACHINES: [Machine; 4] = [
    Machine { group: "console", vantage: "console", lets_out: &["10.11.0.0/16", "10.20.0.0/16"] },
    Machine {
        group: "device_services",
        vantage: "device-services",
        lets_out: &["10.12.53.53", DISCOVERY, "10.12.2.1", "10.12.3.1", "10.20.2.0/24", "10.20.3.0/24"],
    },
    Machine {
        group: "outside",
        vantage: "discovery",
        lets_out: &["10.13.53.53", "10.13.2.1", "10.20.2.1", "10.20.2.2"],
    },
    Machine {
        group: "devices",
        vantage: "device",
        lets_out: &["10.14.53.53", "10.14.2.1", "10.14.3.1", "10.20.2.1", "10.20.2.2"],
    },
];
/// Discovery, where Device Services' name server leads.
pub const DISCOVERY: &str = "10.12.1.1";

/// All of it; gone when dropped, with every process in it.
pub struct World {
    folder: tempfile::TempDir,
    site: Option<Site>,
    servers: Vec<Child>,
}

impl World {
    /// Everything is up and every firewall lets out what is needed.
    pub fn new() -> Self {
        let mut world = Self { folder: tempfile::tempdir().unwrap(), site: None, servers: Vec::new() };
        // Sessions and connections whose parent ends become children of this process, which waits for them.
        set_child_subreaper(true).unwrap();
        let site = name("site");
        ip(&["netns", "add", &site]);
        for (index, machine) in MACHINES.iter().enumerate() {
            let namespace = name(machine.group);
            let cable = format!("pf{index}");
            ip(&["netns", "add", &namespace]);
            ip(&["link", "add", &cable, "netns", &site, "type", "veth", "peer", "name", "pf", "netns", &namespace]);
            ip(&["-n", &site, "addr", "add", &format!("172.31.{index}.1/24"), "dev", &cable]);
            ip(&["-n", &namespace, "addr", "add", &format!("172.31.{index}.2/24"), "dev", "pf"]);
            ip(&["-n", &site, "link", "set", &cable, "up"]);
            ip(&["-n", &namespace, "link", "set", "pf", "up"]);
            ip(&["-n", &namespace, "route", "add", "default", "via", &format!("172.31.{index}.1")]);
        }
        world.site = Some(Site::raise(&site, &site, &world.path("deployment"), Scenario::sound(Variant::OnPremises)));
        Self::open_all();
        world.make_key("key");
        // OpenSSH insists on this place.
        fs::create_dir_all("/run/sshd").unwrap();
        for (index, machine) in MACHINES.iter().enumerate() {
            let server = world.ssh_server(index, machine);
            world.servers.push(server);
        }
        world
    }

    /// A file or folder of the test's own.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A machine's place for temporary files, and Ansible's.
    pub fn temporary(&self, machine: &Machine) -> [PathBuf; 2] {
        [self.path(&format!("{}.tmp", machine.group)), self.path(&format!("{}.ansible", machine.group))]
    }

    /// Every firewall lets out what its machine needs.
    pub fn open_all() {
        for machine in &MACHINES {
            Self::firewall(machine, machine.lets_out);
        }
    }

    /// The firewall of Device Services' network drops what goes to discovery.
    pub fn drop_device_services_to_discovery() {
        let [_, machine, ..] = &MACHINES;
        let lets_out: Vec<&str> = machine.lets_out.iter().copied().filter(|to| *to != DISCOVERY).collect();
        Self::firewall(machine, &lets_out);
    }

    /// This machine's SSH server and its sessions end: whoever comes is refused.
    pub fn end_ssh_server(group: &str) {
        end_processes(&name(group));
    }

    /// A program where the deployment is: it reaches every machine.
    pub fn controller(program: &Path) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &name("site")]).arg(program);
        command
    }

    fn firewall(machine: &Machine, lets_out: &[&str]) {
        let table = format!(
            "table inet pinflight\n\
             delete table inet pinflight\n\
             table inet pinflight {{\n\
             chain out {{\n\
             type filter hook output priority 0; policy drop;\n\
             oifname \"lo\" accept\n\
             ct state established accept\n\
             ip daddr {{ {} }} accept\n\
             }}\n}}\n",
            lets_out.join(", ")
        );
        let mut nft = Command::new("ip")
            .args(["netns", "exec", &name(machine.group), "nft", "-f", "-"])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        nft.stdin.take().unwrap().write_all(table.as_bytes()).unwrap();
        assert!(nft.wait().unwrap().success(), "{table}");
    }

    fn make_key(&self, name: &str) {
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-C", "", "-f"])
            .arg(self.path(name))
            .stdin(Stdio::null())
            .status();
        assert!(made.unwrap().success());
    }

    /// OpenSSH on port 22 of a machine, with a host key of its own; returns when it listens.
    fn ssh_server(&self, index: usize, machine: &Machine) -> Child {
        let key = format!("{}.key", machine.group);
        self.make_key(&key);
        let public = fs::read_to_string(self.path(&format!("{key}.pub"))).unwrap();
        let address = format!("172.31.{index}.2");
        let mut known = File::options().create(true).append(true).open(self.path("known_hosts")).unwrap();
        writeln!(known, "{address} {public}").unwrap();
        let [temporary, ansible] = self.temporary(machine);
        for folder in [&temporary, &ansible] {
            fs::create_dir(folder).unwrap();
            fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).unwrap();
        }
        let configuration = format!(
            "ListenAddress {address}:22\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\nUsePAM no\nStrictModes no\n\
             PermitRootLogin prohibit-password\nPasswordAuthentication no\nSetEnv TMPDIR={}\n\
             Subsystem sftp internal-sftp\n",
            self.path(&key).display(),
            self.path("key.pub").display(),
            temporary.display(),
        );
        let file = self.path(&format!("{}.sshd", machine.group));
        fs::write(&file, configuration).unwrap();
        let mut server = Command::new("ip")
            .args(["netns", "exec", &name(machine.group), "/usr/sbin/sshd", "-D", "-e", "-f"])
            .arg(file)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(server.stderr.take().unwrap()).lines().map_while(Result::ok);
        let mut said = Vec::new();
        let listening =
            lines.by_ref().inspect(|line| said.push(line.clone())).any(|line| line.contains("listening on"));
        assert!(listening, "sshd ended: {said:?}");
        // What it says of each connection must not block it.
        std::thread::spawn(move || lines.for_each(drop));
        server
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for server in &mut self.servers {
            let _ = server.kill();
            let _ = server.wait();
        }
        self.site = None;
        for role in MACHINES.iter().map(|machine| machine.group).chain(["site"]) {
            let namespace = name(role);
            // Sessions, and the connections that Ansible keeps.
            end_processes(&namespace);
            let _ = Command::new("ip").args(["netns", "delete", &namespace]).stderr(Stdio::null()).status();
        }
        while wait().is_ok() {}
    }
}
