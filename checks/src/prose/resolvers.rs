//! Resolvers that lead elsewhere.

use crate::cause::Cause;

pub(super) fn tell(cause: &Cause) -> (String, String) {
    match cause {
        Cause::NameSinkholed { name, resolver, addresses } => (
            format!(
                "{resolver} leads {name} to {}, where nothing shows a sound certificate for it (a sinkhole, or an \
                 entry that was forgotten)",
                addresses.join(", ")
            ),
            if resolver == "the hosts file" {
                format!("take {name} out of the hosts file of this machine, or correct its address there")
            } else {
                format!("except {name} from the block list or zone of {resolver}, so that its real addresses are answered")
            },
        ),
        Cause::NameInvented { name, resolver, addresses } => (
            format!(
                "{resolver} has {} for {name}, and for a name that does not exist as well",
                addresses.join(", ")
            ),
            "sign in to this network if it is a guest network; else switch off the redirection of unknown names, or ask \
             another DNS server"
                .to_owned(),
        ),
        Cause::ResolversDisagree { name, resolvers, addresses, keys } => {
            let each: Vec<String> = resolvers
                .iter()
                .zip(addresses)
                .zip(keys)
                .map(|((resolver, addresses), keys)| format!("{resolver} to {addresses}, which shows {keys}"))
                .collect();
            let hosts = resolvers.iter().any(|resolver| resolver == "the hosts file");
            let remedy = if hosts {
                format!("take {name} out of the hosts file of this machine, unless it stands there on purpose")
            } else {
                format!(
                    "find out which of these answers devices are given, and correct the records of {name} behind the others; \
                     where all are meant, bind the same certificate at each, or have all keys pinned"
                )
            };
            (format!("{name} leads to different servers: {}", each.join("; ")), remedy)
        }
        _ => (String::new(), String::new()),
    }
}
