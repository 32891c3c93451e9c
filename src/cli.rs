//! The command line: clap types only. What the words of a flag mean is decided in [`crate::settings`], so that a flag, a
//! variable and a line of the configuration are read, and refused, alike.

use std::path::PathBuf;

use clap::{ArgAction, Args, ColorChoice, Command as Definition, Parser, Subcommand, builder::PossibleValuesParser};

use crate::build_facts;

const EXAMPLES: &str = "\
Examples:
  pinflight demo                            a whole deployment, on loopback
  pinflight init                            write down yours: pinflight.toml
  pinflight check --from console --plan     what would be asked of whom
  pinflight check --from console            ask and judge
  pinflight explain certificate/expiry      what a check asks, how to mend it

pinflight COMMAND --help says more of each, with examples.

Exit codes: 0 ready, 1 not ready, 2 usage or configuration, 3 incomplete,
4 warnings (with --fail-on warning), 130 interrupted (Ctrl-C), 143 ended from
outside (SIGTERM); of -o nagios: 0 ok, 1 warning, 2 critical, 3 unknown.
Commands without a verdict: see their help.";

/// The subcommands by what people come for. A test holds it to [`Command`].
const GROUPS: [(&str, &[&str]); 4] = [
    ("Check a deployment", &["init", "check", "gather", "demo"]),
    ("Recordings", &["replay", "merge", "diff", "redact"]),
    ("One server, file or plan", &["inspect", "csr", "pins", "simulate"]),
    ("Help", &["explain", "list", "completions", "man", "help"]),
];

/// The headings of `pinflight --help`, each with its subcommands.
pub fn groups() -> &'static [(&'static str, &'static [&'static str])] {
    &GROUPS
}

/// The page of `pinflight --help`: clap knows one list of subcommands, and these are many.
fn page() -> String {
    let known = Command::augment_subcommands(Definition::new("pinflight"));
    let about = |name: &&str| {
        let command = known.find_subcommand(name);
        let about = command.and_then(Definition::get_about).map(ToString::to_string);
        format!("  {name:12} {}", about.unwrap_or_else(|| "Print this page, or that of a command".to_owned()))
    };
    let group = |(heading, names): &(&str, &[&str])| {
        let lines: Vec<String> = names.iter().map(about).collect();
        format!("{heading}:\n{}", lines.join("\n"))
    };
    let groups: Vec<String> = GROUPS.iter().map(group).collect();
    format!(
        "{{about}}\n\n{{usage-heading}} {{usage}}\n\n{}\n\nOptions:\n{{options}}{{after-help}}\n",
        groups.join("\n\n")
    )
}

const CHECK_EXAMPLES: &str = "\
Examples:
  pinflight check --from console --device-services https://ds.example.com \\
      --trust-service https://ts.example.com:9001/TrustService
  pinflight check --config pinflight.toml --from device --scope vantage
  pinflight check --from console -x http://proxy.example.com:3128 -m 30
  pinflight check --from console -o short --report html=report.html
  pinflight check --from console --plan
  pinflight check --from console --wait 10m   while a firewall is changed

What one server presents, and nothing else; --from may be left out:
  pinflight check --only 'certificate/*' --cacert root.pem \\
      --device-services https://ds.example.com:8443 \\
      --resolve ds.example.com:8443:127.0.0.1 --at 2027-03-01 -o json

--wait asks everything again, each --interval, until nothing that can be seen
from here fails or is unanswered, and says on stderr what changed. The report,
the recording and the exit code are those of the last round. What only another
machine can see is not waited for.

Without --config, ./pinflight.toml is read if it is there. Flags win over the
environment (PINFLIGHT_*), the environment over files, a later file over an
earlier one. A flag that may be repeated replaces the list of the file.

Exit codes: 0 ready, 1 not ready, 2 usage or configuration, 3 incomplete,
4 warnings (with --fail-on warning), 130 interrupted; of -o nagios: 0 ok,
1 warning, 2 critical, 3 unknown.";

const DEMO_EXAMPLES: &str = "\
Examples:
  pinflight demo                            a sound deployment: READY
  pinflight demo --list                     the faults that can be shown
  pinflight demo --fault NAME               what one of them looks like

Nothing leaves this machine. A fault looks here as it would in your network.

Exit codes: 0 ready, 1 not ready, 2 usage, 3 incomplete, 4 warnings (with
--fail-on warning).";

const REPLAY_EXAMPLES: &str = "\
Examples:
  pinflight replay console.json             judge it again, with no network
  pinflight replay console.json device-services.json outside.json device.json
                                            one verdict over all four machines
  pinflight replay console.json --at 2027-03-01
                                            what will have expired by then
  pinflight replay console.json --max-age 14d
                                            one from last week

Exit codes: 0 ready, 1 not ready, 2 usage or a file of no use, 3 incomplete,
4 warnings (with --fail-on warning).";

