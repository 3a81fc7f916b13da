package postgresql

import (
	"fmt"
	"strings"
)

// superuser can connect over the container's own socket only.
const superuser = "postgres"

// HostBasedAccess returns pg_hba.conf: whoever is not listed is refused. That each owner is let into its own
// database alone is said here and, by provision.sh, in the databases' privileges: either alone would do.
func HostBasedAccess(monitor string, databases []Database) string {
	var out strings.Builder
	line := func(kind, database, user, address, method string) {
		fmt.Fprintf(&out, "%-6s %-24s %-24s %-14s %s\n", kind, database, user, address, method)
	}
	out.WriteString("# The operating system's account says who is on the other side of the socket.\n")
	line("local", "all", superuser, "", "peer map=server")
	out.WriteString("# Nobody needs the superuser's password from afar.\n")
	line("host", "all", superuser, "all", "reject")
	out.WriteString("# The exporter is in the same pod.\n")
	line("host", "postgres", monitor, "127.0.0.1/32", "scram-sha-256")
	for _, d := range databases {
		line("host", d.Name, d.Owner, "all", "scram-sha-256")
	}
	return out.String()
}

// IdentMap returns pg_ident.conf: the account that the server runs as is its superuser.
func IdentMap(account string) string { return fmt.Sprintf("server %s %s\n", account, superuser) }

// DatabaseTable returns the table that the scripts read.
func DatabaseTable(databases []Database) string {
	var out strings.Builder
	for _, d := range databases {
		limit := d.Connections
		if limit == 0 {
			limit = -1 // PostgreSQL's "no limit"
		}
		fmt.Fprintf(&out, "%s %s %d\n", d.Name, d.Owner, limit)
	}
	return out.String()
}