const REDACT_EXAMPLES: &str = "\
Examples:
  pinflight redact console.json device.json --to for-support
  pinflight replay for-support/*.json       judged as the originals are

Stand-ins mean the same in all recordings that were redacted together, and in
no others: recordings that are to be judged together are redacted together.

Exit codes: 0 written, 2 usage, or a recording that cannot be redacted.";

const DIFF_EXAMPLES: &str = "\
Examples:
  pinflight check --from console --record before.json
                                            then change the firewall, and
  pinflight check --from console --record after.json
  pinflight diff before.json after.json     what was mended, what broke
  pinflight diff before.json after.json -o json
  pinflight replay console.json device.json -o json > monday.json
  pinflight diff monday.json friday.json    reports of several machines

A recording is judged first, as replay does. It holds the configuration and the
pins too; a report holds outcomes and what they rest on. What was right and is
not seen any more is worse; what was wrong and is not seen is not mended.

Exit codes: 0 nothing is worse, 1 something is, 2 usage, a file of no use, or
runs of different deployments.";

const MERGE_EXAMPLES: &str = "\
Examples:
  pinflight merge console.json device-services.json outside.json device.json
                                            all four rows of the firewall table
  pinflight merge recordings/*.json.zst -o json

No machine sees all four rows of the guide's firewall table. Record on each with
  pinflight check --from console --record console.json
and bring the files together. Each finding says who saw it.

Exit codes: 0 ready, 1 not ready, 2 usage or a file of no use, 3 incomplete,
4 warnings (with --fail-on warning).";

const INSPECT_EXAMPLES: &str = "\
Examples:
  pinflight inspect ds.example.com          what a server presents, port 443
  pinflight inspect 10.1.0.11:8443 --sni ds.example.com
  pinflight inspect ds.cer chain.p7b        files, read as one chain
  pinflight inspect ds.example.com --cacert root.pem --at 2027-03-01 -o json

What is a file on this machine is read as a file, anything else is asked as
a server; - reads standard input. To ask a server whose name is also a file's,
write it as a URL: https://ds.example.com

Exit codes: 0 sound, 1 something is wrong or the server cannot be reached,
2 usage, or a file that cannot be read.";

const CSR_EXAMPLES: &str = "\
Examples:
  pinflight csr ts.csr --workspace-one-id-domain example.com \\
      --trust-service https://ts.example.com:9001/TrustService
  pinflight csr ts.csr --certificate ts.cer held against what was signed
  pinflight csr ts.csr --host ts.example.com --fix
                                            how to make a right one
  openssl req -in ts.csr | pinflight csr - -o json

Exit codes: 0 nothing is wrong, 1 something is, or the file holds no request,
2 usage, or there is no such file.";

const PINS_EXAMPLES: &str = "\
Examples:
  pinflight pins ds.cer                     every form of its pin
  pinflight pins ds.csr public.pem          of a request, of a public key
  pinflight pins ds.example.com 10.1.0.11:8443 --sni ds.example.com
  pinflight pins in-use.cer renewed.cer     tells whether the keys are the same

What is a file on this machine is read as a file, anything else is asked as
a server; - reads standard input. The known client compares the PKCS#1 form.

Exit codes: 0 done, 1 a server presents nothing or a key cannot be read,
2 usage, or a file that holds no key.";

const GATHER_EXAMPLES: &str = "\
Examples:
  pinflight gather --from console --plan    what would be asked; asks nothing
  pinflight gather --from console           into ./gathered
  pinflight gather --from console --to site-a --force
  pinflight gather --from discovery --device-services https://ds.example.com

Each certificate is written once, as DER, beside a manifest.json with its pins.
If a place presents none, the set is incomplete: it is told, and the exit code
is 1. Uploading an incomplete set locks devices out.

Exit codes: 0 complete, 1 something is missing (nothing is written if nothing
was reached), 2 usage or configuration, 130 and 143 interrupted; then nothing
is written.";

const SIMULATE_EXAMPLES: &str = "\
Examples:
  pinflight simulate --host ds.example.com --publish new.cer old.cer \\
      --present ds-1.pem ds-2.pem --cacert corporate-root.pem
  pinflight simulate --host ds.example.com --publish settings.json \\
      --present ds.pem
  pinflight simulate --recording device.json console.json --present renewed.pem
  pinflight simulate --recording device.json --publish pins.txt -o json

Nothing is asked of anybody: there is no network in it. A file of --publish is
certificates (each file's first one is pinned), an answer in JSON, or pins, one
a line. A file of --present is one chain, as one server would send it.

Exit codes: 0 nobody breaks, 1 an iOS device is refused, 2 usage, 3 an iOS
device ends in unknown. Android always does, and does not count.";

const INIT_EXAMPLES: &str = "\
Examples:
  pinflight init                            ask, then write ./pinflight.toml
  pinflight init site-a.toml --mode on-premises
                                            ask the rest; write another file
  pinflight init --yes --device-services https://ds.example.com
                                            ask nobody but Device Services
  pinflight init --yes --offline --device-services https://ds.example.com \\
      --trust-service https://ts.example.com:9001/TrustService
  pinflight init --sample -                 print the sample as it is

On a terminal it asks what no flag says, one question after another; Enter
takes what stands in brackets. Without a terminal it writes the sample, or, with
--yes, what flags and variables (PINFLIGHT_*) say.

If nothing says where the Trust Service is, Device Services are asked where they
send devices for it, as a device asks. What is asked is said first; --offline
leaves it out. The answer is taken as it comes, for pinflight check to judge.

The file is written at the end, whole or not at all. A proxy's user name and
password never go into it: they come from PINFLIGHT_PROXY_USER and
PINFLIGHT_PROXY_PASSWORD alone.

Exit codes: 0 written, 2 usage, a value of no use, or nothing was written.";

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  pinflight explain pins/cover-every-server
  pinflight explain certificate/expiry | less

What it asks, why it matters, what it rests on, how to mend what it finds.

Exit codes: 0 done, 2 there is no such check.";

const LIST_EXAMPLES: &str = "\
Examples:
  pinflight list                            each with what it proves
  pinflight list -o json

Exit codes: 0 done, 2 usage.";

const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  pinflight completions bash \\
      > ~/.local/share/bash-completion/completions/pinflight
  pinflight completions zsh > ~/.zfunc/_pinflight
                                            with fpath+=(~/.zfunc) in .zshrc
  pinflight completions fish > ~/.config/fish/completions/pinflight.fish
  pinflight completions powershell >> $PROFILE
  pinflight completions elvish >> ~/.config/elvish/rc.elv

bash, zsh and fish complete ids of checks, names of faults, formats and files,
too; PowerShell and elvish commands and flags alone.

Exit codes: 0 done, 2 usage.";

const MAN_EXAMPLES: &str = "\
Examples:
  pinflight man ~/.local/share/man/man1     all pages; then: man pinflight-check
  pinflight man | man -l -                  read pinflight(1) at once

Exit codes: 0 done, 2 usage, or a folder that cannot be written.";

/// Preflight for Workspace ONE UEM SSL pinning: will every device still connect once pinning is on?
#[derive(Debug, Parser)]
#[command(
    name = "pinflight",
    version,
    long_version = build_facts::all(),
    disable_version_flag = true,
    max_term_width = 80,
    help_template = page(),
    after_help = EXAMPLES
)]
pub struct Cli {
    /// Print no progress and no notes, only the report
    #[arg(short, long, global = true, display_order = 900, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say more on stderr; twice for more still
    #[arg(short, long, global = true, display_order = 901, action = ArgAction::Count)]
    pub verbose: u8,
    /// When to use colour; NO_COLOR is honoured
    #[arg(long, global = true, display_order = 902, value_name = "WHEN", default_value_t = ColorChoice::Auto, hide_possible_values = true, help = "When to use colour: auto, always or never")]
    pub color: ColorChoice,
    /// Print the version; --version says how it was built, too
    #[arg(short = 'V', long, display_order = 999, action = ArgAction::Version)]
    version: Option<bool>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Ask what the deployment is, and write it down as pinflight.toml
    Init(Box<InitArgs>),
    /// Ask the deployment, judge what was seen, print the report
    Check(Box<CheckArgs>),
    /// Write every certificate that devices may meet, for the upload
    Gather(Box<GatherArgs>),
    /// Raise a deployment on loopback, check it from all four vantages
    Demo(DemoArgs),
    /// Judge recordings again, of one machine or of several together
    Replay(ReplayArgs),
    /// Judge what several machines recorded: one report over all of it
    Merge(MergeArgs),
    /// Tell what was mended, broken and changed between two runs
    Diff(DiffArgs),
    /// Put stand-ins for names, addresses, serials, keys into recordings
    Redact(RedactArgs),
    /// Show the chain of a server or of files: paths, certificates, pins
    Inspect(Box<InspectArgs>),
    /// Judge a certificate signing request for the Trust Service
    Csr(CsrArgs),
    /// Print every form of a pin for files and servers
    Pins(PinsArgs),
    /// Show what devices would do if other pins or keys were in place
    Simulate(Box<SimulateArgs>),
    /// Print the page of a check: what it asks, how to mend a finding
    Explain(ExplainArgs),
    /// List every check
    List(ListArgs),
    /// Print what makes a shell complete commands, flags, ids and faults
    Completions(CompletionsArgs),
    /// Write the manual pages into a folder, or print one
    Man(ManArgs),
}

/// `pinflight check`
#[derive(Clone, Debug, Default, Args)]
#[command(after_help = CHECK_EXAMPLES)]
pub struct CheckArgs {
    /// Configuration file; may be repeated, a later one wins
    #[arg(long, value_name = "FILE", help_heading = "Deployment")]
    pub config: Vec<PathBuf>,
    /// What the deployment is.
    #[command(flatten)]
    pub deployment: DeploymentArgs,
    /// How the network is asked.
    #[command(flatten)]
    pub network: NetworkArgs,
    /// How it is judged.
    #[command(flatten)]
    pub judgement: JudgementArgs,
    /// Which checks count.
    #[command(flatten)]
    pub select: SelectArgs,
    /// What is shown.
    #[command(flatten)]
    pub output: OutputArgs,
    /// Judge as of that day, or moment [default: now]
    #[arg(long, value_name = "DATE", help_heading = "Judgement")]
    pub at: Option<String>,
    /// Print every question that a run would ask, and ask none
    #[arg(long, help_heading = "Output")]
    pub plan: bool,
    /// Write what was seen to a file, to be judged again later
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub record: Option<PathBuf>,
    /// Write it with stand-ins for every name, address, serial and key
    #[arg(long, requires = "record", help_heading = "Output")]
    pub redact: bool,
    /// Ask again until nothing that this machine sees is amiss, or this time is up: 10m
    #[arg(long, value_name = "TIME", help_heading = "Network")]
    pub wait: Option<String>,
    /// From the start of one round to that of the next, with --wait [default: 15s]
    #[arg(long, value_name = "TIME", help_heading = "Network")]
    pub interval: Option<String>,
}

/// What the deployment is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Deployment")]
pub struct DeploymentArgs {
    /// Where this run looks from: console, device-services, discovery (any machine outside) or device
    #[arg(long, value_name = "VANTAGE", hide_possible_values = true,
        value_parser = PossibleValuesParser::new(["console", "device-services", "discovery", "device"]))]
    pub from: Option<String>,
    /// Public URL of Device Services
    #[arg(long, value_name = "URL")]
    pub device_services: Option<String>,
    /// URL of the Trust Service, as saved in the console
    #[arg(long, value_name = "URL")]
    pub trust_service: Option<String>,
    /// Kind of Trust Service: cloud, on-premises, awcm or none
    #[arg(long, value_name = "MODE", hide_possible_values = true,
        value_parser = PossibleValuesParser::new(["cloud", "on-premises", "awcm", "none"]))]
    pub mode: Option<String>,
    /// A Device Services server behind the balancer (repeatable)
    #[arg(long, value_name = "ADDR")]
    pub backend: Vec<String>,
    /// A balancer in front of Device Services (repeatable)
    #[arg(long, value_name = "ADDR")]
    pub balancer: Vec<String>,
    /// A reverse proxy in front of Device Services (repeatable)
    #[arg(long, value_name = "ADDR")]
    pub reverse_proxy: Vec<String>,
    /// A server, balancer or reverse proxy of the Trust Service (repeatable)
    #[arg(long, value_name = "ADDR")]
    pub trust_service_server: Vec<String>,
    /// A certificate that was, or will be, uploaded to the console (repeatable)
    #[arg(long, value_name = "FILE")]
    pub certificate: Vec<String>,
    /// A certificate that will replace one of them (repeatable)
    #[arg(long, value_name = "FILE")]
    pub next_certificate: Vec<String>,
    /// A pin known from elsewhere: hex or sha256//BASE64 (repeatable)
    #[arg(long, value_name = "PIN")]
    pub pin: Vec<String>,
    /// Certificate signing request of the Trust Service
    #[arg(long, value_name = "FILE")]
    pub csr: Option<String>,
    /// Signed certificate of the Trust Service
    #[arg(long, value_name = "FILE")]
    pub trust_service_certificate: Option<String>,
    /// Root that signs Trust Service certificates
    #[arg(long, value_name = "FILE")]
    pub signing_root: Option<String>,
    /// Domain of the Workspace ONE ID
    #[arg(long, value_name = "DOMAIN")]
    pub workspace_one_id_domain: Option<String>,
    /// Mail domain that users type for auto-discovery
    #[arg(long, value_name = "DOMAIN")]
    pub mail_domain: Option<String>,
    /// Host of the cloud Trust Service [default: discovery.awmdm.com:443]
    #[arg(long, value_name = "HOST[:PORT]")]
    pub discovery: Option<String>,
    /// Host of the UEM console
    #[arg(long, value_name = "HOST")]
    pub console_host: Option<String>,
    /// A file of further roots and intermediates to trust (repeatable)
    #[arg(long, value_name = "FILE")]
    pub cacert: Vec<String>,
    /// Public roots that count: mozilla, system or none [default: mozilla]
    #[arg(long, value_name = "STORE", hide_possible_values = true,
        value_parser = PossibleValuesParser::new(["mozilla", "system", "none"]))]
    pub roots: Option<String>,
}

/// How the network is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Args)]
#[command(next_help_heading = "Network")]
pub struct NetworkArgs {
    /// Proxy: http, https, socks5 or socks5h; "" for none
    #[arg(short = 'x', long, value_name = "URL")]
    pub proxy: Option<String>,
    /// Hosts and networks asked without the proxy, comma-separated
    #[arg(long, value_name = "LIST")]
    pub no_proxy: Option<String>,
    /// A DNS server to ask besides the system: IP, tcp://IP, tls://IP#NAME (repeatable)
    #[arg(long, value_name = "SERVER")]
    pub dns_server: Vec<String>,
    /// Whether to ask the operating system's resolver [default: true]
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", hide_possible_values = true,
        value_parser = PossibleValuesParser::new(["true", "false"]))]
    pub system_resolver: Option<String>,
    /// Use these addresses for a host and port (repeatable)
    #[arg(long, value_name = "HOST:PORT:ADDR[,ADDR]")]
    pub resolve: Vec<String>,
    /// Connect to the second host and port instead of the first (repeatable)
    #[arg(long, value_name = "HOST1:PORT1:HOST2:PORT2")]
    pub connect_to: Vec<String>,
    /// IPv4 only
    #[arg(short = '4', long, overrides_with = "ipv6")]
    pub ipv4: bool,
    /// IPv6 only
    #[arg(short = '6', long, overrides_with = "ipv4")]
    pub ipv6: bool,
    /// For each TCP connection: seconds, or 500ms, 5s, 2m [default: 5s]
    #[arg(long, value_name = "TIME")]
    pub connect_timeout: Option<String>,
    /// For each step: DNS, proxy, TLS, HTTP [default: 8s]
    #[arg(long, value_name = "TIME")]
    pub step_timeout: Option<String>,
    /// For each question with all its steps [default: 20s]
    #[arg(long, value_name = "TIME")]
    pub question_timeout: Option<String>,
    /// For the whole run [default: auto]
    #[arg(short = 'm', long, value_name = "TIME")]
    pub max_time: Option<String>,
    /// Try a TCP connection that timed out again, N times [default: 0]
    #[arg(long, value_name = "N")]
    pub retry: Option<String>,
    /// Ask a name that several servers answer N times [default: 3]
    #[arg(long, value_name = "N")]
    pub repeat: Option<String>,
    /// Conversations under way at once, 8 with one server at most [default: 64]
    #[arg(long, value_name = "N")]
    pub jobs: Option<String>,
}

/// How what was seen is judged.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Judgement")]
pub struct JudgementArgs {
    /// What READY speaks of: deployment or vantage [default: deployment]
    #[arg(long, value_name = "SCOPE", hide_possible_values = true,
        value_parser = PossibleValuesParser::new(["deployment", "vantage"]))]
    pub scope: Option<String>,
    /// Warn of certificates that expire within N days [default: 30]
    #[arg(long, value_name = "N")]
    pub warning_days: Option<String>,
    /// Fail certificates that expire within N days [default: 7]
    #[arg(long, value_name = "N")]
    pub critical_days: Option<String>,
    /// The longest that a device stays offline [default: 14d]
    #[arg(long, value_name = "TIME")]
    pub max_offline: Option<String>,
    /// The oldest recording that counts [default: 24h]
    #[arg(long, value_name = "TIME")]
    pub max_age: Option<String>,
}

/// Which checks count, and for what.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Judgement")]
pub struct SelectArgs {
    /// Only checks whose id matches: * and ? (repeatable)
    #[arg(long, value_name = "GLOB")]
    pub only: Vec<String>,
    /// Leave out checks whose id matches (repeatable)
    #[arg(long, value_name = "GLOB")]
    pub skip: Vec<String>,
    /// What makes the exit code: fail, warning or never [default: fail]
    #[arg(long, value_name = "OUTCOME", hide_possible_values = true,
        value_parser = PossibleValuesParser::new(["fail", "warning", "never"]))]
    pub fail_on: Option<String>,
}

/// What is shown, and how.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// Format on stdout: table, short, json, jsonl, markdown, html, junit, sarif,
    /// github, tap, nagios, prometheus
    #[arg(short, long, value_name = "FORMAT", default_value = "table")]
    pub output: String,
    /// Write the report to a file too, in any format (repeatable)
    #[arg(long, value_name = "FORMAT=FILE")]
    pub report: Vec<String>,
    /// How much table and markdown tell: all, findings or failures [default: findings]
    #[arg(long, value_name = "WHAT", hide_possible_values = true,
        value_parser = PossibleValuesParser::new(["all", "findings", "failures"]))]
    pub show: Option<String>,
    /// Columns to use [default: the terminal's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(20..=1000))]
    pub width: Option<u16>,
    /// Draw with ASCII characters only
    #[arg(long)]
    pub ascii: bool,
}

impl Default for OutputArgs {
    fn default() -> Self {
        Self { output: "table".to_owned(), report: Vec::new(), show: None, width: None, ascii: false }
    }
}

/// `pinflight demo`
#[derive(Clone, Debug, Default, Args)]
#[command(after_help = DEMO_EXAMPLES)]
pub struct DemoArgs {
    /// List the faults that can be shown, and raise nothing
    #[arg(long, conflicts_with = "fault")]
    pub list: bool,
    /// Break the deployment in this way
    #[arg(long, value_name = "NAME")]
    pub fault: Option<String>,
    /// Keep what each vantage saw in this folder, to be replayed
    #[arg(long, value_name = "FOLDER")]
    pub record: Option<PathBuf>,
    /// Replace recordings that are there
    #[arg(short, long, requires = "record")]
    pub force: bool,
    /// Which checks count.
    #[command(flatten)]
    pub select: SelectArgs,
    /// What is shown.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// `pinflight replay`
#[derive(Clone, Debug, Args)]
#[command(after_help = REPLAY_EXAMPLES)]
pub struct ReplayArgs {
    /// Recordings, as `pinflight check --record` writes them
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// How they are judged, and what is shown.
    #[command(flatten)]
    pub judged: JudgedArgs,
}

/// How recordings are judged, and what is shown.
#[derive(Clone, Debug, Args)]
pub struct JudgedArgs {
    /// Judge as of that day, or moment [default: when the latest was taken]
    #[arg(long, value_name = "DATE", help_heading = "Judgement")]
    pub at: Option<String>,
    /// The oldest recording that counts [default: as the latest has it]
    #[arg(long, value_name = "TIME", help_heading = "Judgement")]
    pub max_age: Option<String>,
    /// Which checks count.
    #[command(flatten)]
    pub select: SelectArgs,
    /// What is shown.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// `pinflight redact`
#[derive(Clone, Debug, Args)]
#[command(after_help = REDACT_EXAMPLES)]
pub struct RedactArgs {
    /// Recordings of one deployment: what has the same name gets the same stand-in
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// The folder to write them to, under their own names
    #[arg(long, value_name = "FOLDER", required = true)]
    pub to: PathBuf,
}

/// `pinflight diff`
#[derive(Clone, Debug, Args)]
#[command(after_help = DIFF_EXAMPLES)]
pub struct DiffArgs {
    /// The older run: a report in JSON, or a recording
    #[arg(value_name = "OLD")]
    pub old: PathBuf,
    /// The newer run
    #[arg(value_name = "NEW")]
    pub new: PathBuf,
    /// What is shown.
    #[command(flatten)]
    pub output: ShapeArgs,
}

/// `pinflight merge`
#[derive(Clone, Debug, Args)]
#[command(after_help = MERGE_EXAMPLES)]
pub struct MergeArgs {
    /// Recordings of several machines, as `pinflight check --record` writes them
    #[arg(value_name = "FILE", required = true, num_args = 2..)]
    pub files: Vec<PathBuf>,
    /// How they are judged, and what is shown.
    #[command(flatten)]
    pub judged: JudgedArgs,
}

/// `pinflight inspect`
#[derive(Clone, Debug, Args)]
#[command(after_help = INSPECT_EXAMPLES)]
pub struct InspectArgs {
    /// A server, or files: HOST[:PORT], https URL, FILE in PEM, DER or PKCS#7
    #[arg(value_name = "HOST|FILE", required = true)]
    pub sources: Vec<String>,
    /// Send this server name, and judge the certificate for it
    #[arg(long, value_name = "NAME", conflicts_with = "no_sni", help_heading = "Network")]
    pub sni: Option<String>,
    /// Send no server name
    #[arg(long, help_heading = "Network")]
    pub no_sni: bool,
    /// How the server is asked.
    #[command(flatten)]
    pub network: OneServerArgs,
    /// A file of further roots and intermediates to trust (repeatable)
    #[arg(long, value_name = "FILE", help_heading = "Judgement")]
    pub cacert: Vec<String>,
    /// Public roots that count: mozilla, system or none [default: mozilla]
    #[arg(long, value_name = "STORE", hide_possible_values = true, help_heading = "Judgement",
        value_parser = PossibleValuesParser::new(["mozilla", "system", "none"]))]
    pub roots: Option<String>,
    /// Judge as of that day, or moment [default: now]
    #[arg(long, value_name = "DATE", help_heading = "Judgement")]
    pub at: Option<String>,
    /// What is shown.
    #[command(flatten)]
    pub output: ShapeArgs,
}

/// `pinflight csr`
#[derive(Clone, Debug, Args)]
#[command(after_help = CSR_EXAMPLES)]
pub struct CsrArgs {
    /// The request: PKCS#10 in PEM, DER or base64, in UTF-16 too; - reads stdin
    #[arg(value_name = "FILE")]
    pub file: String,
    /// Domain of the Workspace ONE ID
    #[arg(long, value_name = "DOMAIN", help_heading = "Judgement")]
    pub workspace_one_id_domain: Option<String>,
    /// URL of the Trust Service, as saved in the console
    #[arg(long, value_name = "URL", conflicts_with = "host", help_heading = "Judgement")]
    pub trust_service: Option<String>,
    /// Host of the Trust Service, in place of its URL
    #[arg(long, value_name = "HOST", help_heading = "Judgement")]
    pub host: Option<String>,
    /// The certificate that was signed from it
    #[arg(long, value_name = "FILE", help_heading = "Judgement")]
    pub certificate: Option<String>,
    /// Print how to make a right one, with openssl and with certreq
    #[arg(long, conflicts_with_all = ["output", "certificate"], help_heading = "Output")]
    pub fix: bool,
    /// The e-mail address of the right one
    #[arg(long, value_name = "ADDRESS", requires = "fix", help_heading = "Output")]
    pub email: Option<String>,
    /// What is shown.
    #[command(flatten)]
    pub output: ShapeArgs,
}

/// `pinflight pins`
#[derive(Clone, Debug, Args)]
#[command(after_help = PINS_EXAMPLES)]
pub struct PinsArgs {
    /// Files and servers: FILE with certificates, requests or public keys, HOST[:PORT], https URL
    #[arg(value_name = "FILE|HOST", required = true)]
    pub sources: Vec<String>,
    /// Send this server name to every server
    #[arg(long, value_name = "NAME", help_heading = "Network")]
    pub sni: Option<String>,
    /// How servers are asked.
    #[command(flatten)]
    pub network: OneServerArgs,
    /// What is shown.
    #[command(flatten)]
    pub output: ShapeArgs,
}

/// `pinflight gather`
#[derive(Clone, Debug, Args)]
#[command(after_help = GATHER_EXAMPLES)]
pub struct GatherArgs {
    /// Configuration file; may be repeated, a later one wins
    #[arg(long, value_name = "FILE", help_heading = "Deployment")]
    pub config: Vec<PathBuf>,
    /// What the deployment is.
    #[command(flatten)]
    pub deployment: DeploymentArgs,
    /// How the network is asked.
    #[command(flatten)]
    pub network: NetworkArgs,
    /// Folder to write
    #[arg(long, value_name = "DIR", default_value = "gathered", help_heading = "Output")]
    pub to: PathBuf,
    /// Replace what was gathered there before
    #[arg(short, long, help_heading = "Output")]
    pub force: bool,
    /// Print every question that would be asked, and ask none
    #[arg(long, help_heading = "Output")]
    pub plan: bool,
    /// What is shown.
    #[command(flatten)]
    pub output: ShapeArgs,
}

/// How one server is asked.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Network")]
pub struct OneServerArgs {
    /// Proxy: http, https, socks5 or socks5h; "" for none
    #[arg(short = 'x', long, value_name = "URL")]
    pub proxy: Option<String>,
    /// Hosts and networks asked without the proxy, comma-separated
    #[arg(long, value_name = "LIST")]
    pub no_proxy: Option<String>,
    /// Use these addresses for a host and port (repeatable)
    #[arg(long, value_name = "HOST:PORT:ADDR[,ADDR]")]
    pub resolve: Vec<String>,
    /// IPv4 only
    #[arg(short = '4', long, overrides_with = "ipv6")]
    pub ipv4: bool,
    /// IPv6 only
    #[arg(short = '6', long, overrides_with = "ipv4")]
    pub ipv6: bool,
    /// For each TCP connection: seconds, or 500ms, 5s, 2m [default: 5s]
    #[arg(long, value_name = "TIME")]
    pub connect_timeout: Option<String>,
}

/// What is shown by commands without a report.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct ShapeArgs {
    /// Format on stdout: table or json
    #[arg(short, long, value_name = "FORMAT", default_value = "table", hide_possible_values = true,
        value_parser = PossibleValuesParser::new(["table", "json"]))]
    pub output: String,
    /// Columns to use [default: the terminal's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(20..=1000))]
    pub width: Option<u16>,
    /// Draw with ASCII characters only
    #[arg(long)]
    pub ascii: bool,
}

/// `pinflight simulate`
#[derive(Clone, Debug, Args)]
#[command(after_help = SIMULATE_EXAMPLES)]
pub struct SimulateArgs {
    /// What would be published: certificates, an answer in JSON, or pins as text
    #[arg(long, value_name = "FILE", num_args = 1.., required_unless_present = "recording")]
    pub publish: Vec<String>,
    /// What servers would present: a file for each chain
    #[arg(long, value_name = "FILE", num_args = 1.., required_unless_present = "recording")]
    pub present: Vec<String>,
    /// Name of Device Services, as devices ask for it [default: the recording's]
    #[arg(long, value_name = "NAME", required_unless_present = "recording")]
    pub host: Option<String>,
    /// Where the pins would be published: trust-service or cloud-registry
    #[arg(long = "at-source", value_name = "SOURCE", default_value = "trust-service", hide_possible_values = true,
        value_parser = PossibleValuesParser::new(["trust-service", "cloud-registry"]))]
    pub at_source: String,
    /// What was observed; --publish and --present take the place of what was seen
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub recording: Vec<PathBuf>,
    /// A file of further roots and intermediates to trust (repeatable)
    #[arg(long, value_name = "FILE", help_heading = "Judgement")]
    pub cacert: Vec<String>,
    /// Public roots that count: mozilla, system or none [default: mozilla]
    #[arg(long, value_name = "STORE", hide_possible_values = true, help_heading = "Judgement",
        value_parser = PossibleValuesParser::new(["mozilla", "system", "none"]))]
    pub roots: Option<String>,
    /// Judge as of that day, or moment [default: now; of a recording, when it was taken]
    #[arg(long, value_name = "DATE", help_heading = "Judgement")]
    pub at: Option<String>,
    /// What is shown.
    #[command(flatten)]
    pub output: ShapeArgs,
}

/// `pinflight explain`
#[derive(Clone, Debug, Args)]
#[command(after_help = EXPLAIN_EXAMPLES)]
pub struct ExplainArgs {
    /// Id of a check, as `pinflight list` and the report print it
    #[arg(value_name = "ID")]
    pub id: String,
}

/// `pinflight list`
#[derive(Clone, Debug, Args)]
#[command(after_help = LIST_EXAMPLES)]
pub struct ListArgs {
    /// Format on stdout: table or json
    #[arg(short, long, value_name = "FORMAT", default_value = "table", hide_possible_values = true,
        value_parser = PossibleValuesParser::new(["table", "json"]))]
    pub output: String,
}

/// `pinflight init`
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
#[derive(Clone, Debug, Default, Args)]
#[command(after_help = INIT_EXAMPLES)]
pub struct InitArgs {
    /// File to write; - prints it [default: pinflight.toml]
    #[arg(value_name = "FILE", conflicts_with = "output")]
    pub file: Option<PathBuf>,
    /// The same as FILE
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Overwrite a file that is there
    #[arg(short, long)]
    pub force: bool,
    /// Ask no questions: write what flags and variables say
    #[arg(short, long)]
    pub yes: bool,
    /// Ask nobody on the network
    #[arg(long)]
    pub offline: bool,
    /// Write the commented sample as it is
    #[arg(long, conflicts_with_all = ["yes", "offline", "DeploymentArgs", "NetworkArgs"])]
    pub sample: bool,
    /// What the deployment is.
    #[command(flatten)]
    pub deployment: DeploymentArgs,
    /// How the network is asked.
    #[command(flatten)]
    pub network: NetworkArgs,
}

/// `pinflight completions`
#[derive(Clone, Debug, Args)]
#[command(after_help = COMPLETIONS_EXAMPLES)]
pub struct CompletionsArgs {
    /// The shell: bash, elvish, fish, powershell or zsh
    #[arg(value_name = "SHELL", hide_possible_values = true)]
    pub shell: clap_complete::Shell,
}

/// `pinflight man`
#[derive(Clone, Debug, Args)]
#[command(after_help = MAN_EXAMPLES)]
pub struct ManArgs {
    /// Folder for all pages; without it pinflight(1) is printed
    #[arg(value_name = "DIR")]
    pub folder: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn help_fits_eighty_columns() {
        let mut pages = vec![Cli::command().term_width(80).render_help().to_string()];
        for command in commands() {
            pages.push(command.term_width(80).render_help().to_string());
        }
        for line in pages.iter().flat_map(|page| page.lines()) {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }

    /// Every subcommand but `help`, which is clap's.
    fn commands() -> Vec<Definition> {
        let mut cli = Cli::command();
        cli.build();
        cli.get_subcommands().filter(|command| command.get_name() != "help").cloned().collect()
    }

    #[test]
    fn every_command_stands_in_its_group() {
        let mut cli = Cli::command();
        cli.build();
        let names: Vec<&str> = cli.get_subcommands().map(Definition::get_name).collect();
        let grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        assert_eq!(names, grouped);
        let page = Cli::command().render_help().to_string();
        for command in commands() {
            let line = format!("  {:12} {}\n", command.get_name(), command.get_about().unwrap());
            assert!(page.contains(&line), "{line}{page}");
        }
        assert!(page.ends_with("see their help.\n") && !page.contains("\n\n\n"), "{page}");
    }

    #[test]
    fn every_help_has_examples_and_exit_codes_as_they_were_laid_out() {
        for command in commands() {
            let (name, page) =
                (command.get_name().to_owned(), command.clone().term_width(80).render_help().to_string());
            let after = command.get_after_help().unwrap().to_string();
            assert!(page.ends_with(&format!("{after}\n")), "{name} is wrapped:\n{page}");
            let paragraphs: Vec<&str> = after.split("\n\n").collect();
            let examples = format!("Examples:\n  pinflight {name}");
            assert!(paragraphs[0].starts_with(&examples) || name == "diff", "{name}");
            assert!(paragraphs.last().unwrap().starts_with("Exit codes: 0 "), "{name}");
        }
    }

    #[test]
    fn a_flag_can_say_no() {
        for (words, expected) in [
            (vec!["pinflight", "check"], None),
            (vec!["pinflight", "check", "--system-resolver"], Some("true")),
            (vec!["pinflight", "check", "--system-resolver", "false"], Some("false")),
            (vec!["pinflight", "check", "--system-resolver=false"], Some("false")),
        ] {
            let Command::Check(args) = Cli::try_parse_from(words).unwrap().command else { panic!("not check") };
            assert_eq!(args.network.system_resolver.as_deref(), expected);
        }
    }

    #[test]
    fn the_last_address_family_wins() {
        let Command::Check(args) = Cli::try_parse_from(["pinflight", "check", "-4", "-6"]).unwrap().command else {
            panic!("not check")
        };
        assert_eq!((args.network.ipv4, args.network.ipv6), (false, true));
    }
}
